"""Which consignment a number belongs to: for members whose systems know only their own number.

A member is answered about numbers that it makes (the registry says whose they are), numbers that it said itself, which
tells it nothing but its own words, and numbers that counted records say in consignments that name it. The policy's
`lookups` say who may ask more than that. Nobody is answered by a record that does not count: a number that a stranger
said, however true, leads nobody anywhere. A number that the reader may not resolve gives the same empty answer as one
that nobody has said, and takes no longer: nothing is looked at that cannot concern the reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

from chain.errors import Malformed
from chain.members import CodeRegister
from chain.records.base import Reference, ReferenceKind
from gateway.access.participation import Participation, conditions_for
from gateway.access.policy import Condition
from gateway.access.records import OFFICE_CHARS, Reader
from gateway.query.directory import RegistryDirectory
from gateway.query.read_log import Read
from gateway.query.reader_context import ReaderContext
from gateway.runtime.answer import Answer
from gateway.search_index.candidates import tells_concern, whom_of
from gateway.store.references import (
    STATEMENTS_MAX,
    NumberQuery,
    Statement,
    find_concerned,
    find_statements,
    find_waiting_statements,
)
from gateway.store.search import WAITING_MAX
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

    @property
    def days(self) -> tuple[str, str]:
        """First and last day on which the same number is about the same goods; empty where any is."""
        if not self.on:
            return "", ""
        on, far = date.fromisoformat(self.on), timedelta(days=REUSED_AFTER_DAYS)
        return (on - far).isoformat(), (on + far).isoformat()

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


def find_of_concern(
    connection: Transaction, question: ReferenceQuestion, whom: Sequence[str]
) -> tuple[list[str], bool]:
    """The consignments that a record says the number of and that may concern one of these names, sorted.

    And whether these are all: not where more say it than are looked at.
    """
    waiting = find_waiting_statements(connection, question.number, whom)
    concerned = find_concerned(connection, question.number, whom)
    fresh = {
        statement.ucr
        for statement in waiting[:WAITING_MAX]
        if statement.is_settled or tells_concern(statement.facts, statement.ucr, whom)
    }
    return sorted(fresh | concerned), len(waiting) <= WAITING_MAX and len(concerned) <= STATEMENTS_MAX


def makes_number(question: ReferenceQuestion, reader: Reader, directory: RegistryDirectory) -> bool:
    """Whether the number is of the reader's own making: by its scope, or as the registry gives out beginnings."""
    if question.scope and question.scope in (reader.member, reader.customs_code):
        return True
    if question.kind == "declaration":
        return question.value[:OFFICE_CHARS] in reader.offices
    if question.kind in ("transport_document", "master_bill"):
        prefixes = directory.codes_of(reader.member, CodeRegister.AWB_PREFIX)
        scacs = directory.codes_of(reader.member, CodeRegister.SCAC)
        return question.value.startswith((*prefixes, *scacs))
    if question.kind == "order":
        return question.scope in directory.codes_of(reader.member, CodeRegister.PLATFORM)
    return False


class ReferencesAnswer(Answer, frozen=True, kw_only=True):
    """Which consignments a number belongs to."""

    kind: str
    scope: str
    value: str
    on: str
    ucrs: list[str]
    ambiguous: bool
    """More than one: name `scope` or `on`."""
    is_whole: bool
    """False: more records say the number than were looked at; name `scope` or `on`."""
    read_receipt: str | None


class ReferenceService:
    """Answers look-ups of numbers; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def consignments_of(self, reader: Reader, question: ReferenceQuestion) -> ReferencesAnswer:
        """Which consignments a number belongs to, as far as the reader may ask."""
        context, directory = self._context, self._context.directory()
        among, is_whole = None, True
        at_large = context.policy.may_look_up(reader.roles, {Condition.ALWAYS}, question.kind)
        may_ask_all = at_large or makes_number(question, reader, directory)
        with context.services.store.reading() as connection:
            if not may_ask_all:
                whom = whom_of(reader, directory.sponsored_by(reader.member))
                among, is_whole = find_of_concern(connection, question, whom)
            statements = [] if among == [] else find_statements(connection, question.number, among, question.days)
        is_whole = is_whole and len(statements) <= STATEMENTS_MAX
        ucrs = matching_ucrs(self._believed(reader, question, statements[:STATEMENTS_MAX], may_ask_all=may_ask_all))
        receipt = context.log.log(Read.of_references(reader, ucrs))
        return ReferencesAnswer(
            kind=question.kind,
            scope=question.scope,
            value=question.value,
            on=question.on,
            ucrs=ucrs,
            ambiguous=len(ucrs) > 1,
            is_whole=is_whole,
            read_receipt=receipt or None,
        )

    def _believed(
        self, reader: Reader, question: ReferenceQuestion, statements: Sequence[Statement], *, may_ask_all: bool
    ) -> list[Statement]:
        """The reader's own statements, and those of records that count in consignments of which it may know."""
        counted: set[str] = set()
        others = sorted({statement.ucr for statement in statements if statement.issuer != reader.member})
        for consignment in self._context.load_each(others):
            if may_ask_all or self._may_look_up(reader, consignment.participation, question.kind):
                counted |= consignment.participation.standing.counted
        return [one for one in statements if one.issuer == reader.member or one.record_id in counted]

    def _may_look_up(self, reader: Reader, participation: Participation, kind: str) -> bool:
        """Whether the consignment names the reader, or the policy lets it ask for another reason."""
        conditions = conditions_for(reader, participation, self._context.directory())
        if participation.belongs(reader.member):
            conditions |= {Condition.PARTY}
        return self._context.policy.may_look_up(reader.roles, conditions, kind)


def matching_ucrs(statements: Iterable[Statement]) -> list[str]:
    """The UCRs that the number belongs to, sorted: those of records about one consignment, where there are any."""
    near = [*statements]
    sole = [statement for statement in near if statement.ucr_count == 1]
    return sorted({statement.ucr for statement in sole or near})
