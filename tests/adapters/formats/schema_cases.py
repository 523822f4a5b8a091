"""The lists of names that formats hold (`FORMAT/schema/KIND.txt`): a message to write into, and what is left out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.formats.customs.test_dec_mod import form as change_form
from tests.adapters.formats.dcsa_vgm.test_places import declaration as verified_mass
from tests.adapters.formats.efapiao.test_fields import body as einvoice
from tests.adapters.formats.logistics.test_later_formats import MANIFEST
from tests.adapters.formats.schema_writing import Leaf, Namespaces, of_cargo_xml, of_cii, of_parent, of_ubl
from tests.adapters.formats.test_events_that_name_little import EVENT
from tests.adapters.formats.test_times_and_kinds import FLAT, NESTED
from tests.adapters.formats.ubl_declaration import test_places as ubl_declaration
from tests.adapters.formats.ubl_invoice.test_lines import document as invoice
from tests.adapters.formats.ubl_waybill.test_places import document as waybill
from tests.adapters.formats.wco.test_places import message

FORMATS = Path(import_module("adapters.formats").__file__ or "").parent
RES = (
    b"<MetaData><WCOTypeName>RES</WCOTypeName><Response><FunctionCode>09</FunctionCode><Declaration><ID>26GB1</ID>"
    b"<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric></GovernmentAgencyGoodsItem>"
    b"</GoodsShipment></Declaration></Response></MetaData>"
)
MOVEMENT = (
    b'<inventoryLinkingMovementRequest xmlns="http://gov.uk/customs/inventoryLinking/v1"><messageCode>EAL</messageCode>'
    b"<ucrBlock><ucr>6CN91110000600037341L-0001</ucr></ucrBlock><goodsLocation>GBAU</goodsLocation>"
    b"<goodsArrivalDateTime>2026-03-02T09:00:00Z</goodsArrivalDateTime></inventoryLinkingMovementRequest>"
)
RESULT = b"<DEC_RESULT><CUS_CIQ_NO>I20260000000000123</CUS_CIQ_NO><CHANNEL>P</CHANNEL></DEC_RESULT>"
TAKEN = b"<DecImportResponse><ResponseCode>0</ResponseCode><ClientSeqNo>C1</ClientSeqNo></DecImportResponse>"
TRANSPORT = {"eventType": "TRANSPORT", "transportEventTypeCode": "ARRI"}
SHIPMENT = {"eventType": "SHIPMENT", "shipmentEventTypeCode": "CONF"}
TRANSFORMED = {"type": "TransformationEvent"}
INSURED = IMPORT.replace(b"</InsurMark>", b"</InsurMark><InsurCurr>USD</InsurCurr>")
WEIGHED = '<cac:GoodsItem><cbc:GrossWeightMeasure unitCode="KGM">5</cbc:GrossWeightMeasure></cac:GoodsItem>'
CONTEXT: dict[str, Any] = {"@context": {"cargo": "https://onerecord.iata.org/ns/cargo#"}}
AIR = CONTEXT | {"@type": "Waybill", "waybillPrefix": "999", "waybillNumber": "12345675"}
SHIPPED = CONTEXT | {"@type": "Shipment", "@id": "https://1r.example/s/1"}
DEPARTED = CONTEXT | {"@type": "LogisticsEvent", "eventCode": "DEP", "eventDate": "2026-03-02T09:00:00Z"}
TOLD_TO_CUSTOMS: dict[str, Any] = AIR | {"customsInformation": [{}]}
CERTIFICATE = {
    "format": "duty-payment-certificates/1",
    "certificates": [
        {
            "certificateNumber": "010120261000000017-L02",
            "declarationNumber": "010120261000000017",
            "taxType": "L",
            "taxpayer": {"uscc": "91110000600037341L"},
            "currency": "CNY",
            "items": [{"number": 1, "hsCode": "8481804090", "name": "V", "taxableValue": "100.00", "tax": "13.00"}],
            "amount": "13.00",
            "paidAt": "2026-03-02T18:00:00+08:00",
            "status": "paid",
        }
    ],
}
REBATE = {
    "format": "export-rebate-declarations/1",
    "nsrsbh": "91110000600037341L",
    "ssq": "2026-03",
    "mx": [
        {
            "sbxh": 1,
            "ckbgdh": "010120260000000017001",
            "cksp_dm": "8481804090",
            "jldw": "007",
            "cksl": "20",
            "cjbz": "USD",
            "cjzj": "1000.00",
            "hl": "7.0825",
            "rmblaj": "7082.50",
            "mylaj": "1000.00",
            "zssl": "0.13",
            "tsl": "0.13",
            "mdtse": "920.73",
            "mdtsbdmzhdkse": "0.00",
        }
    ],
}
PARTIES = {"format": "trade-parties/1", "parties": [{"role": "agent", "uscc": "91110000600037341L"}]}
ENVELOPE = (
    b"<DxpMsg><TransInfo><CopMsgId>M1</CopMsgId><SenderId>S1</SenderId></TransInfo><Data>"
    b"PERFQ19SRVNVTFQ+PENVU19DSVFfTk8+STIwMjYwMDAwMDAwMDAwMTIzPC9DVVNfQ0lRX05PPjxDSEFOTkVMPlA8L0NIQU5ORUw+PC9ERUNfUkVTVUxUPg=="
    b"</Data></DxpMsg>"
)


def sample(folder: str, name: str) -> bytes:
    """A sample of the format's folder."""
    return files(f"adapters.formats.{folder}").joinpath("samples", name).read_bytes()


