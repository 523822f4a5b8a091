"""Disclosures of a record (RFC 9901): `[salt, value]` in base64url, each known by the SHA-256 of that text.

A record's disclosures are decoded and read together where all are written as we write them, and one by one where one
is not, which also names the fault. Those that are known to be good by other means stay texts until they are asked for.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from chain.encoding import (
    Json,
    ReadTexts,
    base64url,
    parse_base64url,
    parse_base64url_parts,
    parse_json,
)
from chain.errors import MalformedRecord

DISCLOSURE_CHARS_MAX = 262_144
"""Longest single disclosure."""

SALT_BYTES = 16
"""Random bytes in a salt: 128 bits, so that what is withheld cannot be guessed."""

SALT_CHARS = 22
"""Length of such a salt in base64url."""

_SALT = re.compile(r"[A-Za-z0-9_-]{22,64}").fullmatch


class Disclosure(NamedTuple):
    """One array-element disclosure, `[salt, value]`."""

    encoded: str
    """base64url of the JSON text, exactly as its issuer wrote it."""
    salt: str
    value: Json
    digest: bytes
    """SHA-256 of `encoded`, 32 bytes."""

    @classmethod
    def parse(cls, encoded: str) -> Disclosure:
        """The disclosure in the text; raises `MalformedRecord`."""
        if len(encoded) > DISCLOSURE_CHARS_MAX:
            raise MalformedRecord("disclosure", f"has at most {DISCLOSURE_CHARS_MAX} characters", value=len(encoded))
        try:
            text = parse_base64url(encoded)
            said = parse_json(text)
        except ValueError as error:
            raise MalformedRecord("disclosure", str(error), value=encoded) from None
        if type(said) is not list or len(said) != 2:
            raise MalformedRecord("disclosure", "is an array of salt and value", value=encoded)
        salt, value = said
        if type(salt) is not str or not _SALT(salt):
            raise MalformedRecord("disclosure", "begins with a salt of 22 to 64 base64url characters", value=encoded)
        if (b"..." in text or b"_sd" in text or b"\\u" in text) and _has_nested_digest(value):
            raise MalformedRecord("disclosure", "holds no further digests", value=encoded)
        return cls(encoded, salt, value, sha256(encoded.encode("ascii")).digest())

    def __hash__(self) -> int:
        return hash(self.digest)  # the value may hold what cannot be hashed, and the digest stands for it

    def __repr__(self) -> str:
        return f"Disclosure({base64url(self.digest)})"


class Disclosures:
    """The disclosures of one record, in the order in which they came."""

    __slots__ = ("_encoded", "_load", "_places", "_read", "_texts", "digests")

    digests: tuple[bytes, ...]
    """SHA-256 of each, 32 bytes."""

    def __init__(self, read: Iterable[Disclosure]) -> None:
        self._read: list[Disclosure | None] = list(read)
        self.digests = tuple([one.digest for one in self._read if one is not None])
        self._encoded: Sequence[bytes] = ()
        self._texts: Sequence[bytes] = ()
        self._load: Callable[[bytes], Json] = parse_json
        self._places: dict[bytes, int] | None = None

    @classmethod
    def unread(
        cls,
        encoded: Sequence[bytes],
        texts: Sequence[bytes],
        digests: tuple[bytes, ...],
        load: Callable[[bytes], Json],
    ) -> Disclosures:
        """Disclosures that are known to be well formed: each as it came, decoded, and its digest. `load` reads one."""
        made = object.__new__(cls)
        made._read = [None] * len(encoded)
        made.digests, made._encoded, made._texts, made._load, made._places = digests, encoded, texts, load, None
        return made

    def all(self) -> tuple[Disclosure, ...]:
        """Every disclosure."""
        return tuple([self._at(place) for place in range(len(self._read))])

    def encoded(self) -> list[str]:
        """Every disclosure as its issuer wrote it."""
        if self._encoded:
            return [one.decode("ascii") for one in self._encoded]
        return [one.encoded for one in self._read if one is not None]

    def places(self) -> dict[bytes, int]:
        """The place of each by its digest."""
        if self._places is None:
            self._places = {digest: place for place, digest in enumerate(self.digests)}
        return self._places

    def value(self, digest: bytes) -> Json:
        """The value of the disclosure with that digest, which is here."""
        return self._at(self.places()[digest]).value

    def texts(self) -> Sequence[bytes]:
        """The JSON texts of all, in order, where they are known and nothing else was made of them; else none."""
        return self._texts

    def text(self, digest: bytes) -> bytes:
        """The JSON text of the disclosure with that digest, which is here."""
        place = self.places()[digest]
        if self._texts:
            return self._texts[place]
        return parse_base64url(self._at(place).encoded)

    def _at(self, place: int) -> Disclosure:
        found = self._read[place]
        if found is None:
            said = self._load(self._texts[place])
            salt, value = said if isinstance(said, list) else ("", None)
            found = Disclosure(self._encoded[place].decode("ascii"), str(salt), value, self.digests[place])
            self._read[place] = found
        return found

    def __len__(self) -> int:
        return len(self._read)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Disclosures) and self.encoded() == other.encoded()

    def __hash__(self) -> int:
        return hash(self.digests)


def random_salts(count: int) -> list[str]:
    """As many fresh salts, asked of the system and written at once, two bytes of zero behind each."""
    raw = secrets.token_bytes(SALT_BYTES * count)
    filled = b"".join([b"%b\x00\x00" % raw[start : start + SALT_BYTES] for start in range(0, len(raw), SALT_BYTES)])
    written = base64url(filled)
    return [written[start : start + SALT_CHARS] for start in range(0, len(written), SALT_CHARS + 2)]


def parse_disclosures(encoded: Sequence[str], read_texts: ReadTexts) -> tuple[Disclosure, ...]:
    """All disclosures; raises `MalformedRecord` for the first faulty one."""
    try:
        found = read_together(encoded, parse_base64url_parts("~".join(encoded), "~"), read_texts)
    except ValueError:
        found = None
    return tuple([Disclosure.parse(one) for one in encoded]) if found is None else found


def read_together(
    encoded: Sequence[str], texts: Sequence[bytes], read_texts: ReadTexts
) -> tuple[Disclosure, ...] | None:
    """Disclosures that are written as we write them; None where one is not, so that each is to be read by itself."""
    values = read_texts(texts)
    whole = b"".join(texts)
    if values is None or b"..." in whole or b"_sd" in whole or b"\\u" in whole:
        return None
    found: list[Disclosure] = []
    new = tuple.__new__  # a named tuple's own constructor costs as much as the digest
    for one, said in zip(encoded, values, strict=True):
        if type(said) is not list or len(said) != 2 or len(one) > DISCLOSURE_CHARS_MAX:
            return None
        salt, value = said
        if type(salt) is not str or not _SALT(salt):
            return None
        found.append(new(Disclosure, (one, salt, value, sha256(one.encode("ascii")).digest())))
    return tuple(found)


def _has_nested_digest(value: Json) -> bool:
    if isinstance(value, dict):
        return "..." in value or "_sd" in value or "_sd_alg" in value or any(map(_has_nested_digest, value.values()))
    return isinstance(value, list) and any(map(_has_nested_digest, value))
