"""What a consignment can be found by: short facts of its records, written when a record is accepted.

One function derives facts from a record's *disclosed* sections. Intake calls it with everything disclosed, to fill the
tables; search calls it again with what the reader sees, and only a fact found there counts. So only what the reader may
see can match, whatever the tables hold. Free text in goods names is kept as pairs of neighbouring characters, which
finds Chinese words of two characters and needs no tokenizer, no LIKE and no feature of one database alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from chain.errors import Malformed
from chain.identifiers import Ucr
from chain.lifecycle import RecordState
from chain.records import Record, parse_record
from chain.records.base import Reference
from chain.sdjwt import ACCESS_TYPE, SignedRecord
from gateway.access.participation import HEADS_WITH_OFFICE, office_numbers
from gateway.access.records import DISTRICT_CHARS, HeldRecord, passing
from gateway.search_index.extract import Extract, ReferenceRow, extract, extract_shown, references_of
from gateway.store.model import FACT_CHARS_MAX, WHOM_CHARS_MAX
from gateway.store.records import delete_look_ups, insert_look_ups, open_signed, source_look_up
from gateway.store.search import (
    delete_facts,
    facts_form,
    insert_facts,
    records_to_index,
    set_facts_form,
    take_waiting,
    waiting_bounds,
)
from gateway.store.store import Store, Transaction

FACTS_MAX = 4_000
"""Most facts of one record; a declaration of 999 goods items keeps the first of them."""
FACTS_FORM = 2
"""Grows when other facts are told of the same records: then a starting gateway derives them anew."""
ROWS_PER_LOOK = 500
HS_PREFIX_LENGTHS: Final = (2, 4, 6, 8, 10)
PAIR_CHARS = 2

FLUSH_LAG_RECORDS_MAX = 100_000
"""With more records waiting than this, flushing no longer gives way to uploads."""
FLUSH_RECORDS_MAX = 64
"""Records whose facts are flushed in one transaction: some 20 ms, which is what others who write wait for it."""

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
        "origin_certificate",
    }
)
ANY_RULE: Final = "any"
"""Stands beside the rule's id in each finding's facts, so that all findings can be listed."""
_IMPORTERS: Final = ("importer", "trader", "consignee", "owner", "buyer", "merchant", "purchaser", "taxpayer")
_BROKERS: Final = ("agent", "declarant")
_PARTIES: Final = dict.fromkeys(_IMPORTERS, "importer") | dict.fromkeys(_BROKERS, "broker")
"""Role of a party to the fact that it tells."""
_DAYS: Final = frozenset({"declaration", "status", "event", "order"})
"""The sections whose day is searched for."""
_OFFICES: Final = frozenset({"declaration", "request", "assessment"})


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
    if signed.vct == ACCESS_TYPE:
        return None
    # Whoever writes the references too has their keys already.
    keys = frozenset([one[:3] for one in references_of(signed, record)]) if reference_keys is None else reference_keys
    found = extract(signed, keys) if signed.fits_model else extract_shown(passing(signed, keys))
    ucrs = [ucr for _, ucr in signed.ucr_elements() if ucr is not None]
    named = _concerned(found, signed.iss, map(str, signed.section("names")))
    concerns = [(whom, ucr) for ucr in ucrs for whom in sorted(named | {Ucr(ucr).company[:WHOM_CHARS_MAX]})]
    if signed.withdraws:
        return Findable(ucrs, [], concerns)  # it states nothing, but whom it names may look
    return Findable(ucrs, sorted(_plain_facts(found)), concerns, _goods_of(found))


def write_findables(connection: Transaction, findables: Sequence[tuple[int, Findable]]) -> None:
    """Writes facts (sequence number of their record, facts) so that search finds them, in the caller's transaction."""
    rows = [(kind, value, ucr, seq) for seq, one in findables for kind, value in one.all_facts() for ucr in one.ucrs]
    insert_facts(connection, rows, {concern for _, one in findables for concern in one.concerns})


def flush_pending(store: Store, count: int = FLUSH_RECORDS_MAX) -> int:
    """Makes the facts of so many records that wait findable; how many more wait, at most."""
    with store.reading() as connection:
        bounds = waiting_bounds(connection)
    if bounds is None:
        return 0
    with store.writing(derived=True) as connection:
        packed = take_waiting(connection, count)
        write_findables(connection, [(seq, unpack_findable(facts)) for seq, facts in packed])
    return bounds[1] - packed[-1][0] if packed else 0


