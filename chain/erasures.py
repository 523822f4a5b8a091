"""Erasures: which sections of which records are gone, who had them erased, and whether that one might.

An `audit.erasure` record names records and their sections, with a reason and the *rule* by which its issuer may erase:

- `issuer`: the records are its own words;
- `owner`: every consignment that a record speaks of is its own, by the company in the UCR;
- `governor`: it governs, and the members' retention policy, whose hash it names, lets governors erase these sections.

The issuer-signed text of a record is never erased, so every proof stays; nor are the sections that standing rests on.
An erasure that does not satisfy its rule erases nothing, whoever holds it. Pure, without clock or store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from chain.sdjwt import ACCESS_TYPE, SignedRecord
from chain.standing import STANDING_SECTIONS

ERASURE_TYPE: Final = "audit.erasure"
ERASURE_SECTION: Final = "erasure"
"""The section with the statement; like `names` it is shown with every consignment, and never erased."""
KEPT_SECTIONS: Final = frozenset({"ucr", ERASURE_SECTION}) | STANDING_SECTIONS
"""Sections that nothing erases: entries, standing and erasures rest on them."""
KEPT_TYPES: Final = frozenset({ERASURE_TYPE, ACCESS_TYPE})
"""Types of which nothing is erased: who erased and who read must stay known."""
ERASED_MAX: Final = 200
"""Most records that one erasure names."""
SECTIONS_MAX: Final = 32
"""Most sections that it names of one record; a record has no more."""

ErasureRule = Literal["issuer", "owner", "governor"]
RULES: Final[frozenset[str]] = frozenset(get_args(ErasureRule))

_RECORD_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_SECTION: Final = re.compile(r"[a-z][a-z_]{0,31}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
REASON_CHARS_MAX: Final = 4_000


@dataclass(frozen=True)
class ErasureText:
    """What one `audit.erasure` record says."""

    rule: str
    """One of `RULES`."""
    erased: tuple[tuple[str, frozenset[str]], ...]
    """(record id, names of its sections)."""
    reason: str
    policy: str
    """SHA-256 of the retention policy by which it erases, 64 hex digits; empty where it names none."""

    def sections_of(self, record_id: str) -> frozenset[str]:
        """The sections that it names of a record."""
        return frozenset(name for named, sections in self.erased if named == record_id for name in sections)


@dataclass(frozen=True)
class Target:
    """What of a record decides who may erase of it."""

    record_id: str
    issuer: str
    record_type: str
    owners: frozenset[str | None]
    """USCC of the company of each UCR that it shows; None stands for one that names no Chinese company."""

    @classmethod
    def of(cls, signed: SignedRecord, owners: Iterable[str | None]) -> Target:
        """A record with the companies of its UCRs."""
        return cls(signed.record_id, signed.iss, signed.vct, frozenset(owners))


def read_erasure(value: object) -> ErasureText | None:
    """What an `erasure` section says; None where it has not the form, since anybody may anchor anything."""
    if not isinstance(value, Mapping):
        return None
    rule, reason, policy, listed = (value.get(name) for name in ("rule", "reason", "policy", "erased"))
    if rule not in RULES or not isinstance(reason, str) or len(reason) > REASON_CHARS_MAX:
        return None
    if policy is not None and not (isinstance(policy, str) and _HASH.fullmatch(policy)):
        return None
    if not isinstance(listed, list) or not 0 < len(listed) <= ERASED_MAX:
        return None
    erased = [line for item in listed if (line := _line(item)) is not None]
    if len(erased) != len(listed):
        return None
    return ErasureText(str(rule), tuple(erased), reason, policy or "")


def erasure_of(signed: SignedRecord) -> ErasureText | None:
    """What a record says as an erasure; None where it is none, or withholds it."""
    if signed.vct != ERASURE_TYPE or signed.withdraws:
        return None
    return next((read_erasure(value) for value in signed.section(ERASURE_SECTION)), None)


def may_erase(text: ErasureText, issuer: str, target: Target, *, is_governor: bool) -> bool:
    """Whether a statement of this issuer satisfies the rule that it names, for one record.

    `is_governor` is whether the issuer governed, by the facts of the block of its statement. Whether a policy lets
    governors erase these sections is for gateways to check: they have its text.
    """
    if target.record_type in KEPT_TYPES:
        return False
    match text.rule:
        case "issuer":
            return issuer == target.issuer
        case "owner":
            return target.owners == {issuer}
        case _:
            return is_governor and bool(text.policy)


def digests_to_erase(text: ErasureText, signed: SignedRecord) -> frozenset[bytes]:
    """The digests of the disclosures that a statement names of a record, those that are kept left out."""
    names = text.sections_of(signed.record_id) - KEPT_SECTIONS
    return frozenset(digest for name in names for digest in signed.sections.get(name, ()))


def _line(item: object) -> tuple[str, frozenset[str]] | None:
    if not isinstance(item, Mapping):
        return None
    record, sections = item.get("record"), item.get("sections")
    if not isinstance(record, str) or not _RECORD_ID.fullmatch(record):
        return None
    if not isinstance(sections, list) or not 0 < len(sections) <= SECTIONS_MAX:
        return None
    if not all(isinstance(name, str) and _SECTION.fullmatch(name) for name in sections):
        return None
    return record, frozenset(sections)
