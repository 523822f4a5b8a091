"""Every component of every EDIFACT segment is read, kept as a remark, or left out with a reason: none is lost.

The lists (`schema/MESSAGE.txt`) name for each group of a message its segments, and for each segment its components by
their places, as the directory has them. A text is put at each, in a segment that the reader looks for and in one of
which it knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from adapters.formats.bayplan import tables as bayplans
from adapters.formats.cargo_report import tables as reports
from adapters.formats.container_moves import tables as moves
from adapters.formats.container_order import tables as orders
from adapters.formats.customs_response import tables as answers
from adapters.formats.transport_instruction import tables as instructions
from adapters.formats.transport_status import tables as statuses
from adapters.parsing.edifact import CODE_LISTS
from chain.errors import MalformedMessage
from tests.adapters.formats.container_moves.test_places import interchange
from tests.adapters.formats.logistics.test_transport_status import SAMPLE
from tests.adapters.formats.schema_cases import read_leaves, sample
from tests.adapters.formats.test_schemas_are_covered import told

KNOWN: Mapping[str, tuple[str, ...]] = {
    "DTM": ("DTM+203:202603020900:203", "DTM+7:202603020900:203", "DTM+334:202603020900:203", "DTM+133"),
    "LOC": ("LOC+165+CNTXG:139:6", "LOC+9+CNTXG:139:6", "LOC+11+CNTXG:139:6", "LOC+175+CNTXG:139:6"),
    "RFF": ("RFF+BM:B1", "RFF+BN:N1", "RFF+EQ:CSQU3054383"),
    "MEA": ("MEA+AAE+G+KGM:9000", "MEA+AAE+T+KGM:3000"),
    "TDT": ("TDT+20+18W+1++BHL:172+++9321483:146:11:STAR", "TDT+1+T1+3++X:172+++PLATE"),
    "SEL": ("SEL+S1+CA",),
    "STS": ("STS+1+21::6",),
    "EQD": ("EQD+CN+CSQU3054383+42G1:102:5++2+5", "EQD+CH+CHAS1"),
    "GID": ("GID+1+5:CT",),
    "CNI": ("CNI+1",),
    "BGM": (),
    "SGP": ("SGP+CSQU3054383+5",),
    "NAD": ("NAD+N1+X::ZZZ+A+NAME+STREET+CITY++1+US",),
    "CST": ("CST+2+8481",),
    "PIA": ("PIA+5+8481:HS",),
    "PCI": ("PCI+28+M",),
    "CNT": ("CNT+7:5:KGM", "CNT+11:5"),
    "GEI": ("GEI+5+38",),
    "FTX": ("FTX+AAA+++VALVES", "FTX+AHN+++TEXT"),
    "DGS": ("DGS+IMD+3+1993",),
    "ERC": ("ERC+17",),
}
"""Tag -> segments that a reader looks for."""
STANDS_ALONE = {"BGM", "EQD", "STS", "CNI", "UNH", "DOC", "ERP"}
"""Segments that begin a message or a group of which the message has one: a second one is another event."""


def in_a_move(group: str, segment: str) -> bytes:
    return interchange(
        "GTIN",
        **{
            group: f"{segment}'",
            **({"container": f"DTM+7:202603020901:203'{segment}'"} if group == "container" else {}),
        },
    )


def in_a_status(group: str, segment: str) -> bytes:
    behind = {
        "head": "DTM+137:202603031000:203'\n",
        "consignment": "CNI+1'\n",
        "status": "LOC+175+USLGB:139:6:LONG BEACH'\n",
        "leg": "LOC+7+USHOU:139:6'\n",
        "container": "EQD+CN+BHLU9920150+42G1:102:5+++5'\n",
    }[group]
    assert SAMPLE.count(behind) == 1
    return SAMPLE.replace(behind, f"{behind}{segment}'\n").replace("UNT+23+1", "UNT+24+1").encode()


def _behind(text: str, anchor: str, segment: str) -> bytes:
    """The sample with a segment behind an anchor, its count put right."""
    assert text.count(f"{anchor}'\n") >= 1, anchor
    begin, _, rest = text.partition(f"{anchor}'\n")
    text = f"{begin}{anchor}'\n{segment}'\n{rest}"
    head, _, tail = text.partition("UNT+")
    count, _, tail = tail.partition("+")
    return f"{head}UNT+{int(count) + segment.count(chr(39)) + 1}+{tail}".encode()


def _writer(folder: str, name: str, anchors: Mapping[str, str]) -> Callable[[str, str], bytes]:
    """Writes a segment into a group of a sample: behind the group's anchor, which may begin the group itself."""
    text = sample(folder, name).decode()

    def write(group: str, segment: str) -> bytes:
        anchor, _, opened = anchors[group].partition(" then ")
        return _behind(text, anchor, f"{opened}'{segment}" if opened else segment)

    return write


