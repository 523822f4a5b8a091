"""Every file under ../shared/samples: what its entities become, or the reason for which it is refused."""

from __future__ import annotations

from collections import Counter

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.identifiers import Ucr
from tests.samples import samples_dir

pytestmark = pytest.mark.samples

ORDER, PAYMENT, INVOICE = "trade.order", "trade.payment", "tax.invoice"
WAYBILL, EVENT, WEIGHT = "logistics.transport_document", "logistics.event", "logistics.weight"
DECLARATION, STATUS = "customs.declaration", "customs.status"
DRAFT = "a draft (appStatus 1): acknowledged, not recorded"
NAMES_NOTHING = "customs information that names no waybill and no shipment"

READ: dict[str, tuple[str, dict[str, int]]] = {
    "ceb/messages/CEB303Message.xml": ("CEB303", {ORDER: 10}),
    "ceb/messages/CEB311Message.xml": ("CEB311", {ORDER: 6}),
    "ceb/messages/CEB411Message.xml": ("CEB411", {PAYMENT: 10}),
    "ceb/messages/CEB511Message.xml": ("CEB511", {WAYBILL: 6}),
    "ceb/messages/CEB513Message.xml": ("CEB513", {EVENT: 10}),
    "ceb/messages/CEB621Message.xml": ("CEB621", {DECLARATION: 5, DRAFT: 5}),
    "ceb/messages/CEB622Message.xml": ("CEB622", {STATUS: 10}),
    "dcsa/tnt-220-response.json": ("DCSA-TNT-2.2", {EVENT: 7}),
    "dcsa/tnt-300-response.json": ("DCSA-TNT-3.0", {EVENT: 5}),
    "dcsa/vgm-100.json": ("DCSA-VGM-1.0", {WEIGHT: 1}),
    "edifact/D95BCOARRI.edi": ("COARRI-D.95B", {EVENT: 21}),
    "epcis/ErrorDeclarationAndCorrectiveEvent.jsonld": ("EPCIS-2.0", {EVENT: 2}),
    "epcis/Example_9.6.1-ObjectEvent.jsonld": ("EPCIS-2.0", {EVENT: 2}),
    "epcis/Example_9.6.3-AggregationEvent.jsonld": ("EPCIS-2.0", {EVENT: 1}),
    "onerecord/CustomsInformation.json": ("ONE-Record-CustomsInformation", {NAMES_NOTHING: 1}),
    "onerecord/LogisticsEvent_with_id.json": ("ONE-Record-LogisticsEvent", {EVENT: 1}),
    "onerecord/LogisticsEvents_list.json": ("ONE-Record-LogisticsEvent", {EVENT: 2}),
    "onerecord/Shipment_with_Piece.embedded.json": ("ONE-Record-Shipment", {WAYBILL: 1}),
    "ubl/UBL-ImportCustomsDeclaration-2.3-Example.xml": ("UBL-ImportCustomsDeclaration", {DECLARATION: 1}),
    "ubl/UBL-Invoice-2.1-Example-Trivial.xml": ("UBL-Invoice", {INVOICE: 1}),
    "ubl/UBL-Waybill-2.0-Example-International.xml": ("UBL-Waybill", {WAYBILL: 1}),
    "ubl/UBL-WeightStatement-2.2-Example.xml": ("UBL-WeightStatement", {WEIGHT: 1}),
    "wco/TT_EX011a/EAL.xml": ("HMRC-movement-EAL", {EVENT: 1}),
    "wco/TT_EX011a/EDL.xml": ("HMRC-movement-EDL", {EVENT: 1}),
    "wco/TT_EX011a/TT_EX011a.xml": ("WCO-DEC", {DECLARATION: 1}),
    "wco/TT_IM001a/Step1_TT_IM001a.xml": ("WCO-DEC", {DECLARATION: 1}),
    "wco/TT_IM017a/Step1_TT_IM017a.xml": ("WCO-DEC", {DECLARATION: 1}),
    "wco/TT_IM017a/TT_IM017a_Amendment.xml": ("WCO-DEC", {DECLARATION: 1}),
    **{
        f"wco/{name}.xml": ("WCO-RES", {STATUS: 1})
        for name in (
            *("TT_EX011a/01_DMSRCV", "TT_EX011a/02_DMSACC", "TT_EX011a/03_DMSRES", "TT_EX011a/04_DMSCLE"),
            *("TT_EX011a/05_DMSEOG", "TT_IM001a/01_DMSACC", "TT_IM001a/02_DMSTAX", "TT_IM001a/03_DMSTAX"),
            *("TT_IM001a/04_DMSCLE", "TT_IM017a/01._DMSACC", "TT_IM017a/02._DMSTAX1", "TT_IM017a/03._DMSDOC"),
            *("TT_IM017a/04._DMSCTL", "TT_IM017a/05._DMSRCV", "TT_IM017a/06._DMSREQ", "TT_IM017a/07._DMSTAX2"),
            *("TT_IM017a/08._DMSTAX3", "TT_IM017a/09._DMSRES", "TT_IM017a/10._DMSCLE"),
        )
    },
}
"""File → the kind that it is known as, and how many of its entities become what."""

