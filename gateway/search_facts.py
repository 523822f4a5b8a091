"""What a consignment can be found by: short facts of its records, written when a record is accepted.

One function derives facts from a record's *disclosed* sections. Intake calls it with everything disclosed, to fill the
tables; search calls it again with what the reader sees, and only a fact found there counts. So only what the reader may
see can match, whatever the tables hold. Free text in goods names is kept as pairs of neighbouring characters, which
finds Chinese words of two characters and needs no tokenizer, no LIKE and no feature of one database alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Index, Integer, String, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from chain.encoding import Json
from chain.records import Record, parse_record
from chain.sdjwt import SignedRecord
from gateway.store.model import metadata, records
from gateway.store.records import open_signed
from gateway.store.store import Store
from gateway.views.facts import HeldRecord, State
from gateway.views.standing import DISTRICT_CHARS

FACTS_MAX = 4_000
"""Most facts of one record; a declaration of 999 goods items keeps the first of them."""
VALUE_CHARS_MAX = 64
ROWS_PER_LOOK = 500
HS_PREFIX_LENGTHS: Final = (2, 4, 6, 8, 10)
PAIR_CHARS = 2

Fact = tuple[str, str]
"""(kind, value)."""

REFERENCE_KINDS: Final = frozenset(
    {
        "declaration",
        "cop",
        "pre",
        "order",
        "payment",
        "transport_document",
        "master_bill",
        "container",
        "invoice",
        "tax_bill",
    }
)
_IMPORTERS: Final = frozenset(
    {"importer", "trader", "consignee", "owner", "buyer", "merchant", "purchaser", "taxpayer"}
)
_BROKERS: Final = frozenset({"agent", "declarant"})
_DAYS: Final = (("declaration", "lodged"), ("status", "at"), ("event", "happened"), ("order", "placed"))

search_facts = Table(
    "search_facts",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("value", String(VALUE_CHARS_MAX), primary_key=True),
    Column("ucr", String(64), primary_key=True),
    Column("record_seq", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("records.seq"), primary_key=True),
)
Index("search_facts_of_consignment", search_facts.c.ucr, search_facts.c.kind, search_facts.c.value)

search_concerns = Table(
    "search_concerns",
    metadata,
    Column("whom", String(20), primary_key=True),  # USCC, customs code of a party, or customs district (2 digits)
    Column("ucr", String(64), primary_key=True),
)
"""Whom a consignment may concern: more than take part in it, never fewer. It narrows a search; the policy decides."""


def index_record(connection: Connection, seq: int, signed: SignedRecord, record: Record) -> None:
    """Writes the facts of a newly accepted record, in its own transaction. A hook of intake (`Intake.derivers`)."""
    if signed.vct == "audit.access":
        return
    held = HeldRecord(signed, State.ACCEPTED)
    facts = sorted(facts_of(held))[:FACTS_MAX]
    rows = [
        {"kind": kind, "value": value, "ucr": ucr, "record_seq": seq} for ucr in record.ucr for kind, value in facts
    ]
    if rows:
        connection.execute(insert(search_facts), rows)
    concerned = [{"whom": whom, "ucr": ucr} for ucr in record.ucr for whom in sorted(_concerned(held, ucr))]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(search_concerns).on_conflict_do_nothing(), concerned)


def fill_once(store: Store) -> None:
    """Derives the facts of records that were accepted before there was search; does nothing where there are facts."""
    with store.writing() as connection:
        if connection.execute(select(search_concerns.c.ucr).limit(1)).first() is not None:
            return
        wanted = (records.c.seq, records.c.record_id, records.c.jwt, records.c.disclosures)
        after = 0
        while rows := connection.execute(
            select(*wanted)
            .where(records.c.seq > after, records.c.disclosures.is_not(None))
            .order_by(records.c.seq)
            .limit(ROWS_PER_LOOK)
        ).all():
            for row in rows:
                signed = open_signed(store.vault, row.record_id, bytes(row.jwt), bytes(row.disclosures))
                index_record(connection, int(row.seq), signed, parse_record(signed))
            after = int(rows[-1].seq)


def facts_of(held: HeldRecord) -> set[Fact]:
    """The facts that a record's disclosed sections tell."""
    return {(kind, value[:VALUE_CHARS_MAX]) for kind, value in _facts(held) if value}


def pairs_of(text: str) -> set[str]:
    """The pairs of neighbouring characters in a text, freed of case, width and spaces; one character stands alone."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if not c.isspace())
    if len(plain) < PAIR_CHARS:
        return {plain} if plain else set()
    return {plain[i : i + PAIR_CHARS] for i in range(len(plain) - PAIR_CHARS + 1)}


def _facts(held: HeldRecord) -> Iterator[Fact]:
    for kind, _, value in held.reference_keys:
        yield kind, value
    for party in held.many("parties"):
        role = str(party.get("role", ""))
        what = "importer" if role in _IMPORTERS else "broker" if role in _BROKERS else ""
        if what:
            yield what, str(party.get("uscc") or "")
            yield what, str(party.get("customs_code") or "")
    for item in held.many("goods_items"):
        hs = str(item.get("hs") or "")
        yield from (("hs", hs[:length]) for length in HS_PREFIX_LENGTHS if len(hs) >= length)
        pairs = pairs_of(str(item.get("name", "")))
        yield from (("goods", pair) for pair in pairs)
        yield from (("goods", character) for pair in pairs for character in pair)
    yield "status", str(held.one("status").get("state") or "")
    for head in ("declaration", "request", "assessment"):
        office = _value(held.one(head).get("office"))
        yield "office", office
        yield "district", office[:DISTRICT_CHARS]
    for head, field in _DAYS:
        yield "day", str(_member(held.one(head).get(field), "utc"))[:10]


def _concerned(held: HeldRecord, ucr: str) -> Iterator[str]:
    yield held.signed.iss
    yield ucr[3:].partition("-")[0][:20]
    for party in held.many("parties"):
        for field in ("uscc", "customs_code"):
            if said := str(party.get(field) or ""):
                yield said
    for kind, value in facts_of(held):
        if kind == "district":
            yield value
        elif kind == "declaration" and value[:DISTRICT_CHARS].isdigit():
            yield value[:DISTRICT_CHARS]


def _value(said: Json) -> str:
    return str(_member(said, "value"))


def _member(said: Json, name: str) -> Json:
    return (said.get(name) or "") if isinstance(said, dict) else ""
