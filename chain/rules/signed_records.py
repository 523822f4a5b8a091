"""Signed records as the rules take them: their disclosed sections, the names of what is withheld, their references.

Gateways, risk desks and verifiers read records through this one function, so that they compare the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from chain.encoding import Json
from chain.reference_keys import reference_key
from chain.rules.facts import Record
from chain.rules.record_reader import read_record
from chain.sdjwt import SignedRecord

AUDIT_PREFIX: Final = "audit."
"""Types that no rule looks at: findings, what became of them, and reads."""


def is_judged(record_type: str) -> bool:
    """Whether rules look at records of this type."""
    return not record_type.startswith(AUDIT_PREFIX)


def read_signed(signed: SignedRecord) -> Record:
    """The record's words, as far as they are disclosed."""
    sections = {name: values for name in signed.sections if (values := signed.section(name))}
    return read_record(
        signed.record_id,
        signed.vct,
        signed.iss,
        datetime.fromtimestamp(signed.iat, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        signed.amends,
        len(signed.sections["ucr"]),
        sorted(set(_reference_keys(sections.get("references", ())))),
        sections,
        sorted(name for name in signed.sections if len(sections.get(name, ())) < len(signed.sections[name])),
        signed.withdraws,
    )


def _reference_keys(references: Iterable[Json]) -> Iterator[tuple[str, str, str]]:
    for reference in references:
        if isinstance(reference, dict):
            kind, scope, value = (reference.get(name, "") for name in ("kind", "scope", "value"))
            if isinstance(kind, str) and isinstance(scope, str) and isinstance(value, str):
                yield reference_key(kind, scope, value)
