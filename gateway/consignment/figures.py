"""What one consignment adds to the statistics: times, volumes, findings and grades as counts, without who or what.

Pure, over the records that count. `figures_of` takes the little that is kept of a consignment, so that it can be taken
out of the counts again when another record changes it; `counts_of` spells that out as counts by cell.

Times are of the month of release, so that the newest months do not hold the fast alone; volumes are of the month of
lodging, findings of the month in which they were first signed, grades of the month of the first lodging.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from chain.mandates import beijing_day as beijing_day_at
from chain.rules.consignment import Consignment
from chain.rules.corroboration import corroborate
from chain.rules.declarations import Declaration
from chain.rules.frame import beijing_day, hours_between
from chain.rules.tables import NO_TABLES, Tables
from chain.rules.times import Times, times_of
from gateway.access.records import HeldRecord
from gateway.consignment.opinions import opinions_in
from gateway.consignment.rule_facts import join_held

FIGURES_FORM: Final = 1
"""Grows when other figures are taken of the same records: then all are counted anew."""

EDGES_H: Final[tuple[float, ...]] = (
    0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 36, 42, 48, 54, 60,
    66, 72, 84, 96, 108, 120, 144, 168, 192, 216, 240, 288, 336, 384, 432, 504, 600, 720, 864, 1080, 1320, 1560, 1920,
    2400, 2880, 3600, 4320, 5280, 6480, 7680, 8760,
)  # fmt: skip
"""Where the steps of hours begin in which times are counted; the last has no end. From four hours on, none is longer
than a quarter of where it begins."""

CYCLE: Final = ("release", "gate_out")
"""From arrival or lodging, whichever came later, to release and to the last gate-out."""
STRETCHES: Final[dict[str, tuple[str, str]]] = {
    "arrival_lodging": ("arrival", "lodging"),
    "discharge_lodging": ("discharge", "lodging"),
    "lodging_acceptance": ("lodging", "acceptance"),
    "acceptance_release": ("acceptance", "release"),
    "inspection_release": ("inspection", "release"),
    "assessment_payment": ("assessment", "payment"),
    "payment_release": ("payment", "release"),
    "release_gate_out": ("release", "gate_out"),
}
"""Stretches of the cycle, each between two moments of `chain.rules.times`; counted where both are known, in order."""
MEASURES: Final = (*CYCLE, *STRETCHES)

DIMENSIONS: Final = ("office", "mode", "procedure", "direction", "early")
"""By what declarations are told apart. `procedure` is the trade mode (监管方式), `early` whether it was lodged before
arrival (提前申报)."""
LODGED: Final = "lodged"
FINDING: Final = "finding"
GRADE: Final = "grade"
WHOLE: Final = "all"
"""The dimension of all together."""
UNKNOWN: Final = "-"
"""The value where nobody says, or where it is no code."""

_CODE: Final = re.compile(r"[0-9A-Za-z]{1,12}")
_MONTH_CHARS: Final = 7


class DeclarationFigures(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is kept of one declaration."""

    values: tuple[str, ...]
    """Its value in each of `DIMENSIONS`."""
    lodged: str
    """`YYYY-MM`, or empty."""
    released: str
    steps: tuple[tuple[int, int], ...]
    """(place in `MEASURES`, step of hours) of each time that is known."""


