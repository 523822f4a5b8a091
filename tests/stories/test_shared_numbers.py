"""One box in two open consignments is a finding for customs, who may look numbers up, and tells nobody else of it."""

from __future__ import annotations

from typing import Any

import pytest

from chain.identifiers import ContainerNumber, Ucr
from chain.records.base import Reference
from chain.records.customs import CustomsDeclaration
from chain.records.transport import Container
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

BOX = ContainerNumber.parse("CSQU3054383")
NUMBERS = ("010120261000000025", "010120261000000033")


def boxed(number: str) -> CustomsDeclaration:
    """A declaration of goods in that box."""
    declaration = consortium.declaration(number)
    assert declaration.transport is not None
    transport = declaration.transport.model_copy(update={"containers": (Container(number=BOX, shared=False),)})
    references = (*declaration.references, Reference(kind="container", value=BOX))
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
