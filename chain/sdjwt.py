"""A record's signed form: an SD-JWT (RFC 9901) whose every section hides in an array-element disclosure.

    <issuer-signed JWT>~<disclosure>~<disclosure>~...~

Visible are `iss`, `aud`, `iat`, `jti`, `vct`, `_sd_alg`, `amends` where there is one, and every section's **name**.
Each section is an array of `{"...": digest}`; a disclosure is `[salt, value]`, its digest the SHA-256 of its base64url
text. `ucr`, `goods_items` and `access` have one element per value, every other section exactly one. There is no `_sd`,
no decoy, no nesting, no key binding: one record cannot hold two truths, and what is withheld has a name.

    record digest = SHA-256(JWS signing input)          record_id = base64url(record digest)

`SignedRecord.parse` checks form alone; whose key counted when, and what the sections mean, is for others to say.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from chain.encoding import (
    Json,
    ReadTexts,
    base64url,
    parse_base64url,
    parse_base64url_parts,
    parse_digests,
    parse_json,
    parse_written_texts,
    write_json,
)
from chain.errors import MalformedRecord
from chain.jws import CompactJws, MalformedJws, sign_compact
from chain.keys import PublicKey, SigningKey

RECORD_TYP = "tongguan-record+sd-jwt"
"""The `typ` of a record's header."""

RECORD_CHARS_MAX = 2_097_152
"""Longest record, JWT and all disclosures; a declaration of 999 goods items has about 900,000."""

DISCLOSURE_CHARS_MAX = 262_144
"""Longest single disclosure."""

SECTIONS_MAX = 32
"""Most sections in a record."""

UCRS_MAX = 200
"""Most consignments that one record speaks of."""

GOODS_ITEMS_MAX = 999
"""Most goods items of a record; the WCO data model numbers them with three digits."""

ACCESSES_MAX = 200
"""Most reads that one access record tells of; never fewer than `UCRS_MAX`, since a read may be of so many."""

SALT_BYTES = 16
"""Random bytes in a salt: 128 bits, so that what is withheld cannot be guessed."""

MANY_ELEMENTS: Final[Mapping[str, int]] = {
    "ucr": UCRS_MAX,
    "goods_items": GOODS_ITEMS_MAX,
    "access": ACCESSES_MAX,
}
"""The sections that have one element per value, and how many at most. Every other section has exactly one."""


class Withheld(Enum):
    """The one value that stands for an element whose disclosure is not here."""

    WITHHELD = "withheld"

    def __repr__(self) -> str:
        return "WITHHELD"


WITHHELD: Final = Withheld.WITHHELD


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


@dataclass(frozen=True, repr=False)
class SignedRecord:
    """A record as its issuer signed it, with all or some of its disclosures. Well formed, not yet verified."""

    jwt: str
    """The issuer-signed JWT in compact form."""
    disclosures: tuple[Disclosure, ...]
    """Those that came with it, in the order in which they came."""
    iss: str
    """USCC of the member whose words these are."""
    consortium: str
    """The `aud` claim: the consortium id in 64 lowercase hex digits."""
    iat: int
    """When it was issued, in seconds since 1970 UTC, by the issuer's own clock."""
    jti: str
    """The issuer's own number of the record; `(iss, jti)` counts once."""
    vct: str
    """The record type, such as `customs.declaration`."""
    kid: str
    """Thumbprint of the key that is said to have signed."""
    amends: str | None
    """Record id of the record that this one replaces."""
    sections: Mapping[str, tuple[bytes, ...]]
    """Element digests of every section, disclosed or not, in claim order."""
    digest: bytes
    """The record digest: SHA-256 of the JWS signing input."""
    record_id: str
    """The record digest in base64url, 43 characters."""
    _jws: CompactJws = field(compare=False)
    _disclosed: Mapping[bytes, Disclosure] = field(compare=False)

    @classmethod
    def parse(cls, body: str | bytes, *, read_texts: ReadTexts = parse_written_texts) -> SignedRecord:
        """The record in the text, which may leave out disclosures; raises `MalformedRecord` for anything else.

        `read_texts` may be a faster reader of what `parse_json` takes (`chain.records.quick` has one).
        """
        if len(body) > RECORD_CHARS_MAX:
            raise MalformedRecord("record", f"has at most {RECORD_CHARS_MAX} characters", value=len(body))
        try:
            text = body.decode("ascii") if isinstance(body, bytes) else body
            jwt, *encoded, tail = text.split("~")
        except ValueError:
            raise MalformedRecord("record", "is ASCII text: a JWT and its disclosures, each closed by ~") from None
        if tail:
            raise MalformedRecord("record", "ends with ~; key binding is not used", value=tail)
        if len(encoded) > SECTIONS_MAX + UCRS_MAX + GOODS_ITEMS_MAX:
            raise MalformedRecord("record", "has more disclosures than a record can have", value=len(encoded))
        return _record(_parse_jwt(jwt, read_texts), _parse_disclosures(encoded, read_texts))

    def is_fully_disclosed(self) -> bool:
        """Whether every element of every section is here; intake takes nothing less."""
        return len(self._disclosed) == sum(map(len, self.sections.values()))

    def verify(self, key: PublicKey) -> bool:
        """Whether this very key signed: `kid` and `alg` are the key's own and the signature is right."""
        return self._jws.verify(key)

    def section(self, name: str) -> tuple[Json, ...]:
        """The disclosed elements of a section, in order; empty where it is withheld or the record has none."""
        known = self._disclosed
        return tuple(known[digest].value for digest in self.sections.get(name, ()) if digest in known)

    def disclosed(self) -> dict[str, tuple[tuple[bytes, Json | Withheld], ...]]:
        """Every section with its elements in order, each as (digest, value or `WITHHELD`)."""
        known = self._disclosed
        return {
            name: tuple([(d, known[d].value if d in known else WITHHELD) for d in digests])
            for name, digests in self.sections.items()
        }

    def ucr_elements(self) -> tuple[tuple[bytes, str | None], ...]:
        """The digest of each `ucr` element with its UCR, None where that is withheld."""
        known = self._disclosed
        digests = self.sections["ucr"]
        return tuple((digest, str(known[digest].value) if digest in known else None) for digest in digests)

    def with_sections(self, names: Collection[str]) -> SignedRecord:
        """The same record with the disclosures of these sections alone; names that it does not have are ignored."""
        return self.with_elements({digest for name in names for digest in self.sections.get(name, ())})

    def with_elements(self, digests: Collection[bytes]) -> SignedRecord:
        """The same record with the disclosures of these element digests alone."""
        return _record(self._jws, tuple(d for d in self.disclosures if d.digest in digests))

    def serialize(self) -> str:
        """The record as text, with the disclosures it has: what `parse` reads."""
        return "~".join((self.jwt, *(d.encoded for d in self.disclosures), ""))

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        # Never the disclosures: they hold personal data, and representations end up in logs.
        return f"SignedRecord({self.record_id}, vct={self.vct!r}, iss={self.iss!r}, jti={self.jti!r})"


