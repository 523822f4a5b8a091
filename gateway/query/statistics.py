"""Statistics of all consignments that this gateway holds: times, volumes, findings, corroboration, cost of anchoring.

Read from counts that `gateway.query.statistics_counter` keeps, never from a consignment. Whoever reads them need not be
a party to anything, so they tell of nobody: who may read is a line of the view policy, and `gateway.query.small_cells`
withholds what is too small. Only whole calendar years are told, by one way of telling declarations apart at a time:
of any two ranges that overlap the difference would be a cell of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from chain.errors import Malformed
from gateway.access.records import Reader
from gateway.consignment.figures import DIMENSIONS, FINDING, GRADE, LODGED, MEASURES, WHOLE
from gateway.consignment.histograms import BINS_H, count_above, in_bins, outlier_fence, percentile
from gateway.query.reader_context import ReaderContext
from gateway.query.small_cells import COUNT_MIN, withhold_in_line, withhold_in_table
from gateway.query.statistics_counter import ANCHORING, COSTS, COUNTED_BATCHES
from gateway.runtime.answer import Answer
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.outbox import read_mark
from gateway.store.statistics import CellCount, find_counts, find_months

SERIES_MAX: Final = 12
"""Values that are told month by month; the rest of them together are one more."""
VALUES_MAX: Final = 200
"""Values that are told at all; the rest of them together are one more."""
CELLS_MAX: Final = 50_000
"""Cells that are read of one measure and dimension, those of most first."""
REST: Final = "+"
"""The rest of the values, together."""
MONTH: Final = "month"
WAYS: Final = (*DIMENSIONS, MONTH)
"""By what the tables may tell declarations apart."""
_YEAR: Final = re.compile(r"20[0-9]{2}")


class MalformedStatistics(Malformed):
    """Statistics are asked for that are not told."""


class TimeLine(Answer, frozen=True, kw_only=True):
    """Times of one value; all but its name are null where it is withheld."""

    value: str
    """A code, `-` where nobody says, `+` for the rest together; empty for all."""
    count: int | None
    p50_h: float | None
    p80_h: float | None
    p95_h: float | None
    outliers: int | None
    """Times beyond the third quartile by more than one and a half quartile ranges; null where they are few."""
    outliers_from_h: float | None


class TrendLine(Answer, frozen=True, kw_only=True):
    """Times of one value in one month."""

    value: str
    month: str
    count: int | None
    p50_h: float | None
    p80_h: float | None
    p95_h: float | None


class DistributionLine(Answer, frozen=True, kw_only=True):
    """How many times of one value lie in one bin."""

    value: str
    from_h: float
    to_h: float | None
    """Null for the last bin, which has no end."""
    count: int | None


class VolumeLine(Answer, frozen=True, kw_only=True):
    """How many declarations were lodged."""

    value: str
    month: str
    """Empty for the year."""
    count: int | None


class FindingCountLine(Answer, frozen=True, kw_only=True):
    """How many findings of a rule stand so."""

    rule: str
    severity: str
    state: str
    count: int | None


class GradeCountLine(Answer, frozen=True, kw_only=True):
    """In how many consignments a fact has a grade."""

    fact: str
    grade: str
    count: int | None


class AnchoringLine(Answer, frozen=True, kw_only=True):
    """What anchoring cost in a month; every member reads as much off the chain."""

    month: str
    batches: int
    entries: int
    bytes: int
    gas: int
    """As offered: never less than was used."""


class StatisticsAnswer(Answer, frozen=True, kw_only=True):
    """The statistics of one year."""

    year: str
    years: list[str]
    """Of which anything is counted."""
    by: str
    stretch: str
    withheld_below: int
    total: TimeLine
    times: list[TimeLine]
    trend: list[TrendLine]
    distribution: list[DistributionLine]
    volumes: list[VolumeLine]
    findings: list[FindingCountLine]
    corroboration: list[GradeCountLine]
    anchoring: list[AnchoringLine]
    counted_batches: int
    batches: int
    """As the follower knows; more than are counted while counting lags."""


class StatisticsService:
    """Answers the statistics; shared between threads."""

    def __init__(self, context: ReaderContext) -> None:
        self._context = context

    def require_right(self, reader: Reader) -> None:
        """Raises GatewayRefusal (403) for a member to whose roles the view policy does not show the statistics."""
        if not self._context.policy.may_read_statistics(reader.roles):
            raise GatewayRefusal(
                "role",
                "the view policy shows the statistics to none of your member's roles",
                fix="Ask the governors for a line under `statistics` in the view policy",
            )

    def answer(self, reader: Reader, year: str = "", by: str = "office", stretch: str = "release") -> StatisticsAnswer:
        """The statistics of a year, empty for the newest; raises GatewayRefusal, MalformedStatistics."""
        self.require_right(reader)
        if by not in WAYS:
            raise MalformedStatistics("by", f"is one of {', '.join(WAYS)}", value=by)
        if stretch not in MEASURES:
            raise MalformedStatistics("stretch", f"is one of {', '.join(MEASURES)}", value=stretch)
        if year and not _YEAR.fullmatch(year):
            raise MalformedStatistics("year", "is a year such as 2026", value=year)
        dimension = WHOLE if by == MONTH else by
        with self._context.services.store.reading() as connection:
            first, last = find_months(connection, (LODGED, ANCHORING), WHOLE)
            year = year or last[:4]

            def read(measure: str, of: str) -> list[CellCount]:
                return find_counts(connection, measure, of, f"{year}-01", f"{year}-12", CELLS_MAX)

            stepped, lodged = read(stretch, dimension), read(LODGED, dimension)
            findings = [(severity, read(FINDING, severity)) for severity in "HMI"]
            grades, anchored = read(GRADE, WHOLE), read(ANCHORING, WHOLE)
            counted = read_mark(connection, COUNTED_BATCHES)
        times = _Times(stepped, by)
        return StatisticsAnswer(
            year=year,
            years=[str(each) for each in range(int(first[:4]), int(last[:4]) + 1)] if first else [],
            by=by,
            stretch=stretch,
            withheld_below=COUNT_MIN,
            total=times.total(),
            times=list(times.lines()),
            trend=list(times.trend()),
            distribution=list(times.distribution()),
            volumes=list(_volumes(lodged, by)),
            findings=[line for severity, cells in findings for line in _finding_lines(severity, cells)],
            corroboration=list(_grade_lines(grades)),
            anchoring=list(_anchoring_lines(anchored)),
            counted_batches=counted,
            batches=self._context.batch_count,
        )


class _Times:
    """The times of one stretch, by value and month."""

    def __init__(self, cells: Sequence[CellCount], by: str) -> None:
        named = [(cell.month if by == MONTH else cell.value, cell) for cell in cells]
        self._by_value = _grouped(named, VALUES_MAX)
        self._withheld = withhold_in_line({value: steps.total() for value, steps in self._by_value.items()})
        self._series = {} if by == MONTH else _series(named)
        sums = Counter[str]()
        for (_, month), steps in self._series.items():
            sums[month] += steps.total()
        self._withheld_months = withhold_in_line(sums)

    def total(self) -> TimeLine:
        """All together."""
        whole = Counter[int]()
        for steps in self._by_value.values():
            whole.update(steps)
        return _time_line("", whole, is_withheld=whole.total() < COUNT_MIN)

    def lines(self) -> Iterator[TimeLine]:
        """Each value, those of most times first."""
        for value, steps in _by_size(self._by_value):
            yield _time_line(value, steps, is_withheld=value in self._withheld)

    def trend(self) -> Iterator[TrendLine]:
        """Each of the greatest values, month by month."""
        counts = {place: steps.total() for place, steps in self._series.items()}
        withheld = withhold_in_table(counts, self._withheld, self._withheld_months)
        for (value, month), steps in sorted(self._series.items()):
            line = _time_line(value, steps, is_withheld=(value, month) in withheld)
            yield TrendLine(
                value=value, month=month, count=line.count, p50_h=line.p50_h, p80_h=line.p80_h, p95_h=line.p95_h
            )

    def distribution(self) -> Iterator[DistributionLine]:
        """The bins of all together, and of each of the greatest values."""
        by_value: dict[str, Counter[int]] = {}
        for (value, _), steps in self._series.items():
            by_value.setdefault(value, Counter()).update(steps)
        bins = {value: in_bins(steps) for value, steps in by_value.items()}
        counts = {(value, str(place)): count for value, of in bins.items() for place, count in of.items()}
        sums = Counter[str]()
        for steps in self._by_value.values():
            sums.update({str(place): count for place, count in in_bins(steps).items()})
        withheld_bins = withhold_in_line(sums)
        withheld = withhold_in_table(counts, self._withheld, withheld_bins)
        yield from (_bin_line("", place, sums, withheld_bins) for place in range(len(BINS_H)))
        for (value, place), count in sorted(counts.items(), key=lambda pair: (pair[0][0], int(pair[0][1]))):
            shown = {place: count}
            yield _bin_line(value, int(place), shown, {place} if (value, place) in withheld else set())


def _bin_line(value: str, place: int, counts: Mapping[str, int], withheld: Collection[str]) -> DistributionLine:
    return DistributionLine(
        value=value,
        from_h=BINS_H[place],
        to_h=BINS_H[place + 1] if place + 1 < len(BINS_H) else None,
        count=None if str(place) in withheld else counts.get(str(place), 0),
    )


def _time_line(value: str, steps: Counter[int], *, is_withheld: bool) -> TimeLine:
    if is_withheld or not steps.total():
        return TimeLine(
            value=value,
            count=None if is_withheld and steps.total() else 0,
            p50_h=None,
            p80_h=None,
            p95_h=None,
            outliers=None,
            outliers_from_h=None,
        )
    fence = outlier_fence(steps)
    beyond = count_above(steps, fence)
    return TimeLine(
        value=value,
        count=steps.total(),
        p50_h=percentile(steps, 0.5),
        p80_h=percentile(steps, 0.8),
        p95_h=percentile(steps, 0.95),
        outliers=None if 0 < beyond < COUNT_MIN else beyond,
        outliers_from_h=fence,
    )


def _volumes(cells: Sequence[CellCount], by: str) -> Iterator[VolumeLine]:
    named = [(cell.month if by == MONTH else cell.value, cell) for cell in cells]
    sums = Counter[str]()
    months = Counter[str]()
    for value, cell in named:
        sums[value] += cell.number
        months[cell.month] += cell.number
    kept = {value for value, _ in sums.most_common(VALUES_MAX)}
    sums = _merged(sums, kept)
    withheld = withhold_in_line(sums)
    for value, count in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])):
        yield VolumeLine(value=value, month="", count=None if value in withheld else count)
    if by == MONTH:
        return
    greatest = {value for value, _ in sums.most_common(SERIES_MAX)}
    table = Counter[tuple[str, str]]()
    for value, cell in named:
        table[(value if value in greatest else REST, cell.month)] += cell.number
    hidden = withhold_in_table(table, withheld, withhold_in_line(months))
    for (value, month), count in sorted(table.items()):
        yield VolumeLine(value=value, month=month, count=None if (value, month) in hidden else count)


def _finding_lines(severity: str, cells: Sequence[CellCount]) -> Iterator[FindingCountLine]:
    counts = Counter[tuple[str, str]]()
    for cell in cells:
        counts[(cell.value, cell.bucket)] += cell.number
    withheld = withhold_in_table(counts)
    for (rule, state), count in sorted(counts.items()):
        shown = None if (rule, state) in withheld else count
        yield FindingCountLine(rule=rule, severity=severity, state=state, count=shown)


def _grade_lines(cells: Sequence[CellCount]) -> Iterator[GradeCountLine]:
    counts = Counter[tuple[str, str]]()
    for cell in cells:
        counts[(cell.value, cell.bucket)] += cell.number
    withheld = withhold_in_table(counts)
    for (fact, grade), count in sorted(counts.items()):
        yield GradeCountLine(fact=fact, grade=grade, count=None if (fact, grade) in withheld else count)


def _anchoring_lines(cells: Sequence[CellCount]) -> Iterator[AnchoringLine]:
    months: dict[str, dict[str, int]] = {}
    for cell in cells:
        months.setdefault(cell.month, dict.fromkeys(COSTS, 0))[cell.bucket] = cell.number
    for month, costs in sorted(months.items()):
        yield AnchoringLine(month=month, **costs)


def _grouped(named: Sequence[tuple[str, CellCount]], values_max: int) -> dict[str, Counter[int]]:
    """The steps of each value, those beyond the greatest together."""
    sums = Counter[str]()
    for value, cell in named:
        sums[value] += cell.number
    kept = {value for value, _ in sums.most_common(values_max)}
    grouped: dict[str, Counter[int]] = {}
    for value, cell in named:
        grouped.setdefault(value if value in kept else REST, Counter())[int(cell.bucket)] += cell.number
    return grouped


def _series(named: Sequence[tuple[str, CellCount]]) -> dict[tuple[str, str], Counter[int]]:
    """The steps of each of the greatest values month by month, the others together."""
    sums = Counter[str]()
    for value, cell in named:
        sums[value] += cell.number
    greatest = {value for value, _ in sums.most_common(SERIES_MAX)}
    series: dict[tuple[str, str], Counter[int]] = {}
    for value, cell in named:
        place = (value if value in greatest else REST, cell.month)
        series.setdefault(place, Counter())[int(cell.bucket)] += cell.number
    return series


def _merged(sums: Counter[str], kept: Collection[str]) -> Counter[str]:
    merged = Counter[str]()
    for value, count in sums.items():
        merged[value if value in kept else REST] += count
    return merged


def _by_size(by_value: Mapping[str, Counter[int]]) -> list[tuple[str, Counter[int]]]:
    return sorted(by_value.items(), key=lambda pair: (-pair[1].total(), pair[0]))
