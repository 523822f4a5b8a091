"""Disagreements that a view shows: signed `audit.finding` records, and what this gateway sees while joining records.

The gateway's own are the answers of `chain.rules`, unsigned and computed from what the reader sees, so they tell
nothing that is withheld. Rules that agree or could not be run are told beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chain.encoding import Json
from chain.rules.answers import Finding
from chain.rules.frame import NOWHERE, Elsewhere
from chain.rules.pack import RULES, RULES_VERSION, Evaluation
from chain.rules.tables import NO_TABLES, Tables
from gateway.access.records import HeldRecord
from gateway.consignment.answers import AgreementLine, Checks, NotRunLine
from gateway.consignment.declarations import foreign_amendments
from gateway.consignment.rule_facts import evaluate_held


def findings(records: Sequence[HeldRecord], tables: Tables = NO_TABLES, elsewhere: Elsewhere = NOWHERE) -> list[Json]:
    """Signed findings first, then the gateway's own, each with the records that it rests on."""
    listed: list[Json] = [
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
    listed += [_own("same-number-twice", "H", [a, b], *_DOUBLED) for a, b in _doubled(records)]
    listed += [_own("amended-by-another", "H", [a, b], *_FOREIGN) for a, b in foreign_amendments(records)]
    return listed + [_computed(one) for one in evaluate_held(records, tables, elsewhere).findings]


def checks(records: Sequence[HeldRecord], tables: Tables = NO_TABLES, elsewhere: Elsewhere = NOWHERE) -> Checks:
    """Which rules agree, with their sources, and which were not run, and why. Those with findings stand there."""
    evaluation = evaluate_held(records, tables, elsewhere)
    return Checks(
        version=RULES_VERSION,
        tables={**tables.roots},
        agree=[
            AgreementLine(
                rule=agreement.rule,
                text=RULES[agreement.rule].en,
                text_zh=RULES[agreement.rule].zh,
                records=[*agreement.records],
            )
            for agreement in evaluation.agreements
        ],
        not_run=_not_run(evaluation),
    )


def _not_run(evaluation: Evaluation) -> list[NotRunLine]:
    answers = [(answer, False) for answer in evaluation.not_run]
    answers += [(answer, True) for answer in evaluation.not_run_in_part]
    return [
        NotRunLine(
            rule=answer.rule,
            missing=answer.missing,
            text=answer.what,
            text_zh=answer.what_zh or None,
            in_part=in_part,
        )
        for answer, in_part in sorted(answers, key=lambda pair: pair[0].rule)
    ]


def _computed(finding: Finding) -> Json:
    return {
        "by": "gateway",
        "record": None,
        "rule": finding.rule,
        "severity": finding.severity,
        "records": [*finding.records],
        "text": finding.text,
        "text_zh": finding.text_zh,
        "version": RULES_VERSION,
        "declared": finding.declared,
        "computed": finding.computed,
        "delta": finding.delta,
        "tolerance": finding.tolerance,
        "tables": [*finding.tables],
        "inputs": [
            {"record": one.record, "field": one.field, **({"value": one.value} if one.value is not None else {})}
            for one in finding.inputs
        ],
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


def _doubled(records: Sequence[HeldRecord]) -> list[tuple[HeldRecord, HeldRecord]]:
    first: dict[tuple[str, str], HeldRecord] = {}
    pairs = []
    for one in records:
        earlier = first.setdefault((one.signed.iss, one.signed.jti), one)
        if earlier is not one:
            pairs.append((earlier, one))
    return pairs


def _inputs(record: HeldRecord) -> list[Json]:
    inputs = record.one("finding").get("inputs")
    return [one.get("record") for one in inputs if isinstance(one, dict)] if isinstance(inputs, list) else []
