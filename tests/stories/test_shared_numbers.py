"""A box, bill, tax bill, certificate or declaration number used for two consignments is a finding for customs alone."""

from __future__ import annotations

from typing import Any

import pytest

from chain.identifiers import ContainerNumber, Ucr
from chain.records.base import Record, Reference, ReferenceKind
from chain.records.customs import CustomsDeclaration
from chain.records.tax import TaxAssessment
from chain.records.transport import Container, Conveyance
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

# Numbers of these stories alone: the others told in one town have boxes and bills too.
BOX = ContainerNumber.parse("CSQU3054418")
NUMBERS = ("010120261000000025", "010120261000000033")


def boxed(number: str, box: ContainerNumber = BOX) -> CustomsDeclaration:
    """A declaration of goods in that box."""
    declaration = consortium.declaration(number)
    assert declaration.transport is not None
    transport = declaration.transport.model_copy(update={"containers": (Container(number=box, shared=False),)})
    references = (*declaration.references, Reference(kind="container", value=box))
    return declaration.model_copy(update={"transport": transport, "references": references})


@pytest.fixture(scope="module")
def ucrs(town: Town) -> tuple[Ucr, Ucr]:
    trader = town.member("trader").uscc
    first, second = (Ucr.parse(f"6CN{trader}-BOX{place}") for place in (1, 2))
    for ucr, number in zip((first, second), NUMBERS, strict=True):
        town.name(ucr, "broker")
        town.say("broker", boxed(number), ucr)
    town.cover()
    return first, second


