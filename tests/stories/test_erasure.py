"""A person wants her number gone: who may have it erased, what is left, and what bundles say before and after."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from chain.records import AuditErasure, ErasedRecord, Erasure, Source
from chain.records.sections import Party
from chain.sdjwt import SignedRecord
from chain.verify import Verdict, verify_file
from gateway.access.retention import RetentionPolicy
from gateway.client import GatewayClient
from gateway.search_index.facts import flush_pending
from gateway.store.backup import back_up, back_up_keys
from gateway.store.look_ups import secrets_of
from gateway.store.records import source_look_up
from gateway.store.vault import UnopenedPayload
from scripts.commands.erasure_commands import signed_erasures
from scripts.commands.retention_commands import due_plans
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town
from tests.stories.risk_desks import client
from tests.stories.test_who_counts import ucr_of, view

ID_NUMBER = "110101199003070000"
DONE_S = 10.0


def order(town: Town, name: str) -> tuple[str, SignedRecord]:
    """The trader's order of a natural person."""
    ucr = ucr_of(town, name)
    town.name(ucr, "broker")
    signed = town.say("trader", consortium.order(), ucr)
    town.cover()
    return ucr, signed


def bundle(town: Town, slug: str, ucr: str) -> bytes:
    answer = town.get(slug, f"/v1/consignments/{ucr}/bundle")
    assert answer.status_code == 200, answer.text
    return answer.content


def plan(gateway: GatewayClient, subject: str, *sections: str) -> dict[str, Any]:
    return gateway.erasure_plan(subject, sections)


def erase(town: Town, slug: str, subject: str, *sections: str) -> SignedRecord:
    """Erases as the command does, and waits until it is done."""
    with client(town, slug) as gateway:
        (signed,) = signed_erasures(
            town.folder, town.member(slug), plan(gateway, subject, *sections), "she asked us to"
        )
        gateway.submit(signed)
        until = time.monotonic() + DONE_S
        while plan(gateway, subject, *sections)["records"]:
            assert time.monotonic() < until
            time.sleep(0.05)
    town.cover()
    return signed


def why(town: Town, slug: str, ucr: str, record: SignedRecord) -> dict[str, Any]:
    lines = [line for line in view(town, slug, ucr)["withheld"] if line["record"] == record.record_id]
    return {reason["section"]: reason for line in lines for reason in line["why"]}


@pytest.fixture(scope="module")
def erased(town: Town) -> tuple[str, SignedRecord, SignedRecord, bytes]:
    """A consignment, the order in it, its erasure, and the bundle from before."""
    ucr, record = order(town, "GONE")
    before = bundle(town, "trader", ucr)
    return ucr, record, erase(town, "trader", ucr, "parties"), before


def test_the_number_is_gone_and_the_view_says_who_had_it_erased(town: Town, erased: Any) -> None:
    ucr, record, erasure, _ = erased
    for slug in ("trader", "broker", "auditor"):
        reason = why(town, slug, ucr, record)["parties"]
        assert reason["cause"] == "erased"
        told = reason["erasure"]
        assert (told["record"], told["by"], told["rule"]) == (erasure.record_id, town.member("trader").uscc, "issuer")
        assert told["at"] and told["reason"] == "she asked us to"
    seen = view(town, "trader", ucr)
    assert ID_NUMBER not in str(seen) and "Li Hua" not in str(seen)
    assert {line["value"] for line in seen["references"]} >= {"A1"}, "what was not erased is there"
    assert view(town, "auditor", ucr)["completeness"]["is_whole_here"]


def test_bundles_from_before_and_after_are_valid(town: Town, erased: Any) -> None:
    ucr, record, erasure, before = erased
    after = bundle(town, "trader", ucr)
    for content in (before, after):
        assert verify_file(content, town.root).verdict is Verdict.VALID
    shown = {standing.record_id: standing for standing in verify_file(after, town.root).records}
    assert "parties" in shown[record.record_id].withheld and "erasure" not in shown[erasure.record_id].withheld
    single = town.get("trader", f"/v1/records/{record.record_id}/bundle")
    assert verify_file(single.content, town.root).verdict is Verdict.VALID


def test_the_same_record_sent_again_brings_nothing_back(town: Town, erased: Any) -> None:
    ucr, record, _, _ = erased
    assert town.post("trader", "/v1/records", record.serialize()).status_code == 200
    assert ID_NUMBER not in str(view(town, "trader", ucr))


