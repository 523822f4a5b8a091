"""Every field of every CEB table has its effect on the record, or stands here with the reason why it has none."""

from __future__ import annotations

import pytest

from adapters.message import Entity
from adapters.parsing.forms import Form
from adapters.registry import read_message
from chain.errors import MalformedMessage
from tests.adapters.formats.customs.writing import LAYOUTS, VALUES, message

NOT_KEPT = {
    "appStatus": "1 is a draft, which makes no record; what is lodged says 2",
    "orderType": "one value alone is allowed, and the direction says it",
    "oriBizMessage": "the message that could not be read may hold personal data",
}
"""Field → why no record keeps it, whatever the kind."""
NOT_KEPT_OF_LINES = {
    "totalPackageNo": "a list's parcels are kept as references, not what is noted of each",
    "note": "a list's parcels are kept as references, not what is noted of each",
    "gnum": "the references stand in the order of the lines",
    "logisticsNo": "CEB792 does not say whose waybill number it is",
    "gseqno": "which item of the summary a parcel became stands in the summary itself",
    "gcode": "which item of the summary a parcel became stands in the summary itself",
}
"""The same for lines, in the kinds that list parcels: 507, 509, 607, 711, 792."""
LISTS_OF_PARCELS = {"507", "509", "607", "711", "792"}
TOGETHER = {"qty2": "12.5", "unit2": "035", "msgCount": "9"}
"""Fields that say something only beside another one, or that bound another one."""
OTHERS = (
    *("1", "2", "3", "12", "123", "0101", "142", "110", "123456", "12345678", "1105980099", "C20260302000000099"),
    *("20260401", "20260401093000", "20260401093000123", "甲乙", "A", "B", "P", "0A1B2C3D-0000-4000-8000-000000000099"),
)


def _others(name: str, form: Form) -> list[str]:
    """Some other values that fit the form, beginning with those next to the usual one."""
    usual = VALUES.get(name, "")
    near = [usual[:-1] + digit for digit in "1234567890"] if usual else []
    listed = form.rule.removeprefix("one of ").split(", ") if form.rule.startswith("one of ") else []
    return [value for value in (*listed, *near, *OTHERS) if value != usual and form.fits(value)]


def _said(number: str, changed: dict[str, str], line: dict[str, str]) -> list[tuple[object, ...]]:
    entities: tuple[Entity, ...] = read_message(message(number, line=line, **changed)).entities
    return [(e.record and e.record.model_copy(update={"source": None}), e.amends, e.lookup) for e in entities]


def _has_effect(number: str, part: str, name: str, form: Form) -> bool:
    layout = LAYOUTS[number]
    heads = {row.name for row in layout.fields.rows}
    lines = {row.name for row in layout.lines.rows} if layout.lines else set()
    head = {field: value for field, value in TOGETHER.items() if field in heads and field != name}
    line = {field: value for field, value in TOGETHER.items() if field in lines and field != name}
    for other in _others(name, form):
        try:
            before = _said(number, head, line)
            after = _said(
                number,
                head | ({name: other} if part == "head" else {}),
                line | ({name: other} if part == "line" else {}),
            )
        except MalformedMessage:
            continue
        if before != after:
            return True
    return False


def _reason(number: str, part: str, name: str) -> str | None:
    if part == "line" and number in LISTS_OF_PARCELS and name in NOT_KEPT_OF_LINES:
        return NOT_KEPT_OF_LINES[name]
    return NOT_KEPT.get(name)


@pytest.mark.parametrize("number", sorted(LAYOUTS))
def test_every_field_of_the_table_has_its_effect_on_the_record(number: str) -> None:
    layout = LAYOUTS[number]
    tables = [("head", layout.fields), *([("line", layout.lines)] if layout.lines else [])]
    without = [
        f"{part}/{row.name}"
        for part, table in tables
        for row in table.rows
        if _reason(number, part, row.name) is None and not _has_effect(number, part, row.name, row.form)
    ]
    assert without == []


def test_what_a_reply_repeats_beside_references_is_kept() -> None:
    record = read_message(message("712")).entities[0].record
    assert record is not None
    (status,) = record.to_sections()["status"]
    assert isinstance(status, dict)
    assert status["office"] == {"system": "cn-customs-office", "value": "0101"}
    assert status["flags"] == [{"system": "ceb-rkdNo", "value": VALUES["rkdNo"]}]
    assert status["guid"] == VALUES["guid"]


def test_a_unit_that_shares_its_international_code_keeps_its_own() -> None:
    sets = read_message(message("621", line={"unit": "001", "unit1": "007"})).entities[0].record
    assert sets is not None
    (item,) = sets.to_sections()["goods_items"]
    assert isinstance(item, dict)
    assert item["quantity"] == {"value": "3.00000", "unit": "H87", "unit_said": "001"}
    assert item["first_quantity"] == {"value": "3.00000", "unit": "H87"}