def fill_once(store: Store) -> bool:
    """Derives the facts of all records once for each `FACTS_FORM` (some 150 µs each); whether it was not done yet."""
    with store.writing() as connection:
        if facts_form(connection) == FACTS_FORM:
            return False
        delete_facts(connection)
        delete_look_ups(connection)
        after = 0
        while records := records_to_index(connection, after, ROWS_PER_LOOK):
            findables, look_ups = [], []
            for record in records:
                signed = open_signed(store.vault, record.record_id, record.jwt, record.disclosures)
                derived = _derive(signed)
                if derived.findable is not None:
                    findables.append((record.seq, derived.findable))
                look_ups.append((record.seq, derived.references, derived.documents))
            write_findables(connection, findables)
            insert_look_ups(connection, look_ups)
            after = records[-1].seq
        set_facts_form(connection, FACTS_FORM)
    return True


class _Derived(NamedTuple):
    """By what one record is found."""

    findable: Findable | None
    references: Sequence[ReferenceRow]
    documents: Sequence[bytes]


def _derive(signed: SignedRecord) -> _Derived:
    """By what a record is found that may be erased in part, or be no record of today's form."""
    if signed.vct == ACCESS_TYPE:
        return _Derived(None, (), ())
    if signed.is_fully_disclosed():
        try:
            record = parse_record(signed)
        except Malformed:
            # Another gateway anchored it: it is kept, and found by nothing.
            return _Derived(None, (), ())
        return _Derived(findable(signed, record), references_of(signed, record), cited_by(signed, record))
    record_left = HeldRecord(signed, RecordState.ACCEPTED)
    ucrs = [ucr for _, ucr in signed.ucr_elements() if ucr is not None]
    named = _concerned(extract_shown(record_left), signed.iss, map(str, signed.section("names")))
    concerns = [(whom, ucr) for ucr in ucrs for whom in sorted(named | {Ucr(ucr).company[:WHOM_CHARS_MAX]})]
    references = [Reference.model_validate(value) for value in signed.section("references")]
    return _Derived(
        Findable(ucrs, [] if signed.withdraws else sorted(facts_of(record_left)), concerns),
        [(*reference.key, reference.on) for reference in references],
        _cited_files(signed),
    )


def cited_by(signed: SignedRecord, record: Record) -> list[bytes]:
    """Under what the files that a record cites, and its own native message, are looked up."""
    cited: list[bytes] = []
    if "documents" in signed.sections:
        digests = {document.sha256 for document in record.documents if document.sha256 is not None}
        cited = [bytes.fromhex(digest) for digest in sorted(digests)]
    if record.source is not None:
        cited.append(source_look_up(signed.iss, bytes.fromhex(record.source.sha256)))
    return cited


def _cited_files(signed: SignedRecord) -> list[bytes]:
    """The same of what is left of a record."""
    listed = [value for values in signed.section("documents") if isinstance(values, list) for value in values]
    cited = {str(value["sha256"]) for value in listed if isinstance(value, dict) and value.get("sha256")}
    sources = [value for value in signed.section("source") if isinstance(value, dict)]
    own = [source_look_up(signed.iss, bytes.fromhex(str(source["sha256"]))) for source in sources]
    return [*(bytes.fromhex(digest) for digest in sorted(cited)), *own]


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
    facts = {(kind, value[:FACT_CHARS_MAX]) for kind, _, value in found.keys if value}
    for party in found.parties:
        if (what := _PARTIES.get(party.role)) is not None:
            facts.update([(what, number) for number in (party.uscc, party.customs_code) if number])
    for name, head in found.heads.items():
        if name == "status" and head.state:
            facts.add(("status", head.state))
        if name == "finding" and head.rule:
            facts.update([("finding", head.rule), ("finding", ANY_RULE), ("severity", head.severity or "")])
        if name in _OFFICES and head.office is not None:
            office = head.office.value
            facts.update((("office", office[:FACT_CHARS_MAX]), ("district", office[:DISTRICT_CHARS])))
        if name in _DAYS and (day := head.day()):
            facts.add(("day", day))
    return facts


def _concerned(found: Extract, iss: str, names: Iterable[str]) -> set[str]:
    """Its issuer, whom it names, and the districts that it says: whoever may take part by it, as `participation_of`
    decides.

    The company whose UCR it is comes on top.
    """
    concerned = {*names}
    said = [office for name, head in found.heads.items() if name in HEADS_WITH_OFFICE for office in head.offices()]
    concerned.update([office[:DISTRICT_CHARS] for office in office_numbers(said, found.keys)])
    concerned.add(iss)
    return concerned
