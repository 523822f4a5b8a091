"""WCO declarations: an amendment holds what changes alone, and what it says of documents is kept."""

from __future__ import annotations

from adapters.registry import read_message
from chain.records import CustomsDeclaration

AMENDMENT = (
    '<md:MetaData xmlns:md="urn:wco:datamodel:WCO:DocumentMetaData-DMS:2"><md:WCOTypeName>DEC</md:WCOTypeName>'
    '<Declaration xmlns="urn:wco:datamodel:WCO:DEC-DMS:2"><FunctionCode>{function}</FunctionCode>'
    "<FunctionalReferenceID>L1</FunctionalReferenceID><ID>26GB00000000000AB2</ID><TypeCode>{kind}</TypeCode>"
    "<GoodsItemQuantity>3</GoodsItemQuantity>"
    "<Amendment><ChangeReasonCode>32</ChangeReasonCode><Pointer><SequenceNumeric>1</SequenceNumeric>"
    "<DocumentSectionCode>42A</DocumentSectionCode></Pointer><Pointer><SequenceNumeric>2</SequenceNumeric>"
    "<DocumentSectionCode>68A</DocumentSectionCode></Pointer></Amendment>"
    "<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>2</SequenceNumeric>{item}</GovernmentAgencyGoodsItem>"
    "</GoodsShipment></Declaration></md:MetaData>"
)
DOCUMENT = (
    "<AdditionalDocument><CategoryCode>N</CategoryCode><EffectiveDateTime><DateTimeString>20261231</DateTimeString>"
    "</EffectiveDateTime><ID>CERT1</ID><Name>Certificate</Name><TypeCode>853</TypeCode>"
    "<LPCOExemptionCode>AE</LPCOExemptionCode><Submitter><Name>Port Health</Name></Submitter>"
    '<WriteOff><QuantityQuantity unitCode="KGM">12.5</QuantityQuantity></WriteOff></AdditionalDocument>'
)


def declaration(item: str, *, function: str = "13", kind: str = "COR") -> CustomsDeclaration:
    (entity,) = read_message(AMENDMENT.format(item=item, function=function, kind=kind).encode()).entities
    assert isinstance(entity.record, CustomsDeclaration)
    assert (entity.amends is not None) == (function == "13")
    return entity.record


def test_an_amendment_needs_no_commodity_and_counts_no_items() -> None:
    record = declaration(DOCUMENT)
    assert record.declaration.function == "change"
    assert [item.ordinal for item in record.goods_items] == [2]
    assert record.goods_items[0].name is None
    assert [change.field for change in record.declaration.changes] == ["42A[1]/68A[2]"]
    assert record.declaration.reason == "change reason 32"


def test_a_document_keeps_its_state_issuer_last_day_and_write_off() -> None:
    (document,) = declaration(DOCUMENT).documents
    assert (document.kind.value, document.number, document.item) == ("N853", "CERT1", 2)
    assert document.status is not None
    assert (document.status.value, document.issuer, document.valid_until) == ("AE", "Port Health", "2026-12-31")
    assert document.written_off is not None
    assert (document.written_off.value, document.written_off.unit) == ("12.50000", "KGM")


def test_a_mass_of_six_digits_is_rounded_with_a_remark() -> None:
    mass = "<Commodity><GoodsMeasure><GrossMassMeasure>10.123456</GrossMassMeasure></GoodsMeasure></Commodity>"
    record = declaration(mass)
    assert record.goods_items[0].gross is not None
    assert record.goods_items[0].gross.value == "10.12346"
    assert "rounded" in {remark.rule for remark in record.remarks}


def test_a_declaration_of_a_reduced_data_set_is_read() -> None:
    body = AMENDMENT.replace("<GoodsItemQuantity>3<", "<GoodsItemQuantity>1<")
    (entity,) = read_message(body.format(item="", function="9", kind="IMQ").encode()).entities
    assert isinstance(entity.record, CustomsDeclaration)
    assert entity.record.declaration.direction == "I"


def test_a_master_ucr_is_a_number_by_which_its_movements_are_found() -> None:
    previous = "<PreviousDocument><ID>GB/TEST-9</ID><TypeCode>MCR</TypeCode></PreviousDocument>"
    record = declaration(previous)
    assert ("cop", "mucr", "GB/TEST-9") in {(found.kind, found.scope, found.value) for found in record.references}
