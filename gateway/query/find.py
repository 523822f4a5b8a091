"""One box for anything: a number of any kind, a company or words of goods, whatever the asker happens to hold.

What the text could be is tried in one question each to the search tables; every consignment that any of them proposes
is joined once as this reader sees it, and is answered only where a disclosed section says what was asked. So the box
tells nothing that a search for each kind would not; a number that others alone know gives what one of nobody gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from chain.errors import Malformed, TongguanError
from chain.identifiers import Ucr
from gateway.access.records import Reader
from gateway.query.grades import grades_in
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.query.search import HIT_SECTIONS, SECTIONS_OF_FACTS, Hit, MalformedSearch, Question, hit, propose
from gateway.runtime.answer import Answer
from gateway.search_index.facts import REFERENCE_KINDS, flush_pending

TEXT_CHARS_MAX: Final = 64
PROPOSALS_MAX: Final = 60
"""Consignments looked at for each thing that the text could be."""
HITS_MAX: Final = 50
PARTY_CRITERIA: Final = ("broker", "importer")
_RECORD_ID = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_USCC = re.compile(r"[0-9A-Z]{18}\Z")
_HS = re.compile(r"(?:\d{4}|\d{6}|\d{8}|\d{10})\Z")


class FoundConsignment(Answer, frozen=True, kw_only=True):
    """A consignment, and as what the text stands in it."""

    consignment: Hit
    matched: list[str]
    """`ucr`, a kind of reference, `broker`, `importer`, `goods` or `hs`."""


class FoundAnswer(Answer, frozen=True, kw_only=True):
    """All that a text may mean to this reader."""

    text: str
    consignments: list[FoundConsignment]
    record: str | None
    """The text, where it has the form of a record id; whether the reader may see one is asked there."""
    member: str | None
    """The member with that USCC."""
    number: int | None
    """The text, where it is a number that a batch or a block may have."""
    is_whole: bool
    """False: more answer it than are listed."""
    read_receipt: str | None


class FindService:
    """Answers the one box; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def find(self, reader: Reader, text: str) -> FoundAnswer:
        """What the text may mean; raises MalformedSearch for one that is empty or too long."""
        text = " ".join(text.split())
        if not text or len(text) > TEXT_CHARS_MAX:
            raise MalformedSearch("q", f"has 1 to {TEXT_CHARS_MAX} characters", value=text)
        questions = dict(_questions(text))
        ucrs, is_whole = self._proposed(reader, questions, text)
        lines: list[FoundConsignment] = []
        shown = {}
        for consignment, sight in self._context.sights(reader, ucrs):
            if sight is None:
                continue
            ucr = sight.ucr
            matched = [name for name, question in questions.items() if question.is_answered_by(sight)]
            if ucr == text.upper():
                matched.insert(0, "ucr")
            if not matched:
                continue
            if len(lines) == HITS_MAX:
                is_whole = False
                break
            grades = grades_in(sight, self._context.tables)
            line = hit(sight, grades, is_whole_here=consignment.coverage.is_whole)
            lines.append(FoundConsignment(consignment=line, matched=matched))
            shown[ucr] = sight.records
        receipt = self._context.log.log(Read.of(reader, "search", shown, HIT_SECTIONS)) if shown else ""
        return FoundAnswer(
            text=text,
            consignments=lines,
            record=text if _RECORD_ID.match(text) else None,
            member=self._member(text),
            number=int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None,
            is_whole=is_whole,
            read_receipt=receipt or None,
        )

    def _proposed(self, reader: Reader, questions: dict[str, Question], text: str) -> tuple[list[str], bool]:
        context = self._context
        flush_pending(context.services.store)  # what was accepted just now is found too
        ucrs, is_whole = [text.upper()] if self._may_see(reader, text.upper()) else [], True
        with context.services.store.reading() as connection:
            for name, question in questions.items():
                whom = context.whom(reader, SECTIONS_OF_FACTS[name])
                proposed = propose(connection, question, whom, "", PROPOSALS_MAX)
                is_whole = is_whole and len(proposed) < PROPOSALS_MAX
                ucrs += proposed
        return list(dict.fromkeys(ucrs)), is_whole

    def _may_see(self, reader: Reader, ucr: str) -> bool:
        """Whether the text is a UCR of goods that may concern the reader, before anything of them is loaded."""
        try:
            Ucr.parse(ucr)
            self._context.require_concern(reader, ucr)
        except TongguanError:
            return False
        return True

    def _member(self, text: str) -> str | None:
        wanted = text.upper()
        return wanted if _USCC.match(wanted) and self._context.directory().is_member(wanted) else None


def _questions(text: str) -> Iterator[tuple[str, Question]]:
    """What the text could be, each as a search by that criterion alone."""
    criteria = [*sorted(REFERENCE_KINDS), *PARTY_CRITERIA]
    if _HS.match(text):
        criteria.append("hs")
    if not (text.isascii() and text.replace("-", "").isdigit()):
        criteria.append("goods")
    for name in criteria:
        try:
            yield name, Question.parse({name: text})
        except Malformed:
            continue