def test_the_company_of_the_ucr_may_have_its_brokers_words_erased_and_the_broker_not_its(town: Town) -> None:
    ucr, own = order(town, "WHOSE")
    declared = town.say("broker", consortium.declaration("010120261000008001"), ucr)
    town.cover()
    with client(town, "broker") as gateway:
        planned = plan(gateway, ucr, "parties")
        assert [line["record"] for line in planned["records"]] == [declared.record_id]
        assert own.record_id in {line["record"] for line in planned["kept"]}
    with client(town, "trader") as gateway:
        planned = plan(gateway, ucr, "parties")
        assert planned["rule"] == "owner"
        assert {own.record_id, declared.record_id} <= {line["record"] for line in planned["records"]}


def statement(town: Town, slug: str, record: SignedRecord, ucr: str, rule: Any, *sections: str) -> Any:
    """What the gateway says to an erasure that its member signed by hand."""
    policy = "0" * 64 if rule == "governor" else None
    line = ErasedRecord(record=record.record_id, sections=sections)
    erasure = Erasure(rule=rule, erased=(line,), reason="because", policy=policy)
    return town.post(slug, "/v1/records", town.sign(slug, AuditErasure(erasure=erasure), ucr).serialize())


@pytest.mark.parametrize(
    ("slug", "rule", "section", "status", "kind"),
    [
        ("broker", "issuer", "parties", 403, "role"),
        ("broker", "owner", "parties", 403, "role"),
        ("customs", "governor", "parties", 403, "role"),
        ("carrier", "issuer", "parties", 403, "role"),
        ("trader", "governor", "parties", 403, "role"),
        ("trader", "issuer", "ucr", 400, "malformed-record"),
        ("trader", "issuer", "names", 400, "malformed-record"),
        ("trader", "issuer", "transport", 400, "malformed-record"),
    ],
)
def test_who_may_not_is_refused_and_nothing_is_erased(
    town: Town, slug: str, rule: str, section: str, status: int, kind: str
) -> None:
    ucr, record = kept(town)
    answer = statement(town, slug, record, ucr, rule, section)
    assert (answer.status_code, str(answer.json()["type"]).rpartition("/")[2]) == (status, kind)
    assert ID_NUMBER in str(view(town, "trader", ucr))


_KEPT: list[tuple[str, SignedRecord]] = []


def kept(town: Town) -> tuple[str, SignedRecord]:
    """The consignment of which nobody erases anything."""
    if not _KEPT:
        _KEPT.append(order(town, "KEPT"))
    return _KEPT[0]


def test_an_erasure_of_other_consignments_and_of_what_is_not_here_is_refused(town: Town) -> None:
    ucr, record = kept(town)
    other = statement(town, "trader", record, ucr_of(town, "ELSEWHERE"), "issuer", "parties")
    assert (other.status_code, other.json()["pointer"]) == (400, "/ucr")
    line = ErasedRecord(record="x" * 43, sections=("parties",))
    unknown = AuditErasure(erasure=Erasure(rule="issuer", erased=(line,), reason="because"))
    answer = town.post("trader", "/v1/records", town.sign("trader", unknown, ucr).serialize())
    assert (answer.status_code, str(answer.json()["type"]).rpartition("/")[2]) == (409, "record-unknown")


GUESSED = "110101198503070042"
"""The number of a person of whom no other record here speaks."""
GUESSES = [f"1101011985030700{last:02d}" for last in range(100)]
"""Numbers that a guesser would try: all that is known but the last two digits."""


def found_in(content: bytes, town: Town, record: SignedRecord) -> set[str]:
    """Which guesses of the number something left here confirms, for one who has every key of the gateway.

    Tried: the number itself; each disclosure with a salt that is left; hashes of the number and of the native message
    with it, as they are and under the store's own key.
    """
    store = town.gateway.services.store
    with store.reading() as connection:
        look_ups = secrets_of(connection).look_ups
    confirmed = set()
    for guess in GUESSES:
        native = sha256(message_of(guess)).digest()
        cited = source_look_up(record.iss, native)
        marks = [guess.encode(), sha256(guess.encode()).digest(), sha256(guess.encode()).hexdigest().encode(), native]
        marks += [native.hex().encode(), cited, look_ups.of_document(cited), look_ups.of_document(native)]
        marks += [look_ups.of_fact(kind, guess).encode() for kind in ("order", "importer", "cop")]
        if any(mark in content for mark in marks):
            confirmed.add(guess)
    return confirmed


