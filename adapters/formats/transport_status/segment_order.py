"""The two orders of IFTSTA: to D.00B a status names its containers, later a container has its statuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.parsing.edifact import Segment
from adapters.parsing.xml_fields import Faults


def statuses_first(segments: Sequence[Segment], faults: Faults) -> Sequence[Segment]:
    """The segments in the order of D.00B: where containers come first (SG5 of D.04A and later), each of a container's
    statuses is followed by what is said of the container."""
    tags = [segment.tag for segment in segments]
    first = tags.index("EQD") if "EQD" in tags else len(tags)
    if "STS" not in tags[first:] or not {"STS", "CNI"}.isdisjoint(tags[:first]):
        return segments
    return [*segments[:first], *_reordered(segments[first:], faults)]


def _reordered(segments: Sequence[Segment], faults: Faults) -> Iterator[Segment]:
    starts = [at for at, segment in enumerate(segments) if segment.tag == "EQD"]
    end = next((at for at, segment in enumerate(segments) if segment.tag == "CNI"), len(segments))
    for start, following in zip(starts, [*starts[1:], end], strict=True):
        block = segments[start:following]
        marks = [at for at, segment in enumerate(block) if segment.tag == "STS"]
        if not marks:
            faults.add(block[0].where, "has a status (STS) behind it", fix="Add STS")
        for mark, after in zip(marks, [*marks[1:], len(block)], strict=True):
            yield from block[mark:after]
            yield from block[: marks[0]]
    yield from segments[end:]