def _random_salts(count: int) -> list[str]:
    """As many fresh salts, asked of the system at once."""
    raw = secrets.token_bytes(SALT_BYTES * count)
    return [base64url(raw[start : start + SALT_BYTES]) for start in range(0, len(raw), SALT_BYTES)]


def issue(
    sections: Mapping[str, Sequence[Json]],
    *,
    vct: str,
    iss: str,
    consortium: str,
    iat: int,
    jti: str,
    key: SigningKey,
    amends: str | None = None,
    salts: Callable[[], str] | None = None,
    read_texts: ReadTexts = parse_written_texts,
    write_json: Callable[[object], bytes] = write_json,
    proved: bool = False,
) -> SignedRecord:
    """The sections signed as one record, fully disclosed; raises `MalformedRecord` for what `parse` would refuse.

    `read_texts` and `write_json` may be faster ones that agree with those of `chain.encoding`. Values that are `proved`
    (a record model's own, which holds nothing that a reader refuses) are not read back.
    """
    claims: dict[str, Json] = {"iss": iss, "aud": consortium, "iat": iat, "jti": jti, "vct": vct, "_sd_alg": "sha-256"}
    if amends is not None:
        claims["amends"] = amends
    if taken := sorted(set(sections) & _CLAIMS):
        raise MalformedRecord(taken[0], "is a claim, not a section")
    values = [value for elements in sections.values() for value in elements]
    drawn = _random_salts(len(values)) if salts is None else [salts() for _ in values]
    said: list[Json] = [[salt, value] for salt, value in zip(drawn, values, strict=True)]
    try:
        texts = [write_json(one) for one in said]
    except (ValueError, TypeError) as error:
        raise MalformedRecord("disclosure", str(error)) from None
    encoded = [base64url(text) for text in texts]
    # Read back what was written: what we issue is what every strict reader takes.
    together = _read_together(encoded, texts, (lambda _: said) if proved else read_texts)
    disclosures = _parse_disclosures(encoded, read_texts) if together is None else together
    digests = iter(disclosures)
    for name, elements in sections.items():
        claims[name] = [{"...": base64url(next(digests).digest)} for _ in elements]
    jwt = sign_compact({"typ": RECORD_TYP}, claims, key, write_json=write_json)
    return _record(_parse_jwt(jwt, read_texts), disclosures)


_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]").fullmatch
"""32 bytes in canonical base64url: the last character has no stray low bits."""
_SALT = re.compile(r"[A-Za-z0-9_-]{22,64}").fullmatch
_SECTION_NAME = re.compile(r"[a-z][a-z_]{0,31}").fullmatch
_CLAIM_RULES: Final[Mapping[str, tuple[Callable[[str], object], str]]] = {
    "iss": (re.compile(r"[0-9A-Z]{18}").fullmatch, "is a USCC of 18 digits and capital letters"),
    "aud": (re.compile(r"[0-9a-f]{64}").fullmatch, "is a consortium id of 64 lowercase hex digits"),
    "jti": (re.compile(r"[A-Za-z0-9._:-]{1,64}").fullmatch, "has 1 to 64 of the characters A-Z a-z 0-9 . _ : -"),
    "vct": (re.compile(r"[a-z]{1,24}\.[a-z_]{1,32}").fullmatch, "is a record type such as customs.declaration"),
    "_sd_alg": ("sha-256".__eq__, "is sha-256"),
    "amends": (_DIGEST, "is a record id of 43 characters"),
}
_CLAIMS = frozenset(_CLAIM_RULES) | {"iat"}
_IAT_MAX = 2**40 - 1


