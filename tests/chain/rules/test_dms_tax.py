"""C27 on an answer of customs in the shape of HMRC's DMSTAX: line = base x rate, VAT base = value + duty."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.registry import read_message
from tests.chain.rules.papers import answers_of, found_in

VECTOR = json.loads((Path(__file__).parent / "vectors" / "C27.json").read_bytes())
ANSWER = """<md:MetaData xmlns:md="urn:wco:datamodel:WCO:DocumentMetaData-DMS:2">
 <md:WCOTypeName>RES</md:WCOTypeName>
 <Response xmlns="urn:wco:datamodel:WCO:RES-DMS:2">
  <FunctionCode>13</FunctionCode>
  <Declaration><ID>26GB1C6K9XDQZ3BAR8</ID>
   <GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric><Commodity>
    <DutyTaxFee><AdValoremTaxBaseAmount currencyID="GBP">10000.00</AdValoremTaxBaseAmount>
     <TaxRateNumeric>2.70</TaxRateNumeric><TypeCode>A00</TypeCode>
     <Payment><TaxAssessedAmount currencyID="GBP">{duty}</TaxAssessedAmount></Payment></DutyTaxFee>
    <DutyTaxFee><AdValoremTaxBaseAmount currencyID="GBP">{base}</AdValoremTaxBaseAmount>
     <TaxRateNumeric>20.00</TaxRateNumeric><TypeCode>B00</TypeCode>
     <Payment><TaxAssessedAmount currencyID="GBP">{vat}</TaxAssessedAmount></Payment></DutyTaxFee>
   </Commodity></GovernmentAgencyGoodsItem></GoodsShipment>
  </Declaration>
 </Response>
</md:MetaData>"""


def papers_of(duty: str = "270.00", base: str = "10270.00", vat: str = "2054.00") -> dict[str, Any]:
    """The clean declaration of C27, with that answer in place of its own taxes."""
    (entity,) = read_message(ANSWER.format(duty=duty, base=base, vat=vat).encode()).entities
    assert entity.record is not None
    said = entity.record.to_sections()
    sections = {key: values if key == "references" else values[0] for key, values in said.items()}
    papers: dict[str, Any] = {
        name: copy.deepcopy(paper) for name, paper in VECTOR["papers"].items() if not paper["type"].startswith("tax.")
    }
    papers["answer"] = {"type": entity.record.TYPE, "issuer": "11100000000014508H", "sections": sections}
    declaration = papers["declaration"]["sections"]
    # Another country's procedure: its rates of VAT are not China's to judge.
    del declaration["declaration"]["procedure"]
    declaration.setdefault("references", []).append({"kind": "declaration", "value": "26GB1C6K9XDQZ3BAR8"})
    return papers


def of_taxes(papers: dict[str, Any]) -> list[str]:
    return [rule for rule in found_in(answers_of(papers)) if rule.startswith("C27")]


def test_the_shape_of_dms_tax_adds_up() -> None:
    answers = answers_of(papers_of())
    assert of_taxes(papers_of()) == []
    assert "C27" in {agreement.rule for agreement in answers.agreements}


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"duty": "270.02", "base": "10270.02"}, ["C27-line"]),
        ({"vat": "2054.02"}, ["C27-line"]),
        ({"base": "10000.00", "vat": "2000.00"}, ["C27-vat-base"]),
    ],
)
def test_a_figure_of_it_that_does_not_follow_is_found(changes: dict[str, str], rules: list[str]) -> None:
    assert sorted(set(of_taxes(papers_of(**changes)))) == rules
