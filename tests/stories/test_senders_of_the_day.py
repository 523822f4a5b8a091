"""What an airline, a terminal, a bonded warehouse and a trader without a system send all day, from file to bundle.

Each brings its own files about one consignment, and the broker its declaration; the rules then compare the two as the
regulator's verified bundle shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from chain.proof.bundle_reader import parse_bundle
from chain.rules.consignment import join_records
from chain.rules.pack import Case, Evaluation, evaluate
from chain.rules.signed_records import is_judged, read_signed
from chain.verify import Verdict, verify_file
from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.formats.schema_cases import sample
from tests.adapters.formats.tax.workbooks import rows_of_template, sheet_of, workbook
from tests.stories.local_consortium import Town
from tests.stories.test_four_senders import Sender


@contextmanager
def senders(town: Town, path: Path, name: str, *slugs: str) -> Iterator[dict[str, Sender]]:
    """Adapters of these members about one consignment of the trader's."""
    ucr = f"6CN{town.member('trader').uscc}-{name}"
    opened = {}
    for slug in slugs:
        (path / slug).mkdir()
        opened[slug] = Sender(town, slug, path / slug, ucr)
    yield opened
    for sender in opened.values():
        assert sender.runner.report.refused == []
        sender.close()


def declared(**changed: str) -> bytes:
    """The broker's declaration with these fields of the head otherwise; without containers of its own."""
    text = IMPORT.decode()
    for name, value in changed.items():
        text, count = re.subn(f"<{name}>[^<]*</{name}>", f"<{name}>{value}</{name}>", text, count=1)
        assert count, name
    return text.encode()


def judged(town: Town, opened: dict[str, Sender]) -> tuple[list[str], Evaluation]:
    """Record types in the regulator's bundle, which is verified offline, and what the rules say of its records."""
    town.cover()
    (ucr,) = {sender.ucr for sender in opened.values()}
    answer = town.get("regulator", f"/v1/consignments/{ucr}/bundle")
    assert answer.status_code == 200, answer.text
    report = verify_file(answer.content, town.root)
    assert report.verdict in (Verdict.VALID, Verdict.AMENDED), report
    records = [proved.signed for proved in parse_bundle(answer.content).records if is_judged(proved.signed.vct)]
    submitted = sum(len(sender.submitted) for sender in opened.values())
    assert len(records) == submitted + len(opened)  # each sender is named by the trader first
    return [record.vct for record in records], evaluate(Case(join_records(map(read_signed, records))))


def agreed(evaluation: Evaluation) -> set[str]:
    return {agreement.rule for agreement in evaluation.agreements}


@pytest.mark.timeout(120)
def test_an_airline_sends_waybill_manifest_and_status(town: Town, tmp_path: Path) -> None:
    manifest = (
        b'<Manifest xmlns="urn:Declaration:datamodel:standard:CN:MT2201:1"><Head><MessageID>CA931-1</MessageID>'
        b"<FunctionCode>9</FunctionCode></Head><Declaration><Consignment><TransportContractDocument><ID>99912345675</ID>"
        b"</TransportContractDocument><TotalGrossMassMeasure>1250.5</TotalGrossMassMeasure><TotalPackageQuantity>14"
        b"</TotalPackageQuantity></Consignment></Declaration></Manifest>"
    )
    flight = sample("cargo_imp", "manifest.txt").split(b"OCI/")[0] + b"LAST\r\n"
    with senders(town, tmp_path, "AIRDAY", "carrier", "broker") as opened:
        carrier = opened["carrier"]
        carrier.send("fwb.txt", sample("cargo_imp", "waybill.txt"), with_ucr=True)
        carrier.send("ffm.txt", flight, with_ucr=True)
        carrier.send("fsu.txt", sample("cargo_imp", "status.txt"), with_ucr=True)
        carrier.send("mt2201.xml", manifest, with_ucr=True)
        body = declared(BillNo="99912345675", GrossWet="1250.5", PackNo="14")
        opened["broker"].send("dec.xml", body, with_ucr=True)
        types, evaluation = judged(town, opened)
    assert types.count("logistics.transport_document") == 3
    assert types.count("logistics.event") == 1
    assert {"C11", "C13", "C16"} <= agreed(evaluation)


