"""Every element of a schema is read into the record, kept as a remark, or left out with a reason: none is lost.

The lists of names (`adapters/formats/FORMAT/schema/KIND.txt`) were derived from the editions that their first lines
name. Each leaf is put into a message; what the reader then says more than before tells which of the three it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pytest
from lxml import etree

from adapters.formats import format_folders
from adapters.parsing.coverage import is_ignored
from adapters.registry import read_message
from chain.errors import MalformedMessage
from tests.adapters.formats.customs.writing import LAYOUTS
from tests.adapters.formats.schema_cases import BY_THEMSELVES, CASES, FORMATS, Case, read_leaves
from tests.adapters.formats.schema_writing import Leaf, written

SENT_ON = date(2026, 3, 2)
VALUES = (
    *("7", "7.5", "true", "2026-04-05", "20260405", "20260405093000Z", "2026-04-05T09:30:00Z", "09:30:00Z", "NO"),
    *("NOK", "A", "9", "13", "2", "848340", "CNTXG", "CSQU3054383", "9321483", "KGM", "EAL", "M", "I", "E", "0220"),
    *("3", "142", "1", "EQ", "202604050930", "S5", "T5K7", "PEKFRA", "05APR26", "FRA", "91110000100001342C", "order"),
    *("TSNMUC", "consignee", "void", "0101", "DDP", "010120261000000025", "CA88"),
)
"""Texts that fit some form, tried one after the other where the form takes no plain word."""
BATCH = 40
"""Leaves that are tried in one message."""


def told(body: bytes) -> str:
    """All that the reader says of the message, but its hash."""
    read = read_message(body, sent_on=SENT_ON)
    records = [entity.record for entity in read.entities if entity.record]
    sections = [{k: v for k, v in record.to_sections().items() if k != "source"} for record in records]
    rest = [[entity.note, str(entity.lookup), str(entity.amends)] for entity in read.entities]
    return json.dumps([read.message_id, read.sender, sections, read.remarks, rest], ensure_ascii=False)


def is_kept(case: Case, path: Leaf, before: str) -> bool:
    """Whether some text at the path has an effect on what is said, or is refused by its name whatever it is."""
    refused = True
    for value in ("Probe7", *VALUES):
        try:
            after = told(written(case.base, {path: value}, case.namespaces, case.holder))
        except MalformedMessage:
            continue
        refused = False
        if after != before:
            return True
    return refused


def is_left_out(root: str, path: Leaf, ignored: Mapping[str, str]) -> bool:
    """Whether the table names the leaf, or a holder around it."""
    steps = [step.split()[0].removesuffix("[]") for step in path]
    return any(is_ignored("/".join((root, *steps[: depth + 1])).lstrip("/"), ignored) for depth in range(len(steps)))


def root_name(case: Case) -> str:
    """The root of its paths; empty for a form without elements."""
    return case.holder or (str(etree.QName(etree.fromstring(case.base)).localname) if case.base[:1] == b"<" else "")


def batches(paths: Sequence[Leaf]) -> Iterator[Sequence[Leaf]]:
    for start in range(0, len(paths), BATCH):
        yield paths[start : start + BATCH]


@pytest.mark.parametrize("kind", CASES)
def test_no_element_of_the_schema_is_lost(kind: str) -> None:
    case = CASES[kind]
    before = told(case.base)
    looked_for = [path for path in case.leaves() if not is_left_out(root_name(case), path, case.ignored)]
    lost: list[str] = []
    for batch in batches(looked_for):
        texts = {path: f"Probe{count}x" for count, path in enumerate(batch)}
        try:
            after = told(written(case.base, texts, case.namespaces, case.holder))
        except MalformedMessage:
            after = ""
        # A text that does not show, be it that the whole was refused, is tried by itself in each form.
        unsure = [path for path, text in texts.items() if text not in after]
        lost += ["/".join(path) for path in unsure if not is_kept(case, path, before)]
    assert lost == []


@pytest.mark.parametrize("kind", CASES)
def test_what_is_left_out_has_a_reason(kind: str) -> None:
    assert all(len(reason) > 5 for reason in CASES[kind].ignored.values())


def test_every_format_has_a_list_of_names() -> None:
    assert {path.parent.parent.name for path in FORMATS.glob("*/schema/*.txt")} == set(format_folders())


def test_every_list_of_names_is_tried() -> None:
    lists = {f"{path.parent.parent.name}/{path.stem}" for path in FORMATS.glob("*/schema/*.txt")}
    assert lists == set(CASES) | BY_THEMSELVES


def test_the_tables_of_ceb_messages_hold_every_field_of_the_specification() -> None:
    listed = {(path[0], path[-1]) for path in read_leaves("ceb", "CEB")}
    tables = {
        (f"CEB{number}", row.name)
        for number, layout in LAYOUTS.items()
        for table in (layout.fields, *((layout.lines,) if layout.lines else ()))
        for row in table.rows
    }
    assert tables == listed
