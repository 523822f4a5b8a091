"""UBL import declarations: an unknown subtype is kept as it was said, and tells no direction."""

from __future__ import annotations

import pytest

from adapters.registry import read_message
from chain.records import CustomsDeclaration


def message(subtype: str) -> bytes:
    """A short declaration with that subtype; with none where it is empty."""
    said = f"<cbc:SubTypeCode>{subtype}</cbc:SubTypeCode>" if subtype else ""
    space = "urn:oasis:names:specification:ubl:schema:xsd:"
    return (
        f'<ImportCustomsDeclaration xmlns="{space}ImportCustomsDeclaration-2"'
        f' xmlns:cac="{space}CommonAggregateComponents-2" xmlns:cbc="{space}CommonBasicComponents-2">'
        f"<cbc:ID>D1</cbc:ID>{said}<cac:Shipment><cbc:ID>1</cbc:ID><cac:GoodsItem><cbc:ID>1</cbc:ID>"
        "<cbc:SequenceNumberID>1</cbc:SequenceNumberID><cac:Item><cbc:Description>gears</cbc:Description></cac:Item></cac:GoodsItem></cac:Shipment></ImportCustomsDeclaration>"
    ).encode()


@pytest.mark.parametrize(("subtype", "direction"), [("", "I"), ("IMA", "I"), ("EXA", "E"), ("CO", None), ("ZZ", None)])
def test_an_unknown_subtype_is_kept_and_marked_and_tells_no_direction(subtype: str, direction: str | None) -> None:
    record = read_message(message(subtype)).entities[0].record
    assert isinstance(record, CustomsDeclaration)
    assert record.declaration.direction == direction
    assert (record.declaration.form.value if record.declaration.form else "") == subtype
    remarks = [remark.field for remark in record.remarks if remark.rule == "unknown-code"]
    assert remarks == ["declaration.direction"] * (direction is None)
