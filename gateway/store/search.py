"""Rows of the search tables: facts that consignments are found by, whom they concern, and facts that still wait.

The tables only propose. What a reader may see is decided on the records themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
)

from chain.lifecycle import RecordState
from chain.proof.batch import PREFIX_BYTES
from gateway.store.lanes import NO_UCR
from gateway.store.look_ups import WAITING_FACTS, look_ups_of, secrets_of
from gateway.store.model import (
    documents,
    entries,
    marks,
    payloads,
    records,
    search_concerns,
    search_facts,
    search_waiting,
    search_waiting_lanes,
)
from gateway.store.payloads import whole_payload, with_keys
from gateway.store.rows import insert_rows

WAITING_MAX = 2_000
"""Most records of one number that wait and are looked at; an answer says where there are more."""
CITATIONS_MAX = 200
"""Most records that cite one file and are looked at; an answer says where there are more."""
_FORM_MARK = "search_facts_form"

_WHOM = search_concerns.c.whom.in_(bindparam("whom", expanding=True))
_IS_SETTLED = select(search_concerns.c.ucr).where(_WHOM, search_concerns.c.ucr == bindparam("ucr")).limit(1)

first_waiting = select(func.min(search_waiting.c.record_seq)).scalar_subquery()
"""The oldest record whose facts wait; none before it do, so that what is settled is not looked up there."""

_WAITING_OF_PREFIXES = (
    select(search_waiting.c.facts)
    .join(search_waiting_lanes, search_waiting_lanes.c.record_seq == search_waiting.c.record_seq)
    .where(search_waiting_lanes.c.prefix.in_(bindparam("prefixes", expanding=True)))
)


_DELETE_LANE = delete(search_waiting_lanes).where(
    search_waiting_lanes.c.prefix == bindparam("of_prefix"), search_waiting_lanes.c.record_seq == bindparam("of_record")
)


class WaitingFacts(NamedTuple):
    """What a newly accepted record can be found by, until that is flushed."""

    seq: int
    facts: bytes
    """Packed and sealed."""
    tags: Sequence[bytes]
    """Of the lanes in which its entries are filed."""


class FoundBy(NamedTuple):
    """What a search asks the tables for."""

    facts: Sequence[tuple[str, str]]
    """(kind, value), sorted."""
    first_day: str
    last_day: str
    """YYYY-MM-DD or empty; with either, something dated must lie between."""


class CitingRecord(NamedTuple):
    """A record that cites a file, for one consignment."""

    ucr: str
    record_id: str
    is_settled: bool
    """The search tables say that the consignment concerns one of the names asked for."""
    facts: bytes
    """Facts of the record that still wait, packed; empty where none do."""


class RecordToIndex(NamedTuple):
    """A record whose facts are to be derived."""

    seq: int
    record_id: str
    jwt: bytes
    disclosures: bytes


def insert_facts(
    connection: Connection, facts: Collection[tuple[str, str, str, int]], concerns: Collection[tuple[str, str]]
) -> None:
    """Writes (kind, value, UCR, record), numbers under the store's key, and (whom, UCR); those there already stay.

    In the order of the trees; a start that was cut off may have left some.
    """
    of_fact = look_ups_of(connection).of_fact
    keyed = sorted((kind, of_fact(kind, value), ucr, seq) for kind, value, ucr, seq in facts)
    insert_rows(connection, search_facts, ("kind", "value", "ucr", "record_seq"), keyed, free=True)
    insert_rows(connection, search_concerns, ("whom", "ucr"), sorted(concerns), free=True)


def insert_waiting(connection: Connection, waiting: Sequence[WaitingFacts]) -> None:
    """Writes the sealed facts of newly accepted records, to be flushed later."""
    insert_rows(connection, search_waiting, ("record_seq", "facts"), [(one.seq, one.facts) for one in waiting])
    lanes = sorted({(tag[:PREFIX_BYTES], one.seq) for one in waiting for tag in one.tags})
    insert_rows(connection, search_waiting_lanes, ("prefix", "record_seq"), lanes)


def waiting_bounds(connection: Connection) -> tuple[int, int] | None:
    """The first and last record whose facts wait; None where none do."""
    ends = select(func.min(search_waiting.c.record_seq), func.max(search_waiting.c.record_seq))
    first, last = connection.execute(ends).one()
    return None if first is None else (int(first), int(last))


def take_waiting(connection: Connection, count_max: int) -> list[tuple[int, bytes]]:
    """The oldest facts that wait, by record, taken out of the table."""
    oldest = select(search_waiting).order_by(search_waiting.c.record_seq).limit(count_max)
    rows = connection.execute(oldest.with_for_update()).all()
    packed = [(int(row.record_seq), open_waiting(connection, row.facts)) for row in rows]
    seqs = [seq for seq, _ in packed]
    filed = connection.execute(select(entries.c.tag, entries.c.record_seq).where(entries.c.record_seq.in_(seqs)))
    lanes = {(bytes(tag)[:PREFIX_BYTES], int(seq)) for tag, seq in filed}
    if lanes:
        connection.execute(_DELETE_LANE, [{"of_prefix": prefix, "of_record": seq} for prefix, seq in sorted(lanes)])
    connection.execute(delete(search_waiting).where(search_waiting.c.record_seq.in_(seqs)))
    return packed


def delete_facts(connection: Connection) -> None:
    """Empties the tables of facts and concerns, to be filled anew."""
    connection.execute(delete(search_facts))
    connection.execute(delete(search_concerns))


def facts_form(connection: Connection) -> int:
    """The form of the facts in the store; 0 where they were emptied, or written before forms were told apart."""
    if connection.execute(select(search_concerns.c.ucr).limit(1)).first() is None:
        return 0
    return connection.execute(select(marks.c.value).where(marks.c.name == _FORM_MARK)).scalar() or 0


def set_facts_form(connection: Connection, form: int) -> None:
    """Notes the form that the facts were written in."""
    connection.execute(delete(marks).where(marks.c.name == _FORM_MARK))
    connection.execute(insert(marks).values(name=_FORM_MARK, value=form))


def records_to_index(connection: Connection, after: int, count_max: int) -> list[RecordToIndex]:
    """Records that are not erased, in order of acceptance, after a sequence number."""
    asked = (
        select(records.c.seq, records.c.record_id, payloads.c.jwt, payloads.c.disclosures)
        .join(payloads, payloads.c.record_seq == records.c.seq)
        .where(records.c.seq > after, payloads.c.disclosures.is_not(None))
    )
    rows = connection.execute(with_keys(asked).order_by(records.c.seq).limit(count_max))
    return [
        RecordToIndex(int(seq), name, bytes(jwt), whole_payload(disclosures, head) or b"")
        for seq, name, jwt, disclosures, head in rows
    ]


def waiting_facts(connection: Connection, prefixes: Sequence[bytes]) -> Sequence[bytes]:
    """The packed facts that wait of records in lanes that begin with these prefixes; intake bounds how many."""
    sealed = connection.execute(_WAITING_OF_PREFIXES, {"prefixes": [*prefixes]}).scalars()
    return [open_waiting(connection, facts) for facts in sealed]


def open_waiting(connection: Connection, sealed: bytes) -> bytes:
    """The packed facts in a sealed row; raises UnopenedPayload."""
    return secrets_of(connection).vault.unseal(bytes(sealed), WAITING_FACTS)


def concerns(connection: Connection, ucr: str, whom: Sequence[str]) -> bool:
    """Whether the table says that the consignment concerns one of these names."""
    return connection.execute(_IS_SETTLED, {"whom": [*whom], "ucr": ucr}).first() is not None


def concerns_one_of(ucr: ColumnElement[str], whom: Sequence[str]) -> ColumnElement[bool]:
    """Whether the consignment of this column may concern one of these names, as far as facts are flushed.

    A subquery for one value, not EXISTS: no database turns it round and begins with what concerns somebody else.
    """
    concerned = select(literal(1)).where(search_concerns.c.whom.in_(whom), search_concerns.c.ucr == ucr).limit(1)
    return concerned.scalar_subquery().is_not(None)


def find_ucrs(
    connection: Connection, question: FoundBy, whom: Sequence[str] | None, after: str, count_max: int
) -> list[str]:
    """Up to `count_max` UCRs after `after`, ascending, whose records tell the facts.

    With `whom`, of consignments alone that concern one of these names.
    """
    of_fact = look_ups_of(connection).of_fact
    facts = [(kind, of_fact(kind, value)) for kind, value in question.facts]
    if whom is not None:
        source = search_concerns.c.ucr
        wanted = select(source).where(search_concerns.c.whom.in_(whom))
    elif facts:
        # The first fact leads: its index gives UCRs in order.
        source, (kind, value) = search_facts.c.ucr, facts.pop(0)
        wanted = select(source).where(search_facts.c.kind == kind, search_facts.c.value == value)
    else:
        source = search_facts.c.ucr
        wanted = select(source).where(_day_lies_between(question, search_facts))
    for number, (kind, value) in enumerate(facts):
        fact = search_facts.alias(f"fact_{number}")
        wanted = wanted.where(_exists(fact, source, and_(fact.c.kind == kind, fact.c.value == value)))
    if question.first_day or question.last_day:
        dated = search_facts.alias("dated")
        wanted = wanted.where(_exists(dated, source, _day_lies_between(question, dated)))
    ucrs = connection.execute(wanted.where(source > after).distinct().order_by(source).limit(count_max))
    return [str(ucr) for ucr in ucrs.scalars()]


def list_ucrs(connection: Connection, whom: Sequence[str] | None, after: str, count_max: int) -> list[str]:
    """Up to `count_max` UCRs after `after`, ascending; with `whom`, of those alone that concern one of these names."""
    wanted = select(search_concerns.c.ucr).where(search_concerns.c.ucr > after)
    if whom is not None:
        wanted = wanted.where(search_concerns.c.whom.in_(whom))
    ucrs = connection.execute(wanted.distinct().order_by(search_concerns.c.ucr).limit(count_max))
    return [str(ucr) for ucr in ucrs.scalars()]


def find_citing(connection: Connection, digest: bytes, whom: Sequence[str] | None) -> list[CitingRecord]:
    """Every record that cites the file of this SHA-256, by UCR and id; refused records left out.

    With `whom`, those alone whose consignment concerns one of these names, or whose facts still wait. At most one more
    than `CITATIONS_MAX`.
    """
    look_up = look_ups_of(connection).of_document(digest)
    wanted = (
        select(entries.c.ucr, records.c.record_id)
        .join(records, records.c.seq == documents.c.record_seq)
        .join(entries, entries.c.record_seq == documents.c.record_seq)
        .where(documents.c.look_up == look_up, records.c.state != RecordState.REFUSED, entries.c.ucr != NO_UCR)
        .order_by(entries.c.ucr, records.c.record_id)
        .limit(CITATIONS_MAX + 1)
    )
    if whom is None:
        return [CitingRecord(row.ucr, row.record_id, True, b"") for row in connection.execute(wanted)]
    is_settled = concerns_one_of(entries.c.ucr, whom)
    narrowed = (
        wanted.add_columns(is_settled.label("is_settled"), search_waiting.c.facts)
        .outerjoin(search_waiting, search_waiting.c.record_seq == documents.c.record_seq)
        .where(or_(is_settled, search_waiting.c.record_seq.is_not(None)))
    )
    return [
        CitingRecord(
            row.ucr, row.record_id, bool(row.is_settled), open_waiting(connection, row.facts) if row.facts else b""
        )
        for row in connection.execute(narrowed)
    ]


def _exists(facts: FromClause, ucr: ColumnElement[str], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a record of the consignment tells it. For one value, not EXISTS: see `concerns_one_of`."""
    return select(literal(1)).where(facts.c.ucr == ucr, condition).limit(1).scalar_subquery().is_not(None)


def _day_lies_between(question: FoundBy, facts: FromClause) -> ColumnElement[bool]:
    bounds = [facts.c.kind == "day"]
    if question.first_day:
        bounds.append(facts.c.value >= question.first_day)
    if question.last_day:
        bounds.append(facts.c.value <= question.last_day)
    return and_(*bounds)
