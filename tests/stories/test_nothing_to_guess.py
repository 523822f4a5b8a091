"""Guessing: for a stranger, what is there costs what is not there costs, on every route; who is concerned finds it at
once, also while facts of a large upload wait to be flushed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import event, func, select

import gateway.app
from chain.errors import NotFound
from chain.identifiers import Uscc
from chain.proof.own_number import OwnNumber
from chain.records.base import Document, Reference, Source
from chain.records.customs import CustomsDeclaration, DeclarationHead
from chain.records.scalars import Code
from chain.records.sections import GoodsItem, Party
from chain.records.tax import InvoiceHead, TaxInvoice
from gateway.access.records import Reader
from gateway.query import loader
from gateway.query.queries import Queries
from gateway.query.references import ReferenceQuestion
from gateway.store.model import search_waiting
from tests.stories.local_consortium import Town

USED, UNUSED = "GUESSED-1", "GUESSED-2"
NUMBER, NOBODYS_NUMBER = "010020261000000991", "010020261000000992"
FILE, NOBODYS_FILE = sha256(b"the contract of sale"), sha256(b"another contract")


def declaration(town: Town, number: str) -> CustomsDeclaration:
    return CustomsDeclaration(
        references=(Reference(kind="declaration", value=number),),
        declaration=DeclarationHead.model_validate(
            {"number": number, "direction": "I", "office": {"system": "cn-customs-office", "value": "0101"}}
        ),
        parties=(
            Party(role="trader", uscc=Uscc(town.member("trader").uscc)),
            Party(role="agent", uscc=Uscc(town.member("broker").uscc)),
        ),
        goods_items=(GoodsItem(ordinal=1, name="量子纠缠仪"),),
        documents=(
            Document(kind=Code(system="cn-document", value="contract"), name="contract.pdf", sha256=FILE.hexdigest()),
        ),
    )


@contextmanager
def work_of_this_thread(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is done meanwhile: each statement to the store, each record opened, each question to the chain."""
    done: list[str] = []
    thread, engine = threading.get_ident(), town.gateway.services.store.engine

    def note(what: str) -> None:
        if threading.get_ident() == thread:
            done.append(what)

    def executed(_c: object, _cursor: object, statement: str, _p: object, _x: object, _many: bool) -> None:
        note(statement)

    opened, asked = loader.open_signed, town.ledger.checkpoint_count
    event.listen(engine, "before_cursor_execute", executed)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(loader, "open_signed", lambda *args: (note("record opened"), opened(*args))[1])
            patch.setattr(town.ledger, "checkpoint_count", lambda *args: (note("chain asked"), asked(*args))[1])
            yield done
    finally:
        event.remove(engine, "before_cursor_execute", executed)


def reader(town: Town, slug: str, queries: Queries) -> Reader:
    snapshot, uscc = town.gateway.services.registry.snapshot(), town.member(slug).uscc
    return Reader(uscc, snapshot.get_active_member(uscc).roles, queries.context.directory().customs_code(uscc))


