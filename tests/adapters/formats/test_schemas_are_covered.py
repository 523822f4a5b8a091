"""Every element of a schema is read into the record, kept as a remark, or left out with a reason: none is lost.

The lists of names (`adapters/formats/FORMAT/schema/KIND.txt`) were derived from the editions that their first lines
name. Each leaf is put into a message; what the reader then says more than before tells which of the three it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.parsing.coverage import is_ignored
from adapters.registry import read_message
from chain.errors import MalformedMessage
from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.formats.dcsa_vgm.test_places import declaration as verified_mass
from tests.adapters.formats.test_events_that_name_little import EVENT
from tests.adapters.formats.test_times_and_kinds import FLAT
from tests.adapters.formats.ubl_declaration import test_places as ubl_declaration
from tests.adapters.formats.ubl_invoice.test_lines import document as invoice
from tests.adapters.formats.ubl_waybill.test_places import document as waybill
from tests.adapters.formats.wco.test_places import METADATA, message

FORMATS = Path(import_module("adapters.formats").__file__ or "").parent
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
RES = (
    b"<MetaData><WCOTypeName>RES</WCOTypeName><Response><FunctionCode>09</FunctionCode><Declaration><ID>26GB1</ID>"
    b"<GoodsShipment><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric></GovernmentAgencyGoodsItem>"
    b"</GoodsShipment></Declaration></Response></MetaData>"
)
MOVEMENT = (
    b'<inventoryLinkingMovementRequest xmlns="http://gov.uk/customs/inventoryLinking/v1"><messageCode>EAL</messageCode>'
    b"<ucrBlock><ucr>6CN91110000600037341L-0001</ucr></ucrBlock><goodsLocation>GBAU</goodsLocation>"
    b"<goodsArrivalDateTime>2026-03-02T09:00:00Z</goodsArrivalDateTime></inventoryLinkingMovementRequest>"
)
TRANSPORT = {"eventType": "TRANSPORT", "transportEventTypeCode": "ARRI"}
SHIPMENT = {"eventType": "SHIPMENT", "shipmentEventTypeCode": "CONF"}
TRANSFORMED = {"type": "TransformationEvent"}
INSURED = IMPORT.replace(b"</InsurMark>", b"</InsurMark><InsurCurr>USD</InsurCurr>")
VALUES = (
    *(
        "7",
        "7.5",
        "true",
        "2026-04-05",
        "20260405",
        "20260405093000Z",
        "2026-04-05T09:30:00Z",
        "09:30:00Z",
        "NO",
        "NOK",
    ),
    *(
        "A",
        "9",
        "13",
        "2",
        "848340",
        "CNTXG",
        "CSQU3054383",
        "9321483",
        "KGM",
        "EAL",
        "M",
        "I",
        "E",
        "0220",
        "3",
        "142",
        "1",
        "EQ",
    ),
)
"""Texts that fit some form, tried one after the other where the form takes no plain word."""
BATCH = 40
"""Leaves that are tried in one message."""

Leaf = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One list of names: where it stands, a message without most of it, and the table of what is left out."""

    folder: str
    kind: str
    base: bytes
    holder: str
    """Local name of the element that the paths are below; empty for the root."""
    tables: str
    library: bool = False
    """Whether holders and leaves stand in UBL's two libraries, not in their parent's namespace."""

    @property
    def ignored(self) -> Mapping[str, str]:
        module, _, name = self.tables.partition(":")
        table: Mapping[str, str] = getattr(import_module(f"adapters.formats.{self.folder}.{module}"), name)
        return table


CASES = {
    case.kind: case
    for case in (
        Case("wco", "dec", message(), "Declaration", "metadata:IGNORED"),
        Case("wco", "res", RES, "Response", "metadata:IGNORED"),
        Case("inventory_movement", "inventoryLinkingMovementRequest", MOVEMENT, "", "reader:IGNORED"),
        Case("ubl_invoice", "Invoice", invoice(), "", "reader:IGNORED_HERE", library=True),
        Case("ubl_waybill", "Waybill", waybill("Waybill", ""), "", "tables:IGNORED", library=True),
        Case("dec_message", "DecMessage", INSURED, "", "tables:IGNORED"),
        Case("dcsa_tnt", "equipmentEvent", json.dumps(FLAT).encode(), "", "reader:IGNORED"),
        Case("dcsa_tnt", "transportEvent", json.dumps(FLAT | TRANSPORT).encode(), "", "reader:IGNORED"),
        Case("dcsa_tnt", "shipmentEvent", json.dumps(FLAT | SHIPMENT).encode(), "", "reader:IGNORED"),
        Case("dcsa_vgm", "VGMDeclaration", json.dumps(verified_mass()).encode(), "", "reader:IGNORED"),
        Case("epcis", "ObjectEvent", json.dumps(EVENT).encode(), "", "reader:IGNORED"),
        Case("epcis", "TransformationEvent", json.dumps(EVENT | TRANSFORMED).encode(), "", "reader:IGNORED"),
        Case(
            "ubl_declaration",
            "ImportCustomsDeclaration",
            ubl_declaration.message(),
            "",
            "tables:IGNORED",
            library=True,
        ),
    )
}


