"""Disagreements that a view shows: signed `audit.finding` records, and what this gateway sees while joining records.

The gateway's own are unsigned and computed from what the reader sees, so they tell nothing that is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from chain.encoding import Json
from chain.records.audit import Finding
from chain.records.customs import CustomsDeclaration
from chain.rules.declaration import Case, check_declaration
from chain.sdjwt import SignedRecord
from gateway.consignment.crosschecks import check_between
from gateway.consignment.declarations import Thread, foreign_amendments
from gateway.consignment.records import HeldRecord

DECLARATIONS_CHECKED_MAX = 4_096
"""Declarations whose own findings are kept: they follow from the record alone."""


def findings(records: Sequence[HeldRecord], threads: Sequence[Thread]) -> list[Json]:
    """Signed findings first, then the gateway's own, each with the records that it rests on."""
    found: list[Json] = [
        {
            "by": one.signed.iss,
            "record": one.signed.record_id,
            "rule": one.one("finding").get("rule"),
            "severity": one.one("finding").get("severity"),
            "records": _inputs(one),
            "text": one.one("finding").get("explanation"),
        }
        for one in records
        if one.one("finding")
    ]
    found += [_forbidden(thread, place) for thread in threads for place in range(len(thread.folded.forbidden))]
    found += [_own("same-number-twice", "H", [a, b], *_DOUBLED) for a, b in _doubled(records)]
    found += [_own("amended-by-another", "H", [a, b], *_FOREIGN) for a, b in foreign_amendments(records)]
    for thread in threads:
        found += [_computed(one) for one in _within(thread.current.signed)]
    return found + [_computed(one) for one in check_between(records, threads)]


@lru_cache(maxsize=DECLARATIONS_CHECKED_MAX)
def _within(signed: SignedRecord) -> tuple[Finding, ...]:
    """What a declaration says against itself (C01 to C10), in the sections that are seen; nothing without its head."""
    if not signed.section("declaration"):
        return ()
    said = {name: values for name in signed.sections if (values := signed.section(name))}
    case = Case(signed.record_id, CustomsDeclaration.from_sections(said), submitter=signed.iss)
    return check_declaration(case)


def _computed(finding: Finding) -> Json:
    said = finding.model_dump(mode="json", exclude_defaults=True)
    return {
        "by": "gateway",
        "record": None,
        "rule": finding.rule,
        "severity": finding.severity,
        "records": [*dict.fromkeys(one.record for one in finding.inputs)],
        "text": finding.explanation,
        "text_zh": finding.explanation_zh,
        **{name: said.get(name) for name in ("version", "declared", "computed", "delta", "tolerance", "inputs")},
    }


_DOUBLED: Final = (
    "Two records of one issuer bear the same number (jti); the first in the chain's order counts.",
    "同一签发方的两条记录使用同一编号（jti）；以链上先者为准。",
)
_FOREIGN: Final = (
    "A record says that it replaces another issuer's record; only the issuer may, so nothing is replaced.",
    "一条记录声称替代他方的记录；只有签发方可以替代，故不生效。",
)


def _own(rule: str, severity: str, records: Sequence[HeldRecord], text: str, text_zh: str) -> Json:
    return {
        "by": "gateway",
        "record": None,
        "rule": rule,
        "severity": severity,
        "records": [one.signed.record_id for one in records],
        "text": text,
        "text_zh": text_zh,
    }


def _forbidden(thread: Thread, place: int) -> Json:
    step = thread.folded.forbidden[place]
    if step.said.code:
        text = f"Customs said {step.wanted} while the declaration was {step.state}"
        text_zh = f"申报处于 {step.state} 时，海关回执为 {step.wanted}"
    else:
        text = f"The declaration was lodged anew while it was {step.state}"
        text_zh = f"申报处于 {step.state} 时被重新申报"
    records = [step.since.record, step.said.record]
    return _own(
        "forbidden-step",
        "H",
        records,
        f"{text}: that step is not allowed, so it stays.",
        f"{text_zh}：该步骤不允许，状态不变。",
    )


def _doubled(records: Sequence[HeldRecord]) -> list[tuple[HeldRecord, HeldRecord]]:
    first: dict[tuple[str, str], HeldRecord] = {}
    found = []
    for one in records:
        earlier = first.setdefault((one.signed.iss, one.signed.jti), one)
        if earlier is not one:
            found.append((earlier, one))
    return found


def _inputs(record: HeldRecord) -> list[Json]:
    inputs = record.one("finding").get("inputs")
    return [one.get("record") for one in inputs if isinstance(one, dict)] if isinstance(inputs, list) else []
