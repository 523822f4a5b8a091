"""What a risk desk says of a consignment: the findings of each rule together, since one rule makes one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.rules.answers import Finding, Severity
from chain.rules.frame import RULES, Rule

_GRAVITY: Mapping[Severity, int] = {"H": 0, "M": 1, "I": 2}


@dataclass(frozen=True, slots=True)
class Opinion:
    """All that one rule found in one consignment."""

    rule: str
    """Id of the rule, such as `C06`."""
    findings: tuple[Finding, ...]
    """At least one, in the rule's own order."""
    replayable: bool

    @property
    def severity(self) -> Severity:
        """The gravest."""
        return gravest(tuple(finding.severity for finding in self.findings))


def gravest(severities: Sequence[Severity]) -> Severity:
    """The gravest of at least one severity."""
    return min(severities, key=lambda severity: _GRAVITY[severity])


def rule_of(name: str) -> str:
    """The rule's id in the name of what it found: `C06` of `C06-gross-net`."""
    return name.partition("-")[0]


def opinions_of(findings: Sequence[Finding], rules: Mapping[str, Rule] = RULES) -> tuple[Opinion, ...]:
    """The findings by rule, in the order of the rules' ids."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(rule_of(finding.rule), []).append(finding)
    return tuple(
        Opinion(rule, tuple(by_rule[rule]), rule in rules and rules[rule].replayable) for rule in sorted(by_rule)
    )
