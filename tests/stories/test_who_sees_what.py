"""Three people on one consignment: a customs officer, a broker of another importer, a carrier; and the owner who asks
who has looked. Each sentence of the story is one assertion."""

from __future__ import annotations

import json

from sqlalchemy import delete

from chain.identifiers import HsCode, Uscc
from chain.proof.bundle_reader import parse_bundle
from chain.records.base import Reference
from chain.records.customs import CustomsDeclaration, CustomsStatus, DeclarationHead
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Amount, Weight
from chain.records.sections import GoodsItem, Party, Status
from chain.records.transport import Transport
from chain.records.value import Valuation
from chain.verify.results import Verdict
from chain.verify.verifier import verify
from gateway.search_index.facts import fill_once
from gateway.store.model import marks, search_concerns, search_facts
from tests.stories.local_consortium import Town


def test_an_air_import_as_customs_owner_carrier_and_a_stranger_see_it(town: Town) -> None:
    trader, broker = town.member("trader"), town.member("broker")
    ucr = f"6CN{trader.uscc}-STORY1"
    number = "010020261000000025"
    waybill = Reference(kind="transport_document", value="999-12345675")
    told = [
        town.name(ucr, "broker", "carrier"),
        town.say(
            "carrier",
            TransportDocument(
                references=(waybill,),
                transport_document=TransportDocumentHead(kind="air_waybill", number="999-12345675"),
                transport=Transport(gross=Weight(value="101.00000", unit="KGM")),
            ),
            ucr,
        ),
        town.say(
            "broker",
            CustomsDeclaration(
                references=(waybill, Reference(kind="declaration", value=number)),
                declaration=DeclarationHead.model_validate(
                    {"number": number, "direction": "I", "office": {"system": "cn-customs-office", "value": "0101"}}
                ),
                parties=(Party(role="trader", uscc=Uscc(trader.uscc)), Party(role="agent", uscc=Uscc(broker.uscc))),
                goods_items=(GoodsItem(ordinal=1, hs=HsCode("8471300000"), name="便携式电脑"),),
                transport=Transport(gross=Weight(value="100.00000", unit="KGM"), bill="999-12345675"),
                valuation=Valuation(total=Amount(value="4200.00", currency="USD")),
            ),
            ucr,
        ),
        town.say(
            "customs",
            CustomsStatus(
                references=(Reference(kind="declaration", value=number),),
                status=Status.model_validate(
                    {"about": "declaration", "code": {"system": "cn-channel", "value": "L"}, "state": "ACCEPTED"}
                ),
            ),
            ucr,
        ),
    ]
    town.cover()

    # The customs officer sees the declaration with its value, and that it is complete up to a checkpoint.
    seen = town.get("customs", f"/v1/consignments/{ucr}")
    assert seen.status_code == 200, seen.text
    view = seen.json()
    assert {line["record"] for line in view["records"]} == {one.record_id for one in told}
    assert view["declarations"][0]["state"] == "ACCEPTED"
    assert view["completeness"]["claim"] == "complete up to the checkpoint"
    assert view["withheld"] == []
    assert seen.headers["Tongguan-Read-Receipt"] == view["read_receipt"]

    # The carrier sees that customs accepted, and is told that the value is withheld.
    seen = town.get("carrier", f"/v1/consignments/{ucr}")
    assert "4200.00" not in seen.text and "便携式电脑" not in seen.text
    withheld = {one["type"]: one["sections"] for one in seen.json()["withheld"]}
    assert "valuation" in withheld["customs.declaration"]

    # A terminal that has nothing to do with it cannot tell that it exists.
    there = town.get("terminal", f"/v1/consignments/{ucr}")
    nowhere = town.get("terminal", f"/v1/consignments/6CN{trader.uscc}-NOWHERE")
    assert there.status_code == nowhere.status_code == 404
    assert there.json()["title"] == nowhere.json()["title"]

    # The owner takes the bundle home and its auditor finds it valid; it discloses what the view showed.
    bundle = town.get("trader", f"/v1/consignments/{ucr}/bundle")
    assert bundle.status_code == 200, bundle.text
    report = verify(parse_bundle(bundle.content), town.root)
    assert report.verdict is Verdict.VALID, report
    carriers = town.get("carrier", f"/v1/consignments/{ucr}/bundle")
    assert b"4200.00" not in carriers.content
    assert verify(parse_bundle(carriers.content), town.root).verdict is Verdict.VALID

    # One record alone has its bundle, too.
    alone = town.get("trader", f"/v1/records/{told[2].record_id}/bundle")
    assert verify(parse_bundle(alone.content), town.root).verdict is Verdict.VALID

    # The owner asks who has looked: customs and the carrier, each with a signed record.
    log = town.get("trader", "/v1/access-log", ucr=ucr).json()["reads"]
    readers = {one["access"]["reader"] for one in log}
    assert {town.member("customs").uscc, town.member("carrier").uscc} <= readers
    assert all(one["issuer"] == town.member("gateway").uscc for one in log)

    # Customs asks by number alone; the broker of nobody's goods gets the same empty answer as for a number never said.
    assert town.get("customs", "/v1/references/declaration", value=number).json()["ucrs"] == [ucr]
    assert town.get("regulator", "/v1/references/declaration", value=number).json()["ucrs"] == [ucr]
    assert town.get("gateway", "/v1/references/declaration", value=number).json()["ucrs"] == []
    assert json.loads(bundle.content)["subject"] == {"ucr": ucr}


