"""Search: consignments by number, party, tariff code, status, office, days and words in goods names, page by page.

All criteria must hold, each somewhere in the consignment. The tables only propose: each proposal is joined as a view
for this reader, and counts where the *disclosed* sections tell every fact asked for. A reader whom the policy shows no
consignment at large is proposed only those that may concern it, so that neither counts nor time tell of others' goods.
Pages follow the UCR; a cursor is signed for one reader and one question, and says nothing to anybody else.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from chain.encoding import base64url, format_json, parse_base64url
from chain.errors import Malformed
from chain.lifecycle import RecordState
from chain.rules.customs_status import RANKS
from chain.sdjwt import SignedRecord
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.deadlines import what_is_due
from gateway.consignment.declarations import declaration_threads
from gateway.consignment.view import Sight
from gateway.query.grades import GRADES, GradeQuestion, count_grades, grades_in
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.query.wholeness import LackAnswer
from gateway.runtime.answer import Answer
from gateway.runtime.record_memory import holds_records
from gateway.search_index.facts import (
    HS_PREFIX_LENGTHS,
    REFERENCE_KINDS,
    Fact,
    facts_of,
    flush_pending,
    pairs_of,
)
from gateway.store.search import FoundBy, find_ucrs, list_ucrs
from gateway.store.store import Transaction
from gateway.store.vault import DataKeys

PAGE_HITS_MAX = 100
PROPOSALS_MAX = 400
"""Consignments looked at for one page. A page may end before it is full; its cursor goes on from there."""
COUNT_LOOKED_MAX = 1_000
"""Hits at which counting ends: the number is then a least one. Ten pages, full or not, are looked at."""
CRITERIA_MAX = 12
HIT_SECTIONS: Final = frozenset({"goods_items", "references", "status"})
"""The sections that a hit tells of."""
WORDS_CHARS_MAX = 64
STATES: Final = tuple(state for state in RANKS if state)
"""States of a declaration; `status` asks for the current one, `any_status` for one that was said at any time."""
SEVERITIES: Final = ("H", "M", "I")
FACTS_KEPT_MAX = 4_096
"""Records whose facts are kept, as a reader sees them: pages of a search ask for the same ones again."""

_PLAIN: Final = frozenset({"broker", "importer", "status", "any_status", "office", "district", "finding", "severity"})
CRITERIA: Final = REFERENCE_KINDS | _PLAIN | GRADES | {"hs", "goods", "from", "to"}
"""Names of what can be asked for."""

_HEADS: Final = ("declaration", "request", "assessment")
SECTIONS_OF_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(REFERENCE_KINDS, ("references",)),
    "broker": ("parties",),
    "importer": ("parties",),
    "status": ("status",),
    "any_status": ("status",),
    "office": _HEADS,
    "district": _HEADS,
    "finding": ("finding",),
    "severity": ("finding",),
    "hs": ("goods_items",),
    "goods": ("goods_items",),
}
"""The sections that tell each kind of fact."""


class MalformedSearch(Malformed):
    """A search that cannot be asked: names the criterion and the rule."""


@dataclass(frozen=True)
class Question:
    """What is searched for, parsed."""

    facts: frozenset[Fact]
    first_day: str = ""
    """YYYY-MM-DD; with `last_day`, something dated must lie between."""
    last_day: str = ""
    grades: GradeQuestion = field(default_factory=GradeQuestion)
    current_state: str = ""
    """The state in which a declaration of the consignment is now, whatever was said of it before."""

    @classmethod
    def parse(cls, said: Mapping[str, str]) -> Question:
        """The question in a request's criteria; raises MalformedSearch."""
        if not said or len(said) > CRITERIA_MAX:
            raise MalformedSearch("criteria", f"are 1 to {CRITERIA_MAX}", fix=f"Known: {', '.join(sorted(CRITERIA))}")
        facts: set[Fact] = set()
        for name, value in said.items():
            if name not in CRITERIA:
                raise MalformedSearch(name, f"is one of {', '.join(sorted(CRITERIA))}")
            if not value or len(value) > WORDS_CHARS_MAX:
                raise MalformedSearch(name, f"has 1 to {WORDS_CHARS_MAX} characters", value=value)
            facts |= _asked(name, value)
        first, last = said.get("from", ""), said.get("to", "")
        for name, day in (("from", first), ("to", last)):
            if day and not _is_day(day):
                raise MalformedSearch(name, "is a day, YYYY-MM-DD", value=day)
        return cls(frozenset(facts), first, last, GradeQuestion.parse(said), said.get("status", "").upper())

    @property
    def digest(self) -> bytes:
        """What a cursor is bound to."""
        days = [self.first_day, self.last_day, self.current_state]
        said = format_json([*map(list, sorted(self.facts)), *days, *map(list, sorted(self.grades.wanted))])
        return sha256(said.encode("utf-8")).digest()

    def is_answered_by(self, sight: Sight) -> bool:
        """Whether what the reader sees of a consignment, and nobody withdrew, tells every fact asked for."""
        told = [_facts_of_seen(one.signed) for one in sight.stated]
        words = {fact for fact in self.facts if fact[0] == "goods"}
        if words and not any(words <= one for one in told):
            return False
        every = frozenset().union(*told)
        if not self.facts <= every:
            return False
        if self.current_state and self.current_state not in _states_now(sight):
            return False
        return not (self.first_day or self.last_day) or any(
            kind == "day" and self._holds(value) for kind, value in every
        )

    def _holds(self, day: str) -> bool:
        return (not self.first_day or day >= self.first_day) and (not self.last_day or day <= self.last_day)