def message_of(number: str) -> bytes:
    """The native message that the order was read from, as somebody knows it who knows all but the number."""
    return f"<ceb:Order><orderNo>A1</orderNo><buyerIdNumber>{number}</buyerIdNumber></ceb:Order>".encode()


def opened_payloads(town: Town, file: Path, keys: Path | None) -> bytes:
    """All disclosures that open in a copy of the store, with the data keys and a copy of the payloads' own."""
    vault = town.gateway.services.store.vault
    heads: dict[int, bytes] = {}
    if keys is not None:
        with closing(sqlite3.connect(keys)) as copy:
            heads = dict(copy.execute("SELECT record_seq, head FROM payload_keys"))
    opened = b""
    with closing(sqlite3.connect(file)) as copy:
        asked = "SELECT record_seq, record_id, disclosures FROM payloads JOIN records ON seq = record_seq"
        for seq, record_id, body in copy.execute(asked):
            try:
                opened += b"" if body is None else vault.unpack_secret(heads.get(seq, b"") + body, record_id)
            except UnopenedPayload:
                continue
    return opened


def test_nothing_left_anywhere_confirms_a_guess_of_the_number(town: Town, tmp_path: Path) -> None:
    """Store, log, index, chain and a backup from before, with every key that the gateway has today."""
    ucr = ucr_of(town, "GUESSED")
    source = Source(kind="CEB311", sha256=sha256(message_of(GUESSED)).hexdigest())
    buyer = Party(role="buyer", name="Wang Fang", id_number=GUESSED)
    said = consortium.order().model_copy(update={"source": source, "parties": (buyer,)})
    record = town.say("trader", said, ucr)
    town.cover()
    store, folder = town.gateway.services.store, town.folder.path
    while flush_pending(store):
        pass
    back_up(store, tmp_path / "copy")
    back_up_keys(store, tmp_path / "keys")

    def left() -> bytes:
        store.purge_log()
        files = [*(folder / "gateway").rglob("*"), *(folder / "node").rglob("*"), tmp_path / "copy"]
        return b"".join(file.read_bytes() for file in files if file.is_file())

    assert found_in(left(), town, record) == {GUESSED}, "before, the store's own look-up of the message tells it"
    assert found_in(opened_payloads(town, tmp_path / "copy", tmp_path / "keys"), town, record) == {GUESSED}
    erase(town, "trader", record.record_id, "parties")
    back_up_keys(store, tmp_path / "keys")
    assert found_in(left(), town, record) == set()
    assert found_in(opened_payloads(town, tmp_path / "copy", tmp_path / "keys"), town, record) == set()
    assert found_in(opened_payloads(town, tmp_path / "copy", None), town, record) == set()


def test_retention_lists_what_is_due_of_ones_own_and_erases_it(town: Town) -> None:
    ucr, record = order(town, "KEPTLONG")
    name = {
        "types": "trade.order",
        "sections": ["parties"],
        "purpose": "order kept",
        "purpose_zh": "订单保存期",
    }
    text = {"format": "tongguan-retention-policy/1", "governors_erase": []}

    def policy(days: int) -> RetentionPolicy:
        period = name | {"days": days, "after": "last-record"}
        return RetentionPolicy.parse(json.dumps(text | {"periods": [period]}).encode())

    with client(town, "trader") as gateway:
        assert due_plans(gateway, policy(1), time.time()) == []
        due = due_plans(gateway, policy(0), time.time() + 60)
        (own,) = [plan for plan in due if plan["subject"] == record.record_id]
        for signed in signed_erasures(town.folder, town.member("trader"), own, own["reason"]):
            gateway.submit(signed)
        town.cover()
        until = time.monotonic() + DONE_S
        while plan(gateway, record.record_id, "parties")["records"]:
            assert time.monotonic() < until
            time.sleep(0.05)
    told = why(town, "trader", ucr, record)["parties"]["erasure"]
    assert told["reason"] == "kept 0 days: order kept · 订单保存期"
