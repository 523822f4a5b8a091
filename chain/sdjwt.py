"""A record's signed form: an SD-JWT (RFC 9901) whose every section hides in an array-element disclosure.

    <issuer-signed JWT>~<disclosure>~<disclosure>~...~

Visible are `iss`, `aud`, `iat`, `jti`, `vct`, `_sd_alg`, `amends` or `withdraws` where there is one, and every
section's **name**. Each section is an array of `{"...": digest}`; a disclosure is `[salt, value]`, its digest the
SHA-256 of its base64url text. `ucr`, `names`, `references`, `goods_items` and `access` have one element a value,
every other section exactly one. There is no `_sd`, no decoy, no nesting, no key binding: one record cannot hold two
truths, and what is withheld has a name.

    record digest = SHA-256(JWS signing input)          record_id = base64url(record digest)

`SignedRecord.parse` checks form alone; whose key counted when, and what the sections mean, is for others to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from operator import le
from types import MappingProxyType
from typing import Final

from chain.claims import CLAIMS, Claims, check_claims
from chain.disclosures import (
    DISCLOSURE_CHARS_MAX,
    Disclosure,
    Disclosures,
    parse_disclosures,
    random_salts,
    read_together,
)
from chain.encoding import (
    Json,
    ReadTexts,
    base64url,
    base64url_bytes,
    format_digests,
    parse_digests,
    parse_json,
    parse_written_texts,
    write_json,
)
from chain.errors import MalformedRecord
from chain.jws import JWS_CHARS_MAX, CompactJws, JwsSignature, MalformedJws, sign_compact, sign_parts
from chain.keys import PublicKey, SigningKey

RECORD_TYP = "tongguan-record+sd-jwt"
"""The `typ` of a record's header."""

RECORD_CHARS_MAX = 2_097_152
"""Longest record, JWT and all disclosures; a declaration of 999 goods items has about 900,000."""

SECTIONS_MAX = 32
"""Most sections in a record."""

UCRS_MAX = 200
"""Most consignments that one record speaks of."""
GOODS_ITEMS_MAX = 999
"""Most goods items of a record; the WCO data model numbers them with three digits."""

ACCESS_TYPE = "audit.access"
"""Type of the records that say who read: they are filed and shown apart from what was said of the goods."""
ACCESSES_MAX = 200
"""Most reads that one access record tells of; never fewer than `UCRS_MAX`, since a read may be of so many."""

REFERENCES_MAX, NAMES_MAX = 1_000, 64
"""Most numbers that one record says, and most members that it names."""

MANY_ELEMENTS: Final[Mapping[str, int]] = {
    "ucr": UCRS_MAX,
    "names": NAMES_MAX,
    "references": REFERENCES_MAX,
    "goods_items": GOODS_ITEMS_MAX,
    "access": ACCESSES_MAX,
}
"""The sections that have one element per value, and how many at most. Every other section has exactly one."""


DISCLOSURES_MAX: Final = SECTIONS_MAX + sum(MANY_ELEMENTS.values())
"""Most disclosures of a record."""


class Withheld(Enum):
    """The one value that stands for an element whose disclosure is not here."""

    WITHHELD = "withheld"

    def __repr__(self) -> str:
        return "WITHHELD"


WITHHELD: Final = Withheld.WITHHELD


