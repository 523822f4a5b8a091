"""The segments of an EDIFACT message in their groups, by the message's segment table, and which of them were read.

A table names each group by the segment that begins it, the tags that may stand in it, and the groups inside it. A
segment belongs to the innermost open group that may hold it or in which it begins one; one that no open group knows
stays where it stands, so that it is remarked on and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.parsing.coverage import RULE, UNREAD_MAX
from adapters.parsing.edifact import Segment
from chain.errors import MalformedMessage
from chain.records.base import Remark

PERSONAL: Final = frozenset({"CTA", "COM"})
"""Segments that name people; they are named, not repeated."""
TEXT_CHARS_MAX: Final = 500
Ignored = Mapping[tuple[str, str], str]
"""Tag and first component (none: all of that tag) -> why it is left out."""


@dataclass(frozen=True)
class GroupTable:
    """A group of the segment table."""

    name: str
    begins: str
    """Tag of the segment that begins it; empty for the whole message."""
    holds: frozenset[str]
    """Tags of the segments that stand in it by themselves."""
    inner: tuple[GroupTable, ...] = ()


def group(name: str, begins: str, holds: str, *inner: GroupTable) -> GroupTable:
    """A row of a segment table; `holds` are tags between spaces."""
    return GroupTable(name, begins, frozenset(holds.split()), inner)


@dataclass(eq=False)
class SegmentGroup:
    """A group of a message: its own segments, the first of which began it, and the groups inside it."""

    table: GroupTable
    read: set[int]
    """Places of the segments that were read, for the whole message."""
    segments: list[Segment] = field(default_factory=list)
    groups: list[SegmentGroup] = field(default_factory=list)

    @property
    def head(self) -> Segment:
        """The segment that began it; it counts as read."""
        self.read.add(self.segments[0].place)
        return self.segments[0]

    def each(self, name: str) -> Iterator[SegmentGroup]:
        """The groups of that name directly inside."""
        return (inner for inner in self.groups if inner.table.name == name)

    def find(self, tag: str, *qualifiers: str) -> Iterator[Segment]:
        """Its own segments of that tag and of one of the qualifiers, if any are given; they count as read."""
        for segment in self.segments:
            if segment.tag == tag and (not qualifiers or segment.qualifier in qualifiers):
                segment.get(0)
                self.read.add(segment.place)
                yield segment

    def first(self, tag: str, *qualifiers: str) -> Segment | None:
        """The first of the segments that `find` gives, by the order of the qualifiers; None where there is none."""
        for qualifier in qualifiers or ("",):
            for segment in self.segments:
                if segment.tag == tag and (not qualifiers or segment.qualifier == qualifier):
                    segment.get(0)
                    self.read.add(segment.place)
                    return segment
        return None

    def all_segments(self, *, apart: Iterable[str] = ()) -> Iterator[Segment]:
        """Its segments and those of the groups inside, but of groups with a name in `apart`."""
        yield from self.segments
        for inner in self.groups:
            if inner.table.name not in apart:
                yield from inner.all_segments(apart=apart)


def grouped(segments: Iterable[Segment], table: GroupTable) -> SegmentGroup:
    """The message as a tree of groups."""
    root = SegmentGroup(table, set())
    path = [root]
    for segment in segments:
        depth, inner = _belongs(segment.tag, path)
        del path[depth + 1 :]
        if inner is not None:
            opened = SegmentGroup(inner, root.read)
            path[-1].groups.append(opened)
            path.append(opened)
        path[-1].segments.append(segment)
    return root


def _belongs(tag: str, path: list[SegmentGroup]) -> tuple[int, GroupTable | None]:
    """Depth of the open group that a segment belongs to, and the group inside it that the segment begins, if any."""
    for depth in range(len(path) - 1, -1, -1):
        table = path[depth].table
        if tag in table.holds:
            return depth, None
        for inner in table.inner:
            if inner.begins == tag:
                return depth, inner
    return len(path) - 1, None


def limited(segments: Iterable[Segment], most: int, what: str) -> list[Segment]:
    """The segments; raises `MalformedMessage` where there are more than `most`, since each record looks at them."""
    listed = list(segments)
    if len(listed) > most:
        raise MalformedMessage(listed[0].where, f"at most {most} segments {what}", value=len(listed))
    return listed


def unread_segments(segments: Iterable[Segment], read: set[int], ignored: Ignored) -> tuple[Remark, ...]:
    """Remarks on segments, and components of read segments, that nobody asked for and that are not left out."""
    texts = [text for segment in segments if (text := _unread_text(segment, read, ignored))]
    kept = [Remark(rule=RULE, text=text[:TEXT_CHARS_MAX]) for text in texts[:UNREAD_MAX]]
    if len(texts) > UNREAD_MAX:
        kept.append(Remark(rule=RULE, text=f"{len(texts) - UNREAD_MAX} more segments were not read"))
    return tuple(kept)


def _unread_text(segment: Segment, read: set[int], ignored: Ignored) -> str:
    if not ignored.keys().isdisjoint(((segment.tag, segment.qualifier), (segment.tag, ""))):
        return ""
    if segment.place in read:
        return segment.unread()
    if segment.tag in PERSONAL:
        return f"{segment.tag} (may be personal, not repeated)"
    if segment.tag == "NAD":
        return f"NAD+{segment.get(0)}+{segment.get(1)} (name and address not repeated)"
    return segment.text
