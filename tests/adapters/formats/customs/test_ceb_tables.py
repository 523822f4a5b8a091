"""The field tables, written from the document, against the official XSDs of the same edition."""

from __future__ import annotations

from functools import cache

import pytest
from lxml import etree

from adapters.formats.ceb.layout import take_apart
from adapters.parsing.xml_fields import Field, Table
from chain.errors import MalformedMessage
from tests.adapters.formats.customs.writing import LAYOUTS, message
from tests.samples import samples_dir

XS = "{http://www.w3.org/2001/XMLSchema}"

IMPORT = (311, 411, 511, 513, 621, 623, 625, 711, 816, 818, 312, 412, 512, 514, 622, 624, 626, 712, 900)
EXPORT_LODGED = (303, 403, 505, 507, 509, 603, 605, 607, 213, 215, 701, 792)
EXPORT_REPLIES = (304, 404, 506, 508, 510, 604, 606, 608, 214, 216, 702)
ROOTS = [str(number) for number in IMPORT + EXPORT_LODGED + EXPORT_REPLIES]
EXPORT = frozenset(str(number) for number in EXPORT_LODGED + EXPORT_REPLIES)

DOCUMENT_ONLY = {("816", "orderNo"), ("816", "logisticNo")}
"""Fields of the document that the XSD does not have; samples in use hold them."""
SHAPED_OTHERWISE = {"guid", "appType", "appStatus", "status", "returnTime"}
"""Fields whose form is narrower than the XSD's on purpose: codes and times."""


def test_every_root_of_the_two_xsds_has_a_layout() -> None:
    assert sorted(LAYOUTS) == sorted(ROOTS)


@cache
def _schema(export: bool) -> etree._Element:
    name = "export-202205.xsd" if export else "import-202205.xsd"
    return etree.parse(samples_dir() / "ceb" / "xsd" / name).getroot()


def _children(number: str, name: str) -> dict[str, etree._Element]:
    found = next(e for e in _schema(number in EXPORT) if e.get("name") == name)
    return {
        str(e.get("name") or e.get("ref", "").split(":")[-1]): e
        for e in found.iterfind(f"{XS}complexType/{XS}sequence/{XS}element")
    }


@pytest.mark.samples
@pytest.mark.parametrize("number", ROOTS)
def test_the_fields_are_those_of_the_xsd(number: str) -> None:
    layout = LAYOUTS[number]
    names = [name for name in layout.entity.split("/") if _is_defined(number, name)]
    tables: list[tuple[Table, str]] = [(layout.fields, layout.head or names[0])]
    if layout.lines is not None:
        tables.append((layout.lines, layout.line))
    for table, element in tables:
        _compare(number, table, _children(number, element))


def _is_defined(number: str, name: str) -> bool:
    root = _children(number, f"CEB{number}Message")
    return name in root


def _compare(number: str, table: Table, official: dict[str, etree._Element]) -> None:
    named = {spelling: row for row in table.rows for spelling in (row.name, *row.also)}
    assert sorted(set(official) - set(named)) == []
    for row in table.rows:
        spelled = [name for name in (row.name, *row.also) if name in official]
        assert spelled or (number, row.name) in DOCUMENT_ONLY, row.name
        for name in spelled:
            _compare_field(row, official[name])


def _compare_field(row: Field, official: etree._Element) -> None:
    optional = official.get("minOccurs") == "0"
    assert not (optional and row.required and row.name not in SHAPED_OTHERWISE | {"freight", "insuredFee"}), row.name
    longest = _longest(official)
    if longest is not None and row.name not in SHAPED_OTHERWISE and row.form.rule.startswith(("1 to", "exactly")):
        sample = "x" * longest
        assert row.form.fits(sample), f"{row.name}: the XSD takes {longest} characters, the table {row.form.rule}"


def _longest(official: etree._Element) -> int | None:
    for facet in ("maxLength", "length"):
        found = official.find(f".//{XS}{facet}")
        if found is not None:
            return int(str(found.get("value")))
    return None


@pytest.mark.parametrize("number", ROOTS)
def test_a_whole_message_has_no_fault(number: str) -> None:
    parsed = take_apart(LAYOUTS[number], message(number))
    parsed.faults.refuse(number)
    assert len(parsed.entities) == 1


@pytest.mark.parametrize("number", ROOTS)
def test_a_missing_field_is_named_with_its_path(number: str) -> None:
    parsed = take_apart(LAYOUTS[number], message(number, guid=None))
    with pytest.raises(MalformedMessage) as refused:
        parsed.faults.refuse(number)
    assert refused.value.field.endswith("/guid")
    assert refused.value.code == "0002"


@pytest.mark.parametrize("number", [number for number in ROOTS if LAYOUTS[number].drafts])
def test_a_draft_is_not_looked_into(number: str) -> None:
    parsed = take_apart(LAYOUTS[number], message(number, appStatus="1", guid=None))
    assert parsed.entities[0].draft
    assert not parsed.faults.found
