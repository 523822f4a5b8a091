"""What a consignment can be found by: short facts of its records, written when a record is accepted.

One function derives facts from a record's *disclosed* sections. Intake calls it with everything disclosed, to fill the
tables; search calls it again with what the reader sees, and only a fact found there counts. So only what the reader may
see can match, whatever the tables hold. Free text in goods names is kept as pairs of neighbouring characters, which
finds Chinese words of two characters and needs no tokenizer, no LIKE and no feature of one database alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)

from chain.identifiers import Ucr
from chain.records import Record, parse_record
from chain.sdjwt import SignedRecord
from gateway.access.participation import DISTRICT_CHARS, HEADS_WITH_OFFICE, office_numbers
from gateway.consignment.records import HeldRecord, passing
from gateway.search_index.extract import Extract, extract, extract_shown, references_of
from gateway.store.model import marks, metadata, payloads, records
from gateway.store.records import open_signed
from gateway.store.rows import insert_rows
from gateway.store.store import Store

FACTS_MAX = 4_000
"""Most facts of one record; a declaration of 999 goods items keeps the first of them."""
VALUE_CHARS_MAX = 64
WHOM_CHARS_MAX = 20
FACTS_FORM = 1
"""Grows when other facts are told of the same records: then a starting gateway derives them anew."""
_FORM_MARK = "search_facts_form"
ROWS_PER_LOOK = 500
HS_PREFIX_LENGTHS: Final = (2, 4, 6, 8, 10)
PAIR_CHARS = 2

SPREAD_LAG_RECORDS_MAX = 100_000
"""With more records waiting than this, spreading no longer gives way to uploads."""
SPREAD_RECORDS_MAX = 64
"""Records whose facts are spread in one transaction: some 20 ms, which is what others who write wait for it."""

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
_IMPORTERS: Final = ("importer", "trader", "consignee", "owner", "buyer", "merchant", "purchaser", "taxpayer")
_BROKERS: Final = ("agent", "declarant")
_PARTIES: Final = dict.fromkeys(_IMPORTERS, "importer") | dict.fromkeys(_BROKERS, "broker")
"""Role of a party to the fact that it tells."""
_DAYS: Final = frozenset({"declaration", "status", "event", "order"})
"""The sections whose day is searched for."""
_OFFICES: Final = frozenset({"declaration", "request", "assessment"})

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

search_facts = Table(
    "search_facts",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("value", String(VALUE_CHARS_MAX), primary_key=True),
    Column("ucr", String(64), primary_key=True),
    Column("record_seq", _SEQUENCE, primary_key=True),
    sqlite_with_rowid=False,
)
_IS_DAY = search_facts.c.kind == "day"
Index("search_days", search_facts.c.ucr, search_facts.c.value, sqlite_where=_IS_DAY, postgresql_where=_IS_DAY)
"""A record has some fifty facts, so each row stands in one tree alone; only days are looked for by consignment."""

search_concerns = Table(
    "search_concerns",
    metadata,
    Column(
        "whom", String(WHOM_CHARS_MAX), primary_key=True
    ),  # USCC, customs code of a party, or customs district (2 digits)
    Column("ucr", String(64), primary_key=True),
)
"""Whom a consignment may concern: more than take part in it, never fewer. It narrows a search; the policy decides."""


search_waiting = Table(
    "search_waiting",
    metadata,
    Column("record_seq", _SEQUENCE, ForeignKey("records.seq"), primary_key=True),
    Column("facts", LargeBinary, nullable=False),  # `Findable` in MessagePack
)
"""Facts that are kept but cannot be found yet: they were written with their records, and are spread from here. To write
them where they are found costs more than all else of a record, and nobody's receipt should wait for it."""


class Findable(msgspec.Struct, frozen=True, array_like=True):
    """What one record can be found by."""

    ucrs: list[str]
    facts: list[Fact]
    """Those that its goods do not tell."""
    concerns: list[tuple[str, str]]
    """(whom, UCR)."""
    goods: list[tuple[str, str]] = []
    """(HS code, name) of each goods item, once: the many facts that they tell are made when they are written."""

    def all_facts(self) -> list[Fact]:
        """Every fact, numbers and parties before what goods tell, the first `FACTS_MAX`."""
        goods = set(_goods_facts_of(self.goods)).difference(self.facts)
        return [*self.facts, *sorted(goods)][:FACTS_MAX]


def findable(
    signed: SignedRecord, record: Record, reference_keys: frozenset[tuple[str, str, str]] | None = None
) -> Findable | None:
    """What a fully disclosed record can be found by; None for a read, which is not searched for."""
    if signed.vct == "audit.access":
        return None
    # Whoever writes the references too has their keys already.
    keys = frozenset([one[:3] for one in references_of(signed, record)]) if reference_keys is None else reference_keys
    found = extract(signed, keys) if signed.fits_model else extract_shown(passing(signed, keys))
    ucrs = [ucr for _, ucr in signed.ucr_elements() if ucr is not None]
    named = _concerned(found, signed.iss)
    concerns = [(whom, ucr) for ucr in ucrs for whom in sorted(named | {Ucr(ucr).company[:WHOM_CHARS_MAX]})]
    return Findable(ucrs, sorted(_plain_facts(found)), concerns, _goods_of(found))


def write_findables(connection: Connection, found: Sequence[tuple[int, Findable]]) -> None:
    """Writes facts (sequence number of their record, facts) so that search finds them, in the caller's transaction."""
    rows = [(kind, value, ucr, seq) for seq, one in found for kind, value in one.all_facts() for ucr in one.ucrs]
    concerned = {concern for _, one in found for concern in one.concerns}
    # In the order of the trees; once each, since a start that was cut off left some.
    insert_rows(connection, search_facts, ("kind", "value", "ucr", "record_seq"), sorted(rows), free=True)
    insert_rows(connection, search_concerns, ("whom", "ucr"), sorted(concerned), free=True)


