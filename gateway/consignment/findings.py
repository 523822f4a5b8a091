"""Disagreements that a view shows: signed `audit.finding` records, and what this gateway sees while joining records.

The gateway's own are the answers of `chain.rules`, unsigned and computed from what the reader sees, so they tell
nothing that is withheld. Rules that agree or could not be run are told beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from chain.encoding import Json
from chain.rules.answers import Finding
from chain.rules.consignment import RECORDS_MAX
from chain.rules.corroboration import corroborate
from chain.rules.frame import NOWHERE, Elsewhere
from chain.rules.opinions import gravest, rule_of
from chain.rules.pack import RULES, RULES_VERSION, Evaluation
from chain.rules.signed_records import is_judged
from chain.rules.tables import NO_TABLES, Tables
from gateway.access.records import HeldRecord
from gateway.consignment.answers import AgreementLine, Checks, NotRunLine
from gateway.consignment.declarations import foreign_amendments
from gateway.consignment.finding_answers import (
    CorroborationLine,
    CorroborationSource,
    DispositionLine,
    ExplanationLine,
    OpinionLine,
    SignedOpinion,
)
from gateway.consignment.opinions import RuleOpinion, agrees_with, is_withdrawn, moment_of, opinions_in
from gateway.consignment.rule_facts import evaluate_held, join_held


def findings(records: Sequence[HeldRecord], tables: Tables = NO_TABLES, elsewhere: Elsewhere = NOWHERE) -> list[Json]:
    """Signed findings that stand first, then the gateway's own, each with the records that it rests on."""
    listed: list[Json] = [
        line for opinion in opinions_in(records) for record in opinion.standing for line in _signed_lines(record)
    ]
    listed += [_own("same-number-twice", "H", [a, b], *_DOUBLED) for a, b in _doubled(records)]
    listed += [_own("amended-by-another", "H", [a, b], *_FOREIGN) for a, b in foreign_amendments(records)]
    if left_out := left_out_of_rules(records):
        listed.append(_own("records-beyond-rules", "M", left_out[:1], *_BEYOND))
    return listed + [_computed(one) for one in evaluate_held(records, tables, elsewhere).findings]


def opinion_lines(
    records: Sequence[HeldRecord],
    tables: Tables = NO_TABLES,
    elsewhere: Elsewhere = NOWHERE,
    competent: frozenset[str] | None = None,
) -> list[OpinionLine]:
    """For each rule: who signed a finding, who took it back, what this gateway computes now, what officers decided."""
    computed = evaluate_held(records, tables, elsewhere).findings
    known = {opinion.rule: opinion for opinion in opinions_in(records, competent)}
    lines = []
    for rule in sorted(known.keys() | {rule_of(finding.rule) for finding in computed}):
        own = [finding for finding in computed if rule_of(finding.rule) == rule]
        opinion = known.get(rule)
        lines.append(_unsigned_line(rule, own) if opinion is None else opinion_line(opinion, own))
    return lines


def opinion_line(opinion: RuleOpinion, computed: Sequence[Finding]) -> OpinionLine:
    """One rule's line; `computed` is what this gateway finds by that rule in what the reader sees."""
    statements = (*opinion.standing, *opinion.withdrawn)
    return OpinionLine(
        rule=opinion.rule,
        severity=opinion.severity,
        state=opinion.state.value,
        reopened=opinion.reopened,
        computed_here=bool(computed),
        signed=[
            SignedOpinion(
                by=record.signed.iss,
                record=record.signed.record_id,
                withdrawn=is_withdrawn(record),
                version=str(record.one("finding").get("version", "")),
                replayable=record.one("finding").get("replayable") is True,
                agrees=agrees_with(record, computed),
                at=moment_of(record),
            )
            for record in statements
        ],
        disposition=None if opinion.disposition is None else _disposition_line(opinion.disposition),
        explanations=[
            ExplanationLine(
                by=record.signed.iss,
                record=record.signed.record_id,
                text=str(record.one("explanation").get("text", "")),
                at=moment_of(record),
            )
            for record in opinion.explanations
        ],
        opened_at=opinion.opened_at,
        changed_at=opinion.changed_at,
    )


def corroboration_lines(
    records: Sequence[HeldRecord], sponsor_of: Callable[[str], str | None], tables: Tables = NO_TABLES
) -> list[CorroborationLine]:
    """How well each fact of the consignment is supported, in what the reader sees."""
    return [
        CorroborationLine(
            fact=graded.fact,
            grade=graded.grade.value,
            sources=[
                CorroborationSource(by=source.issuer, record=source.record, value=source.value)
                for source in graded.sources
            ],
        )
        for graded in corroborate(join_held(records, tables), sponsor_of)
    ]


def _disposition_line(record: HeldRecord) -> DispositionLine:
    decided = record.one("disposition")
    return DispositionLine(
        by=record.signed.iss,
        record=record.signed.record_id,
        outcome=str(decided.get("outcome", "")),
        reason=str(decided.get("reason", "")),
        at=moment_of(record),
    )


def _unsigned_line(rule: str, computed: Sequence[Finding]) -> OpinionLine:
    return OpinionLine(
        rule=rule,
        severity=gravest([finding.severity for finding in computed]),
        state="unsigned",
        reopened=False,
        computed_here=True,
        signed=[],
        disposition=None,
        explanations=[],
        opened_at=None,
        changed_at=None,
    )


def _signed_lines(record: HeldRecord) -> list[Json]:
    """Each difference of a governor's statement; where they are not seen, the statement alone."""
    head = record.one("finding")
    tables = head.get("tables")
    shared: dict[str, Json] = {
        "by": record.signed.iss,
        "record": record.signed.record_id,
        "version": head.get("version"),
        "tables": [one.get("root") for one in tables if isinstance(one, dict)] if isinstance(tables, list) else [],
    }
    differences = record.many("differences")
    if not differences:
        return [{**shared, "rule": head.get("rule"), "severity": head.get("severity"), "records": [], "text": None}]
    return [
        {
            **shared,
            "rule": one.get("name"),
            "severity": one.get("severity"),
            "records": _inputs(one),
            "text": one.get("explanation"),
            "text_zh": one.get("explanation_zh"),
            **{name: one.get(name) for name in ("declared", "computed", "delta", "tolerance")},
            "inputs": one.get("inputs"),
        }
        for one in differences
    ]


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


_BEYOND: Final = (
    f"More than {RECORDS_MAX} records count; states and rules rest on the first in the chain's order, up to this one.",
    f"计入的记录超过 {RECORDS_MAX} 条；状态与规则仅依据链上在先者，自此条起未纳入。",
)


def left_out_of_rules(records: Sequence[HeldRecord], most: int = RECORDS_MAX) -> Sequence[HeldRecord]:
    """The records, given in the chain's order, that states and rules do not look at because they are too many."""
    return [record for record in records if is_judged(record.signed.vct)][most:]


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


def _inputs(difference: dict[str, Json]) -> list[Json]:
    inputs = difference.get("inputs")
    listed = [each.get("record") for each in inputs if isinstance(each, dict)] if isinstance(inputs, list) else []
    return [*dict.fromkeys(map(str, listed))]
