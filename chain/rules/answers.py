"""The three answers of a rule: *agrees*, *finding*, *not run*. Silence is not an answer.

A finding is no verdict: it says what does not agree, by how much, and what the rule allows. Each input names the
record and the field that said it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

VALUE_CHARS_MAX: Final = 250
"""Longest value of an input that a finding repeats; a finding's fields hold 256."""

Severity = Literal["H", "M", "I"]
"""H block or hold, M review, I information."""


class Missing(StrEnum):
    """Why a rule was not run."""

    FACT = "fact"
    """No record says what the rule compares."""
    RIGHT = "right"
    """A record says it, and the reader may not see it."""
    TABLE = "table"
    """A reference table is missing, or ends before the day in question."""
    ALLOCATION = "allocation"
    """Several records share what is compared, and nobody says in which parts."""
    TIME = "time"
    """The deadline has not passed, or the rule needs a later record."""


@dataclass(frozen=True, slots=True)
class Input:
    """One field that an answer rests on."""

    record: str
    """Record id."""
    field: str
    """Dotted path with indexes from 0."""
    value: str | None = None
    """What it said."""


@dataclass(frozen=True, slots=True)
class Agrees:
    """Sources that say the same."""

    rule: str
    records: tuple[str, ...]
    """Ids of the records that agree; one where a record agrees with itself."""


@dataclass(frozen=True, slots=True)
class NotRun:
    """The rule could not be applied to some or all of the consignment."""

    rule: str
    missing: Missing
    what: str
    """The fact, table or right that is missing, in English."""
    what_zh: str = ""
    """The same in Chinese."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A disagreement between sources, or of one with itself."""

    rule: str
    """Id of the rule and what it found, such as `C06-gross-net`."""
    severity: Severity
    inputs: tuple[Input, ...]
    text: str
    text_zh: str
    declared: str | None = None
    computed: str | None = None
    delta: str | None = None
    tolerance: str | None = None
    tables: tuple[str, ...] = ()
    """Roots of the reference tables used, 64 hex digits each."""

    @property
    def records(self) -> tuple[str, ...]:
        """Ids of the records that it rests on, once each, in the order of the inputs."""
        return tuple(dict.fromkeys(one.record for one in self.inputs))


Answer = Agrees | Finding | NotRun


def as_input(record: str, field: str, value: object = None) -> Input:
    """The input with its value cut to what a finding holds; an empty value is none."""
    return Input(record, field, shorten(value))


def shorten(value: object) -> str | None:
    """The value as text of at most `VALUE_CHARS_MAX`; None for None and for the empty text."""
    return None if value is None or value == "" else _plain(value)[:VALUE_CHARS_MAX]


def finding(
    rule: str,
    severity: Severity,
    text: str,
    text_zh: str,
    inputs: Iterable[tuple[str, str, object]],
    *,
    declared: object = None,
    computed: object = None,
    tolerance: object = None,
    tables: tuple[str, ...] = (),
) -> Finding:
    """A finding; where declared and computed are numbers, their difference is told."""
    is_number = isinstance(declared, Decimal | int) and isinstance(computed, Decimal | int)
    return Finding(
        rule=rule,
        severity=severity,
        inputs=tuple(as_input(*one) for one in inputs),
        text=text,
        text_zh=text_zh,
        declared=shorten(declared),
        computed=shorten(computed),
        delta=shorten(declared - computed) if is_number else None,  # type: ignore[operator]
        tolerance=shorten(tolerance),
        tables=tables,
    )


def _plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