def test_search_finds_goods_for_those_who_see_them_and_tells_others_nothing(town: Town) -> None:
    trader, broker = town.member("trader"), town.member("broker")
    ucrs = [f"6CN{trader.uscc}-FIND{place}" for place in range(3)]
    for place, ucr in enumerate(ucrs):
        number = f"01002026100000010{place}"
        town.name(ucr, "broker")
        town.say(
            "broker",
            CustomsDeclaration(
                references=(Reference(kind="declaration", value=number),),
                declaration=DeclarationHead.model_validate(
                    {"number": number, "direction": "I", "office": {"system": "cn-customs-office", "value": "0101"}}
                ),
                parties=(Party(role="trader", uscc=Uscc(trader.uscc)), Party(role="agent", uscc=Uscc(broker.uscc))),
                goods_items=(GoodsItem(ordinal=1, hs=HsCode("8471300000"), name=f"搜索用电脑{place}"),),
            ),
            ucr,
        )
    for place, ucr in enumerate(ucrs):
        town.say(
            "customs",
            CustomsStatus(
                references=(Reference(kind="declaration", value=f"01002026100000010{place}"),),
                status=Status.model_validate(
                    {"about": "declaration", "code": {"system": "cn-channel", "value": "L"}, "state": "ACCEPTED"}
                ),
            ),
            ucr,
        )
    for reader in ("trader", "broker", "customs", "auditor", "regulator"):
        hits = town.get(reader, "/v1/search", goods="搜索", hs="8471").json()["hits"]
        assert [one["ucr"] for one in hits] == ucrs, reader
    for reader in ("carrier", "terminal", "bank", "gateway"):
        assert town.get(reader, "/v1/search", goods="搜索").json() == {
            "hits": [],
            "next": None,
            "lack": None,
            "read_receipt": None,
        }
    for hostile in ("%", "' OR 1=1 --", "_", '"*"', "\\"):
        answer = town.get("trader", "/v1/search", goods=hostile)
        assert answer.status_code == 200 and answer.json()["hits"] == []
    refused = town.get("trader", "/v1/search", goods="搜索", cursor="AAAA.AAAA")
    assert refused.status_code == 400
    assert town.get("trader", "/v1/search", nonsense="1").status_code == 400
    # Facts are derived: thrown away, they are made again from the records when the gateway starts.
    store = town.gateway.services.store
    with store.writing() as connection:
        connection.execute(delete(search_facts))
        connection.execute(delete(search_concerns))
    assert town.get("trader", "/v1/search", goods="搜索").json()["hits"] == []
    fill_once(store)
    assert [one["ucr"] for one in town.get("trader", "/v1/search", goods="搜索").json()["hits"]] == ucrs
    # So are those that an older gateway told otherwise.
    with store.writing() as connection:
        connection.execute(delete(marks).where(marks.c.name == "search_facts_form"))
        connection.execute(delete(search_concerns).where(search_concerns.c.whom == trader.uscc))
    assert town.get("trader", f"/v1/consignments/{ucrs[0]}").status_code == 404
    fill_once(store)
    assert town.get("trader", f"/v1/consignments/{ucrs[0]}").status_code == 200
    exported = town.get("trader", "/v1/search/export", goods="搜索", format="csv")
    assert exported.status_code == 200 and exported.text.count("FIND") == 3
