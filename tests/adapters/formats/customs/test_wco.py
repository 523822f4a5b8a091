"""WCO declarations: what an amendment is, without others' samples."""

from __future__ import annotations

import pytest

from adapters.message import Entity
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records import CustomsDeclaration

MRN = "20GBAKZ81EQJ2WXYZ1"


def amendment(number: str = f"<ID>{MRN}</ID>") -> Entity:
    body = (
        '<md:MetaData xmlns:md="urn:wco:datamodel:WCO:DocumentMetaData-DMS:2"><md:WCOTypeName>DEC</md:WCOTypeName>'
        '<Declaration xmlns="urn:wco:datamodel:WCO:DEC-DMS:2"><FunctionCode>13</FunctionCode>'
        f"<FunctionalReferenceID>LRN-1</FunctionalReferenceID>{number}<TypeCode>COR</TypeCode>"
        "</Declaration></md:MetaData>"
    )
    (found,) = read_message(body.encode()).entities
    return found


def test_an_amendment_names_what_it_amends_and_says_that_it_is_partial() -> None:
    found = amendment()
    assert found.amends is not None
    assert (found.amends.kind, found.amends.value) == ("declaration", MRN)
    assert isinstance(found.record, CustomsDeclaration)
    assert [remark.rule for remark in found.record.remarks] == ["partial-amendment"]
    assert found.record.goods_items == ()


def test_an_amendment_of_nothing_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="MRN"):
        amendment("")
