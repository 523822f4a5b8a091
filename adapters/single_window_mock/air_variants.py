"""Air imports that do not go straight: one declaration refused, one inspected."""

from __future__ import annotations

from datetime import datetime

from adapters.single_window_mock.air import draw_import, happens, lodge, pay, reply
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.script import Script, Story


def air_rejected(cast: Cast, seed: int, started_at: datetime) -> Story:
    """A declaration that customs refuses: stored, then sent back; the goods stay where they are."""
    script = Script("air_rejected", "J", cast, seed, started_at)
    goods = draw_import(script)
    lodge(script, goods)
    reply(script, goods.consignment, "E", hours=1)
    happens(script, goods, "NFD", hours=1)
    return script.story()


def air_inspected(cast: Cast, seed: int, started_at: datetime) -> Story:
    """An import that customs opens: suspended, inspected, assessed, paid, released, delivered, closed."""
    script = Script("air_inspected", "C", cast, seed, started_at)
    goods = draw_import(script)
    c = goods.consignment
    lodge(script, goods)
    for channel, hours in (("H", 1), ("C", 2), ("W", 20)):
        reply(script, c, channel, hours=hours)
    pay(script, c, hours=2)
    reply(script, c, "P", hours=1)
    happens(script, goods, "CCD", hours=0.2)
    happens(script, goods, "DLV", hours=4)
    reply(script, c, "R", hours=20)
    return script.story()