@pytest.mark.parametrize("stranger", ["gateway", "terminal", "carrier"])
def test_each_route_does_the_same_for_a_stranger_whether_or_not_it_guessed_right(
    town: Town, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = town.member("trader").uscc
    there, nowhere = f"6CN{trader}-Y{stranger.upper()}", f"6CN{trader}-N{stranger.upper()}"
    town.name(there, "broker")
    town.say("broker", declaration(town, NUMBER), there)
    billed = TaxInvoice(references=(Reference(kind="invoice", value=USED),), invoice=InvoiceHead(number=USED))
    town.say("trader", billed, there)
    town.cover()
    queries = Queries(town.gateway.services)
    asks = reader(town, stranger, queries)

    def refused(read: Callable[[Reader, str], object]) -> Callable[[str], object]:
        def ask(ucr: str) -> str:
            with pytest.raises(NotFound) as caught:
                read(asks, ucr)
            return str(caught.value).replace(ucr, "UCR")  # or the number

        return ask

    questions: list[tuple[Callable[[Any], object], Any, Any]] = [
        (refused(queries.consignments.view), there, nowhere),
        (refused(queries.consignments.bundle), there, nowhere),
        (refused(queries.consignments.explanation), there, nowhere),
        (refused(queries.read_history.reads), there, nowhere),
        (
            lambda number: (
                queries.references.consignments_of(asks, ReferenceQuestion.parse("declaration", "", number, "")).ucrs
            ),
            NUMBER,
            NOBODYS_NUMBER,
        ),
        (lambda file: queries.documents.citations(asks, file.digest()).cited_by, FILE, NOBODYS_FILE),
        (
            refused(lambda asks, number: queries.numbers.single_use(asks, OwnNumber.of(trader, number))),
            USED,
            UNUSED,
        ),
        (lambda number: queries.search.page(asks, {"declaration": number}), NUMBER, NOBODYS_NUMBER),
        (lambda number: queries.search.count(asks, {"declaration": number}), NUMBER, NOBODYS_NUMBER),
        (lambda words: queries.search.page(asks, {"goods": words}), "量子纠缠", "量子称重"),
    ]
    for ask, right, wrong in questions:
        ask(wrong), ask(right)  # what is kept from the first time is kept
        with work_of_this_thread(town, monkeypatch) as for_wrong:
            answered_wrong = ask(wrong)
        with work_of_this_thread(town, monkeypatch) as for_right:
            answered_right = ask(right)
        assert answered_right == answered_wrong
        assert for_right == for_wrong and for_wrong
        assert "record opened" not in for_right


def test_who_takes_part_does_more_so_that_the_test_above_would_see_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = town.member("trader").uscc
    there, nowhere = f"6CN{trader}-KNOWN", f"6CN{trader}-UNKNOWN"
    town.name(there, "broker")
    town.say("broker", declaration(town, NUMBER), there)
    town.cover()
    queries = Queries(town.gateway.services)
    asks = reader(town, "trader", queries)
    with work_of_this_thread(town, monkeypatch) as done:
        queries.consignments.view(asks, there)
        assert "record opened" in done
    with work_of_this_thread(town, monkeypatch) as done, pytest.raises(NotFound):
        queries.consignments.view(asks, nowhere)
    assert "record opened" not in done


def plain(answer: dict[str, object], said: str) -> str:
    """The answer without what was asked and the random name of the request."""
    return json.dumps({name: value for name, value in answer.items() if name != "trace_id"}).replace(said, "SAID")


def test_answers_to_a_stranger_differ_in_nothing_but_what_it_said(town: Town) -> None:
    trader = town.member("trader").uscc
    there, nowhere = f"6CN{trader}-SAME", f"6CN{trader}-NONE"
    town.name(there, "broker")
    town.say("broker", declaration(town, NUMBER), there)
    town.cover()
    for path in ("/v1/consignments/{}", "/v1/consignments/{}/bundle", "/v1/consignments/{}/explanation"):
        answers = [town.get("terminal", path.format(ucr)) for ucr in (there, nowhere)]
        assert [one.status_code for one in answers] == [404, 404]
        assert plain(answers[0].json(), there) == plain(answers[1].json(), nowhere)
        assert {*answers[0].headers} == {*answers[1].headers}
    logs = [town.get("terminal", "/v1/access-log", ucr=ucr) for ucr in (there, nowhere)]
    assert plain(logs[0].json(), there) == plain(logs[1].json(), nowhere) and logs[0].status_code == 404
    for path, right, wrong in (
        ("/v1/documents/{}", FILE.hexdigest(), NOBODYS_FILE.hexdigest()),
        ("/v1/references/declaration?value={}", NUMBER, NOBODYS_NUMBER),
    ):
        answers = [town.get("terminal", path.format(said)) for said in (right, wrong)]
        assert plain(answers[0].json(), right) == plain(answers[1].json(), wrong)


def test_a_members_own_numbers_are_found_the_moment_a_large_upload_is_taken(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.app, "flush_pending", lambda *_: 0)
    trader, broker = town.member("trader").uscc, town.member("broker").uscc
    ucrs = [f"6CN{trader}-BULK{place}" for place in range(40)]
    numbers = [f"0100202610000{place:05}" for place in range(70_000, 70_040)]
    lines = [
        json.dumps(town.sign("trader", declaration(town, number).with_names([broker]), ucr).serialize())
        for number, ucr in zip(numbers, ucrs, strict=True)
    ]
    taken = town.post("trader", "/v1/records/bulk", "\n".join(lines) + "\n", "application/x-ndjson")
    assert taken.status_code == 200 and taken.text.count("receipt") >= len(lines), taken.text[:500]
    with town.gateway.services.store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(search_waiting)).scalar() == len(lines)
    for slug in ("broker", "trader"):
        for number, ucr in zip(numbers[:3], ucrs[:3], strict=True):
            assert town.get(slug, "/v1/references/declaration", value=number).json()["ucrs"] == [ucr]
            assert town.get(slug, f"/v1/consignments/{ucr}").status_code == 200
        cited = town.get(slug, f"/v1/documents/{FILE.hexdigest()}").json()["cited_by"]
        assert {one["ucr"] for one in cited} >= {*ucrs}
    # Who may ask for any such number needs no facts, and a stranger is told nothing.
    assert town.get("customs", "/v1/references/declaration", value=numbers[0]).json()["ucrs"] == [ucrs[0]]
    assert town.get("auditor", f"/v1/consignments/{ucrs[0]}").status_code == 200
    assert town.get("carrier", "/v1/references/declaration", value=numbers[0]).json()["ucrs"] == []
    assert town.get("carrier", f"/v1/consignments/{ucrs[0]}").status_code == 404
    assert town.get("carrier", f"/v1/documents/{FILE.hexdigest()}").json()["cited_by"] == []


