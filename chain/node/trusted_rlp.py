"""RLP split and joined item by item, with no questions asked.

What this node wrote itself, or what was checked by its hash, was canonical when it was written. Who splits what a
stranger sent compares each item with the one way to write it (`transactions.py`).
"""

from __future__ import annotations

from chain.proof.rlp import encode, int_to_bytes, prefix

EMPTY = b"\x80"
"""The empty string's RLP."""
HASH = 0xA0
"""First byte of a string of 32 bytes."""
HASH_ITEM_BYTES = 33


def raw_items(encoded: bytes) -> list[bytes]:
    """The items of an RLP list, each still encoded. Raises IndexError or ValueError where it is cut short."""
    first = encoded[0]
    if first < 0xC0:
        raise ValueError("a list is expected in stored RLP")
    place = 1 if first < 0xF8 else first - 0xF6
    end = len(encoded)
    if end - place != (first - 0xC0 if first < 0xF8 else int.from_bytes(encoded[1:place])):
        raise ValueError("stored RLP is cut short")
    found = []
    while place < end:
        first = encoded[place]
        if first == HASH:
            stop = place + HASH_ITEM_BYTES
        elif first <= 0x80:
            stop = place + 1
        elif first < 0xB8:
            stop = place + first - 0x7F
        elif first < 0xC0:
            start = place + first - 0xB6
            stop = start + int.from_bytes(encoded[place + 1 : start])
        elif first < 0xF8:
            stop = place + first - 0xBF
        else:
            start = place + first - 0xF6
            stop = start + int.from_bytes(encoded[place + 1 : start])
        found.append(encoded[place:stop])
        place = stop
    if place != end:
        raise ValueError("stored RLP is cut short")
    return found


def text_of(item: bytes) -> bytes:
    """The string that an encoded item is."""
    first = item[0]
    if first < 0x80:
        return item
    if first < 0xB8:
        return item[1:]
    if first < 0xC0:
        return item[first - 0xB6 :]
    raise ValueError("a string is expected in stored RLP")


def number_of(item: bytes) -> int:
    """The number that an encoded item is."""
    return int.from_bytes(text_of(item))


def string(data: bytes) -> bytes:
    """A string's RLP."""
    return encode(data)


def number(value: int) -> bytes:
    """A number's RLP: the string of its bytes, big-endian, without leading zeros."""
    if value < 0x80:
        return bytes((value,)) if value else EMPTY
    return encode(int_to_bytes(value))


def listed(items: bytes) -> bytes:
    """The RLP of a list whose items, encoded and joined, are these bytes."""
    return prefix(len(items), 0xC0) + items
