"""Three gateways on one chain: what is given to one is in the views of all, whatever the others do."""

from __future__ import annotations

import json
import random
from typing import Any

import httpx
import pytest

from chain.encoding import write_json
from chain.proof.hashes import sha256
from chain.verify import Verdict, verify_file
from gateway.client import GatewayClient
from scripts.commands.replication_commands import status_text
from scripts.rebuild import rebuild
from tests.gateway.query import consortium
from tests.gateway.replication.region import SEATS, Office, Region, await_true

TRADER = SEATS["beijing"][0]
NUMBER = "020220261000000017"


def _tell(region: Region, name: str) -> str:
    """A sea import that enters at Tianjin: each organisation says its part at its own gateway."""
    ucr = f"6CN{TRADER}-{name}"
    _name_all(region, ucr)
    region.say("tianjin", consortium.waybill(), ucr)
    region.say("beijing", consortium.declaration(NUMBER), ucr)
    region.say("tianjin", consortium.status("ACCEPTED", "08:10:00", code="L", number=NUMBER), ucr)
    return ucr


def _name_all(region: Region, ucr: str) -> None:
    """The owner names whoever takes part."""
    region.say("beijing", consortium.order().with_names([SEATS["tianjin"][0], SEATS["hebei"][0]]), ucr)


def test_what_each_is_told_is_in_the_views_of_all(region: Region) -> None:
    ucr = _tell(region, "TOLD")
    region.settle()
    views = [office.view(ucr) for office in region.offices.values()]
    assert [len(view["records"]) for view in views] == [4, 4, 4]
    assert {tuple(line["record"] for line in view["records"]) for view in views} == {
        tuple(line["record"] for line in views[0]["records"])
    }
    assert all(not view["completeness"]["missing"] for view in views)


def test_views_of_one_reader_are_byte_equal_at_all_three(region: Region) -> None:
    ucr = _tell(region, "EQUAL")
    region.settle()
    view = _equal_view(region, "beijing", ucr)
    assert view["completeness"]["is_whole_here"] and view["completeness"]["held_entries"] == 4


def _equal_view(region: Region, slug: str, ucr: str) -> dict[str, Any]:
    """One reader's view of one block, which every gateway answers byte by byte alike."""
    answers: dict[int, dict[str, bytes]] = {}
    for _ in range(40):
        # Reads are anchored too, so the block moves on between two answers; those of one block are compared.
        for office in region.offices.values():
            view = _read_as(region, slug, office, ucr)
            answers.setdefault(view["completeness"]["as_of_block"], {})[office.slug] = write_json(view)
        for by_gateway in answers.values():
            if len(by_gateway) == len(region.offices):
                assert len(set(by_gateway.values())) == 1
                return view
    raise AssertionError("no three answers were of one block")


def _client_of(region: Region, slug: str, at: Office) -> GatewayClient:
    reader = region.offices[slug]
    key = reader.folder.signing_key(slug)
    return GatewayClient(at.url, signer=key, member=reader.uscc, transport=at.http._transport)


def _read_as(region: Region, slug: str, at: Office, ucr: str) -> dict[str, Any]:
    with _client_of(region, slug, at) as client:
        view = client.consignment(ucr)
    view.pop("read_receipt")
    return view


def _without_progress(view: dict[str, Any]) -> bytes:
    """The view but for how far the chain was read."""
    completeness = {k: v for k, v in view["completeness"].items() if k not in ("as_of_block", "batches_read")}
    return write_json({**view, "completeness": completeness})


def test_bundles_are_complete_wherever_they_are_made(region: Region) -> None:
    ucr = _tell(region, "BUNDLE")
    region.settle()
    region.cover()
    for slug in SEATS:
        for office in region.offices.values():
            # Also of one's own words that another gateway took: it has promised nothing here.
            with _client_of(region, slug, office) as client:
                assert verify_file(client.consignment_bundle(ucr), region.root).verdict is Verdict.VALID


