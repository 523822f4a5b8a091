"""Rows of references: which consignments the records of this store say a number of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, literal, or_, select

from chain.lifecycle import RecordState
from gateway.store.look_ups import look_ups_of
from gateway.store.model import (
    FACT_CHARS_MAX,
    entries,
    records,
    references,
    search_concerns,
    search_facts,
    search_waiting,
)
from gateway.store.search import WAITING_MAX, concerns_one_of, first_waiting, open_waiting

STATEMENTS_MAX = 200
"""Most statements of one number that are looked at; an answer says where there are more."""
OWN_FIRST_MAX = 20_000
"""Most consignments of a reader that are gone through for one number: some 10 ms."""


class NumberQuery(NamedTuple):
    """A number of one kind, as `Reference.key` writes it."""

    kind: str
    value: str
    scope: str = ""
    """Whose number it is; empty: anybody's."""


@dataclass(frozen=True)
class Statement:
    """One record that says the number of one consignment."""

    ucr: str
    scope: str
    on: str
    ucr_count: int
    """How many consignments the record speaks of: with more than one, the number may be any one's."""
    issuer: str
    """Who said it."""
    record_id: str


class OtherStatement(NamedTuple):
    """That a record says a number of another consignment."""

    number: NumberQuery
    ucr: str


class WaitingStatement(NamedTuple):
    """A record that says the number of one consignment and whose facts still wait."""

    ucr: str
    facts: bytes
    """Packed."""
    is_settled: bool
    """The search tables say already that the consignment concerns one of the names asked for."""


def find_statements(
    connection: Connection, number: NumberQuery, among: Collection[str] | None = None, days: tuple[str, str] = ("", "")
) -> list[Statement]:
    """Every consignment that a record says the number of, or of those `among` it; refused records left out.

    With `days` (first, last), those alone that were said on one of them or on no day. At most one more than
    `STATEMENTS_MAX`.
    """
    wanted = (
        select(
            *(entries.c.ucr, references.c.scope, references.c.said_on),
            *(records.c.entry_count, records.c.iss, records.c.record_id),
        )
        .join(records, records.c.seq == references.c.record_seq)
        .join(entries, entries.c.record_seq == references.c.record_seq)
        .where(
            *_is_number(connection, number),
            records.c.state != RecordState.REFUSED,
            func.length(entries.c.ucr) > 0,
        )
        .order_by(records.c.entry_count, entries.c.ucr)
        .limit(STATEMENTS_MAX + 1)
    )
    if days[1]:
        wanted = wanted.where(or_(references.c.said_on == "", references.c.said_on.between(*days)))
    if number.scope:
        wanted = wanted.where(references.c.scope == number.scope)
    if among is not None:
        wanted = wanted.where(entries.c.ucr.in_(among))
    return [
        Statement(row.ucr, row.scope, row.said_on, int(row.entry_count), row.iss, row.record_id)
        for row in connection.execute(wanted)
    ]


def find_other_statements(connection: Connection, numbers: Collection[NumberQuery], ucr: str) -> list[OtherStatement]:
    """Which of these numbers a record says of another consignment alone, in one question; refused records left out.

    At most one more than `STATEMENTS_MAX`.
    """
    of_reference = look_ups_of(connection).of_reference
    keyed = {of_reference(number.kind, number.value): (number.kind, number.value) for number in numbers}
    wanted = (
        select(entries.c.ucr, references.c.scope, references.c.look_up, references.c.look_up_rest)
        .join(records, records.c.seq == references.c.record_seq)
        .join(entries, entries.c.record_seq == references.c.record_seq)
        .where(
            references.c.look_up.in_([look_up for look_up, _ in keyed]),
            records.c.state != RecordState.REFUSED,
            records.c.entry_count == 1,
            entries.c.ucr != ucr,
            func.length(entries.c.ucr) > 0,
        )
        .order_by(entries.c.ucr)
        .limit(STATEMENTS_MAX + 1)
    )
    statements = [
        OtherStatement(NumberQuery(*keyed[look_up], row.scope), row.ucr)
        for row in connection.execute(wanted)
        if (look_up := (row.look_up, row.look_up_rest)) in keyed
    ]
    return [statement for statement in dict.fromkeys(statements) if statement.number in numbers]


def find_concerned(connection: Connection, number: NumberQuery, whom: Sequence[str]) -> set[str]:
    """The consignments that a record says the number of and that concern one of these names, of flushed facts.

    For names with up to `OWN_FIRST_MAX` consignments the store goes through these and looks for the number in each, so
    that the work is the same whether or not others have said the number. For names with more that would take longer
    than the answer is worth: there the number leads, and what a record that concerns others costs is one look. At most
    one more than `STATEMENTS_MAX`.
    """
    own = select(search_concerns.c.ucr).where(search_concerns.c.whom.in_(whom))
    value = look_ups_of(connection).of_fact(number.kind, number.value[:FACT_CHARS_MAX])
    is_number = (search_facts.c.kind == number.kind, search_facts.c.value == value)
    if connection.execute(own.offset(OWN_FIRST_MAX).limit(1)).first() is not None:
        wanted = select(search_facts.c.ucr).where(*is_number, concerns_one_of(search_facts.c.ucr, whom))
    else:
        fact = select(literal(1)).where(*is_number, search_facts.c.ucr == search_concerns.c.ucr).limit(1)
        wanted = own.where(fact.scalar_subquery().is_not(None))
    return set(connection.execute(wanted.distinct().limit(STATEMENTS_MAX + 1)).scalars())


def find_waiting_statements(connection: Connection, number: NumberQuery, whom: Sequence[str]) -> list[WaitingStatement]:
    """The records that say the number and whose facts still wait, at most one more than `WAITING_MAX`."""
    wanted = (
        select(entries.c.ucr, search_waiting.c.facts, concerns_one_of(entries.c.ucr, whom).label("is_settled"))
        .join(search_waiting, search_waiting.c.record_seq == references.c.record_seq)
        .join(entries, entries.c.record_seq == references.c.record_seq)
        .where(*_is_number(connection, number), references.c.record_seq >= first_waiting)
        .limit(WAITING_MAX + 1)
    )
    return [
        WaitingStatement(row.ucr, open_waiting(connection, row.facts), bool(row.is_settled))
        for row in connection.execute(wanted)
    ]


def _is_number(connection: Connection, number: NumberQuery) -> tuple[ColumnElement[bool], ...]:
    """That a reference is the number in question, of whatever scope."""
    look_up, rest = look_ups_of(connection).of_reference(number.kind, number.value)
    return references.c.look_up == look_up, references.c.look_up_rest == rest, references.c.kind == number.kind
