"""Days that a format writes without their year (`19MAR`): the year in which they are nearest to the day of sending."""

from __future__ import annotations

from datetime import date
from typing import Final

MONTHS: Final = {
    month: number
    for number, month in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
"""The three letters of a month -> its number."""


def nearest_day(day: int, month: int, sent_on: date) -> date:
    """The day of that month which is nearest to the day of sending; raises `ValueError` where there is none.

    29 February is of the nearest leap year within the years around the sending.
    """
    candidates: list[date] = []
    for year in (sent_on.year - 1, sent_on.year, sent_on.year + 1):
        try:
            candidates.append(date(year, month, day))
        except ValueError:
            continue
    if not candidates:
        raise ValueError(f"{day}.{month}. is no day of the years around {sent_on.year}")
    return min(candidates, key=lambda candidate: abs((candidate - sent_on).days))