in_a_report = _writer(
    "cargo_report",
    "report.edi",
    {
        "head": "DTM+137:202603011000:203",
        "reference": "DTM+137:202603011000:203 then RFF+ZZZ:1",
        "party": "NAD+CA+BHLU:160:87+BOHAI LINE CO LTD",
        "party.contact": "NAD+CA+BHLU:160:87+BOHAI LINE CO LTD then CTA+IC",
        "leg": "DTM+132:202603020630:203",
        "container": "SEL+BH778812+CA",
        "consignment": "CNI+1",
        "consignment.bill": "RFF+UCN:6CN91110000600037341L-0001",
        "consignment.bill.leg": "LOC+8+CNTSN:139:6 then TDT+20",
        "consignment.bill.party": "NAD+CZ+++PACIFIC VALVES INC+1 HARBOR WAY+LONG BEACH++90802+US",
        "consignment.bill.party.contact": "NAD+CZ+++PACIFIC VALVES INC+1 HARBOR WAY+LONG BEACH++90802+US then CTA+IC",
        "consignment.bill.goods": "MEA+AAE+AAB+KGM:18250.5",
    },
)
in_an_instruction = _writer(
    "transport_instruction",
    "instruction.edi",
    {
        "head": "DTM+137:202602250930:203",
        "place": "CNT+11:120 then LOC+88+CNBJS:139:6",
        "terms": "CNT+11:120 then TOD+3",
        "reference": "RFF+CT:HT-2026-77",
        "control": "RFF+CT:HT-2026-77 then GOR+1",
        "payment": "RFF+CT:HT-2026-77 then CPI+4",
        "charge": "RFF+CT:HT-2026-77 then TCC+101",
        "leg": "TDT+20+018W+1++BHLU:172+++9074729:146:11:BOHAI STAR",
        "leg.place": "LOC+11+USLGB:139:6",
        "leg.reference": "LOC+11+USLGB:139:6 then RFF+VON:1",
        "party": "NAD+FW+++JINGJIN FORWARDING CO",
        "party.contact": "CTA+IC+:LI SI",
        "equipment": "CTA+IC+:LI SI then EFI+A",
        "goods": "FTX+AAA+++VALVES OF STEEL",
        "goods.party": "FTX+AAA+++VALVES OF STEEL then NAD+UD",
        "goods.measure": "MEA+AAE+AAB+KGM:18250.5",
        "goods.marks": "PCI+28+BITC:LONG BEACH",
        "goods.placement": "SGP+CSQU3054383+120",
        "goods.charge": "SGP+CSQU3054383+120 then TCC+101",
        "goods.dangerous": "SGP+CSQU3054383+120 then DGS+IMD+3",
        "goods.dangerous.contact": "SGP+CSQU3054383+120 then DGS+IMD+3'CTA+IC",
        "container": "SEL+BH778812+SH",
        "container.charge": "SEL+BH778812+SH then TCC+101",
        "container.party": "SEL+BH778812+SH then NAD+EO",
        "container.party.contact": "SEL+BH778812+SH then NAD+EO'CTA+IC",
        "container.dangerous": "SEL+BH778812+SH then DGS+IMD+3",
        "container.dangerous.contact": "SEL+BH778812+SH then DGS+IMD+3'CTA+IC",
    },
)
in_an_order = _writer(
    "container_order",
    "release.edi",
    {
        "head": "DTM+137:202602260800:203",
        "reference": "RFF+BN:BHLB26018800",
        "leg": "LOC+11+USLGB:139:6",
        "party": "NAD+CF+BHLU:160:166",
        "party.contact": "NAD+CF+BHLU:160:166 then CTA+IC",
        "goods": "NAD+CF+BHLU:160:166 then GID+1",
        "goods.dangerous": "NAD+CF+BHLU:160:166 then GID+1'DGS+IMD+3",
        "goods.dangerous.contact": "NAD+CF+BHLU:160:166 then GID+1'DGS+IMD+3'CTA+IC",
        "container": "EQN+1",
        "container.dangerous": "FTX+AAI+++FOOD GRADE then DGS+IMD+3",
        "container.dangerous.contact": "FTX+AAI+++FOOD GRADE then DGS+IMD+3'CTA+IC",
        "container.leg": "FTX+AAI+++FOOD GRADE then TDT+1",
        "container.party": "FTX+AAI+++FOOD GRADE then NAD+CF",
    },
)
in_a_bayplan = _writer(
    "bayplan",
    "bayplan.edi",
    {
        "head": "DTM+137:2603022100:201",
        "reference": "DTM+137:2603022100:201 then RFF+ZZZ:1",
        "party": "DTM+137:2603022100:201 then NAD+CF",
        "leg": "DTM+136:2603022200:201",
        "cell": "FTX+AAY+++VERIFIED",
        "cell.container": "EQD+CN+CSQU3054383+42G1+++5",
    },
)
in_an_answer = _writer(
    "customs_response",
    "released.edi",
    {
        "head": "DTM+137:202603201100:203",
        "party": "GIS+4 then NAD+DT",
        "party.contact": "GIS+4 then NAD+DT'CTA+IC",
        "reference": "RFF+ABE:DEC26031801",
        "error": "RFF+ABE:DEC26031801 then ERP+1",
        "tax": "RFF+ABE:DEC26031801 then TAX+1",
        "document": "RFF+UCN:6CN91110000600037341L-0001 then DOC+705+B1'GEI+5+4",
        "document.party": "RFF+UCN:6CN91110000600037341L-0001 then DOC+705+B1'GEI+5+4'NAD+DT",
        "document.party.contact": "RFF+UCN:6CN91110000600037341L-0001 then DOC+705+B1'GEI+5+4'NAD+DT'CTA+IC",
        "document.tax": "RFF+UCN:6CN91110000600037341L-0001 then DOC+705+B1'GEI+5+4'TAX+1",
        "document.item": "RFF+UCN:6CN91110000600037341L-0001 then DOC+705+B1'GEI+5+4'CST+1",
        "document.item.tax": "RFF+UCN:6CN91110000600037341L-0001 then DOC+705+B1'GEI+5+4'CST+1'TAX+1",
        "document.error": "RFF+UCN:6CN91110000600037341L-0001 then DOC+705+B1'GEI+5+4'ERP+1",
    },
)


