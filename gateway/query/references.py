"""Which consignment a number belongs to: for members whose systems know only their own number.

The policy's `lookups` say who may ask for which kind of number at all; without such a line, the reader must take part
in the consignment, or have said the number of it itself: that tells it nothing but its own words. A number that the
reader may not resolve gives the same empty answer as one that nobody has said, and takes no longer: nothing is looked
at that cannot concern the reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

from chain.errors import Malformed
from chain.records.base import Reference, ReferenceKind
from gateway.access.policy import Condition
from gateway.access.records import Reader
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.runtime.answer import Answer
from gateway.search_index.candidates import tells_concern, whom_of
from gateway.store.references import NumberQuery, Statement, find_concerned, find_statements, find_waiting_statements
from gateway.store.store import Transaction

REUSED_AFTER_DAYS = 183
"""Waybill and order numbers return after six months: a statement further away from `on` is about other goods."""


class MalformedReference(Malformed):
    """Not a question that can be asked of the references."""


@dataclass(frozen=True)
class ReferenceQuestion:
    """One number to look up."""

    kind: str
    scope: str
    """Whose number it is; empty: anybody's."""
    value: str
    """As `Reference.key` writes it."""
    on: str
    """Day near which it was said; empty: any."""

    @property
    def number(self) -> NumberQuery:
        """What the store is asked for."""
        return NumberQuery(self.kind, self.value, self.scope)

    @classmethod
    def parse(cls, kind: str, scope: str, value: str, on: str) -> ReferenceQuestion:
        """The question in a request; raises MalformedReference."""
        if kind not in get_args(ReferenceKind):
            raise MalformedReference("kind", f"is one of {', '.join(get_args(ReferenceKind))}", value=kind)
        try:
            said = Reference.model_validate({"kind": kind, "scope": scope, "value": value, "on": on})
        except ValueError:
            raise MalformedReference(
                "value", "is one line of text; scope too; on is a day, YYYY-MM-DD", value=value
            ) from None
        return cls(kind, said.key[1], said.key[2], on)


def find_of_concern(connection: Transaction, question: ReferenceQuestion, whom: Sequence[str]) -> list[str]:
    """The consignments that a record says the number of and that may concern one of these names, sorted."""
    waiting = {
        statement.ucr
        for statement in find_waiting_statements(connection, question.number, whom)
        if statement.is_settled or tells_concern(statement.facts, statement.ucr, whom)
    }
    return sorted(waiting | find_concerned(connection, question.number, whom))


class ReferencesAnswer(Answer, frozen=True, kw_only=True):
    """Which consignments a number belongs to."""

    kind: str
    scope: str
    value: str
    on: str
    ucrs: list[str]
    ambiguous: bool
    """More than one: name `scope` or `on`."""
    read_receipt: str | None


class ReferenceService:
    """Answers look-ups of numbers; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def consignments_of(self, reader: Reader, question: ReferenceQuestion) -> ReferencesAnswer:
        """Which consignments a number belongs to, as far as the reader may ask."""
        context = self._context
        among = None
        with context.services.store.reading() as connection:
            if not context.policy.may_look_up(reader.roles, {Condition.ALWAYS}, question.kind):
                whom = whom_of(reader, context.directory().sponsored_by(reader.member))
                among = find_of_concern(connection, question, whom)
            statements = [] if among == [] else find_statements(connection, question.number, among)
        ucrs = matching_ucrs(question, statements)
        if among is not None:
            permitted = {ucr for ucr in ucrs if self._may_look_up(reader, ucr, question.kind)}
            # Elsewhere the reader's own words alone count, and what others say neither adds to them nor hides them.
            readable = [one for one in statements if one.ucr in permitted or one.issuer == reader.member]
            ucrs = matching_ucrs(question, readable)
        receipt = context.log.log(Read.of_references(reader, ucrs))
        return ReferencesAnswer(
            kind=question.kind,
            scope=question.scope,
            value=question.value,
            on=question.on,
            ucrs=ucrs,
            ambiguous=len(ucrs) > 1,
            read_receipt=receipt or None,
        )

    def _may_look_up(self, reader: Reader, ucr: str, kind: str) -> bool:
        sight = self._context.find_sight(reader, ucr)
        return sight is not None and self._context.policy.may_look_up(reader.roles, sight.conditions, kind)


def matching_ucrs(question: ReferenceQuestion, statements: Iterable[Statement]) -> list[str]:
    """The UCRs that the number belongs to, sorted: those of records about one consignment, where there are any."""
    near = [one for one in statements if _is_near(question.on, one.on)]
    sole = [one for one in near if one.ucr_count == 1]
    return sorted({one.ucr for one in sole or near})


def _is_near(on: str, said_on: str) -> bool:
    if not on or not said_on:
        return True
    return abs(date.fromisoformat(on) - date.fromisoformat(said_on)) <= timedelta(days=REUSED_AFTER_DAYS)
