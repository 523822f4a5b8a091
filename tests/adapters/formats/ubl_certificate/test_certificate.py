"""UBL CertificateOfOrigin: what a certificate of origin says, with the state in which its issuer put it."""

from __future__ import annotations

import pytest

from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.trade import TradeCertificate
from tests.adapters.formats.schema_cases import sample

SAMPLE = sample("ubl_certificate", "certificate.xml").decode()


def record_of(text: str) -> TradeCertificate:
    (entity,) = read_message(text.encode()).entities
    assert isinstance(entity.record, TradeCertificate)
    return entity.record


def changed(old: str, new: str) -> str:
    assert old in SAMPLE
    return SAMPLE.replace(old, new)


def test_a_certificate_has_its_number_agreement_origin_and_documents() -> None:
    record = record_of(SAMPLE)
    head = record.certificate
    assert head.kind is not None
    assert (head.number, head.kind.value, head.issued_on, head.issuing_country, head.origin) == (
        "KR-RCEP-26-0188",
        "RCEP",
        "2026-02-20",
        "KR",
        "KR",
    )
    assert head.invoices == ("BS-2026-118",)
    assert [(found.kind, found.value) for found in record.references] == [
        ("cop", "KR-RCEP-26-0188"),
        ("transport_document", "BHLPUS0190"),
    ]


def test_a_certificate_has_goods_and_parties() -> None:
    record = record_of(SAMPLE)
    (item,) = record.goods_items
    assert item.total is not None
    assert (item.hs, item.origin, item.total.value, item.total.currency) == ("902690", "KR", "18500.00", "USD")
    assert [(party.role, party.uscc) for party in record.parties] == [
        ("exporter", None),
        ("importer", "91110000600037341L"),
        ("other", None),
    ]


def test_the_issuers_endorsement_counts_before_the_applications_status() -> None:
    state = record_of(SAMPLE).certificate.state
    assert state is not None
    assert (state.system, state.value) == ("ubl-approval-status", "issued")
    start, end = SAMPLE.index("  <cac:IssuerEndorsement>"), SAMPLE.index("</CertificateOfOrigin>")
    applied = record_of(SAMPLE[:start] + SAMPLE[end:]).certificate.state
    assert applied is not None
    assert (applied.system, applied.value) == ("ubl-application-status", "APPROVED")


def test_goods_of_several_origins_give_the_certificate_none() -> None:
    start, end = SAMPLE.index("      <cac:GoodsItem>"), SAMPLE.index("      <cac:ShipmentStage>")
    second = SAMPLE[start:end].replace(">KR<", ">JP<")
    record = record_of(SAMPLE[:end] + second + SAMPLE[end:])
    assert (record.certificate.origin, [item.origin for item in record.goods_items]) == (None, ["KR", "JP"])


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("<cbc:ID>KR-RCEP-26-0188</cbc:ID>", "", "CertificateOfOrigin/ID"),
        ("<cbc:CertificateType>RCEP</cbc:CertificateType>", "", "CertificateOfOriginApplication/CertificateType"),
        ("2026-02-20", "20 February", "CertificateOfOrigin/IssueDate"),
        ('unitCode="C62">300<', 'unitCode="C62">-3<', "GoodsItem[1]/Quantity"),
        ('currencyID="USD">18500.00', ">18500.00", "GoodsItem[1]/ValueAmount"),
    ],
)
def test_a_fault_is_named_by_its_place(old: str, new: str, where: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_message(changed(old, new).encode())
    assert where in refused.value.faults[0].field


def test_endless_goods_are_refused() -> None:
    start, end = SAMPLE.index("      <cac:GoodsItem>"), SAMPLE.index("      <cac:ShipmentStage>")
    with pytest.raises(MalformedMessage, match="at most 999 items"):
        read_message((SAMPLE[:end] + SAMPLE[start:end] * 999 + SAMPLE[end:]).encode())
