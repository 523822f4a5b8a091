"""Recursive length prefix, strict: `decode` accepts exactly what `encode` writes, and nothing else.

Source: Ethereum yellow paper, appendix B. An item is a byte string or a list of items. Numbers are big-endian byte
strings without leading zeros; zero is the empty string.
"""

from __future__ import annotations

from chain.errors import Malformed

Item = bytes | list["Item"]

RLP_DEPTH_MAX = 8
"""Deeper nesting than any header (3) or trie node (17 branches of embedded nodes) needs."""

RLP_ITEMS_MAX = 4096
"""More items than the largest header or node holds."""


class MalformedRlp(Malformed):
    """Bytes that are not the one canonical RLP encoding of anything."""


def encode(item: Item) -> bytes:
    """The one RLP encoding of `item`."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return prefix(len(item), 0x80) + item
    body = b"".join([encode(part) for part in item])
    return prefix(len(body), 0xC0) + body


def decode(encoded: bytes) -> Item:
    """The item whose RLP encoding is `encoded`. Raises MalformedRlp where the bytes are not canonical or too deep."""
    reader = _Reader(encoded)
    item, end = reader.item(0, len(encoded), 0)
    if end != len(encoded):
        raise MalformedRlp("rlp", "bytes follow the item", value=len(encoded) - end)
    return item


def decode_list(encoded: bytes) -> list[Item]:
    """As `decode`, for an item that must be a list."""
    item = decode(encoded)
    if isinstance(item, bytes):
        raise MalformedRlp("rlp", "a list is expected, not a string")
    return item


def int_to_bytes(number: int) -> bytes:
    """The big-endian bytes of a number without leading zeros; zero is the empty string."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def bytes_to_int(encoded: Item, field: str, *, bits: int = 256) -> int:
    """The number that `encoded` is. Raises MalformedRlp for a list, a leading zero or more than `bits` bits."""
    if not isinstance(encoded, bytes):
        raise MalformedRlp(field, "a number is expected, not a list")
    if encoded[:1] == b"\0":
        raise MalformedRlp(field, "a number has no leading zeros")
    if len(encoded) * 8 > bits:
        raise MalformedRlp(field, f"a number has at most {bits} bits")
    return int.from_bytes(encoded, "big")


def fixed_bytes(item: Item, field: str, length: int) -> bytes:
    """`item` as a byte string of exactly `length` bytes; raises MalformedRlp otherwise."""
    if not isinstance(item, bytes) or len(item) != length:
        raise MalformedRlp(field, f"must be a string of {length} bytes")
    return item


def prefix(length: int, offset: int) -> bytes:
    """What stands before so many bytes of an item's content; `offset` is 0x80 for a string, 0xC0 for a list."""
    if length < 56:
        return bytes([offset + length])
    digits = int_to_bytes(length)
    return bytes([offset + 55 + len(digits)]) + digits


class _Reader:
    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded
        self.items_left = RLP_ITEMS_MAX

    def item(self, start: int, limit: int, depth: int) -> tuple[Item, int]:
        """The item at `start` and where it ends; never reads at or past `limit`."""
        self.items_left -= 1
        if self.items_left < 0 or depth > RLP_DEPTH_MAX:
            raise MalformedRlp("rlp", "holds too many or too deeply nested items")
        if start >= limit:
            raise MalformedRlp("rlp", "ends too early")
        first = self.encoded[start]
        if first < 0x80:
            return self.encoded[start : start + 1], start + 1
        is_list = first >= 0xC0
        body, end = self._body(start, first - (0xC0 if is_list else 0x80), limit)
        if not is_list:
            content = self.encoded[body:end]
            if len(content) == 1 and content[0] < 0x80:
                raise MalformedRlp("rlp", "a single small byte stands for itself")
            return content, end
        parts: list[Item] = []
        while body < end:
            part, body = self.item(body, end, depth + 1)
            parts.append(part)
        return parts, end

    def _body(self, start: int, code: int, limit: int) -> tuple[int, int]:
        body, length = start + 1, code
        if code > 55:
            body += code - 55
            digits = self.encoded[start + 1 : body]
            length = int.from_bytes(digits, "big")
            if body > limit or digits[:1] == b"\0" or length < 56:
                raise MalformedRlp("rlp", "a length is written in the shortest form")
        if body + length > limit:
            raise MalformedRlp("rlp", "ends too early")
        return body, body + length
