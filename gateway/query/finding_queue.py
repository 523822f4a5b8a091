"""The queue of findings: what governors' desks signed, waits for an officer, or was disposed of; page by page.

As in a search, the tables only propose consignments; each is joined as a view for this reader, and what stands there
decides. One line a rule and consignment, whoever signed it. Pages follow the UCR.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chain.encoding import format_json
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.declarations import declaration_threads
from gateway.consignment.finding_answers import DispositionLine, OpinionLine
from gateway.consignment.findings import opinion_line
from gateway.consignment.opinions import FindingState, RuleOpinion, opinions_in
from gateway.consignment.view import Sight
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.query.search import Cursors, MalformedSearch, Question, propose
from gateway.runtime.answer import Answer
from gateway.search_index.facts import ANY_RULE, Fact, flush_pending

PAGE_LINES_MAX: Final = 100
PROPOSALS_MAX: Final = 400
"""Consignments looked at for one page. A page may end before it is full; its cursor goes on from there."""
COUNT_LOOKED_MAX: Final = 2_000
"""Consignments at which counting ends: the numbers are then least ones."""
VALUE_CHARS_MAX: Final = 64
HOURS_MAX: Final = 100_000
SHOWN_SECTIONS: Final = frozenset({"finding", "differences", "disposition", "explanation", "references"})
"""Sections that a line tells of."""
STATES: Final = frozenset(state.value for state in FindingState) | {"any"}
SEVERITIES: Final = frozenset("HMI")
CRITERIA: Final = frozenset({"rule", "severity", "state", "office", "broker", "ucr", "waiting_h"})


@dataclass(frozen=True)
class QueueQuestion:
    """What of the queue is asked for, parsed."""

    search: Question
    rule: str
    severity: str
    state: str
    ucr: str
    waiting_s: int
    """At least so long ago it was opened."""

    @classmethod
    def parse(cls, criteria: Mapping[str, str]) -> QueueQuestion:
        """The question in a request's criteria; raises MalformedSearch."""
        for name, value in criteria.items():
            if name not in CRITERIA:
                raise MalformedSearch(name, f"is one of {', '.join(sorted(CRITERIA))}")
            if not value or len(value) > VALUE_CHARS_MAX:
                raise MalformedSearch(name, f"has 1 to {VALUE_CHARS_MAX} characters", value=value)
        state, severity = criteria.get("state", "open"), criteria.get("severity", "")
        hours = criteria.get("waiting_h", "0")
        if state not in STATES:
            raise MalformedSearch("state", f"is one of {', '.join(sorted(STATES))}", value=state)
        if severity and severity not in SEVERITIES:
            raise MalformedSearch("severity", "is H, M or I", value=severity)
        if not (hours.isascii() and hours.isdigit() and int(hours[:9]) <= HOURS_MAX):
            raise MalformedSearch("waiting_h", f"is a number of hours up to {HOURS_MAX}", value=hours)
        rule = criteria.get("rule", "").upper()
        facts: set[Fact] = {("finding", rule or ANY_RULE)}
        facts |= {(name, criteria[name].upper()) for name in ("office", "broker") if name in criteria}
        return cls(Question(frozenset(facts)), rule, severity, state, criteria.get("ucr", ""), int(hours) * 3600)

    @property
    def digest(self) -> bytes:
        """What a cursor is bound to."""
        asked = [self.search.digest.hex(), self.severity, self.state, self.ucr, self.waiting_s]
        return sha256(format_json(asked).encode()).digest()

    def wants(self, opinion: RuleOpinion, now: float) -> bool:
        """Whether the opinion is asked for."""
        return (
            (not self.rule or opinion.rule == self.rule)
            and (not self.severity or opinion.severity == self.severity)
            and self.state in ("any", opinion.state.value)
            and now - opinion.opened_at >= self.waiting_s
        )


class QueueLine(Answer, frozen=True, kw_only=True):
    """One finding: a rule in a consignment."""

    ucr: str
    rule: str
    severity: str
    state: str
    reopened: bool
    signed_by: list[str]
    """USCCs of the governors whose statement stands."""
    findings: list[str]
    """Records that stand: what a disposition and an explanation name."""
    text: str | None
    """What was found, in English; null where the reader does not see what it rests on."""
    text_zh: str | None
    declarations: list[str]
    offices: list[str]
    opened_at: int
    changed_at: int
    waited_s: int
    """How long it has been open, or was until it was disposed of or withdrawn."""
    disposition: DispositionLine | None
    explanations: int


class QueueAnswer(Answer, frozen=True, kw_only=True):
    """One page of the queue; `next` is the `cursor` of the following one."""

    findings: list[QueueLine]
    next: str | None
    read_receipt: str | None


class QueueCounts(Answer, frozen=True, kw_only=True):
    """How many findings there are, and how long the open ones wait."""

    count: int
    by_rule: dict[str, int]
    by_severity: dict[str, int]
    by_state: dict[str, int]
    waiting_s_median: int | None
    """Of the open ones; null where there are none."""
    waiting_s_longest: int | None
    is_exact: bool
    """False: at least so many."""
    read_receipt: str | None


