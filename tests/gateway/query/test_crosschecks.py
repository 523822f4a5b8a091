"""Each rule between records finds its fault, alone; papers that agree give none; what is withheld tells nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from chain.records import RECORD_TYPES
from gateway.access.records import HeldRecord
from gateway.consignment.findings import findings
from tests.gateway.query.consortium import (
    BANK,
    BEIJING,
    BROKER,
    CARRIER,
    NUMBER,
    TERMINAL,
    TRADER,
    UCR,
    PaperChain,
    PaperMember,
    without,
)

BOX = "CSQU3054383"
OTHER_BOX = "MSKU9070323"
Said = dict[str, Any]
Spoil = Callable[[dict[str, Said]], None]

ISSUERS: dict[str, tuple[PaperMember, str]] = {
    "document": (CARRIER, "logistics.transport_document"),
    "declaration": (BROKER, "customs.declaration"),
    "acceptance": (BEIJING, "customs.status"),
    "release": (BEIJING, "customs.status"),
    "vgm": (TERMINAL, "logistics.weight"),
    "gate": (TERMINAL, "logistics.event"),
    "bill": (BEIJING, "tax.assessment"),
    "paid": (BANK, "tax.payment"),
    "invoice": (TRADER, "tax.invoice"),
}


def kg(value: str) -> Said:
    return {"value": value, "unit": "KGM"}


def cny(value: str) -> Said:
    return {"value": value, "currency": "CNY"}


def moment(time: str) -> Said:
    return {"utc": f"2026-11-20T{time}Z", "said": time}


def answered(state: str, code: str, time: str) -> Said:
    said = {"about": "declaration", "code": {"system": "cn-channel", "value": code}, "state": state, "at": moment(time)}
    return {"status": said}


def agreeing() -> dict[str, Said]:
    """A sea import whose papers agree."""
    return {
        "document": {
            "transport_document": {"kind": "bill_of_lading", "number": "BL 123-45"},
            "transport": {"gross": kg("10100.00000"), "packages": {"count": 40}, "containers": [{"number": BOX}]},
        },
        "declaration": {
            "declaration": {"number": NUMBER, "direction": "I"},
            "transport": {
                "bill": "BL12345",
                "gross": kg("10000.00000"),
                "packages": {"count": 40},
                "containers": [{"number": BOX, "tare": kg("2200.00000")}],
            },
            "valuation": {"total": cny("5000.00")},
        },
        "acceptance": answered("ACCEPTED", "L", "08:00:00"),
        "release": answered("RELEASED", "P", "10:00:00"),
        "vgm": {"weight": {"gross": kg("12300.00000"), "container": {"number": BOX}}},
        "gate": {
            "event": {
                "code": {"system": "dcsa-equipment-event", "value": "GTOT"},
                "happened": moment("11:00:00"),
                "container": {"number": BOX},
            }
        },
        "bill": {
            "assessment": {"number": f"{NUMBER}-A01", "declaration": NUMBER},
            "taxes": {"lines": [{"kind": "duty", "amount": cny("650.00")}]},
        },
        "paid": {
            "tax_payment": {"certificate": f"{NUMBER}-A01", "declaration": NUMBER},
            "taxes": {"total": cny("650.00")},
        },
        "invoice": {"invoice": {"number": "INV-1", "net": cny("5000.00")}},
    }


def records_of(papers: dict[str, Said]) -> list[HeldRecord]:
    chain = PaperChain()
    for name, sections in papers.items():
        member, kind = ISSUERS[name]
        elements = {section: [value] for section, value in sections.items()}
        chain.say(member, RECORD_TYPES[kind].from_sections({"ucr": [UCR], **elements}))
    return chain.held


def rules_of(records: list[HeldRecord]) -> list[str]:
    found = findings(records)
    return [str(one["rule"]) for one in found if isinstance(one, dict)]


def spoil(*path: str | int, value: Any) -> Spoil:
    def change(papers: dict[str, Any]) -> None:
        place: Any = papers
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


FAULTS: dict[str, tuple[str, Spoil]] = {
    "another bill": ("C11-bill", spoil("declaration", "transport", "bill", value="BL99999")),
    "another container": (
        "C12-containers",
        spoil("document", "transport", "containers", value=[{"number": BOX}, {"number": OTHER_BOX}]),
    ),
    "heavier by more than 3 %": ("C13-gross", spoil("document", "transport", "gross", value=kg("10400.00000"))),
    "a box far heavier than its cargo": ("C14-verified-mass", spoil("vgm", "weight", "gross", value=kg("14000.00000"))),
    "a package more": ("C16-packages", spoil("document", "transport", "packages", "count", value=41)),
    "out before release": ("C21-gate-out", spoil("gate", "event", "happened", value=moment("09:00:00"))),
    "another declaration's tax bill": (
        "C28-bill-number",
        spoil("bill", "assessment", "number", value="010120261000000999-A01"),
    ),
    "paid too little": ("C29-paid", spoil("paid", "taxes", "total", value=cny("640.00"))),
    "invoiced for more": ("C31-invoice", spoil("invoice", "invoice", "net", value=cny("7000.00"))),
}


def test_papers_that_agree_give_no_finding() -> None:
    assert rules_of(records_of(agreeing())) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_gives_one_finding_of_its_rule(fault: str) -> None:
    rule, change = FAULTS[fault]
    papers = copy.deepcopy(agreeing())
    change(papers)
    records = records_of(papers)
    assert rules_of(records) == [rule]
    (found,) = [one for one in findings(records) if one["rule"] == rule]  # type: ignore[index, call-overload]
    assert found["by"] == "gateway"  # type: ignore[index, call-overload]
    assert found["record"] is None, "unsigned"  # type: ignore[index, call-overload]
    assert found["text"]  # type: ignore[index, call-overload]
    assert found["text_zh"]  # type: ignore[index, call-overload]
    assert set(found["records"]) <= {one.signed.record_id for one in records}  # type: ignore[index, call-overload, arg-type]


def test_goods_that_left_and_were_never_released_are_found() -> None:
    papers = agreeing()
    del papers["release"]
    assert rules_of(records_of(papers)) == ["C21-gate-out"]


def test_an_empty_box_may_leave_at_any_time() -> None:
    papers = agreeing()
    papers["gate"]["event"] |= {"happened": moment("09:00:00"), "container": {"number": BOX, "laden": False}}
    assert rules_of(records_of(papers)) == []


@pytest.mark.parametrize("section", ["transport", "valuation", "declaration"])
def test_a_withheld_section_gives_no_finding(section: str) -> None:
    papers = agreeing()
    FAULTS["heavier by more than 3 %"][1](papers)
    FAULTS["invoiced for more"][1](papers)
    records = records_of(papers)
    place = next(i for i, one in enumerate(records) if one.signed.vct == "customs.declaration")
    held = records[place]
    records[place] = HeldRecord(without(held, section), held.state, held.batch, held.position, held.block)
    told = {"transport": {"C31-invoice"}, "valuation": {"C13-gross"}, "declaration": {"C13-gross"}}
    assert set(rules_of(records)) == told[section]


def test_the_declarations_own_faults_are_found_too() -> None:
    papers = agreeing()
    papers["declaration"]["transport"]["net"] = kg("11000.00000")
    assert "C06-gross-net" in rules_of(records_of(papers))
