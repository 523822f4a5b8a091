"""The segments of a COARRI or CODECO in their groups, and which of them were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from adapters.formats.container_moves.tables import CARRIERS, IGNORED, IGNORED_QUALIFIERS, Group
from adapters.parsing.coverage import RULE, UNREAD_MAX
from adapters.parsing.edifact import EdifactMessage, Segment
from chain.records.base import Remark

_HEAD_ENDS: Final[dict[str, Group]] = {"TDT": "vessel", "NAD": "head", "GID": "goods", "SGP": "goods"}
"""Tag -> the group of the head that it begins. A party's group holds nothing that we look for elsewhere."""


class Move:
    """One container: its own segments, and those of the head that are said of all containers."""

    def __init__(self, begin: Segment, head: Sequence[tuple[Group, Segment]], equipment: Segment) -> None:
        self.begin = begin
        self.equipment = equipment
        self._head = head
        self._own: list[Segment] = []
        self._beside: list[Segment] = []
        self._read: set[int] = {begin.place, equipment.place}

    def add(self, segment: Segment) -> None:
        """Takes a segment of the container's own group."""
        self._own.append(segment)

    def add_beside(self, segment: Segment) -> None:
        """Takes a segment of equipment that carries the container; it is kept as a remark alone."""
        self._beside.append(segment)

    def find(self, tag: str, groups: Sequence[Group], *qualifiers: str) -> Iterator[Segment]:
        """The segments of that tag in these groups, group by group; with qualifiers, those whose first component is
        one of them, which count as read."""
        for group in groups:
            for segment in self._of(group):
                if segment.tag == tag and (not qualifiers or segment.get(0) in qualifiers):
                    if qualifiers or tag == "SEL":
                        self.note_read(segment)
                    yield segment

    def goods_in(self, number: str) -> Iterator[Segment]:
        """What the head's goods say of the part of them that is in the container (behind its SGP)."""
        inside = False
        for segment in self._of("goods"):
            if segment.tag in ("GID", "SGP"):
                inside = segment.tag == "SGP" and segment.get(0).replace(" ", "") == number
            elif inside:
                yield segment

    def note_read(self, segment: Segment) -> None:
        """Notes that a segment was read."""
        self._read.add(segment.place)

    def unread(self) -> tuple[Remark, ...]:
        """Remarks for the segments that were not read and are not left out with a reason."""
        texts = [text for segment in self._all() if (text := self._unread_of(segment))]
        kept = [Remark(rule=RULE, text=text[:500]) for text in texts[:UNREAD_MAX]]
        if len(texts) > UNREAD_MAX:
            kept.append(Remark(rule=RULE, text=f"{len(texts) - UNREAD_MAX} more segments were not read"))
        return tuple(kept)

    def _all(self) -> Iterator[Segment]:
        yield self.begin
        yield from (segment for _, segment in self._head)
        yield self.equipment
        yield from self._own
        yield from self._beside

    def _unread_of(self, segment: Segment) -> str:
        """What was not read of a segment; empty where nothing is missing or the rest is left out with a reason."""
        if segment.place in self._read:
            return segment.unread()
        if segment.tag in IGNORED or (segment.tag, segment.qualifier) in IGNORED_QUALIFIERS:
            return ""
        return segment.text

    def _of(self, group: Group) -> Iterator[Segment]:
        if group == "container":
            yield from self._own
        else:
            yield from (segment for named, segment in self._head if named == group)


def moves(message: EdifactMessage) -> Iterator[Move]:
    """The containers of a message, each with the segments up to the next one."""
    head: list[tuple[Group, Segment]] = []
    begin: Segment | None = None
    group: Group = "head"
    move: Move | None = None
    is_carrier = False
    """Whether the segments are those of a chassis, whose weight and seals are not the container's."""
    for segment in message.segments:
        if segment.tag == "EQD":
            is_carrier = segment.get(0) in CARRIERS
        if segment.tag == "BGM" and begin is None:
            begin = segment
        elif segment.tag == "CNT":
            break
        elif is_carrier:
            if move is not None:
                move.add_beside(segment)
            else:
                head.append(("beside", segment))
        elif segment.tag == "EQD" and begin is not None:
            if move is not None:
                yield move
            move = Move(begin, head, segment)
        elif move is not None:
            move.add(segment)
        else:
            group = _HEAD_ENDS.get(segment.tag, group)
            head.append((group, segment))
    if move is not None:
        yield move