class FindingQueueService:
    """Answers what waits; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context
        self._cursors = Cursors.load(context.services.settings.data_keys_file)

    def page(self, reader: Reader, criteria: Mapping[str, str], cursor: str = "") -> QueueAnswer:
        """One page of the findings asked for, and the cursor of the next one; raises MalformedSearch."""
        question = QueueQuestion.parse(criteria)
        after = self._cursors.parse(reader.member, question, cursor) if cursor else ""
        lines: list[QueueLine] = []
        shown: dict[str, Sequence[HeldRecord]] = {}
        last = ""
        proposed = self._propose(reader, question, after)
        for sight, opinions in self._sights(reader, question, proposed):
            lines += [_line(sight, opinion, self._context.services.clock()) for opinion in opinions]
            shown[sight.ucr] = sight.records
            if len(lines) >= PAGE_LINES_MAX:
                last = sight.ucr
                break
        else:
            last = proposed[-1] if len(proposed) == PROPOSALS_MAX else ""
        receipt = self._context.log.log(Read.of(reader, "search", shown, SHOWN_SECTIONS)) if shown else ""
        following = self._cursors.make(reader.member, question, last) if last else None
        return QueueAnswer(findings=lines, next=following, read_receipt=receipt or None)

    def count(self, reader: Reader, criteria: Mapping[str, str]) -> QueueCounts:
        """How many findings are asked for, of those that the reader sees; logged as the pages are."""
        question = QueueQuestion.parse(criteria)
        lines: list[QueueLine] = []
        shown: dict[str, Sequence[HeldRecord]] = {}
        after, looked = "", 0
        while proposed := self._propose(reader, question, after):
            for sight, opinions in self._sights(reader, question, proposed):
                lines += [_line(sight, opinion, self._context.services.clock()) for opinion in opinions]
                shown[sight.ucr] = sight.records
            looked += len(proposed)
            after = proposed[-1]
            if len(proposed) < PROPOSALS_MAX or looked >= COUNT_LOOKED_MAX:
                break
        receipt = self._context.log.log(Read.of(reader, "search", shown, SHOWN_SECTIONS)) if shown else ""
        waits = sorted(line.waited_s for line in lines if line.state == FindingState.OPEN)
        return QueueCounts(
            count=len(lines),
            by_rule=_counted(line.rule for line in lines),
            by_severity=_counted(line.severity for line in lines),
            by_state=_counted(line.state for line in lines),
            waiting_s_median=waits[len(waits) // 2] if waits else None,
            waiting_s_longest=waits[-1] if waits else None,
            is_exact=looked < COUNT_LOOKED_MAX,
            read_receipt=receipt or None,
        )

    def _propose(self, reader: Reader, question: QueueQuestion, after: str) -> list[str]:
        context = self._context
        if question.ucr:
            return [question.ucr] if not after else []
        flush_pending(context.services.store)  # what was accepted just now is found too
        whom = context.whom(reader, ("finding",))
        with context.services.store.reading() as connection:
            return propose(connection, question.search, whom, after, PROPOSALS_MAX)

    def _sights(
        self, reader: Reader, question: QueueQuestion, proposed: Sequence[str]
    ) -> Iterator[tuple[Sight, list[RuleOpinion]]]:
        now = self._context.services.clock()
        for ucr in proposed:
            sight = self._context.find_sight(reader, ucr)
            if sight is None or not question.search.is_answered_by(sight):
                continue
            wanted = [
                opinion for opinion in opinions_in(sight.records, sight.competent) if question.wants(opinion, now)
            ]
            if wanted:
                yield sight, wanted


def _line(sight: Sight, opinion: RuleOpinion, now: float) -> QueueLine:
    summary: OpinionLine = opinion_line(opinion, ())
    newest_first = sorted(opinion.standing, key=lambda record: record.order, reverse=True)
    differences = [difference for record in newest_first for difference in record.many("differences")]
    first = differences[0] if differences else {}
    is_open = opinion.state is FindingState.OPEN
    ended = now if is_open else summary.disposition.at if summary.disposition else opinion.changed_at
    offices = {
        str(office.get("value"))
        for record in sight.records
        if isinstance(office := record.one("declaration").get("office"), dict)
    }
    return QueueLine(
        ucr=sight.ucr,
        rule=opinion.rule,
        severity=opinion.severity,
        state=opinion.state.value,
        reopened=opinion.reopened,
        signed_by=[record.signed.iss for record in opinion.standing],
        findings=[record.signed.record_id for record in opinion.standing],
        text=_text(first.get("explanation")),
        text_zh=_text(first.get("explanation_zh")),
        declarations=sorted({number for thread in declaration_threads(sight.records) for number in thread.numbers}),
        offices=sorted(offices),
        opened_at=opinion.opened_at,
        changed_at=opinion.changed_at,
        waited_s=max(0, int(ended) - opinion.opened_at),
        disposition=summary.disposition,
        explanations=len(opinion.explanations),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _counted(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))
