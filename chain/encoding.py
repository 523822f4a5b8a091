"""The two encodings that signed things travel in, strictly read: base64url (RFC 4648 section 5) and JSON (RFC 8259).

Strict means that one value has one text as far as the format allows: base64url without padding and without stray
bits, JSON without doubled names, without numbers that two readers may round differently, without lone surrogates,
and never deeper than `JSON_DEPTH_MAX`. Both raise `ValueError` with the rule that was broken; each caller says of what.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
"""A JSON value as we allow it: numbers are integers."""

ReadTexts: TypeAlias = "Callable[[Sequence[bytes]], list[Json] | None]"
"""Reads many JSON texts at once where all are written as we write: see `parse_written_texts`."""

JSON_DEPTH_MAX = 16
"""Deepest nesting of arrays and objects; the deepest record section has 8."""

JSON_INTEGER_MAX = 2**53 - 1
"""Largest integer either side of zero: what every JSON reader keeps exactly (RFC 8259 section 6)."""

_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/***")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_PADDING = (b"", b"===", b"==", b"=")
_LAST = (bytes(range(256)), b"", b"AQgw", b"AEIMQUYcgkosw048")
"""By the length of the text modulo 4, its last characters that leave no stray bits."""
_NOT_CANONICAL = "not canonical base64url without padding"


def base64url(raw: bytes) -> str:
    """The bytes as base64url text without padding."""
    return b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def base64url_bytes(raw: bytes) -> bytes:
    """As `base64url`, in ASCII."""
    return b2a_base64(raw, newline=False).rstrip(b"=").translate(_TO_URL)


def parse_base64url(text: str | bytes) -> bytes:
    """The bytes behind canonical base64url text without padding; raises `ValueError` for any other text."""
    try:
        said = text.encode("ascii") if isinstance(text, str) else text
        over = len(said) % 4
        # Strict mode refuses white space and foreign characters, and the table makes the standard alphabet and padding
        # foreign; it does not see stray low bits in the last character.
        raw = a2b_base64(said.translate(_TO_STANDARD) + _PADDING[over], strict_mode=True)
    except ValueError:
        raise ValueError(_NOT_CANONICAL) from None
    if said[-1:] not in _LAST[over]:
        raise ValueError(_NOT_CANONICAL)
    return raw


def parse_base64url_parts(text: str, divider: str) -> list[bytes]:
    """As `parse_base64url` for each part of the text between dividers, none where it is empty; raises `ValueError`."""
    if not text:
        return []
    parts = text.encode("ascii").translate(_TO_STANDARD).split(divider.encode("ascii"))
    if False in [part[-1:] in _LAST[len(part) & 3] for part in parts]:
        raise ValueError(_NOT_CANONICAL)
    return [a2b_base64(part + _PADDING[len(part) & 3], strict_mode=True) for part in parts]


def parse_digests(texts: Sequence[str]) -> list[bytes]:
    """The 32 bytes behind each of many base64url texts of 43 characters; raises `ValueError` where one is not.

    They are decoded together, each filled up to 44 characters by an A, which leaves a byte of zero and its stray bits.
    """
    if not texts:
        return []
    filled = f"{'A'.join(texts)}A".encode("ascii").translate(_TO_STANDARD)
    raw = a2b_base64(filled, strict_mode=True)
    if set(map(len, texts)) != {43} or any(raw[32::33]):
        raise ValueError(_NOT_CANONICAL)
    return [raw[start : start + 32] for start in range(0, len(raw), 33)]


def format_digests(digests: Sequence[bytes]) -> list[str]:
    """Each of many digests of 32 bytes in base64url: what `parse_digests` reads."""
    written = base64url(b"\x00".join([*digests, b""]))
    return [written[start : start + 43] for start in range(0, len(written), 44)]


def format_json(value: object) -> str:
    """The value as compact JSON text, names in the order given; raises `ValueError` for NaN."""
    return _encode(value)


def write_json(value: object) -> bytes:
    """As `format_json`, in UTF-8; raises `ValueError` also for half of a surrogate pair."""
    return _encode(value).encode("utf-8")


def parse_json(text: str | bytes) -> Json:
    """The value of one JSON text, strictly read; raises `ValueError` with the rule that it breaks."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"not UTF-8 at byte {error.start}") from None
    check_json_depth(text)
    try:
        value: Json = _decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos}") from None
    if "\\u" in text:
        _check_surrogates(value)
    return value


def parse_written_texts(texts: Sequence[bytes]) -> list[Json] | None:
    """The values of JSON texts that all are as `write_json` writes them; None where one is not, be it right or wrong.

    A text that is written again byte for byte has no doubled name and no escape, so that the decoder need not call
    back for every object. Values are checked together: where a JSON value ends shows from itself, so a list of them
    is the list of the texts only if each is the other.
    """
    try:
        said = [text.decode("utf-8") for text in texts]
        for text in said:
            check_json_depth(text)
        read = [_decode_lightly(text) for text in said]
    except ValueError:
        return None
    values = [value for value, _ in read]
    return values if _encode(values) == f"[{','.join(said)}]" else None


def parse_json_object(text: str | bytes) -> dict[str, Json]:
    """The members of one JSON object, strictly read; raises `ValueError` with the rule that it breaks."""
    value = parse_json(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def find_doubled(names: Iterable[str]) -> str:
    """The first name that stands a second time; empty where none does. Each name is looked at once."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def check_json_depth(text: str, depth_max: int = JSON_DEPTH_MAX) -> None:
    """Raises `ValueError` where brackets outside strings nest deeper than `depth_max`; to be asked before decoding.

    Where another library has raised the interpreter's recursion limit (py-evm does), Python's decoder would overflow
    the C stack on deep nesting and end the process. Up to its first fault a text splits into strings here as there.
    """
    if text.count("[") + text.count("{") <= depth_max:
        return
    depth = 0
    for mark in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        if depth > depth_max:
            raise ValueError(f"nested deeper than {depth_max}")


_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A string, or what begins as one and never ends: so each character is looked at once."""
_BRACKET = re.compile(r"[\[\]{}]")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(f"the name {find_doubled(name for name, _ in pairs)[:40]!r} stands twice in one object")
    return members


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(number := int(digits)) > JSON_INTEGER_MAX:
        raise ValueError(f"an integer beyond {JSON_INTEGER_MAX}")
    return number


def _no_fraction(number: str) -> Any:
    raise ValueError(f"a number that is no integer ({number[:24]}); decimals travel as strings")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_no_fraction, parse_constant=_no_fraction, strict=True
).decode


_decode_lightly = json.JSONDecoder(
    parse_int=_integer, parse_float=_no_fraction, parse_constant=_no_fraction, strict=True
).raw_decode


def _check_surrogates(value: Json) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair stands alone") from None
