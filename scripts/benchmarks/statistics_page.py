"""What the statistics page waits for over the counts of many consignments, and what counting one of them costs."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from gateway.consignment.figures import (
    MEASURES,
    ConsignmentFigures,
    DeclarationFigures,
    counts_of,
    pack_figures,
    step_of,
)
from gateway.query.reader_context import ReaderContext
from gateway.query.statistics import WAYS, StatisticsService
from gateway.store.statistics import add_counts, keep_figures
from gateway.store.store import Store
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_most
from scripts.benchmarks.local_consortium import open_town

CONSIGNMENTS_QUICK, CONSIGNMENTS = 10_000, 100_000
RECORDS_EACH = 10
"""Records of one consignment, as a declaration with its answers, papers, events and bills has."""
PORTION = 2_000
OFFICES, MONTHS = 42, 24
PAGE_MS_MAX = 200
READER = "customs"
_SEED = 20_260_101


def run(context: Context) -> Iterator[Figure]:
    """Figures of made-up consignments go where the follower puts real ones; then the page's questions are asked."""
    count = CONSIGNMENTS_QUICK if context.quick else CONSIGNMENTS
    with open_town(context.scratch) as town:
        services = town.gateway.services
        context.say(f"{count:,} consignments are counted")
        _fill(services.store, count)
        service, reader = StatisticsService(ReaderContext(services)), town.reader(READER)
        size = f"{count * RECORDS_EACH:,} records"
        for by in WAYS:
            yield context.milliseconds(
                f"statistics by {by}, {size}",
                lambda by=by: service.answer(reader, by=by),  # type: ignore[misc]
                times=5,
                limit=at_most(PAGE_MS_MAX),
            )


def _fill(store: Store, count: int) -> None:
    random.seed(_SEED)
    for first in range(0, count, PORTION):
        figures = [_figures() for _ in range(min(PORTION, count - first))]
        with store.writing(derived=True) as connection:
            add_counts(connection, _sums(figures))
            keep_figures(connection, (), {f"BENCH-{first + at}": pack_figures(each) for at, each in enumerate(figures)})


def _sums(figures: Sequence[ConsignmentFigures]) -> dict[tuple[str, str, str, str, str], int]:
    sums: dict[tuple[str, str, str, str, str], int] = {}
    for each in figures:
        for cell, number in counts_of(each).items():
            sums[cell] = sums.get(cell, 0) + number
    return sums


def _figures() -> ConsignmentFigures:
    month = random.randrange(MONTHS)
    lodged = f"{2025 + month // 12}-{month % 12 + 1:02d}"
    # A few offices have most of it, as ports do; many have a little, which is what is hard to withhold.
    office = f"{min(int(random.expovariate(0.15)), OFFICES):02d}01"
    procedure = random.choice(("0110", "0110", "0110", "1210", "9610", "0615", "0214"))
    values = (office, random.choice("2245"), procedure, random.choice("IE"), random.choice(("yes", "no", "")))
    steps = tuple((place, step_of(random.lognormvariate(2.5, 1.2))) for place in range(len(MEASURES)))
    findings = (
        (("C31", "H", random.choice(("open", "cleared", "confirmed")), lodged),) if random.random() < 0.03 else ()
    )
    grades = tuple((fact, random.choice(("agree", "single"))) for fact in ("weight", "value", "bill"))
    return ConsignmentFigures((DeclarationFigures(values, lodged, lodged, steps),), findings, grades, lodged)


BENCHMARK = Benchmark(
    name="statistics_page",
    what="each table of the statistics, from counts of made-up consignments of ten records, in one process, no cache",
    leaves_out="HTTP, the records themselves (no read of statistics touches them), intake at the same time",
    run=run,
)
