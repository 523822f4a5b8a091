"""What a risk desk says of a consignment: the findings of each rule together, since one rule makes one statement."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chain.rules.answers import VALUE_CHARS_MAX, Finding, Severity
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


_NO_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def as_line(text: str | None, most: int = VALUE_CHARS_MAX) -> str | None:
    """The text as a signed finding repeats it: one line without control and direction marks, cut; None for nothing."""
    return None if text is None else _NO_LINE.sub(" ", text)[:most].strip() or None