def view(town: Town, slug: str, ucr: str) -> Any:
    answer = town.get(slug, f"/v1/consignments/{ucr}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def missing(seen: Any) -> dict[str, str]:
    return {one["rule"]: one["missing"] for one in seen["checks"]["not_run"]}


def test_customs_is_told_that_the_box_stands_in_another_open_consignment(town: Town, ucrs: tuple[Ucr, Ucr]) -> None:
    for ucr, other in (ucrs, ucrs[::-1]):
        seen = view(town, "customs", ucr)
        (found,) = [one for one in seen["findings"] if one["rule"] == "C23-twice"]
        assert (found["severity"], found["declared"]) == ("H", BOX)
        assert other not in str(seen)


def test_the_trader_may_look_up_nothing_at_large_and_so_the_rule_is_not_run(town: Town, ucrs: tuple[Ucr, Ucr]) -> None:
    seen = view(town, "trader", ucrs[0])
    assert [one for one in seen["findings"] if one["rule"].startswith("C23")] == []
    assert missing(seen)["C23"] == "fact"


def test_a_closed_consignment_lets_the_box_go(town: Town, ucrs: tuple[Ucr, Ucr]) -> None:
    for state, time, code in (("RELEASED", "10:00:00", "P"), ("CLOSED", "11:00:00", "R")):
        town.say("customs", consortium.status(state, time, code=code, number=NUMBERS[1]), ucrs[1])
    town.cover()
    rules = {one["rule"] for one in view(town, "customs", ucrs[0])["findings"]}
    assert "C23-twice" not in rules


def test_a_declarations_number_used_twice_is_found_in_both_consignments(town: Town) -> None:
    trader, number = town.member("trader").uscc, "010120261000000041"
    first, second = (f"6CN{trader}-DECL{place}" for place in (1, 2))
    for ucr in (first, second):
        town.name(ucr, "broker")
        town.say("broker", consortium.declaration(number), ucr)
    town.cover()
    for ucr, other in ((first, second), (second, first)):
        seen = view(town, "customs", ucr)
        assert [one["declared"] for one in seen["findings"] if one["rule"] == "C23-twice"] == [number]
        assert other not in str(seen)


CERTIFICATE, BILL = "RCEP-DE-2026-0977", "BHLTWICE0977"
VOYAGE = Conveyance(name="COSCO STAR", voyage="012E")


def with_number(record: Record, kind: ReferenceKind, value: str) -> Record:
    """The record, which says that number too."""
    return record.model_copy(update={"references": (*record.references, Reference(kind=kind, value=value))})


def papers(number: str) -> list[tuple[str, Record]]:
    """A declaration under that bill and certificate, and a tax bill, each with its sayer."""
    declared = consortium.declaration(number)
    assert declared.transport is not None
    carried = declared.transport.model_copy(update={"bill": BILL})
    declared = declared.model_copy(update={"transport": carried, "references": declared.references[:1]})
    certified = with_number(with_number(declared, "transport_document", BILL), "origin_certificate", CERTIFICATE)
    assessed = TaxAssessment(
        references=(Reference(kind="declaration", value=number),),
        assessment=consortium.assessment().assessment.model_copy(update={"declaration": number}),
        taxes=consortium.assessment().taxes,
    )
    return [("broker", certified), ("customs", with_number(assessed, "tax_bill", f"{NUMBERS[0]}-A01"))]


@pytest.fixture(scope="module")
def papered(town: Town) -> tuple[Ucr, Ucr]:
    """Two consignments under the same bill, certificate of origin and tax bill; the second has left customs."""
    trader = town.member("trader").uscc
    first, second = (Ucr.parse(f"6CN{trader}-PAPER{place}") for place in (1, 2))
    for ucr, number in ((first, "010120261000000058"), (second, "010120261000000066")):
        town.name(ucr, "broker")
        for slug, record in papers(number):
            town.say(slug, record, ucr)
    town.cover()
    return first, second


@pytest.mark.parametrize(
    ("rule", "number"),
    [("C23-twice", BILL), ("C36-certificate-twice", CERTIFICATE), ("C37-claimed-twice", f"{NUMBERS[0]}-A01")],
)
def test_a_paper_used_for_two_consignments_is_found_in_both_and_names_neither(
    town: Town, papered: tuple[Ucr, Ucr], rule: str, number: str
) -> None:
    for ucr, other in (papered, papered[::-1]):
        seen = view(town, "customs", ucr)
        assert [one["declared"] for one in seen["findings"] if one["rule"] == rule] == [number]
        assert other not in str(seen)
    assert [one for one in view(town, "trader", papered[0])["findings"] if one["rule"] == rule] == []


def test_a_closed_consignment_lets_the_bill_go_and_keeps_its_certificate_and_tax_bill(
    town: Town, papered: tuple[Ucr, Ucr]
) -> None:
    for state, time, code in (("RELEASED", "10:00:00", "P"), ("CLOSED", "11:00:00", "R")):
        town.say("customs", consortium.status(state, time, code=code, number="010120261000000066"), papered[1])
    town.cover()
    rules = {one["rule"] for one in view(town, "customs", papered[0])["findings"]}
    assert rules & {"C23-twice", "C36-certificate-twice", "C37-claimed-twice"} == {
        "C36-certificate-twice",
        "C37-claimed-twice",
    }


def test_a_box_of_the_same_voyage_is_found_though_the_other_consignment_is_closed(town: Town) -> None:
    trader, numbers = town.member("trader").uscc, ("010120261000000074", "010120261000000082")
    first, second = (Ucr.parse(f"6CN{trader}-TRIP{place}") for place in (1, 2))
    for ucr, number in zip((first, second), numbers, strict=True):
        town.name(ucr, "broker")
        declared = boxed(number, ContainerNumber.parse("MSCU1234566"))
        assert declared.transport is not None
        carried = declared.transport.model_copy(update={"conveyance": VOYAGE})
        town.say("broker", declared.model_copy(update={"transport": carried}), ucr)
    for state, time, code in (("RELEASED", "10:00:00", "P"), ("CLOSED", "11:00:00", "R")):
        town.say("customs", consortium.status(state, time, code=code, number=numbers[1]), second)
    town.cover()
    assert "C23-twice" in {one["rule"] for one in view(town, "customs", first)["findings"]}
