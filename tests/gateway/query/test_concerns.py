"""Whom a consignment may concern: more than take part, never fewer; and asking costs the same for what is not there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from chain.errors import NotFound
from chain.records import parse_record
from chain.records.base import Record
from chain.records.customs import CustomsRequest
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.sections import Party
from chain.records.tax import TaxAssessment, TaxPayment
from gateway.access.participation import conditions_for, participation_of
from gateway.access.policy import Condition
from gateway.query.documents import find_citations
from gateway.query.references import ReferenceQuestion, find_of_concern
from gateway.query.search import Question, propose
from gateway.search_index.candidates import require_concern, whom_of
from gateway.search_index.facts import Findable, findable, pack_findable, write_findables
from gateway.store import references as stored_references
from gateway.store.look_ups import WAITING_FACTS, look_ups_of, secrets_of
from gateway.store.model import documents, entries, records, references, search_waiting, search_waiting_lanes
from gateway.store.references import find_statements
from gateway.store.store import Store
from gateway.store.vault import DataKeys, Vault
from tests.gateway.query.consortium import (
    BROKER,
    CARRIER,
    MEMBERS,
    NUMBER,
    OTHER_BROKER,
    TIANJIN,
    TRADER,
    UCR,
    PaperChain,
    PaperDirectory,
    assessment,
    declaration,
    departure,
    order,
    status,
    waybill,
)

DIRECTORY = PaperDirectory()
TIANJIN_OFFICE = {"system": "cn-customs-office", "value": "0202"}
OTHER_UCR = f"6CN{OTHER_BROKER.uscc}-0002"


TAXES = {"lines": [{"kind": "duty", "amount": {"value": "13.00", "currency": "CNY"}}]}


def in_district(model: type[Record], head: str, said: dict[str, object], **rest: object) -> Record:
    """A record of which nothing but an office in its head makes the consignment one of Tianjin's."""
    return model.model_validate({head: {**said, "office": TIANJIN_OFFICE}, **rest})


NAMING_TWO = TransportDocument(
    transport_document=TransportDocumentHead(kind="air_waybill", number="2"),
    parties=(Party(role="carrier", uscc=CARRIER.uscc), Party(role="notify", customs_code=TIANJIN.customs_code)),
)
SAID = (
    order().with_names([CARRIER.uscc, BROKER.uscc]),
    waybill().with_names([OTHER_BROKER.uscc]),
    departure(),
    declaration(),
    declaration(broker=OTHER_BROKER),
    declaration(border_office=TIANJIN_OFFICE),
    declaration(number="020120261000000017"),
    status("ACCEPTED", "08:10:00").with_names([BROKER.uscc]),
    assessment(),
    in_district(TransportDocument, "transport_document", {"kind": "air_waybill", "number": "1"}),
    in_district(CustomsRequest, "request", {"kind": "cancel"}),
    in_district(TaxAssessment, "assessment", {"number": "1"}, taxes=TAXES),
    in_district(TaxPayment, "tax_payment", {"certificate": "1"}, taxes=TAXES),
    NAMING_TWO,
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(MEMBERS), st.sampled_from(SAID), st.sampled_from([(UCR,), (UCR, OTHER_UCR)])))
)
def test_whoever_meets_a_condition_in_a_consignment_is_among_those_it_may_concern(
    told: list[tuple[object, Record, tuple[str, ...]]],
) -> None:
    chain = PaperChain()
    for member, record, ucrs in told:
        chain.say(member, record, *ucrs)  # type: ignore[arg-type]
    found = [findable(one.signed, parse_record(one.signed)) for one in chain.held]
    concerned = {whom for one in found if one for whom, ucr in one.concerns if ucr == UCR}
    standing = participation_of(UCR, tuple(chain.held), DIRECTORY)
    for member in MEMBERS if chain.held else ():
        conditions = conditions_for(member.reader, standing, DIRECTORY)
        sponsored = [one.uscc for one in MEMBERS if one.sponsor == member.uscc]
        assert conditions == {Condition.ALWAYS} or concerned & {*whom_of(member.reader, sponsored)}, member


def test_each_office_by_which_customs_takes_part_makes_the_consignment_a_concern_of_its_district() -> None:
    """So that none of the records above is left out by chance."""
    for record in SAID[9:13]:
        held = PaperChain().say(TRADER, record)
        assert Condition.DISTRICT in conditions_for(
            TIANJIN.reader, participation_of(UCR, (held,), DIRECTORY), DIRECTORY
        ), record
        found = findable(held.signed, parse_record(held.signed))
        assert found is not None and ("02", UCR) in found.concerns, record