@pytest.mark.timeout(120)
def test_a_terminal_sends_manifest_moves_and_arrival(town: Town, tmp_path: Path) -> None:
    bill = sample("port_manifest", "manifest.txt").split(b"12:BHLPUS0189")[0] + b"99:14'"
    quay = sample("port_moves", "quay.txt").split(b"50:TEMU")[0] + b"99:7'"
    gate = sample("port_moves", "gate.txt").split(b"50:MSCU")[0].replace(b"BHLTSN0001", b"BHLPUS0188") + b"99:5'"
    gate = gate.replace(b"GATE-IN", b"GATE-OUT").replace(b"202603021430:'", b":202603041430'")
    arrival = (
        b'<Manifest xmlns="urn:Declaration:datamodel:standard:CN:MT3101:1"><Head><MessageID>TJ-1</MessageID></Head>'
        b"<Declaration><UnloadingLocation><ID>CNTXG</ID><ArrivalDate>20260303</ArrivalDate></UnloadingLocation>"
        b"<Consignment><TransportContractDocument><ID>BHLPUS0188</ID></TransportContractDocument><TotalPackageQuantity>4"
        b"</TotalPackageQuantity><TransportEquipment><ID>CSQU3054383</ID></TransportEquipment><TransportEquipment><ID>"
        b"MSCU6639870</ID></TransportEquipment></Consignment></Declaration></Manifest>"
    )
    with senders(town, tmp_path, "PORTDAY", "terminal", "broker") as opened:
        terminal = opened["terminal"]
        terminal.send("ifcsum.txt", bill, with_ucr=True)
        terminal.send("coarri.txt", quay)
        terminal.send("codeco.txt", gate)
        terminal.send("mt3101.xml", arrival, with_ucr=True)
        body = declared(BillNo="BHLPUS0188", GrossWet="20000.5", PackNo="4", TrafMode="2", TrafName="BOHAI STAR")
        opened["broker"].send("dec.xml", body, with_ucr=True)
        types, evaluation = judged(town, opened)
    assert types.count("logistics.transport_document") == 2
    assert types.count("logistics.event") == 3
    assert {"C11", "C13", "C16"} <= agreed(evaluation)


@pytest.mark.timeout(120)
def test_a_bonded_warehouse_lodges_a_list_and_customs_answers(town: Town, tmp_path: Path) -> None:
    with senders(town, tmp_path, "BONDDAY", "broker", "customs") as opened:
        opened["broker"].send("inv101.xml", sample("bonded_zone", "list.xml"), with_ucr=True)
        opened["broker"].send("sas121.xml", sample("bonded_zone", "pass.xml"), with_ucr=True)
        opened["broker"].send("dec.xml", declared(GrossWet="5200"), with_ucr=True)
        opened["customs"].send("inv201.xml", sample("bonded_zone", "list-reply.xml"))
        types, evaluation = judged(town, opened)
    assert sorted(set(types)) == ["customs.declaration", "customs.request", "customs.status", "trade.parties"]
    assert types.count("customs.declaration") == 2
    assert "C06" in agreed(evaluation)


@pytest.mark.timeout(120)
def test_a_trader_without_a_system_sends_a_spreadsheet(town: Town, tmp_path: Path) -> None:
    total = str(sum(Decimal(found) for found in re.findall(r"<DeclTotal>([0-9.]+)<", IMPORT.decode())))
    changed = {"currency": "USD", "payable": total, "contract": "YF-2026-017", "terms": "FOB"}
    head = [[row[0], changed.get(row[0], row[1])] for row in rows_of_template() if row[0] not in ("line", "1", "2")]
    columns = ["line", "hs", "name", "quantity", "unit", "unit_price", "total", "origin"]
    book = workbook(sheet_of([*head, columns, ["1", "902750", "光谱仪", "10", "H87", "", total, "DE"]]))
    with senders(town, tmp_path, "SHEETDAY", "trader", "broker") as opened:
        opened["trader"].send("invoice.xlsx", book, with_ucr=True)
        opened["broker"].send("dec.xml", declared(), with_ucr=True)
        types, evaluation = judged(town, opened)
    assert types.count("tax.invoice") == 1
    assert "C31" in agreed(evaluation)