EVERYTHING = Question(frozenset())


def _states_now(sight: Sight) -> set[str]:
    """The state of each declaration as the reader sees it now, as a hit and the view tell it."""
    return {thread.status.state for thread in declaration_threads(sight.records)}


"""What a listing asks: no criterion at all."""


@holds_records
@lru_cache(maxsize=FACTS_KEPT_MAX)
def _facts_of_seen(signed: SignedRecord) -> frozenset[Fact]:
    return frozenset(facts_of(HeldRecord(signed, RecordState.ACCEPTED)))


class HasDigest(Protocol):
    """A question that a cursor can be bound to."""

    @property
    def digest(self) -> bytes:
        """What a cursor is bound to."""
        ...


@dataclass(frozen=True)
class Cursors:
    """Makes and reads cursors; the key never leaves the gateway."""

    key: bytes

    @classmethod
    def load(cls, data_keys_file: Path) -> Cursors:
        """Derived, so that every worker on this store reads every other's cursors; it changes with the data key."""
        data_keys = DataKeys.load(data_keys_file)
        return cls(hmac.digest(data_keys.keys[data_keys.current], b"search cursor", "sha256"))

    def make(self, reader: str, question: HasDigest, after: str) -> str:
        """A cursor for going on after this UCR."""
        return base64url(after.encode("ascii")) + "." + base64url(self._mac(reader, question, after))

    def parse(self, reader: str, question: HasDigest, cursor: str) -> str:
        """The UCR to go on after; raises MalformedSearch unless it was made for this reader and question."""
        try:
            said, _, mac = cursor.partition(".")
            after = parse_base64url(said).decode("ascii")
            good = hmac.compare_digest(parse_base64url(mac), self._mac(reader, question, after))
        except ValueError:
            good = False
        if not good:
            raise MalformedSearch("cursor", "is one that this gateway gave you for this very search", value=cursor)
        return after

    def _mac(self, reader: str, question: HasDigest, after: str) -> bytes:
        return hmac.digest(self.key, question.digest + f"{reader}\x00{after}".encode("ascii"), "sha256")[:16]