@dataclass(frozen=True, repr=False)
class SignedRecord:
    """A record as its issuer signed it, with all or some of its disclosures. Well formed, not yet verified."""

    jwt: str
    """The issuer-signed JWT in compact form."""
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
    """Record id of the record that this one amends or withdraws."""
    withdraws: bool
    """Whether it withdraws that record."""
    sections: Mapping[str, tuple[bytes, ...]]
    """Element digests of every section, disclosed or not, in claim order."""
    digest: bytes
    """The record digest: SHA-256 of the JWS signing input."""
    record_id: str
    """The record digest in base64url, 43 characters."""
    fits_model: bool = field(compare=False)
    """Whether its reader proved that every section is what its record type takes (`chain.records.fastpath.reader`)."""
    _signature: JwsSignature = field(compare=False)
    _held: Disclosures

    @classmethod
    def parse(cls, body: str | bytes, *, read_texts: ReadTexts = parse_written_texts) -> SignedRecord:
        """The record in the text, which may leave out disclosures; raises `MalformedRecord` for anything else.

        `read_texts` may be a faster reader of what `parse_json` takes (`chain.records.fastpath.reader` has one).
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
        if len(encoded) > DISCLOSURES_MAX:
            raise MalformedRecord("record", "has more disclosures than a record can have", value=len(encoded))
        return _record(_parse_jwt(jwt, read_texts), parse_disclosures(encoded, read_texts))

    def is_fully_disclosed(self) -> bool:
        """Whether every element of every section is here; intake takes nothing less."""
        return len(self._held) == sum(map(len, self.sections.values()))

    @property
    def disclosures(self) -> tuple[Disclosure, ...]:
        """Those that came with it, in the order in which they came."""
        return self._held.all()

    def verify(self, key: PublicKey) -> bool:
        """Whether this very key signed: `kid` and `alg` are the key's own and the signature is right."""
        return self._signature.verify(key, self.digest)

    def has_low_s(self) -> bool:
        """Whether the signature is the low-s one of its two ECDSA forms: the only one that intake takes."""
        return self._signature.is_low_s()

    def section(self, name: str) -> tuple[Json, ...]:
        """The disclosed elements of a section, in order; empty where it is withheld or the record has none."""
        known = self._held.places()
        return tuple([self._held.value(digest) for digest in self.sections.get(name, ()) if digest in known])

    def texts(self, name: str) -> list[bytes]:
        """The JSON texts `[salt, value]` of a section's disclosed elements, in order: for who needs a part of each."""
        held = self._held
        known = held.places()
        return [held.text(digest) for digest in self.sections.get(name, ()) if digest in known]

    def plain_texts(self) -> Sequence[bytes]:
        """The JSON text of every disclosure in order, a line each, where its reader proved that they are written as
        ours are; else none."""
        return self._held.texts() if self.fits_model else ()

    def disclosed(self) -> dict[str, tuple[tuple[bytes, Json | Withheld], ...]]:
        """Every section with its elements in order, each as (digest, value or `WITHHELD`)."""
        held = self._held
        known = held.places()
        return {
            name: tuple([(d, held.value(d) if d in known else WITHHELD) for d in digests])
            for name, digests in self.sections.items()
        }

    def ucr_elements(self) -> tuple[tuple[bytes, str | None], ...]:
        """The digest of each `ucr` element with its UCR, None where that is withheld."""
        known = self._held.places()
        return tuple([(d, str(self._held.value(d)) if d in known else None) for d in self.sections["ucr"]])

    def with_sections(self, names: Collection[str]) -> SignedRecord:
        """The same record with the disclosures of these sections alone; names that it does not have are ignored."""
        return self.with_elements({digest for name in names for digest in self.sections.get(name, ())})

    def with_elements(self, digests: Collection[bytes]) -> SignedRecord:
        """The same record with the disclosures of these element digests alone."""
        kept = [one for one in self.disclosures if one.digest in digests]
        return replace(self, fits_model=False, _held=Disclosures(kept))

    def serialize(self) -> str:
        """The record as text, with the disclosures it has: what `parse` reads."""
        return "~".join((self.jwt, *self._held.encoded(), ""))

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        # Never the disclosures: they hold personal data, and representations end up in logs.
        return f"SignedRecord({self.record_id}, vct={self.vct!r}, iss={self.iss!r}, jti={self.jti!r})"


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
    withdraws: bool = False,
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
        claims["withdraws" if withdraws else "amends"] = amends
    if taken := sorted(set(sections) & CLAIMS):
        raise MalformedRecord(taken[0], "is a claim, not a section")
    values = [value for elements in sections.values() for value in elements]
    drawn = random_salts(len(values)) if salts is None else [salts() for _ in values]
    said: list[Json] = [[salt, value] for salt, value in zip(drawn, values, strict=True)]
    try:
        texts = [write_json(one) for one in said]
    except (ValueError, TypeError) as error:
        raise MalformedRecord("disclosure", str(error)) from None
    encoded_texts = [base64url_bytes(text) for text in texts]
    if proved and salts is None and _has_sections(sections, encoded_texts):
        return _issued(sections, claims, encoded_texts, texts, key, write_json)
    encoded = [one.decode("ascii") for one in encoded_texts]
    # Read back what was written: what we issue is what every strict reader takes.
    together = read_together(encoded, texts, (lambda _: said) if proved else read_texts)
    disclosures = parse_disclosures(encoded, read_texts) if together is None else together
    digests = iter(disclosures)
    for name, elements in sections.items():
        claims[name] = [{"...": base64url(next(digests).digest)} for _ in elements]
    jwt = sign_compact({"typ": RECORD_TYP}, claims, key, write_json=write_json)
    return _record(_parse_jwt(jwt, read_texts), disclosures)