def test_the_native_file_that_was_sent_answers_with_its_record_to_its_sender_alone(town: Town) -> None:
    native = sha256(b"<DecMessage>as it was sent</DecMessage>").hexdigest()
    ucr = f"6CN{town.member('trader').uscc}-NATIVE"
    record = declaration(town, "010020261000000777").model_copy(
        update={"source": Source(kind="DecMessage", sha256=native)}
    )
    town.say("broker", record, ucr)
    town.cover()
    cited = town.get("broker", f"/v1/documents/{native}").json()["cited_by"]
    assert [(line["ucr"], line["type"]) for line in cited] == [(ucr, "customs.declaration")]
    for other in ("trader", "customs", "carrier", "auditor"):
        assert town.get(other, f"/v1/documents/{native}").json()["cited_by"] == []


def spoken(number: Reference) -> CustomsDeclaration:
    """A declaration that names nobody, so that its sayer takes no part in the consignment."""
    office = {"system": "cn-customs-office", "value": "0101"}
    head = DeclarationHead.model_validate({"number": "010020261000000905", "direction": "I", "office": office})
    return CustomsDeclaration(references=(number,), declaration=head)


@pytest.mark.parametrize("number", [Reference(kind="pre", value="I904"), Reference(kind="cop", value="TQ904")])
def test_a_number_that_a_member_said_itself_is_found_by_it_and_by_no_stranger(town: Town, number: Reference) -> None:
    ucr = f"6CN{town.member('trader').uscc}-SAID{number.kind.upper()}"
    others = Reference(kind=number.kind, value=f"{number.value}-of-others")
    town.say("broker", spoken(number), ucr)
    town.say("trader", spoken(others), ucr)

    def find(slug: str, value: str) -> list[str]:
        return list(town.get(slug, f"/v1/references/{number.kind}", value=value).json()["ucrs"])

    assert find("broker", number.value) == [ucr]
    assert find("trader", others.value) == [ucr], "the owner takes part"
    assert find("trader", number.value) == find("customs", number.value) == [], "saying a number gives nothing"
    assert find("broker", others.value) == [], "its own words make it no party"
    assert find("terminal", number.value) == find("terminal", others.value) == []


def test_what_others_say_of_a_number_neither_adds_to_ones_own_words_nor_hides_them(town: Town) -> None:
    number = Reference(kind="pre", value="I906")
    both = [f"6CN{town.member('trader').uscc}-BOTH{place}" for place in range(2)]
    town.say("broker", spoken(number), *both)
    before = town.get("broker", "/v1/references/pre", value=number.value).json()["ucrs"]
    town.say("trader", spoken(number), both[0])
    after = town.get("broker", "/v1/references/pre", value=number.value).json()["ucrs"]
    assert before == after == both