def packed(data: bytes) -> bytes:
    """An OFD file with that invoice's data."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("OFD.xml", b"<OFD/>")
        archive.writestr("Doc_0/Attachs/invoice.xml", data)
    return buffer.getvalue()


@dataclass(frozen=True)
class Case:
    """One list of names: where it stands, a message without most of it, and the table of what is left out."""

    folder: str
    kind: str
    base: bytes
    tables: str
    holder: str = ""
    """Local name of the element that the paths are below; empty for the root."""
    namespaces: Namespaces = of_parent

    @property
    def ignored(self) -> Mapping[str, str]:
        """What the format leaves out, with its reason."""
        module, _, name = self.tables.partition(":")
        table: Mapping[str, str] = getattr(import_module(f"adapters.formats.{self.folder}.{module}"), name)
        return table

    def leaves(self) -> list[Leaf]:
        """Every leaf of the list as its path."""
        return read_leaves(self.folder, self.kind)


def read_leaves(folder: str, kind: str) -> list[Leaf]:
    """Every leaf of a list as its path."""
    lines = (FORMATS / folder / "schema" / f"{kind}.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    path: list[str] = []
    paths: list[Leaf] = []
    for line, following in zip(lines[1:], [*lines[2:], ""], strict=True):
        depth = (len(line) - len(line.lstrip())) // 2
        path = [*path[:depth], line.strip()]
        if (len(following) - len(following.lstrip())) // 2 <= depth:
            paths.append(tuple(path))
    return paths


def _json(folder: str, kind: str, value: Any, holder: str = "") -> Case:
    return Case(folder, kind, json.dumps(value).encode(), "reader:IGNORED", holder)


CASES = {
    f"{case.folder}/{case.kind}": case
    for case in (
        Case("wco", "dec", message(), "metadata:IGNORED", "Declaration"),
        Case("wco", "res", RES, "metadata:IGNORED", "Response"),
        Case("inventory_movement", "inventoryLinkingMovementRequest", MOVEMENT, "reader:IGNORED"),
        Case("ubl_invoice", "Invoice", invoice(), "reader:IGNORED_HERE", namespaces=of_ubl),
        Case("ubl_invoice", "CreditNote", invoice("CreditNote"), "reader:IGNORED_HERE", namespaces=of_ubl),
        Case("ubl_waybill", "Waybill", waybill("Waybill", ""), "tables:IGNORED", namespaces=of_ubl),
        Case("ubl_waybill", "WeightStatement", waybill("WeightStatement", WEIGHED), "tables:IGNORED", "", of_ubl),
        Case("ubl_declaration", "ImportCustomsDeclaration", ubl_declaration.message(), "tables:IGNORED", "", of_ubl),
        Case(
            *("ubl_certificate", "CertificateOfOrigin", sample("ubl_certificate", "certificate.xml"), "tables:IGNORED"),
            namespaces=of_ubl,
        ),
        Case("cii_invoice", "CrossIndustryInvoice", sample("cii_invoice", "invoice.xml"), "tables:IGNORED", "", of_cii),
        Case("cargo_xml", "Waybill", sample("cargo_xml", "waybill.xml"), "tables:IGNORED", "", of_cargo_xml),
        Case("cargo_xml", "HouseWaybill", sample("cargo_xml", "house.xml"), "tables:IGNORED", "", of_cargo_xml),
        Case("cargo_xml", "FlightManifest", sample("cargo_xml", "flight.xml"), "tables:IGNORED", "", of_cargo_xml),
        Case("cargo_xml", "HouseManifest", sample("cargo_xml", "houses.xml"), "tables:IGNORED", "", of_cargo_xml),
        Case("cargo_xml", "StatusMessage", sample("cargo_xml", "status.xml"), "tables:IGNORED", "", of_cargo_xml),
        Case("dec_message", "DecMessage", INSURED, "tables:IGNORED"),
        Case("dec_mod", "DecModMessage", change_form(), "reader:IGNORED"),
        Case("dec_result", "DEC_RESULT", RESULT, "reader:IGNORED"),
        Case("dec_result", "DecImportResponse", TAKEN, "reader:IGNORED"),
        Case("manifest", "Manifest", MANIFEST.format(function=9).encode(), "tables:IGNORED"),
        Case("efapiao", "EInvoice", einvoice(), "tables:IGNORED"),
        Case("ofd", "OFD", packed(einvoice()), "reader:IGNORED"),
        Case("dxp", "DxpMsg", ENVELOPE, "reader:IGNORED"),
        Case("bonded_zone", "INV101", sample("bonded_zone", "list.xml"), "tables:IGNORED", "BussinessData"),
        Case("bonded_zone", "SAS121", sample("bonded_zone", "pass.xml"), "tables:IGNORED", "BussinessData"),
        Case("bonded_zone", "INV201", sample("bonded_zone", "list-reply.xml"), "tables:IGNORED", "INV201"),
        Case("bonded_zone", "SAS223", sample("bonded_zone", "pass-reply.xml"), "tables:IGNORED", "SAS223"),
        Case("port_manifest", "IFCSUM", sample("port_manifest", "manifest.txt"), "tables:IGNORED"),
        Case("port_moves", "CODECO", sample("port_moves", "gate.txt"), "tables:IGNORED"),
        Case("port_moves", "COARRI", sample("port_moves", "quay.txt"), "tables:IGNORED"),
        Case("cargo_imp", "FWB", sample("cargo_imp", "waybill.txt"), "tables:IGNORED"),
        Case("cargo_imp", "FHL", sample("cargo_imp", "houses.txt"), "tables:IGNORED"),
        Case("cargo_imp", "FFM", sample("cargo_imp", "manifest.txt"), "tables:IGNORED"),
        Case("cargo_imp", "FSU", sample("cargo_imp", "status.txt").partition(b"020800\r\n")[2], "tables:IGNORED"),
        Case("invoice_sheet", "invoice", sample("invoice_sheet", "invoice.csv"), "tables:IGNORED"),
        Case("certificate_sheet", "certificate", sample("certificate_sheet", "certificate.csv"), "tables:IGNORED"),
        _json("dcsa_tnt", "equipmentEvent", FLAT),
        _json("dcsa_tnt", "transportEvent", FLAT | TRANSPORT),
        _json("dcsa_tnt", "shipmentEvent", FLAT | SHIPMENT),
        _json("dcsa_tnt", "event", NESTED),
        _json("dcsa_vgm", "VGMDeclaration", verified_mass()),
        Case("dcsa_ebl", "TransportDocument", sample("dcsa_ebl", "transport-document.json"), "tables:IGNORED"),
        Case(
            *("dcsa_arrival", "ArrivalNotice", sample("dcsa_arrival", "notice.json"), "tables:IGNORED"),
            holder="arrivalNotices",
        ),
        _json("epcis", "ObjectEvent", EVENT),
        _json("epcis", "TransformationEvent", EVENT | TRANSFORMED),
        _json("onerecord", "Waybill", AIR),
        _json("onerecord", "Shipment", SHIPPED),
        _json("onerecord", "LogisticsEvent", DEPARTED),
        _json("onerecord", "CustomsInformation", TOLD_TO_CUSTOMS, "customsInformation"),
        _json("duty_payment", "certificates", CERTIFICATE),
        _json("export_rebate", "declaration", REBATE),
        _json("trade_parties", "parties", PARTIES),
    )
}
"""Folder and list -> its case. Segments of EDIFACT and fields of CEB messages have tests of their own."""
BY_THEMSELVES = {
    *("container_moves/CODECO", "container_moves/COARRI", "transport_status/IFTSTA", "ceb/CEB"),
    *("cargo_report/CUSCAR", "transport_instruction/IFTMIN", "container_order/COPARN", "bayplan/BAPLIE"),
    "customs_response/CUSRES",
}
"""Lists whose leaves are not written one by one here: `test_segments_are_covered`, `test_ceb_fields`."""