class ConsignmentFigures(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of one consignment."""

    declarations: tuple[DeclarationFigures, ...]
    findings: tuple[tuple[str, str, str, str], ...]
    """(rule, severity, state, month) of each finding."""
    grades: tuple[tuple[str, str], ...]
    """(fact, grade)."""
    month: str
    """Of its first lodging, else of its first record."""


class StatisticsCell(NamedTuple):
    """One count of the statistics."""

    measure: str
    dimension: str
    value: str
    month: str
    bucket: str
    """A step of hours, a finding's state, a grade; empty where there is nothing to tell apart."""


def figures_of(
    records: Sequence[HeldRecord],
    competent: frozenset[str],
    sponsor_of: Callable[[str], str | None],
    tables: Tables = NO_TABLES,
) -> ConsignmentFigures:
    """The figures of a consignment from the records that count and stand on the chain, in full."""
    joined = join_held(records, tables)
    declarations = tuple(_declaration_figures(joined, one) for one in joined.declarations)
    findings = tuple(
        (_code(opinion.rule), opinion.severity, opinion.state.value, month_at(opinion.opened_at))
        for opinion in opinions_in(records, competent)
    )
    grades = tuple((graded.fact, graded.grade.value) for graded in corroborate(joined, sponsor_of))
    lodged = min((one.lodged for one in declarations if one.lodged), default="")
    first = min((record.anchored_at or record.signed.iat for record in records), default=0)
    return ConsignmentFigures(declarations, findings, grades, lodged or month_at(first))


def counts_of(figures: ConsignmentFigures) -> Counter[StatisticsCell]:
    """What the figures of one consignment count, by cell."""
    counts = Counter[StatisticsCell]()
    for declaration in figures.declarations:
        counts.update(_declaration_cells(declaration))
    for rule, severity, state, month in figures.findings:
        counts[StatisticsCell(FINDING, severity, rule, month, state)] += 1
    for fact, grade in figures.grades:
        counts[StatisticsCell(GRADE, WHOLE, fact, figures.month, grade)] += 1
    return counts


def step_of(hours: float) -> int:
    """The place in `EDGES_H` of the step that so many hours lie in."""
    return max(0, bisect_right(EDGES_H, hours) - 1)


def month_at(unix_s: int) -> str:
    """The month in Beijing of a time, `YYYY-MM`."""
    return beijing_day_at(unix_s)[:_MONTH_CHARS]


pack_figures: Final = msgspec.msgpack.Encoder().encode
"""`ConsignmentFigures` as they are kept."""
unpack_figures: Final = msgspec.msgpack.Decoder(ConsignmentFigures).decode
"""What `pack_figures` was given."""


def _declaration_cells(declaration: DeclarationFigures) -> Iterator[StatisticsCell]:
    groups = [(WHOLE, ""), *zip(DIMENSIONS, declaration.values, strict=True)]
    if declaration.lodged:
        yield from (StatisticsCell(LODGED, dimension, value, declaration.lodged, "") for dimension, value in groups)
    if declaration.released:
        for place, step in declaration.steps:
            measure, bucket = MEASURES[place], str(step)
            yield from (
                StatisticsCell(measure, dimension, value, declaration.released, bucket) for dimension, value in groups
            )


def _declaration_figures(consignment: Consignment, declaration: Declaration) -> DeclarationFigures:
    times = times_of(consignment, declaration)
    head, transport = declaration.current.head, declaration.current.transport
    mode = transport.mode.value if transport and transport.mode else ""
    early = ("yes" if times.early else "no") if times.at("arrival") and times.at("lodging") else ""
    return DeclarationFigures(
        values=tuple(map(_code, (head.office[:4], mode, head.procedure, head.direction, early))),
        lodged=_month(times.at("lodging")),
        released=_month(times.at("release")),
        steps=tuple(_steps(times)),
    )


def _steps(times: Times) -> Iterator[tuple[int, int]]:
    for name, hours in zip(CYCLE, (times.hours_to_release, times.hours_to_gate_out), strict=True):
        if hours is not None:
            yield MEASURES.index(name), step_of(float(hours))
    for name, (since, until) in STRETCHES.items():
        start, end = times.at(since), times.at(until)
        if start and end and start <= end:
            yield MEASURES.index(name), step_of(hours_between(start, end))


def _month(utc: str) -> str:
    """The month in Beijing of a UTC text, `YYYY-MM`; empty for the empty text."""
    return beijing_day(utc)[:_MONTH_CHARS]


def _code(text: str) -> str:
    """The code, or `UNKNOWN` for what is none: whoever writes a record must not write what readers of tables see."""
    return text if _CODE.fullmatch(text) else UNKNOWN
