"""RLP that this node wrote itself or whose hash was checked, split and joined with no questions asked.

Whether it is canonical was settled when it was written. What a stranger sends is read by the `rlp` library, which
refuses every second way to write the same.
"""

from __future__ import annotations

EMPTY = b"\x80"
"""The empty string's RLP."""
HASH = 0xA0
"""First byte of a string of 32 bytes."""
HASH_ITEM_BYTES = 33
SHORT_BYTES_MAX = 55


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
    length = len(data)
    if length == 1 and data[0] < 0x80:
        return data
    return _head(length, 0x80) + data


def number(value: int) -> bytes:
    """A number's RLP: the string of its bytes, big-endian, without leading zeros."""
    if value < 0x80:
        return bytes((value,)) if value else EMPTY
    return string(value.to_bytes((value.bit_length() + 7) // 8))


def listed(items: bytes) -> bytes:
    """The RLP of a list whose items, encoded and joined, are these bytes."""
    return _head(len(items), 0xC0) + items


def _head(length: int, kind: int) -> bytes:
    if length <= SHORT_BYTES_MAX:
        return bytes((kind + length,))
    said = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((kind + SHORT_BYTES_MAX + len(said),)) + said
