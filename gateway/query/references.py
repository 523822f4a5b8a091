"""Which consignment a number belongs to: for members whose systems know only their own number.

The policy's `lookups` say who may ask for which kind of number at all; without such a line, the reader must take part
in the consignment. A number that the reader may not resolve gives the same empty answer as one that nobody has said,
and takes no longer: nothing is looked at that cannot concern the reader.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

from sqlalchemy import ColumnElement, Connection, func, literal, select

from chain.encoding import Json
from chain.errors import Malformed
from chain.records.base import Reference, ReferenceKind
from gateway.search_index.candidates import WAITING_MAX, concerns_one_of, first_waiting, tells_concern
from gateway.search_index.facts import VALUE_CHARS_MAX, search_concerns, search_facts, search_waiting
from gateway.store.model import RecordState, entries, records, references
from gateway.store.records import reference_look_up

REUSED_AFTER_DAYS = 183
"""Waybill and order numbers return after six months: a statement further away from `on` is about other goods."""

ANSWERS_MAX = 200
"""Most statements of one number that are looked at."""

OWN_FIRST_MAX = 20_000
"""Most consignments of a reader that are gone through for one number: some 10 ms."""


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


@dataclass(frozen=True)
class Statement:
    """One record that says the number of one consignment."""

    ucr: str
    scope: str
    on: str
    ucr_count: int
    """How many consignments the record speaks of: with more than one, the number may be any one's."""


def find_statements(
    connection: Connection, question: ReferenceQuestion, among: Collection[str] | None = None
) -> list[Statement]:
    """Every consignment that a record says the number of, or of those `among` it; refused records left out."""
    wanted = (
        select(entries.c.ucr, references.c.scope, references.c.said_on, records.c.entry_count)
        .join(records, records.c.seq == references.c.record_seq)
        .join(entries, entries.c.record_seq == references.c.record_seq)
        .where(
            *_is_said(question),
            records.c.state != RecordState.REFUSED,
            func.length(entries.c.ucr) > 0,
        )
        .order_by(records.c.entry_count, entries.c.ucr)
        .limit(ANSWERS_MAX)
    )
    if question.scope:
        wanted = wanted.where(references.c.scope == question.scope)
    if among is not None:
        wanted = wanted.where(entries.c.ucr.in_(among))
    return [Statement(row.ucr, row.scope, row.said_on, int(row.entry_count)) for row in connection.execute(wanted)]


def find_of_concern(connection: Connection, question: ReferenceQuestion, whom: Sequence[str]) -> list[str]:
    """The consignments that a record says the number of and that may concern one of these names.

    For a reader with up to `OWN_FIRST_MAX` consignments the store goes through these and looks for the number in each,
    so that the work is the same whether or not others have said the number. For one with more that would take longer
    than the answer is worth: there the number leads, and what a record that concerns others costs is one look.
    """
    found = _find_waiting(connection, question, whom)
    mine = select(search_concerns.c.ucr).where(search_concerns.c.whom.in_(whom))
    number = (search_facts.c.kind == question.kind, search_facts.c.value == question.value[:VALUE_CHARS_MAX])
    if connection.execute(mine.offset(OWN_FIRST_MAX).limit(1)).first() is not None:
        wanted = select(search_facts.c.ucr).where(*number, concerns_one_of(search_facts.c.ucr, whom))
    else:
        said = select(literal(1)).where(*number, search_facts.c.ucr == search_concerns.c.ucr).limit(1)
        wanted = mine.where(said.scalar_subquery().is_not(None))
    return sorted({*found, *connection.execute(wanted.distinct().limit(ANSWERS_MAX)).scalars()})


def _find_waiting(connection: Connection, question: ReferenceQuestion, whom: Sequence[str]) -> set[str]:
    """As `find_of_concern`, in records whose facts are not spread yet."""
    wanted = (
        select(entries.c.ucr, search_waiting.c.facts, concerns_one_of(entries.c.ucr, whom).label("is_settled"))
        .join(search_waiting, search_waiting.c.record_seq == references.c.record_seq)
        .join(entries, entries.c.record_seq == references.c.record_seq)
        .where(
            *_is_said(question),
            references.c.record_seq >= first_waiting,
        )
        .limit(WAITING_MAX)
    )
    rows = connection.execute(wanted)
    return {row.ucr for row in rows if row.is_settled or tells_concern(row.facts, row.ucr, whom)}


def _is_said(question: ReferenceQuestion) -> tuple[ColumnElement[bool], ...]:
    """That a reference is the number in question, of whatever scope."""
    look_up = references.c.look_up == reference_look_up(question.kind, question.value)
    return look_up, references.c.value == question.value, references.c.kind == question.kind


def matching_ucrs(question: ReferenceQuestion, statements: Iterable[Statement]) -> list[str]:
    """The UCRs that the number belongs to, sorted: those of records about one consignment, where there are any."""
    near = [one for one in statements if _is_near(question.on, one.on)]
    sole = [one for one in near if one.ucr_count == 1]
    return sorted({one.ucr for one in sole or near})


def answer(question: ReferenceQuestion, ucrs: Sequence[str]) -> dict[str, Json]:
    """What `GET /v1/references/{kind}` answers."""
    return {
        "kind": question.kind,
        "scope": question.scope,
        "value": question.value,
        "on": question.on,
        "ucrs": [*ucrs],
        "ambiguous": len(ucrs) > 1,
    }


def _is_near(on: str, said_on: str) -> bool:
    if not on or not said_on:
        return True
    return abs(date.fromisoformat(on) - date.fromisoformat(said_on)) <= timedelta(days=REUSED_AFTER_DAYS)
