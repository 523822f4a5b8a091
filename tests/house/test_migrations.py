"""Each step of the store's schema has one successor: two that were written side by side would open no store."""

from __future__ import annotations

import re
from pathlib import Path

VERSIONS = Path(__file__).parents[2] / "gateway" / "store" / "migrations" / "versions"


def test_migrations_are_one_chain_in_the_order_of_their_files() -> None:
    files = sorted(VERSIONS.glob("v*.py"))
    steps = [
        (
            re.findall(r'^revision = "(\d{4})"', text, re.MULTILINE),
            re.findall(r'^down_revision = "(\d{4})"', text, re.M),
        )
        for text in (file.read_text() for file in files)
    ]
    numbers = [f"{number:04}" for number in range(1, len(files) + 1)]
    assert [file.name[1:5] for file in files] == numbers
    assert [revision for revision, _ in steps] == [[number] for number in numbers]
    assert [down for _, down in steps[1:]] == [[number] for number in numbers[:-1]]
