"""Which cells of a table are withheld, so that nobody reads a count below five off it, nor out of what is beside it.

A line is a list of counts whose sum is published; a table has published sums of its rows and columns. A count of 1 to 4
is withheld, and with it as many more as it takes that no withheld count follows from the sums: every one could be
anything over a range at least five wide. For a table that range is exact, by the greatest flow through the withheld
cells: L. H. Cox, "Network Models for Complementary Cell Suppression", JASA 90 (1995).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from typing import Final

COUNT_MIN: Final = 5
"""The least count that is published, and how wide the range of a withheld one is at least."""

Place = tuple[str, str]
"""(row, column)."""


def withhold_in_line(counts: Mapping[str, int]) -> frozenset[str]:
    """The counts of a line that are withheld while its sum is published."""
    withheld = {name for name, count in counts.items() if 0 < count < COUNT_MIN}
    if not withheld:
        return frozenset()
    rest = sorted((count, name) for name, count in counts.items() if count >= COUNT_MIN)
    for _, name in rest:
        if len(withheld) > 1 and sum(counts[each] for each in withheld) >= COUNT_MIN:
            break
        withheld.add(name)
    return frozenset(withheld)


def withhold_in_table(
    counts: Mapping[Place, int], rows: Collection[str] = (), columns: Collection[str] = ()
) -> frozenset[Place]:
    """The cells of a table that are withheld while the sums of its rows and columns are published.

    `rows` and `columns` are those whose sums are withheld: their cells are too.
    """
    cells = {place: count for place, count in counts.items() if count > 0}
    sensitive = {
        place for place, count in cells.items() if count < COUNT_MIN or place[0] in rows or place[1] in columns
    }
    withheld = set(sensitive)
    for place in sorted(sensitive):
        while range_of(place, cells, withheld) < COUNT_MIN and (more := _next_to(place, cells, withheld)) is not None:
            withheld.add(more)
    return frozenset(withheld)


def range_of(place: Place, cells: Mapping[Place, int], withheld: Iterable[Place]) -> int:
    """How wide the range is in which a withheld count may lie for all that is published; at most `COUNT_MIN`."""
    others = {each: cells[each] for each in withheld if each != place}
    up = _flow(place, others, takes_forward=True, enough=COUNT_MIN)
    down = _flow(place, others, takes_forward=False, enough=min(COUNT_MIN, cells[place]))
    return min(COUNT_MIN, up + down)


def _flow(place: Place, cells: Mapping[Place, int], *, takes_forward: bool, enough: int) -> int:
    """The greatest flow from the place's row to its column through the other withheld cells, up to `enough`.

    For the place to grow, others of its row shrink, others of their columns grow, and so on until one of its own column
    shrinks. A count shrinks to nothing at most, and grows without end: where `takes_forward`, cells shrink on the way
    from row to column.
    """
    start, end = ("row", place[0]), ("column", place[1])
    neighbours: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row, column in cells:
        neighbours.setdefault(("row", row), []).append(("column", column))
        neighbours.setdefault(("column", column), []).append(("row", row))
    moved: dict[Place, int] = dict.fromkeys(cells, 0)
    """Net flow through each cell from its row to its column."""

    def left(source: tuple[str, str], target: tuple[str, str]) -> int:
        forward = source[0] == "row"
        cell = (source[1], target[1]) if forward else (target[1], source[1])
        if forward != takes_forward:
            return enough
        return cells[cell] - moved[cell] if forward else cells[cell] + moved[cell]

    total = 0
    while total < enough:
        before: dict[tuple[str, str], tuple[str, str]] = {start: start}
        waiting = deque([start])
        while waiting and end not in before:
            source = waiting.popleft()
            for target in neighbours.get(source, ()):
                if target not in before and left(source, target) > 0:
                    before[target] = source
                    waiting.append(target)
        if end not in before:
            break
        path = []
        target = end
        while target != start:
            path.append((before[target], target))
            target = before[target]
        amount = min(enough - total, *(left(source, target) for source, target in path))
        for source, target in path:
            forward = source[0] == "row"
            moved[(source[1], target[1]) if forward else (target[1], source[1])] += amount if forward else -amount
        total += amount
    return total


def _next_to(place: Place, cells: Mapping[Place, int], withheld: Collection[Place]) -> Place | None:
    """The cell to withhold next for this one's sake: the least of its row and column, else the least of all."""
    shown = [each for each in cells if each not in withheld]
    near = [each for each in shown if (each[0] == place[0]) != (each[1] == place[1])]
    return min(near or shown, key=lambda each: (cells[each], each), default=None)
