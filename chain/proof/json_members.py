"""Reading a JSON object that has exactly one right shape: every member named, typed and bounded, none extra."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from chain.encoding import JSON_INTEGER_MAX, Json, parse_base64url
from chain.errors import Malformed

T = TypeVar("T")

_HEX = re.compile(r"(0x)?[0-9a-f]*")


class Members:
    """The members of one JSON object. Each getter raises `fault` (a Malformed) naming the member and the rule."""

    def __init__(
        self,
        value: Json,
        field: str,
        names: Sequence[str],
        fault: type[Malformed],
        optional: Sequence[str] = (),
    ) -> None:
        self.field = field
        self.fault = fault
        if not isinstance(value, dict):
            raise fault(field, "must be an object")
        if missing := [name for name in names if name not in value]:
            raise fault(field, "lacks a member", value=missing[0])
        if extra := [name for name in value if name not in names and name not in optional]:
            raise fault(field, "has a member that the format does not know", value=extra[0])
        self.value = value

    def where(self, name: str) -> str:
        """The member's path, for messages."""
        return f"{self.field}.{name}"

    def any(self, name: str) -> Json:
        """The member as it is; None where it is optional and absent."""
        return self.value.get(name)

    def text(self, name: str, pattern: str, rule: str) -> str:
        """The member as a string that matches the whole pattern."""
        return text(self.value[name], self.where(name), pattern, rule, self.fault)

    def number(self, name: str, least: int = 0, most: int = JSON_INTEGER_MAX) -> int:
        """The member as an integer within bounds."""
        return number(self.value[name], self.where(name), self.fault, least, most)

    def flag(self, name: str) -> bool:
        """The member as true or false."""
        value = self.value[name]
        if not isinstance(value, bool):
            raise self.fault(self.where(name), "must be true or false")
        return value

    def hexadecimal(self, name: str, length: int, prefix: str = "0x") -> bytes:
        """The member as `length` bytes in lowercase hex, with that prefix."""
        return hexadecimal(self.value[name], self.where(name), length, self.fault, prefix)

    def base64url(self, name: str, length: int | None = None, most: int = 1 << 20) -> bytes:
        """The member as bytes in base64url without padding, `length` of them or at most `most`."""
        return base64url_bytes(self.value[name], self.where(name), self.fault, length, most)

    def array(self, name: str, most: int, read: Callable[[Json, str], T], least: int = 0) -> tuple[T, ...]:
        """The member as an array of `least` to `most` items, each read with its path."""
        items = self.value[name]
        if not isinstance(items, list) or not least <= len(items) <= most:
            raise self.fault(self.where(name), f"must be an array of {least} to {most} items")
        return tuple([read(item, f"{self.where(name)}[{place}]") for place, item in enumerate(items)])


def text(value: Json, field: str, pattern: str, rule: str, fault: type[Malformed]) -> str:
    """`value` as a string that matches the whole pattern."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise fault(field, rule, value=value)
    return value


def number(value: Json, field: str, fault: type[Malformed], least: int = 0, most: int = JSON_INTEGER_MAX) -> int:
    """`value` as an integer within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise fault(field, f"must be a whole number from {least} to {most}", value=value)
    return value


def hexadecimal(value: Json, field: str, length: int, fault: type[Malformed], prefix: str = "0x") -> bytes:
    """`value` as `length` bytes in lowercase hex."""
    rule = f"must be {prefix} and {2 * length} lowercase hex digits" if prefix else f"must be {2 * length} hex digits"
    if not isinstance(value, str) or len(value) != len(prefix) + 2 * length or not value.startswith(prefix):
        raise fault(field, rule, value=value)
    if not _HEX.fullmatch(value):
        raise fault(field, rule, value=value)
    return bytes.fromhex(value[len(prefix) :])


def base64url_bytes(
    value: Json, field: str, fault: type[Malformed], length: int | None = None, most: int = 1 << 20
) -> bytes:
    """`value` as bytes in canonical base64url without padding."""
    if not isinstance(value, str) or len(value) * 3 > (most + 2) * 4:
        raise fault(field, f"must be base64url of at most {most} bytes")
    try:
        raw = parse_base64url(value)
    except ValueError as error:
        raise fault(field, str(error), value=value) from None
    if length is not None and len(raw) != length:
        raise fault(field, f"must be {length} bytes", value=len(raw))
    return raw


def ascending(items: Sequence[T], key: Callable[[T], object], field: str, fault: type[Malformed]) -> None:
    """Raises `fault` unless the items' keys rise strictly: one order, none twice."""
    keys = cast("list[bytes]", [key(item) for item in items])
    for place in range(1, len(keys)):
        if not keys[place - 1] < keys[place]:
            raise fault(f"{field}[{place}]", "must come after the one before it, none twice")