def _parse_disclosures(encoded: Sequence[str], read_texts: ReadTexts) -> tuple[Disclosure, ...]:
    """All disclosures; raises `MalformedRecord` for the first faulty one."""
    try:
        found = _read_together(encoded, parse_base64url_parts("~".join(encoded), "~"), read_texts)
    except ValueError:
        found = None
    return tuple([Disclosure.parse(one) for one in encoded]) if found is None else found


def _read_together(
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


def _parse_jwt(jwt: str, read_texts: ReadTexts) -> CompactJws:
    try:
        return CompactJws.parse(jwt, typ=RECORD_TYP, read_texts=read_texts)
    except MalformedJws as error:
        raise MalformedRecord(error.field, error.rule, value=error.value, code=error.code) from None


def _record(jws: CompactJws, disclosures: tuple[Disclosure, ...]) -> SignedRecord:
    claims = jws.payload
    said = {name: _claim(claims, name) for name in _CLAIM_RULES if name != "amends"}
    iat = claims.get("iat")
    if type(iat) is not int or not 0 <= iat <= _IAT_MAX:
        raise MalformedRecord("iat", "is a time in whole seconds since 1970", value=iat)
    sections = _sections(claims)
    known = {d.digest: d for d in disclosures}
    if len(known) != len(disclosures):
        raise MalformedRecord("record", "has each disclosure once")
    if strange := known.keys() - set().union(*sections.values()):
        raise MalformedRecord("disclosure", "belongs to a section of this record", value=known[strange.pop()].encoded)
    digest = sha256(jws.signing_input).digest()
    return SignedRecord(
        jwt=jws.text,
        disclosures=disclosures,
        iss=said["iss"],
        consortium=said["aud"],
        iat=iat,
        jti=said["jti"],
        vct=said["vct"],
        kid=jws.kid,
        amends=_claim(claims, "amends") if "amends" in claims else None,
        sections=MappingProxyType(sections),
        digest=digest,
        record_id=base64url(digest),
        _jws=jws,
        _disclosed=known,
    )


def _claim(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    matches, rule = _CLAIM_RULES[name]
    if not isinstance(value, str) or not matches(value):
        raise MalformedRecord(name, rule, value=value)
    return value


def _sections(claims: Mapping[str, Json]) -> dict[str, tuple[bytes, ...]]:
    """Every section's digests; a claim that is neither ours nor shaped as a section is refused."""
    names = [name for name in claims if name not in _CLAIMS]
    if len(names) > SECTIONS_MAX:
        raise MalformedRecord("record", f"has at most {SECTIONS_MAX} sections", value=len(names))
    if "ucr" not in claims:
        raise MalformedRecord("ucr", "is in every record: it says whose consignment is spoken of")
    texts: list[str] = []
    lists: list[list[Json]] = []
    for name in names:
        elements = claims[name]
        if not _SECTION_NAME(name):
            raise MalformedRecord(name, "is no claim and no section name of a record")
        elements_max = MANY_ELEMENTS.get(name, 1)
        if not isinstance(elements, list) or not 1 <= len(elements) <= elements_max:
            rule = "exactly one element" if elements_max == 1 else f"1 to {elements_max} elements"
            raise MalformedRecord(name, f"is an array of {rule}")
        for element in elements:
            text = element.get("...") if type(element) is dict and len(element) == 1 else None
            texts.append(text if type(text) is str else "")
        lists.append(elements)
    try:
        digests = parse_digests(texts)
    except ValueError:
        name, element = next((n, e) for n, es in zip(names, lists, strict=True) for e in es if not _holds_digest(e))
        raise MalformedRecord(name, 'has elements {"...": SHA-256 digest} and no others', value=element) from None
    if len(set(digests)) != len(digests):
        raise MalformedRecord("record", "has a digest that stands twice among its elements")
    in_order = iter(digests)
    return {name: tuple(islice(in_order, len(elements))) for name, elements in zip(names, lists, strict=True)}


def _holds_digest(element: Json) -> bool:
    text = element.get("...") if isinstance(element, dict) and len(element) == 1 else None
    return isinstance(text, str) and _DIGEST(text) is not None


def _has_nested_digest(value: Json) -> bool:
    if isinstance(value, dict):
        return "..." in value or "_sd" in value or "_sd_alg" in value or any(map(_has_nested_digest, value.values()))
    return isinstance(value, list) and any(map(_has_nested_digest, value))
