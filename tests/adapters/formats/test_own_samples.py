"""Our own sample of every kind of native message: each is read, and becomes what the table says."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from adapters.formats import native_formats
from adapters.registry import read_message
from chain.identifiers import Ucr
from tests.samples import REPOSITORY

FORMATS = REPOSITORY / "adapters" / "formats"
SENT_ON = date(2026, 3, 2)
"""For messages whose days have no year."""
ORDER, PAYMENT, CERTIFICATE, PARTIES = "trade.order", "trade.payment", "trade.certificate", "trade.parties"
WAYBILL, EVENT, WEIGHT = "logistics.transport_document", "logistics.event", "logistics.weight"
DECLARATION, REQUEST, STATUS = "customs.declaration", "customs.request", "customs.status"
INVOICE, ASSESSMENT, DUTY, REBATE = "tax.invoice", "tax.assessment", "tax.payment", "tax.rebate"
NO_RECORD = ""
SAMPLES: dict[str, tuple[str, dict[str, int]]] = {
    "bonded_zone/list-reply.xml": ("INV201", {STATUS: 1}),
    "bonded_zone/list.xml": ("INV101", {DECLARATION: 1}),
    "bonded_zone/pass-reply.xml": ("SAS223", {STATUS: 1}),
    "bonded_zone/pass.xml": ("SAS121", {REQUEST: 1}),
    "bonded_zone/taken.xml": ("CommonResponeMessage", {STATUS: 1}),
    "cargo_imp/houses.txt": ("Cargo-IMP-FHL-5", {WAYBILL: 2}),
    "cargo_imp/manifest.txt": ("Cargo-IMP-FFM-8", {WAYBILL: 2}),
    "cargo_imp/status.txt": ("Cargo-IMP-FSU-15", {EVENT: 1}),
    "cargo_imp/waybill.txt": ("Cargo-IMP-FWB-17", {WAYBILL: 1}),
    "cargo_xml/house.xml": ("XFZB", {WAYBILL: 1}),
    "cargo_xml/status.xml": ("XFSU", {EVENT: 1}),
    "cargo_xml/waybill.xml": ("XFWB", {WAYBILL: 1}),
    "ceb/list-reply.xml": ("CEB622", {STATUS: 1}),
    "ceb/list.xml": ("CEB621", {DECLARATION: 1}),
    "ceb/order-reply.xml": ("CEB312", {STATUS: 1}),
    "ceb/order.xml": ("CEB311", {ORDER: 1}),
    "ceb/payment.xml": ("CEB411", {PAYMENT: 1}),
    "ceb/return.xml": ("CEB625", {REQUEST: 1}),
    "ceb/signed-for.xml": ("CEB513", {EVENT: 1}),
    "ceb/tax-bill.xml": ("CEB816", {ASSESSMENT: 1}),
    "ceb/waybill.xml": ("CEB511", {WAYBILL: 1}),
    "certificate_sheet/certificate.csv": ("tongguan-certificate", {CERTIFICATE: 1}),
    "cii_invoice/invoice.xml": ("CII-D16B", {INVOICE: 1}),
    "container_moves/discharge.edi": ("COARRI-D.95B", {EVENT: 1}),
    "container_moves/gate-out.edi": ("CODECO-D.95B", {EVENT: 1}),
    "dcsa_ebl/transport-document.json": ("DCSA-EBL-3.0", {WAYBILL: 1}),
    "dcsa_tnt/departure.json": ("DCSA-TNT-2.2", {EVENT: 1}),
    "dcsa_vgm/verified-gross-mass.json": ("DCSA-VGM-1.0", {WEIGHT: 2}),
    "dec_message/declaration.xml": ("DecMessage", {DECLARATION: 1}),
    "dec_mod/cancellation.xml": ("DecModMessage", {REQUEST: 1}),
    "dec_mod/change.xml": ("DecModMessage", {DECLARATION: 1}),
    "dec_result/release.xml": ("DEC_RESULT", {STATUS: 1}),
    "dec_result/taken.xml": ("DecImportResponse", {STATUS: 1}),
    "duty_payment/certificates.json": ("duty-payment-certificate", {DUTY: 2}),
    "dxp/enveloped-release.xml": ("DEC_RESULT", {STATUS: 1}),
    "efapiao/invoice.xml": ("cn-einvoice", {INVOICE: 1}),
    "epcis/shipping.json": ("EPCIS-2.0", {EVENT: 1}),
    "export_rebate/declaration.json": ("export-rebate-declaration", {REBATE: 1}),
    "inventory_movement/arrival.xml": ("HMRC-movement-EAL", {EVENT: 1}),
    "invoice_sheet/invoice.csv": ("tongguan-invoice", {INVOICE: 1}),
    "invoice_sheet/invoice.xlsx": ("tongguan-invoice", {INVOICE: 1}),
    "manifest/original.xml": ("CN-MT1401", {WAYBILL: 1}),
    "ofd/invoice.ofd": ("cn-einvoice-ofd", {INVOICE: 1}),
    "onerecord/customs-information.json": ("ONE-Record-CustomsInformation", {NO_RECORD: 1}),
    "onerecord/event.json": ("ONE-Record-LogisticsEvent", {EVENT: 1}),
    "onerecord/waybill.json": ("ONE-Record-Waybill", {WAYBILL: 1}),
    "port_manifest/manifest.txt": ("port-IFCSUM", {WAYBILL: 2}),
    "port_moves/gate.txt": ("port-CODECO", {EVENT: 2}),
    "port_moves/quay.txt": ("port-COARRI", {EVENT: 3}),
    "trade_parties/parties.json": ("trade-parties", {PARTIES: 1}),
    "transport_status/status.edi": ("IFTSTA-D.00B", {EVENT: 3}),
    "ubl_declaration/declaration.xml": ("UBL-ImportCustomsDeclaration", {DECLARATION: 1}),
    "ubl_invoice/credit-note.xml": ("UBL-CreditNote", {INVOICE: 1}),
    "ubl_invoice/invoice.xml": ("UBL-Invoice", {INVOICE: 1}),
    "ubl_waybill/waybill.xml": ("UBL-Waybill", {WAYBILL: 1}),
    "ubl_waybill/weight-statement.xml": ("UBL-WeightStatement", {WEIGHT: 1}),
    "wco/acceptance.xml": ("WCO-RES", {STATUS: 1}),
    "wco/declaration.xml": ("WCO-DEC", {DECLARATION: 1}),
    "wco/invalidation.xml": ("WCO-DEC", {REQUEST: 1}),
}
"""Folder and file → the kind that it is known as, and how many of its entities become what."""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_becomes_what_the_table_says(name: str) -> None:
    folder, _, file = name.partition("/")
    read = read_message((FORMATS / folder / "samples" / file).read_bytes(), sent_on=SENT_ON)
    records = [entity.record for entity in read.entities]
    assert (read.kind, Counter(record.TYPE if record else NO_RECORD for record in records)) == SAMPLES[name]
    for record in filter(None, records):
        placed = record.for_ucrs([Ucr.parse(Ucr.EXAMPLE)])
        assert type(placed).from_sections(placed.to_sections()) == placed


def test_every_sample_stands_in_the_table() -> None:
    assert {f"{path.parts[-3]}/{path.name}" for path in FORMATS.glob("*/samples/*")} == set(SAMPLES)


@pytest.mark.parametrize("folder", native_formats())
def test_a_format_has_a_sample_of_each_kind_and_of_each_record_that_it_becomes(folder: str) -> None:
    rows = native_formats()[folder]
    samples = [SAMPLES[name] for name in SAMPLES if name.startswith(f"{folder}/")]
    assert len({kind for kind, _ in samples}) >= len(rows)
    assert {record_type for _, becomes in samples for record_type in becomes} >= {
        record_type for row in rows for record_type in row.becomes
    }
