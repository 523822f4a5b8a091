"""Times are facts with their records; early declaration shows as gain."""

from __future__ import annotations

from decimal import Decimal

from chain.rules.consignment import join_records
from chain.rules.times import STEPS, Times, times_of
from tests.chain.rules.native import Told, facts_of, place_of, told
from tests.chain.rules.papers import consignment_of


def times(messages: Told) -> Times:
    consignment = join_records(facts_of(messages))
    (declaration,) = consignment.declarations
    return times_of(consignment, declaration)


def test_a_sea_import_names_every_moment_and_the_record_that_says_it() -> None:
    found = times(told("sea_import"))
    assert [one.step for one in found.moments] == [
        "lodging",
        "acceptance",
        "arrival",
        "discharge",
        "assessment",
        "payment",
        "release",
        "gate_out",
    ]
    assert {one.step for one in found.moments} <= set(STEPS)
    assert found.at("release") == "2026-03-28T11:06:00Z"
    assert found.moments[0].record.startswith("sea_import")


def test_early_declaration_is_measured_from_arrival_and_so_shows_as_gain() -> None:
    found = times(told("sea_import"))
    assert found.early
    assert found.hours_to_release == Decimal("12.00")
    assert found.hours_to_gate_out == Decimal("21.00")


def test_without_an_arrival_the_cycle_begins_with_the_lodging() -> None:
    messages = told("air_import")
    place = place_of(messages, "LogisticsEvent", "#ARR")
    found = times((*messages[:place], *messages[place + 1 :]))
    assert (found.early, found.hours_to_release) == (False, Decimal("12.10"))


def test_each_wait_has_its_cause_and_what_customs_wrote() -> None:
    waits = {one.until: one for one in times(told("air_inspected")).waits}
    assert waits["inspection"].cause == "inspection by customs"
    assert waits["inspection"].notes == ("查验通知",)
    assert waits["payment"].cause_zh == "缴纳税款"
    assert sum(one.hours for one in waits.values()) == Decimal("37.30")


def test_release_before_arrival_is_no_wait_at_all() -> None:
    instant = {"said": "x"}
    papers = {
        "declaration": {
            "type": "customs.declaration",
            "sections": {"declaration": {"direction": "I", "lodged": {"utc": "2026-03-01T00:00:00Z", **instant}}},
        },
        "release": {
            "type": "customs.status",
            "sections": {
                "status": {
                    "about": "declaration",
                    "state": "RELEASED",
                    "code": {"system": "cn-channel", "value": "P"},
                    "at": {"utc": "2026-03-02T00:00:00Z", **instant},
                }
            },
        },
        "arrival": {
            "type": "logistics.event",
            "sections": {
                "event": {
                    "code": {"system": "dcsa-transport-event", "value": "ARRI"},
                    "happened": {"utc": "2026-03-03T00:00:00Z", **instant},
                }
            },
        },
    }
    consignment = consignment_of(papers)
    found = times_of(consignment, consignment.declarations[0])
    assert (found.early, found.hours_to_release) == (True, Decimal("0.00"))
