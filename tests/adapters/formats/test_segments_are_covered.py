"""Every component of every EDIFACT segment is read, kept as a remark, or left out with a reason: none is lost.

The lists (`schema/MESSAGE.txt`) name for each group of a message its segments, and for each segment its components by
their places, as the directory has them. A text is put at each, in a segment that the reader looks for and in one of
which it knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from adapters.formats.container_moves import tables as moves
from adapters.formats.transport_status import tables as statuses
from adapters.parsing.edifact import CODE_LISTS
from chain.errors import MalformedMessage
from tests.adapters.formats.container_moves.test_places import interchange
from tests.adapters.formats.logistics.test_transport_status import SAMPLE
from tests.adapters.formats.schema_cases import read_leaves
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
}
"""Tag -> segments that a reader looks for."""
STANDS_ALONE = {"BGM", "EQD", "STS", "CNI", "UNH"}
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
    before = told(write(group, segment)) if segment != tag else ""
    for text in ("Probe7", "7", "CSQU3054383", "USLGB"):
        try:
            after = told(write(group, with_component(segment, place, text)))
        except MalformedMessage:
            return []  # refused by its name
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