class Hit(Answer, frozen=True, kw_only=True):
    """A consignment that answers a search."""

    ucr: str
    declarations: list[str]
    state: str | None
    goods: list[str]
    records: int
    own_records_only: bool
    corroboration: dict[str, str]
    """Each fact that anybody says to `agree`, `single` or `contradict`, in what the reader sees."""
    due_by: str | None
    """The earliest day by which something is due; null where nothing is."""
    due: str | None
    """What is due then."""
    is_whole_here: bool
    """False where this gateway lacks some of it: another may tell another state."""


class SearchAnswer(Answer, frozen=True, kw_only=True):
    """One page of hits; `next` is the `cursor` of the following one."""

    hits: list[Hit]
    next: str | None
    lack: LackAnswer | None
    """What this gateway lacks, so that hits may be missing; null where it is whole."""
    read_receipt: str | None


class CountAnswer(Answer, frozen=True, kw_only=True):
    """How many consignments answer a search."""

    count: int
    is_exact: bool
    """False: at least so many."""
    by_grade: dict[str, dict[str, int]]
    """Fact by fact, how many of them have each grade of corroboration."""
    lack: LackAnswer | None
    """What this gateway lacks, so that some may not be counted; null where it is whole."""
    read_receipt: str | None


class SearchService:
    """Answers searches; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context
        self._cursors = Cursors.load(context.services.settings.data_keys_file)

    def page(self, reader: Reader, criteria: Mapping[str, str], cursor: str = "") -> SearchAnswer:
        """One page of the consignments that answer the criteria, and the cursor of the next one."""
        question = Question.parse(criteria)
        after = self._cursors.parse(reader.member, question, cursor) if cursor else ""
        hits, last = self._hits(reader, question, after)
        receipt = ""
        if hits:
            shown = {sight.ucr: sight.records for sight, _ in hits}
            receipt = self._context.log.log(Read.of(reader, "search", shown, HIT_SECTIONS))
        following = self._cursors.make(reader.member, question, last) if last else None
        return SearchAnswer(
            hits=[self._hit(sight, is_whole) for sight, is_whole in hits],
            next=following,
            lack=self._context.wholeness.lack(),
            read_receipt=receipt or None,
        )

    def listing(self, reader: Reader, cursor: str = "") -> SearchAnswer:
        """One page of every consignment that the reader sees, its own words alone included, by UCR."""
        context = self._context
        after = self._cursors.parse(reader.member, EVERYTHING, cursor) if cursor else ""
        while flush_pending(context.services.store):
            pass
        with context.services.store.reading() as connection:
            proposed = list_ucrs(connection, context.whom(reader), after, PAGE_HITS_MAX)
        hits = [
            (sight, consignment.coverage.is_whole)
            for consignment, sight in context.sights(reader, proposed)
            if sight is not None
        ]
        receipt = ""
        if hits:
            shown = {sight.ucr: sight.records for sight, _ in hits}
            receipt = context.log.log(Read.of(reader, "search", shown, HIT_SECTIONS))
        is_last = len(proposed) < PAGE_HITS_MAX
        return SearchAnswer(
            hits=[self._hit(sight, is_whole) for sight, is_whole in hits],
            next=None if is_last else self._cursors.make(reader.member, EVERYTHING, proposed[-1]),
            lack=context.wholeness.lack(),
            read_receipt=receipt or None,
        )

    def count(self, reader: Reader, criteria: Mapping[str, str]) -> CountAnswer:
        """How many consignments answer the criteria in what the reader sees; at least so many where they are too many.

        Logged as the search is, hit by hit: who may count without being seen may read without being seen.
        """
        question = Question.parse(criteria)
        shown: dict[str, Sequence[HeldRecord]] = {}
        grades: list[dict[str, str]] = []
        after, looked = "", 0
        while True:
            hits, last = self._hits(reader, question, after)
            shown |= {sight.ucr: sight.records for sight, _ in hits}
            grades += [grades_in(sight, self._context.tables) for sight, _ in hits]
            looked += PAGE_HITS_MAX
            if not last or looked >= COUNT_LOOKED_MAX:
                break
            after = last
        receipt = self._context.log.log(Read.of(reader, "search", shown, HIT_SECTIONS))
        lack = self._context.wholeness.lack()
        return CountAnswer(
            count=len(shown),
            is_exact=not last,
            by_grade=count_grades(grades),
            lack=lack,
            read_receipt=receipt or None,
        )

    def _hit(self, sight: Sight, is_whole: bool) -> Hit:
        return hit(sight, grades_in(sight, self._context.tables), is_whole_here=is_whole)

    def _hits(self, reader: Reader, question: Question, after: str) -> tuple[list[tuple[Sight, bool]], str]:
        """What a page shows, each with whether it is whole here, and the last UCR looked at where there may be more."""
        context = self._context
        flush_pending(context.services.store)  # what was accepted just now is found too
        # Who sees such facts of goods that concern it alone is proposed those alone: else time would tell of others'.
        whom = context.whom(reader, *(SECTIONS_OF_FACTS[kind] for kind, _ in question.facts))
        with context.services.store.reading() as connection:
            proposed = propose(connection, question, whom, after, PROPOSALS_MAX)
        hits: list[tuple[Sight, bool]] = []
        for consignment, sight in context.sights(reader, proposed):
            if (
                sight is not None
                and question.is_answered_by(sight)
                and question.grades.is_answered_by(sight, context.tables)
            ):
                hits.append((sight, consignment.coverage.is_whole))
            if len(hits) == PAGE_HITS_MAX:
                return hits, consignment.ucr
        return hits, proposed[-1] if len(proposed) == PROPOSALS_MAX else ""


def propose(
    connection: Transaction, question: Question, whom: Sequence[str] | None, after: str, limit: int
) -> list[str]:
    """Up to `limit` UCRs after `after`, ascending, whose records tell the facts; with `whom`, only those of concern."""
    wanted = FoundBy(sorted(question.facts), question.first_day, question.last_day)
    return find_ucrs(connection, wanted, whom, after, limit)


def hit(sight: Sight, grades: dict[str, str], *, is_whole_here: bool) -> Hit:
    """One consignment in a search's answer, from what the reader sees of it."""
    threads = declaration_threads(sight.records)
    names = [str(item.get("name", "")) for one in sight.stated for item in one.many("goods_items")]
    due = next(iter(what_is_due(threads, sight.stated)), None)
    return Hit(
        ucr=sight.ucr,
        declarations=sorted({number for thread in threads for number in thread.numbers}),
        state=threads[-1].status.state or None if threads else None,
        goods=list(dict.fromkeys(names))[:3],
        records=len(sight.records),
        own_records_only=sight.own_only,
        corroboration=grades,
        due_by=None if due is None else due.by,
        due=None if due is None else due.what,
        is_whole_here=is_whole_here,
    )


def _asked(name: str, value: str) -> set[Fact]:
    if name in ("from", "to") or name in GRADES:
        return set()
    if name == "goods":
        return {("goods", pair) for pair in pairs_of(value)}
    if name == "hs" and (not value.isascii() or not value.isdigit() or len(value) not in HS_PREFIX_LENGTHS):
        raise MalformedSearch("hs", "has 2, 4, 6, 8 or 10 digits", value=value)
    spelled = value.upper()
    if name in ("status", "any_status"):
        if spelled not in STATES:
            raise MalformedSearch(name, f"is one of {', '.join(STATES)}", value=value)
        return {("status", spelled)}
    if name == "severity" and spelled not in SEVERITIES:
        raise MalformedSearch(name, f"is one of {', '.join(SEVERITIES)}", value=value)
    if name in ("transport_document", "master_bill", "container"):
        spelled = spelled.replace(" ", "").replace("-", "").replace("_", "")
    return {(name, spelled)}


def _is_day(text: str) -> bool:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
