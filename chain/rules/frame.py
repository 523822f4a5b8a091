"""How a rule is declared and run: `@rule(id, severity, en=…, zh=…, needs=…)` over a pure function of a `Case`.

A rule yields findings, agreements and reasons why it could not be run. One that yields nothing is *not run*, and the
frame says why from what it needs: the section of a record type that nobody says, or that the reader may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from chain.rules.answers import Agrees, Answer, Finding, Missing, NotRun, Severity
from chain.rules.consignment import Consignment
from chain.rules.parameters import DEFAULTS, Parameters
from chain.rules.tables import NO_TABLES, Tables

FINDINGS_MAX: Final = 200
"""Findings of one rule on one consignment that are told: more say nothing new."""


@dataclass(frozen=True)
class SharedNumber:
    """A number of this consignment that another one bears too, as the search facts say within the reader's rights."""

    kind: str
    """`container`, `transport_document`, `invoice`, `certificate` (of a duty payment, or its tax bill),
    `origin_certificate` or `declaration`."""
    value: str
    other: str
    """What the reader may know of the other consignment: its UCR, or an opaque mark."""
    is_open: bool = True
    """Whether the other consignment is not closed yet, or had the same box on the same voyage."""
    record: str = ""
    """The record of this consignment that bears the number."""


@dataclass(frozen=True)
class Elsewhere:
    """What was looked up of this consignment's numbers."""

    kinds: frozenset[str]
    """Kinds of numbers that were looked up: those that the reader may look up at large."""
    numbers: tuple[SharedNumber, ...] = ()
    """Those that another consignment bears too."""

    def of(self, *kinds: str) -> tuple[SharedNumber, ...]:
        """The shared numbers of these kinds."""
        return tuple(one for one in self.numbers if one.kind in kinds)


NOWHERE: Final = Elsewhere(frozenset())
"""Nobody looked."""


@dataclass(frozen=True)
class Case:
    """What a rule looks at."""

    consignment: Consignment
    tables: Tables = NO_TABLES
    parameters: Parameters = DEFAULTS
    elsewhere: Elsewhere = NOWHERE
    """Numbers that other consignments bear too."""


Check = Callable[[Case], Iterator[Answer]]


@dataclass(frozen=True)
class Rule:
    """One rule of the pack."""

    id: str
    """`C01` to `C40`, domain section 7; `M01` for mandates, `S01` … for the status machine's."""
    severity: Severity
    """The highest that it gives."""
    en: str
    """What agrees where it agrees, in English."""
    zh: str
    """The same in Chinese."""
    needs: tuple[str, ...]
    """`record type/section` of what it compares."""
    run: Check
    replayable: bool = False
    """Whether it is written in the data form, so that anyone can run it again."""


_RULES: dict[str, Rule] = {}
RULES: Final[Mapping[str, Rule]] = MappingProxyType(_RULES)
"""Every rule by its id."""


def rule(
    rule_id: str, severity: Severity, *, en: str, zh: str, needs: Sequence[str] = (), replayable: bool = False
) -> Callable[[Check], Check]:
    """Adds the function to the rules under that id; raises `ValueError` where the id is taken."""

    def add(check: Check) -> Check:
        if rule_id in _RULES:
            raise ValueError(f"two rules are called {rule_id}")
        _RULES[rule_id] = Rule(rule_id, severity, en, zh, tuple(needs), check, replayable)
        return check

    return add


@dataclass(frozen=True)
class Evaluation:
    """The answers of all rules on one consignment; each rule stands in exactly one of the three."""

    findings: tuple[Finding, ...] = ()
    agreements: tuple[Agrees, ...] = ()
    not_run: tuple[NotRun, ...] = ()
    not_run_in_part: tuple[NotRun, ...] = field(default=())
    """Rules that gave an answer, and could not be applied to all of the consignment."""


def evaluate(case: Case, rules: Mapping[str, Rule] = RULES) -> Evaluation:
    """Every rule's answer, in the order of their ids."""
    findings: list[Finding] = []
    agreements: list[Agrees] = []
    not_run: list[NotRun] = []
    in_part: list[NotRun] = []
    for one in sorted(rules.values(), key=lambda each: each.id):
        answers = list(one.run(case))
        found = [answer for answer in answers if isinstance(answer, Finding)][:FINDINGS_MAX]
        agreed = [answer for answer in answers if isinstance(answer, Agrees)]
        missing = [answer for answer in answers if isinstance(answer, NotRun)]
        findings += found
        if found or agreed:
            in_part += missing[:1]
        else:
            unmet = _unmet(one, case.consignment)
            not_run.append(missing[0] if missing and unmet.missing is not Missing.RIGHT else unmet)
        if agreed and not found:
            records = dict.fromkeys(record for answer in agreed for record in answer.records)
            agreements.append(Agrees(one.id, tuple(records)))
    return Evaluation(tuple(findings), tuple(agreements), tuple(not_run), tuple(in_part))


def agrees(rule_id: str, *records: str) -> Agrees:
    """The agreement of these records."""
    return Agrees(rule_id, records)


def no_table(rule_id: str, kind: str, kind_zh: str, *, day: str = "") -> NotRun:
    """That a table is missing, or does not reach that day."""
    if day:
        return NotRun(
            rule_id, Missing.TABLE, f"the table of {kind} says nothing of {day}", f"{kind_zh}表无 {day} 的数据"
        )
    return NotRun(rule_id, Missing.TABLE, f"no table of {kind}", f"无{kind_zh}表")


def not_run(rule_id: str, missing: Missing, what: str, what_zh: str) -> NotRun:
    """Why a rule was not run."""
    return NotRun(rule_id, missing, what, what_zh)


def _unmet(one: Rule, consignment: Consignment) -> NotRun:
    """The first need that nobody meets; where all are met, that they hold nothing that could be compared."""
    for need in one.needs:
        record_type, _, section = need.partition("/")
        if (record_type, section) in consignment.said:
            continue
        if (record_type, section) in consignment.withheld:
            what, what_zh = f"{section} of {record_type} is withheld", f"{record_type} 的 {section} 未向您披露"
            return NotRun(one.id, Missing.RIGHT, what, what_zh)
        return NotRun(
            one.id, Missing.FACT, f"no {record_type} says {section}", f"没有 {record_type} 记录说明 {section}"
        )
    return NotRun(one.id, Missing.FACT, "the records say nothing that could be compared", "记录中没有可比对的内容")


BEIJING_OFFSET: Final = timedelta(hours=8)
"""China has one zone and no summer time."""


def beijing_day(utc: str) -> str:
    """The day in Beijing of a UTC text; empty for the empty text."""
    if not utc:
        return ""
    return (datetime.fromisoformat(utc) + BEIJING_OFFSET).date().isoformat()


def days_between(first: str, second: str) -> int:
    """Days from one day (`YYYY-MM-DD`) to another."""
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def hours_between(first: str, second: str) -> float:
    """Hours from one UTC text to another."""
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds() / 3600