def keep_findables(connection: Connection, found: Sequence[tuple[int, bytes]]) -> None:
    """Writes the packed facts of newly accepted records in their own transaction, to be spread."""
    insert_rows(connection, search_waiting, ("record_seq", "facts"), found)


def spread(store: Store, count: int = SPREAD_RECORDS_MAX) -> int:
    """Makes the facts of so many records that wait findable; how many more wait, at most."""
    with store.reading() as connection:
        ends = select(func.min(search_waiting.c.record_seq), func.max(search_waiting.c.record_seq))
        first, last = connection.execute(ends).one()
        if first is None:
            return 0
    oldest = select(search_waiting).order_by(search_waiting.c.record_seq).limit(count)
    with store.writing(derived=True) as connection:
        rows = connection.execute(oldest.with_for_update()).all()
        seqs = [int(row.record_seq) for row in rows]
        write_findables(connection, [(int(row.record_seq), unpack_findable(bytes(row.facts))) for row in rows])
        connection.execute(delete(search_waiting).where(search_waiting.c.record_seq.in_(seqs)))
    return int(last) - seqs[-1] if seqs else 0


def fill_once(store: Store) -> bool:
    """Derives the facts of all records once for each `FACTS_FORM` (some 150 µs each); whether it was not done yet."""
    with store.writing() as connection:
        if _form_of(connection) == FACTS_FORM:
            return False
        connection.execute(delete(search_facts))
        connection.execute(delete(search_concerns))
        wanted = (records.c.seq, records.c.record_id, payloads.c.jwt, payloads.c.disclosures)
        after = 0
        while rows := connection.execute(
            select(*wanted)
            .join(payloads, payloads.c.record_seq == records.c.seq)
            .where(records.c.seq > after, payloads.c.disclosures.is_not(None))
            .order_by(records.c.seq)
            .limit(ROWS_PER_LOOK)
        ).all():
            found = []
            for row in rows:
                signed = open_signed(store.vault, row.record_id, bytes(row.jwt), bytes(row.disclosures))
                if (one := findable(signed, parse_record(signed))) is not None:
                    found.append((int(row.seq), one))
            write_findables(connection, found)
            after = int(rows[-1].seq)
        connection.execute(delete(marks).where(marks.c.name == _FORM_MARK))
        connection.execute(insert(marks).values(name=_FORM_MARK, value=FACTS_FORM))
    return True


def _form_of(connection: Connection) -> int:
    """The form of the facts in the store; 0 where they were emptied, or written before forms were told apart."""
    if connection.execute(select(search_concerns.c.ucr).limit(1)).first() is None:
        return 0
    return connection.execute(select(marks.c.value).where(marks.c.name == _FORM_MARK)).scalar() or 0


pack_findable = msgspec.msgpack.Encoder().encode
"""`Findable` as it waits."""
unpack_findable = msgspec.msgpack.Decoder(Findable).decode
"""What `pack_findable` was given."""


def facts_of(held: HeldRecord) -> set[Fact]:
    """The facts that a record's disclosed sections tell."""
    found = extract_shown(held)
    return _plain_facts(found).union(_goods_facts_of(_goods_of(found)))


def pairs_of(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters in a text, freed of case, width and spaces; one character stands alone."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if not c.isspace())
    if len(plain) < PAIR_CHARS:
        return frozenset((plain,)) if plain else frozenset()
    return frozenset(plain[i : i + PAIR_CHARS] for i in range(len(plain) - PAIR_CHARS + 1))


def _goods_of(found: Extract) -> list[tuple[str, str]]:
    return [*dict.fromkeys([(item.hs or "", item.name) for item in found.items])]


def _goods_facts_of(goods: Sequence[tuple[str, str]]) -> Iterator[Fact]:
    return chain.from_iterable(_goods_facts(hs, name) for hs, name in goods)


@lru_cache(maxsize=4_096)  # the same goods are declared again and again
def _goods_facts(hs: str, name: str) -> frozenset[Fact]:
    pairs = pairs_of(name)
    found = {("hs", hs[:length]) for length in HS_PREFIX_LENGTHS if len(hs) >= length}
    found |= {("goods", pair) for pair in pairs} | {("goods", character) for pair in pairs for character in pair}
    return frozenset(found)


def _plain_facts(found: Extract) -> set[Fact]:
    """What all sections but the goods tell."""
    facts = {(kind, value[:VALUE_CHARS_MAX]) for kind, _, value in found.keys if value}
    for party in found.parties:
        if (what := _PARTIES.get(party.role)) is not None:
            facts.update([(what, number) for number in (party.uscc, party.customs_code) if number])
    for name, head in found.heads.items():
        if name == "status" and head.state:
            facts.add(("status", head.state))
        if name in _OFFICES and head.office is not None:
            office = head.office.value
            facts.update((("office", office[:VALUE_CHARS_MAX]), ("district", office[:DISTRICT_CHARS])))
        if name in _DAYS and (day := head.day()):
            facts.add(("day", day))
    return facts


def _concerned(found: Extract, iss: str) -> set[str]:
    """Whom a record may make a party, whose issuer's number, or whose district, as `views.standing` decides these.

    The company whose UCR it is comes on top.
    """
    concerned = {number for party in found.parties for number in (party.uscc, party.customs_code) if number}
    said = [office for name, head in found.heads.items() if name in HEADS_WITH_OFFICE for office in head.offices()]
    concerned.update([office[:DISTRICT_CHARS] for office in office_numbers(said, found.keys)])
    concerned.add(iss)
    return concerned