# Work is counted in steps of SQLite's machine: each row looked at takes some, in whatever table.

FILE = sha256(b"a file").digest()
WHOM = ["STRANGER", "1101900099", "11"]


@pytest.fixture(params=["nothing of its own", "three consignments of its own"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store where others have said one number 40 times, and a stranger who has said other things, or nothing."""
    with opened(f"sqlite:///{tmp_path}/store.sqlite", own=3 * request.param.startswith("three")) as store:
        yield store


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """The same on each kind of database."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/store.sqlite" if is_sqlite else request.getfixturevalue("postgres_url")
    with opened(url, own=3) as store:
        yield store


@contextmanager
def opened(url: str, *, own: int) -> Iterator[Store]:
    store = Store.open(url, Vault(DataKeys("1", {"1": bytes(32)})))
    with store.writing() as connection:
        for place in range(1, 41):
            _put(connection, place, f"6CN{TRADER.uscc}-{place}", NUMBER, [TRADER.uscc, "0101900002"])
        for place in range(41, 41 + own):
            _put(connection, place, f"6CN{OTHER_BROKER.uscc}-{place}", f"OWN{place}", WHOM[:1])
    yield store
    store.close()


def _put(connection: Connection, seq: int, ucr: str, number: str, whom: list[str], *, waits: bool = False) -> None:
    """One record in the tables that are asked, and nowhere else."""
    known = {"record_id": f"{seq:043}", "iss": whom[0], "jti": str(seq), "vct": "customs.declaration", "kid": "k"}
    times = {"iat": 0, "state": "accepted", "accepted_at": 0, "anchor_by": 0, "entry_count": 1}
    connection.execute(insert(records).values(seq=seq, **known, **times))
    tag, digest = _tag(ucr), seq.to_bytes(32)
    connection.execute(insert(entries).values(record_seq=seq, ordinal=0, ucr=ucr, tag=tag, entry_digest=digest))
    key = look_ups_of(connection)
    look_up, rest = key.of_reference("declaration", number)
    keyed = {"kind": "declaration", "scope": "", "said_on": "", "look_up": look_up, "look_up_rest": rest}
    connection.execute(insert(references).values(record_seq=seq, ordinal=0, **keyed))
    connection.execute(insert(documents).values(record_seq=seq, look_up=key.of_document(FILE)))
    facts = Findable([ucr], [("declaration", number), ("hs", "84")], [(one, ucr) for one in whom])
    if waits:
        sealed = secrets_of(connection).vault.seal(pack_findable(facts), WAITING_FACTS)
        connection.execute(insert(search_waiting).values(record_seq=seq, facts=sealed))
        connection.execute(insert(search_waiting_lanes).values(record_seq=seq, prefix=tag[:8]))
    else:
        write_findables(connection, [(seq, facts)])


def _tag(ucr: str) -> bytes:
    return sha256(ucr.encode()).digest()[:16]


def steps(store: Store, ask: Callable[[Connection], object]) -> tuple[int, object]:
    """How many steps the database took, and what was answered."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    with store.reading() as connection:
        ask(connection)  # what is prepared once is prepared
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(count, 1)
        try:
            answered = ask(connection)
        finally:
            driver.set_progress_handler(None, 0)
    return counted[0], answered


def number_of(value: str) -> ReferenceQuestion:
    return ReferenceQuestion.parse("declaration", "", value, "")


def looked_at(ucr: str, whom: list[str]) -> Callable[[Connection], object]:
    def ask(connection: Connection) -> bool:
        try:
            require_concern(connection, ucr, [_tag(ucr)[:8]], whom)
        except NotFound:
            return False
        return True

    return ask


def test_a_number_that_others_said_takes_a_stranger_as_many_steps_as_one_that_nobody_said(store: Store) -> None:
    there = steps(store, lambda c: find_of_concern(c, number_of(NUMBER), WHOM))
    nowhere = steps(store, lambda c: find_of_concern(c, number_of("010120261000000018"), WHOM))
    assert there == nowhere
    assert there[1] == ([], True) and there[0] > 10


def test_a_search_for_what_others_have_takes_a_stranger_as_many_steps_as_one_for_what_nobody_has(store: Store) -> None:
    for there, nowhere in ({"declaration": NUMBER}, {"declaration": "NOBODYS"}), ({"hs": "84"}, {"hs": "99"}):
        hit = steps(store, lambda c, said=there: propose(c, Question.parse(said), WHOM[1:], "", 10))
        miss = steps(store, lambda c, said=nowhere: propose(c, Question.parse(said), WHOM[1:], "", 10))
        assert hit == miss and hit[1] == []


def test_a_consignment_that_is_there_takes_a_stranger_as_many_steps_as_one_that_is_not(store: Store) -> None:
    there = steps(store, looked_at(f"6CN{TRADER.uscc}-1", WHOM))
    nowhere = steps(store, looked_at(f"6CN{TRADER.uscc}-999", WHOM))
    assert there == nowhere
    assert there[1] is False


def test_a_file_that_others_cite_takes_a_stranger_one_look_a_citation_and_shows_nothing(store: Store) -> None:
    """A digest has 256 bits: only who has the file can ask. What is left is a look for each record that cites it."""
    there = steps(store, lambda c: find_citations(c, FILE, WHOM[1:]))
    nowhere = steps(store, lambda c: find_citations(c, bytes(32), WHOM[1:]))
    assert there[1] == nowhere[1] == ([], True)
    cited = 40 + (3 if steps(store, looked_at(f"6CN{OTHER_BROKER.uscc}-41", WHOM))[1] else 0)
    assert there[0] - nowhere[0] < 80 * cited


def test_who_is_concerned_finds_number_consignment_and_file(either_store: Store) -> None:
    store = either_store
    whom, ucr = [TRADER.uscc], f"6CN{TRADER.uscc}-1"
    with store.reading() as connection:
        found, _ = find_of_concern(connection, number_of(NUMBER), whom)
        assert len(found) == 40 and {
            one.ucr for one in find_statements(connection, number_of(NUMBER).number, found)
        } == {*found}
        assert looked_at(ucr, whom)(connection) is True
        assert len(find_citations(connection, FILE, whom)[0]) == 40


def test_who_is_concerned_finds_what_waits_to_be_spread_and_a_stranger_does_not(
    either_store: Store,
) -> None:
    store = either_store
    ucr = f"6CN{TRADER.uscc}-NEW"
    with store.writing() as connection:
        _put(connection, 100, ucr, "NEW", [BROKER.uscc, TRADER.uscc], waits=True)
    for whom, is_there in (([BROKER.uscc], True), ([TRADER.uscc], True), (WHOM, False)):
        with store.reading() as connection:
            assert find_of_concern(connection, number_of("NEW"), whom) == ([ucr] * is_there, True)
            assert looked_at(ucr, whom)(connection) is is_there
            assert (ucr in {found for found, _ in find_citations(connection, FILE, whom)[0]}) is is_there


def test_what_waits_makes_what_is_settled_cost_a_stranger_no_more(store: Store) -> None:
    with store.writing() as connection:
        _put(connection, 100, f"6CN{TRADER.uscc}-NEW", "NEW", [BROKER.uscc], waits=True)
        # A key behind all others: to come to the end of the index is a step less, whosever number it is.
        last = {"kind": "order", "scope": "", "said_on": "", "look_up": (1 << 63) - 1, "look_up_rest": 0}
        connection.execute(insert(references).values(record_seq=100, ordinal=1, **last))
    asked = [looked_at(f"6CN{TRADER.uscc}-{place}", WHOM) for place in (1, 999)]
    asked += [lambda c, n=n: find_of_concern(c, number_of(n), WHOM) for n in (NUMBER, "010120261000000018")]
    taken = [steps(store, one) for one in asked]
    assert taken[0] == taken[1] and taken[2] == taken[3]


def test_for_a_reader_with_very_many_consignments_the_number_leads_to_the_same_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.writing() as connection:
        for place in range(300, 500):
            _put(connection, place, f"6CN{BROKER.uscc}-{place}", NUMBER if place < 303 else f"N{place}", [BROKER.uscc])
    own_first, found = steps(store, lambda c: find_of_concern(c, number_of(NUMBER), [BROKER.uscc]))
    monkeypatch.setattr(stored_references, "OWN_FIRST_MAX", 100)
    number_first, again = steps(store, lambda c: find_of_concern(c, number_of(NUMBER), [BROKER.uscc]))
    assert found == again == ([f"6CN{BROKER.uscc}-{place}" for place in range(300, 303)], True)
    assert number_first < own_first
