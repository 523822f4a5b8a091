"""The times of a declaration's goods in the terminal: each with the wait before it and what it was for."""

from __future__ import annotations

from typing import Any

from scripts.view_text import time_lines

STRETCH: dict[str, Any] = {
    "times": [
        {"step": "lodging", "at": "2026-03-01T08:00:00Z", "record": "r1"},
        {"step": "arrival", "at": "2026-03-02T01:00:00Z", "record": "r2"},
        {"step": "gate_out", "at": "2026-03-02T09:00:00Z", "record": "r3"},
    ],
    "waits": [
        {"since": "lodging", "until": "arrival", "hours": "17.00", "cause": "", "cause_zh": "", "notes": []},
        {
            "since": "arrival",
            "until": "gate_out",
            "hours": "8.00",
            "cause": "goods fetched by the importer",
            "cause_zh": "企业提货",
            "notes": [],
        },
    ],
    "hours_to_release": "3.00",
    "early": True,
}


def test_each_time_says_how_long_it_took_and_why() -> None:
    assert time_lines(STRETCH) == [
        "2026-03-01T08:00:00Z  lodging",
        "2026-03-02T01:00:00Z  arrival  17.00 h after lodging",
        "2026-03-02T09:00:00Z  gate out  8.00 h after arrival: goods fetched by the importer 企业提货",
        "3.00 h to release, from arrival, declared before it 提前申报",
    ]


def test_goods_that_are_not_released_have_no_figure() -> None:
    assert time_lines({**STRETCH, "times": [], "waits": [], "hours_to_release": None}) == []