def leaves(case: Case) -> list[Leaf]:
    """Every leaf of the list as its path."""
    lines = (FORMATS / case.folder / "schema" / f"{case.kind}.txt").read_text().splitlines()
    assert lines[0].startswith("# ")
    path: list[str] = []
    found: list[Leaf] = []
    for line, following in zip(lines[1:], [*lines[2:], ""], strict=True):
        depth = (len(line) - len(line.lstrip())) // 2
        path = [*path[:depth], line.strip()]
        if (len(following) - len(following.lstrip())) // 2 <= depth:
            found.append(tuple(path))
    return found


def tag(case: Case, name: str, *, leaf: bool, parent: etree._Element) -> str:
    if case.library:
        library = "CommonBasicComponents-2" if leaf else "CommonAggregateComponents-2"
        return f"{{{UBL}{library}}}{name}"
    namespace = etree.QName(parent).namespace
    return f"{{{namespace}}}{name}" if namespace else name


def put(case: Case, tree: etree._Element, path: Leaf, text: str) -> None:
    """Writes the text at the path, in the holders that are there or in new ones."""
    at = tree if not case.holder else next(tree.iter(f"{{*}}{case.holder}"))
    for name in path[:-1]:
        mark = tag(case, name, leaf=False, parent=at)
        inner = at.find(mark)
        at = inner if inner is not None else etree.SubElement(at, mark)
    mark = tag(case, path[-1], leaf=True, parent=at)
    there = at.find(mark)
    element = there if there is not None else etree.SubElement(at, mark)
    if path[-1].endswith("DateTime") and case.folder == "wco":
        element = etree.SubElement(element, tag(case, "DateTimeString", leaf=True, parent=element))
    element.text = text
    for name, value in (("currencyID", "NOK"), ("unitCode", "TNE")):
        if path[-1].endswith({"currencyID": ("Amount",), "unitCode": ("Measure", "Quantity")}[name]):
            element.set(name, value)


def put_member(root: Any, path: Leaf, text: str) -> None:
    """Writes the text at the path of JSON members, of which those with `[]` behind them are lists."""
    at = root
    for name in path[:-1]:
        inner = at.setdefault(name.removesuffix("[]"), [{}] if name.endswith("[]") else {})
        at = inner[0] if isinstance(inner, list) else inner
    at[path[-1].removesuffix("[]")] = [text] if path[-1].endswith("[]") else text


def written(case: Case, texts: Mapping[Leaf, str]) -> bytes:
    if case.base.startswith(b"{"):
        value = json.loads(case.base)
        for path, text in texts.items():
            put_member(value, path, text)
        return json.dumps(value).encode()
    tree = etree.fromstring(case.base)
    for path, text in texts.items():
        put(case, tree, path, text)
    return etree.tostring(tree)


def told(body: bytes) -> str:
    """All that the reader says of the message, but its hash."""
    read = read_message(body)
    records = [entity.record for entity in read.entities if entity.record]
    sections = [{k: v for k, v in record.to_sections().items() if k != "source"} for record in records]
    return json.dumps(
        [read.message_id, sections, read.remarks, [entity.note for entity in read.entities]], ensure_ascii=False
    )


def is_kept(case: Case, path: Leaf, before: str) -> bool:
    """Whether some text at the path has an effect on what is said, or is refused by its name whatever it is."""
    refused = True
    for value in ("Probe7", *VALUES):
        try:
            after = told(written(case, {path: value}))
        except MalformedMessage:
            continue
        refused = False
        if after != before:
            return True
    return refused


def is_left_out(root: str, path: Leaf, ignored: Mapping[str, str]) -> bool:
    """Whether the table names the leaf, or a holder around it."""
    return any(
        is_ignored("/".join((root, *path[: depth + 1])).replace("[]", "").lstrip("/"), ignored)
        for depth in range(len(path))
    )


def root_name(case: Case) -> str:
    return "" if case.base.startswith(b"{") else str(etree.QName(etree.fromstring(case.base)).localname)


def batches(paths: Sequence[Leaf]) -> Iterator[Sequence[Leaf]]:
    for start in range(0, len(paths), BATCH):
        yield paths[start : start + BATCH]


@pytest.mark.parametrize("kind", CASES)
def test_no_element_of_the_schema_is_lost(kind: str) -> None:
    case = CASES[kind]
    before, root = told(case.base), case.holder or root_name(case)
    looked_for = [path for path in leaves(case) if not is_left_out(root, path, case.ignored)]
    lost: list[str] = []
    for batch in batches(looked_for):
        texts = {path: f"Probe{count}x" for count, path in enumerate(batch)}
        try:
            after = told(written(case, texts))
        except MalformedMessage:
            after = ""
        # A text that does not show, be it that the whole was refused, is tried by itself in each form.
        unsure = [path for path, text in texts.items() if text not in after]
        lost += ["/".join(path) for path in unsure if not is_kept(case, path, before)]
    assert lost == []


@pytest.mark.parametrize("kind", CASES)
def test_what_is_left_out_has_a_reason(kind: str) -> None:
    assert all(len(reason) > 5 for reason in CASES[kind].ignored.values())


def test_every_list_of_names_is_tried() -> None:
    lists = {path.stem for path in FORMATS.glob("*/schema/*.txt")}
    assert lists == set(CASES)
    assert METADATA