THERE = "must be there"
TIME = "an ISO 8601 time, such as 2026-03-02T09:00:00+08:00"
NO_FORM = "begins as XML, JSON, EDIFACT, Cargo-IMP, ZIP, a platform file or a sheet of ours"
NO_READER = "is of a kind that is read; no reader knows this "
REFUSED: dict[str, list[tuple[str, str]]] = {
    # The official export list says `a` for its direction; its other nine lists are drafts.
    "ceb/messages/CEB603Message.xml": [("Inventory[1]/InventoryHead/ieFlag", "one of I, E")],
    # The standard's own wrong answers.
    "dcsa/tnt-220-response-wrong-date-times.json": [
        ("event[2]/eventCreatedDateTime", THERE),
        ("event[3]/eventDateTime", THERE),
        ("event[4]/eventCreatedDateTime", TIME),
        ("event[5]/eventDateTime", TIME),
    ],
    "dcsa/tnt-220-response-wrong-structure.json": [
        (f"event[{event}]/{name}", THERE)
        for event in (1, 2)
        for name in ("eventType", "eventClassifierCode", "eventDateTime", "eventCreatedDateTime")
    ],
    # Schemas, a recorded network and vectors are no messages.
    "README.md": [("message", NO_FORM)],
    "dcsa/TNT_v2.2.0-resolved.yaml": [("message", NO_FORM)],
    "ceb/xsd/export-202205.xsd": [("message", f"{NO_READER}XML with root schema")],
    "ceb/xsd/import-202205.xsd": [("message", f"{NO_READER}XML with root schema")],
    "ceb/xsd/xmldsig-core-schema.xsd": [("message", f"{NO_READER}XML with root schema")],
    "epcis/EPCIS-JSON-Schema.json": [("message", f"{NO_READER}JSON")],
    "qbft/recorded-network.json": [("message", f"{NO_READER}JSON")],
    "vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json": [("message", f"{NO_READER}JSON")],
}
"""File → each fault with its field and rule."""
NO_MESSAGES = "vectors/merkle/"
"""A folder of one kind of vectors, each refused as JSON that no reader knows."""


def _files() -> set[str]:
    folder = samples_dir()
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_file_stands_in_the_table() -> None:
    vectors = {name for name in _files() if name.startswith(NO_MESSAGES)}
    assert len(vectors) > 40
    assert _files() - vectors == set(READ) | set(REFUSED)


@pytest.mark.parametrize("name", READ)
def test_a_file_becomes_what_the_table_says(name: str) -> None:
    kind, becomes = READ[name]
    read = read_message((samples_dir() / name).read_bytes())
    assert read.kind == kind
    assert Counter(entity.record.TYPE if entity.record else entity.note for entity in read.entities) == becomes
    assert [entity.ordinal for entity in read.entities] == list(range(len(read.entities)))
    for entity in read.entities:
        if entity.record is not None:
            record = entity.record.for_ucrs([Ucr.parse(Ucr.EXAMPLE)])
            assert type(record).from_sections(record.to_sections()) == record


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_for_the_reasons_that_the_table_says(name: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message((samples_dir() / name).read_bytes())
    assert [(fault.field, fault.rule) for fault in refused.value.faults] == REFUSED[name]
    assert {fault.code for fault in refused.value.faults} <= {"0001", "0002"}


def test_vectors_are_no_messages() -> None:
    for name in sorted(name for name in _files() if name.startswith(NO_MESSAGES)):
        with pytest.raises(MalformedMessage, match="no reader knows this JSON"):
            read_message((samples_dir() / name).read_bytes())