def test_a_record_that_came_from_elsewhere_gets_a_receipt_when_its_issuer_brings_it(region: Region) -> None:
    """A broker that fails over to another gateway with the same record: both receipts are good."""
    ucr = f"6CN{TRADER}-FAILOVER"
    signed = region.say("beijing", consortium.order(), ucr)
    region.settle()
    status, receipt = region.submit("beijing", signed, "hebei")
    assert status == 200 and receipt.count(".") == 2
    assert region.submit("beijing", signed, "hebei") == (200, receipt)
    region.settle()
    assert len(region.offices["tianjin"].view(ucr)["records"]) == 1


def _answers_only_for(path: str, change: Any) -> Any:
    def tamper(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if not request.url.path.startswith(path):
            return answer
        return httpx.Response(answer.status_code, headers={"content-type": "x"}, content=change(answer.content))

    return tamper


def _away(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _empty(content: bytes) -> bytes:
    return b'{"next":null,"records":0}\n'


def _endless(content: bytes) -> bytes:
    return content.replace(b'"next":null', b'"next":1')


def _backwards(content: bytes) -> bytes:
    return content.replace(b'"next":null', b'"next":0')


def _altered(content: bytes) -> bytes:
    first, _, rest = content.partition(b"~")
    return first[:-4] + b"AAAA~" + rest


def _stripped(content: bytes) -> bytes:
    """Every record without its last disclosure: a gateway that shows less than the policy says."""
    lines = []
    for line in content.split(b"\n"):
        is_record = line[:1] == b'"'
        lines.append(line.rpartition(b"~")[0].rpartition(b"~")[0] + b'~"' if is_record else line)
    return b"\n".join(lines)


def _long_line(content: bytes) -> bytes:
    return b'"' + b"x" * 4_000_000


LIES = {
    "is away": _away,
    "breaks off": _answers_only_for("/v1/replication", _cut),
    "gives nothing": _answers_only_for("/v1/replication", _empty),
    "names a place to go on without end": _answers_only_for("/v1/replication", _endless),
    "names a place that lies behind": _answers_only_for("/v1/replication", _backwards),
    "alters a record": _answers_only_for("/v1/replication", _altered),
    "withholds a section": _answers_only_for("/v1/replication", _stripped),
    "sends a line without end": _answers_only_for("/v1/replication", _long_line),
    "refuses": lambda request, answer: httpx.Response(403, json={}),
}


@pytest.mark.parametrize("name", LIES)
def test_a_gateway_that_fails_is_named_and_another_asked(name: str, region: Region) -> None:
    """Beijing anchors; Hebei gets nothing right of Beijing, and takes the records from Tianjin."""
    hebei = region.offices["hebei"]
    hebei.wires["beijing"].tamper = LIES[name]
    ucr = f"6CN{TRADER}-LIE{list(LIES).index(name)}"
    region.say("beijing", consortium.order(), ucr)
    region.settle(gaps=True)
    region.retry_now()
    region.settle()
    assert len(hebei.view(ucr)["records"]) == 1
    assert hebei.gateway.puller is not None
    health = hebei.gateway.puller.health[region.offices["beijing"].uscc]
    assert health.last_fault or name in {"gives nothing", "alters a record", "withholds a section"}


def test_what_nobody_gives_is_a_gap_that_names_batch_gateway_and_reasons(region: Region) -> None:
    hebei = region.offices["hebei"]
    for wire in hebei.wires.values():
        wire.tamper = _away
    ucr = f"6CN{TRADER}-GAP"
    region.say("beijing", consortium.order(), ucr)
    region.settle(gaps=True)
    with hebei.client() as client:
        status = client._ask(client._asker.get("/v1/replication"))
    assert status["gap_batches"] == 1 and status["missing_entries"] == 1
    (gap,) = status["gaps"]
    assert gap["gateway"] == region.offices["beijing"].uscc and "connection refused" in gap["reason"]
    assert {peer["last_fault"] for peer in status["peers"]} == {"connection refused"}


def test_a_gateway_whose_store_burned_is_whole_again_from_chain_and_peers(region: Region) -> None:
    ucr = _tell(region, "FIRE")
    region.settle()
    tianjin = region.offices["tianjin"]
    before = _read_as(region, "beijing", tianjin, ucr)
    region.burn(tianjin)
    tianjin.open()
    region.connect(tianjin)
    for office in region.offices.values():
        if office is not tianjin:
            region.connect(office)
    tianjin.http.__enter__()
    region.settle()
    assert _without_progress(_read_as(region, "beijing", tianjin, ucr)) == _without_progress(before)
    _equal_view(region, "beijing", ucr)


def test_a_burned_store_is_rebuilt_by_one_command_and_what_nobody_holds_is_listed(region: Region) -> None:
    ucr = _tell(region, "BURNED")
    region.settle()
    hebei = region.offices["hebei"]
    before = _read_as(region, "beijing", region.offices["beijing"], ucr)
    region.burn(hebei)
    for wire in hebei.wires.values():
        wire.tamper = LIES["gives nothing"]
    hebei.open()
    region.connect(hebei)
    assert hebei.gateway.puller is not None
    rebuilt = rebuild(hebei.gateway, hebei.gateway.puller, lambda *told: None, pause=lambda seconds: None)
    assert rebuilt.records == 0 and len(rebuilt.lost) >= 4
    assert all(batch.gateway and "it does not give" in batch.reason for batch in rebuilt.lost)
    for wire in hebei.wires.values():
        wire.tamper = None
    region.retry_now()
    rebuilt = rebuild(hebei.gateway, hebei.gateway.puller, lambda *told: None)
    assert rebuilt.lost == () and rebuilt.records > 0
    region.connect(region.offices["beijing"])
    region.connect(region.offices["tianjin"])
    hebei.http.__enter__()
    assert [line["record"] for line in _read_as(region, "beijing", hebei, ucr)["records"]] == [
        line["record"] for line in before["records"]
    ]
    with hebei.client() as client:
        status = client.replication()
    assert "0 entries in 0 batches" in status_text(status) and "answers as it should" in status_text(status)


def test_a_member_without_gateway_is_given_nothing(region: Region) -> None:
    beijing = region.offices["beijing"]
    answer = beijing.http.get("/v1/replication/batches/0")
    assert answer.status_code == 401


def test_batches_are_asked_for_whole_and_nothing_else(region: Region) -> None:
    """From what one gateway asks another nobody learns what its members look at."""
    paths = {path for office in region.offices.values() for wire in office.wires.values() for path in wire.asked}
    whole = {"/v1/token", "/v1/replication/tombstones"}
    assert {path.rpartition("/")[0] for path in paths - whole} <= {"/v1/replication/batches"}


def test_random_stories_end_equal_everywhere(region: Region) -> None:
    """Random records at random gateways while wires break and heal; after quiet all hold the same."""
    chance = random.Random(sha256(b"replication").hex())
    ucrs = [f"6CN{TRADER}-R{number}" for number in range(4)]
    slugs = list(SEATS)
    for ucr in ucrs:
        _name_all(region, ucr)
    for _ in range(24):
        office = region.offices[chance.choice(slugs)]
        wire = office.wires[chance.choice([slug for slug in slugs if slug != office.slug])]
        wire.tamper = chance.choice([None, None, _away, LIES["breaks off"], LIES["gives nothing"]])
        made = chance.choice([consortium.order, consortium.waybill])
        region.say(chance.choice(slugs), made(), chance.choice(ucrs), at=chance.choice(slugs))
    for office in region.offices.values():
        for wire in office.wires.values():
            wire.tamper = None
    region.settle(gaps=True)
    region.retry_now()
    region.settle()
    for ucr in ucrs:
        _equal_view(region, "hebei", ucr)


def test_a_gateway_without_a_record_says_not_whole_here_and_names_issuer_batch_and_gateways(region: Region) -> None:
    hebei, beijing, tianjin = (region.offices[slug] for slug in ("hebei", "beijing", "tianjin"))
    ucr = f"6CN{TRADER}-PART"
    region.say("beijing", consortium.order().with_names([tianjin.uscc, hebei.uscc]), ucr)
    region.settle()
    for wire in hebei.wires.values():
        wire.tamper = _away
    region.say("tianjin", consortium.waybill(), ucr)
    region.settle(gaps=True)
    region.cover()
    seen = hebei.view(ucr)["completeness"]
    assert seen["claim"] == "not whole here: ask a gateway that is" and not seen["is_whole_here"]
    # Covered by the checkpoint, and yet not held: two things.
    assert (seen["entries"], seen["covered_entries"], seen["held_entries"]) == (2, 2, 1)
    (missing,) = seen["missing"]
    assert (missing["issuer"], missing["gateway"]) == (tianjin.uscc, tianjin.uscc) and missing["batch"] > 0
    assert [line["member"] for line in seen["whole_at"]] == [tianjin.uscc, beijing.uscc]
    with hebei.client() as client:
        page = client.search(importer=TRADER)
        headers = {"Authorization": f"Bearer {client.token()}"}
    assert page["lack"]["batches"] >= 1 and page["lack"]["entries"] >= 1 and not page["lack"]["by_policy"]
    bundle = hebei.http.get(f"/v1/consignments/{ucr}/bundle", headers=headers)
    told = json.loads(bundle.headers["Tongguan-Not-Whole-Here"])
    assert told["missing"] == [missing] and len(told["whole_at"]) == 2
    await_true(lambda: beijing.view(ucr)["completeness"]["is_whole_here"])


def test_a_gateway_whose_policy_withheld_a_state_lacks_it_and_says_so(region: Region) -> None:
    ucr = _tell(region, "WITHHELD")
    region.settle()
    hebei = region.offices["hebei"]
    status = next(line for line in hebei.view(ucr)["records"] if line["type"] == "customs.status")
    _withhold(hebei, status["record"], "status")
    seen = hebei.view(ucr)["completeness"]
    assert seen["missing"] == [] and seen["held_entries"] == seen["entries"]
    (lacking,) = seen["lacking"]
    assert (lacking["record"], lacking["sections"]) == (status["record"], ["status"])
    assert {line["member"] for line in seen["whole_at"]} == {SEATS["beijing"][0], SEATS["tianjin"][0]}


def _withhold(office: Office, record_id: str, name: str) -> None:
    """As where the record came while a narrower policy was in force."""
    from sqlalchemy import select

    from gateway.store.model import records
    from gateway.store.payloads import replace_payload
    from gateway.store.records import get_signed

    store = office.gateway.services.store
    with store.writing() as connection:
        signed = get_signed(connection, store.vault, record_id)
        part = signed.with_sections(signed.sections.keys() - {name})
        hidden = store.vault.pack_secret(part.serialize()[len(part.jwt) + 1 :].encode(), record_id)
        seq = connection.execute(select(records.c.seq).where(records.c.record_id == record_id)).scalar_one()
        replace_payload(connection, seq, hidden)


def test_what_was_erased_is_not_lacking(region: Region) -> None:
    """An erased section is gone everywhere; no other gateway is whole, so none is named."""
    ucr = f"6CN{TRADER}-GONE"
    order = region.say("beijing", consortium.order().with_names([SEATS["hebei"][0]]), ucr)
    region.settle()
    hebei = region.offices["hebei"]
    number = hebei.view(ucr)["references"][0]
    criteria = {number["kind"]: number["value"]}
    with hebei.client() as client:
        assert ucr in {hit["ucr"] for hit in client.search(**criteria)["hits"]}
        hebei.erase(order, "references", "parties")
        assert ucr not in {hit["ucr"] for hit in client.search(**criteria)["hits"]}
    seen = hebei.view(ucr)
    assert seen["completeness"]["is_whole_here"] and not seen["parties"] and not seen["references"]