def _has_sections(sections: Mapping[str, Sequence[Json]], encoded: Sequence[bytes]) -> bool:
    """Whether names, numbers and lengths are within the limits."""
    most = _most_elements(tuple(sections))
    counts = tuple(map(len, sections.values()))
    return (
        bool(most) and 0 not in counts and all(map(le, counts, most)) and max(map(len, encoded)) <= DISCLOSURE_CHARS_MAX
    )


@lru_cache(maxsize=1_024)
def _most_elements(names: tuple[str, ...]) -> tuple[int, ...]:
    """How many elements each of a record's sections may have; empty where there is no such record."""
    if len(names) > SECTIONS_MAX or "ucr" not in names or not all(map(_SECTION_NAME, names)):
        return ()
    return tuple([MANY_ELEMENTS.get(name, 1) for name in names])


def _issued(
    sections: Mapping[str, Sequence[Json]],
    claims: dict[str, Json],
    encoded: list[bytes],
    texts: list[bytes],
    key: SigningKey,
    write_json: Callable[[object], bytes],
) -> SignedRecord:
    """The record of sections that need not be read back."""
    digests = tuple([sha256(one).digest() for one in encoded])
    said = iter(format_digests(digests))
    found, start = {}, 0
    for name, elements in sections.items():
        claims[name] = [{"...": next(said)} for _ in elements]
        found[name] = digests[start : start + len(elements)]
        start += len(elements)
    jwt, signature = sign_parts({"typ": RECORD_TYP}, claims, key, write_json=write_json)
    if len(jwt) > JWS_CHARS_MAX:
        raise MalformedRecord("jws", f"has at most {JWS_CHARS_MAX} characters", value=f"{len(jwt)} characters")
    held = Disclosures.unread(encoded, texts, digests, parse_json)
    return signed_record(jwt, check_claims(claims), signature, found, held, fits_model=False)


_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]").fullmatch
"""32 bytes in canonical base64url: the last character has no stray low bits."""
_SECTION_NAME = re.compile(r"[a-z][a-z_]{0,31}").fullmatch


def _parse_jwt(jwt: str, read_texts: ReadTexts) -> CompactJws:
    try:
        return CompactJws.parse(jwt, typ=RECORD_TYP, read_texts=read_texts)
    except MalformedJws as error:
        raise MalformedRecord(error.field, error.rule, value=error.value, code=error.code) from None


def signed_record(
    jwt: str,
    claims: Claims,
    signature: JwsSignature,
    sections: dict[str, tuple[bytes, ...]],
    held: Disclosures,
    *,
    fits_model: bool,
) -> SignedRecord:
    """The record of a JWT whose claims and sections are known to be of the right form."""
    iss, aud, iat, jti, vct, amends, withdraws = claims
    digest, made = sha256(signature.signing_input).digest(), object.__new__(SignedRecord)
    members = {
        "jwt": jwt,
        "iss": iss,
        "consortium": aud,
        "iat": iat,
        "jti": jti,
        "vct": vct,
        "kid": signature.kid,
        "amends": amends,
        "withdraws": withdraws,
        "sections": MappingProxyType(sections),
        "digest": digest,
        "record_id": base64url(digest),
        "fits_model": fits_model,
        "_signature": signature,
        "_held": held,
    }
    # The constructor of a frozen class sets each field by a call: more than all of the rest here.
    object.__setattr__(made, "__dict__", members)
    return made


def _record(jws: CompactJws, disclosures: Sequence[Disclosure]) -> SignedRecord:
    held = Disclosures(disclosures)
    claims = check_claims(jws.payload)
    sections = _sections(jws.payload)
    known = held.places()
    if len(known) != len(held):
        raise MalformedRecord("record", "has each disclosure once")
    if strange := known.keys() - set().union(*sections.values()):
        place = known[strange.pop()]
        raise MalformedRecord("disclosure", "belongs to a section of this record", value=held.encoded()[place])
    return signed_record(jws.text, claims, jws.own_signature(), sections, held, fits_model=False)


def _sections(claims: Mapping[str, Json]) -> dict[str, tuple[bytes, ...]]:
    """Every section's digests; a claim that is neither ours nor shaped as a section is refused."""
    names = [name for name in claims if name not in CLAIMS]
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
    return isinstance(element, dict) and len(element) == 1 and _DIGEST(str(element.get("..."))) is not None