def with_component(segment: str, place: str, text: str) -> str:
    """The segment with that text at the place `element.component`, counted from 1."""
    element, component = (int(number) - 1 for number in place.split("."))
    tag, *elements = segment.split("+")
    parts = [written.split(":") for written in elements]
    parts.extend([[""] for _ in range(element + 1 - len(parts))])
    parts[element].extend([""] * (component + 1 - len(parts[element])))
    parts[element][component] = text
    return "+".join((tag, *(":".join(written) for written in parts)))


def is_left_out(tables: object, tag: str, qualifier: str, place: str) -> bool:
    """Whether a reason is given for leaving the segment or the component out."""
    element, component = (int(number) - 1 for number in place.split("."))
    if (element, component) in CODE_LISTS.get(tag, frozenset()):
        return True
    ignored = tables.IGNORED  # type: ignore[attr-defined]
    known = {*ignored, *getattr(tables, "IGNORED_QUALIFIERS", ())}
    return not known.isdisjoint({tag, (tag, ""), (tag, qualifier)})


def lost_of(
    write: Callable[[str, str], bytes], tables: object, group: str, tag: str, place: str, segment: str
) -> list[str]:
    qualifier = segment.split("+")[1].split(":")[0] if "+" in segment else ""
    if is_left_out(tables, tag, qualifier, place):
        return []
    try:
        before = told(write(group, segment)) if segment != tag else ""
    except MalformedMessage:
        before = ""  # a segment that says nothing yet is refused by its name
    for text in ("Probe7", "7", "CSQU3054383", "USLGB"):
        try:
            after = told(write(group, with_component(segment, place, text)))
        except MalformedMessage:
            return []  # refused by its name
        if tag == "NAD" and "name and address not repeated" in after:
            return []  # who is no party of the record may be a person: named by its code alone
        if text in after and text not in before:
            return []
        if after != before and before:
            return []
    return [f"{group} {segment} at {place}"]


@pytest.mark.parametrize(
    ("folder", "kind", "write", "tables"),
    [
        ("container_moves", "CODECO", in_a_move, moves),
        ("container_moves", "COARRI", in_a_move, moves),
        ("transport_status", "IFTSTA", in_a_status, statuses),
        ("cargo_report", "CUSCAR", in_a_report, reports),
        ("transport_instruction", "IFTMIN", in_an_instruction, instructions),
        ("container_order", "COPARN", in_an_order, orders),
        ("bayplan", "BAPLIE", in_a_bayplan, bayplans),
        ("customs_response", "CUSRES", in_an_answer, answers),
    ],
)
def test_no_component_of_a_segment_is_lost(
    folder: str, kind: str, write: Callable[[str, str], bytes], tables: object
) -> None:
    lost: list[str] = []
    for group, tag, *components in read_leaves(folder, kind):
        if tag in STANDS_ALONE or not components:
            continue
        place = components[0].split()[0]
        for segment in (tag, *KNOWN.get(tag, ())):
            lost += lost_of(write, tables, group, tag, place, segment)
    assert lost == []
