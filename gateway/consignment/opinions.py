"""What was said of a consignment rule by rule: who signed a finding, who took it back, what officers decided.

A governor's newest statement about a rule counts, as its own amendments lead to it. A disposition closes the findings
that it names, and those of other desks that say the same; a finding that is amended afterwards is open again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chain.encoding import Json
from chain.rules.answers import Finding, Severity
from chain.rules.opinions import gravest, rule_of
from gateway.access.records import HeldRecord

FINDING: Final = "audit.finding"
DISPOSITION: Final = "audit.disposition"
EXPLANATION: Final = "trade.explanation"
_SEVERITIES: Final[Mapping[Json, Severity]] = {"H": "H", "M": "M", "I": "I"}


class FindingState(StrEnum):
    """How a finding stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    CLEARED = "cleared"
    IGNORED = "ignored"
    WITHDRAWN = "withdrawn"
    """Every desk that signed it took it back."""


@dataclass(frozen=True)
class RuleOpinion:
    """All that was said of one rule in one consignment."""

    rule: str
    severity: Severity
    """The gravest that stands; where none does, the gravest that did."""
    state: FindingState
    standing: tuple[HeldRecord, ...]
    """Each desk's newest statement that stands."""
    withdrawn: tuple[HeldRecord, ...]
    """Each desk's newest statement that takes its finding back."""
    disposition: HeldRecord | None
    """The newest one that counts, also where the finding is open again."""
    explanations: tuple[HeldRecord, ...]
    opened_at: int
    """When the first statement was anchored, else issued; Unix seconds."""
    changed_at: int
    """When the newest finding was."""

    @property
    def reopened(self) -> bool:
        """Whether an officer had decided, and the facts changed since."""
        return self.state is FindingState.OPEN and self.disposition is not None


def opinions_in(records: Sequence[HeldRecord], competent: frozenset[str] | None = None) -> list[RuleOpinion]:
    """Each rule's opinion, in the order of the rules; `records` in the chain's order.

    `competent` are the members whose dispositions count for this consignment; None: all that were taken.
    """
    by_rule: dict[str, list[HeldRecord]] = {}
    for record in records:
        if record.signed.vct == FINDING and (rule := record.one("finding").get("rule")):
            by_rule.setdefault(str(rule), []).append(record)
    return [_opinion(rule, statements, records, competent) for rule, statements in sorted(by_rule.items())]


def _opinion(
    rule: str, statements: Sequence[HeldRecord], records: Sequence[HeldRecord], competent: frozenset[str] | None
) -> RuleOpinion:
    newest = {record.signed.iss: record for record in _in_force(statements)}
    standing = tuple(record for record in newest.values() if not is_withdrawn(record))
    withdrawn = tuple(record for record in newest.values() if is_withdrawn(record))
    decided = [
        record
        for record in records
        if record.signed.vct == DISPOSITION
        and record.one("disposition").get("rule") == rule
        and (competent is None or record.signed.iss in competent)
    ]
    disposition = decided[-1] if decided else None
    return RuleOpinion(
        rule=rule,
        severity=gravest([severity_of(record) for record in standing or tuple(newest.values())]),
        state=_state(standing, disposition, {record.signed.record_id: record for record in statements}),
        standing=standing,
        withdrawn=withdrawn,
        disposition=disposition,
        explanations=tuple(
            record
            for record in records
            if record.signed.vct == EXPLANATION and record.one("explanation").get("rule") == rule
        ),
        opened_at=min(moment_of(record) for record in statements),
        changed_at=max(moment_of(record) for record in newest.values()),
    )


def _in_force(statements: Sequence[HeldRecord]) -> Iterable[HeldRecord]:
    """The statements that no later one of the same issuer replaces, in order."""
    replaced = {(record.signed.iss, record.signed.amends) for record in statements}
    return (record for record in statements if (record.signed.iss, record.signed.record_id) not in replaced)


def _state(
    standing: Sequence[HeldRecord], disposition: HeldRecord | None, statements: Mapping[str, HeldRecord]
) -> FindingState:
    if not standing:
        return FindingState.WITHDRAWN
    if disposition is None:
        return FindingState.OPEN
    named = _texts(disposition.one("disposition").get("findings"))
    # Another desk may have said the same a moment later: what was looked at covers it.
    seen = [statements[name].signed.section("differences") for name in named if name in statements]
    looked_at = [differences for differences in seen if differences]
    for record in standing:
        if record.signed.record_id not in named and record.signed.section("differences") not in looked_at:
            return FindingState.OPEN
    return FindingState(str(disposition.one("disposition").get("outcome")))


def is_withdrawn(record: HeldRecord) -> bool:
    """Whether the statement takes its issuer's finding back."""
    return record.signed.withdraws or record.one("finding").get("state") == "withdrawn"


def severity_of(record: HeldRecord) -> Severity:
    """The severity that the statement gives."""
    return _SEVERITIES.get(record.one("finding").get("severity"), "I")


def moment_of(record: HeldRecord) -> int:
    """When it was anchored, else issued; Unix seconds."""
    return record.anchored_at or record.signed.iat


def agrees_with(record: HeldRecord, computed: Sequence[Finding]) -> bool | None:
    """Whether a desk's statement gives the differences that were computed here; None where they are not seen."""
    differences = record.many("differences")
    if not differences and not is_withdrawn(record):
        return None
    rule = str(record.one("finding").get("rule"))
    own = sorted(
        (
            finding.rule,
            sorted((each.record, each.field) for each in finding.inputs),
            finding.declared or "",
            finding.computed or "",
        )
        for finding in computed
        if rule_of(finding.rule) == rule
    )
    return own == sorted(
        (str(each.get("name")), sorted(_inputs(each)), _text(each.get("declared")), _text(each.get("computed")))
        for each in differences
    )


def _inputs(difference: Mapping[str, Json]) -> Iterable[tuple[str, str]]:
    inputs = difference.get("inputs")
    for each in inputs if isinstance(inputs, list) else ():
        if isinstance(each, dict):
            yield str(each.get("record")), str(each.get("field"))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Json) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()
