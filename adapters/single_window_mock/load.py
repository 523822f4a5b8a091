"""Any number of consistent consignments, for load tests: each a CEB621 list of some lines (three: a record of 5.5
KB)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from adapters.single_window_mock.parcel import Parcel, lodge, reply
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.script import Script, Story

CONSIGNMENTS_MAX = 200_000
LINES = 3
"""Of ten lines the record has 9.2 KB, of one 4.5 KB."""
LINES_MAX = 50


def consignments(
    cast: Cast, first: int, count: int, started_at: datetime, *, lines: int = LINES, whole: bool = False
) -> Iterator[Story]:
    """Consignments `first` to `first + count - 1`, one second apart; the same arguments give the same bytes.

    Each is one declaration of `lines` lines; `whole` adds parties, order, payment, waybill, replies and tax bill (ten
    messages in all).
    """
    for number in range(first, first + count):
        moment = started_at + timedelta(seconds=number % 86_400)
        script = Script("load", "L", cast, number, moment, with_parties=whole)
        parcel = Parcel(script, lines)
        if whole:
            lodge(script, parcel)
            for status in ("120", "399", "800"):
                reply(script, parcel, status, minutes=2)
            script.send(cast.customs, "CEB816", parcel.tax_bill(), named=False)
        else:
            script.send(cast.broker, "CEB621", parcel.declaration())
        yield script.story()
