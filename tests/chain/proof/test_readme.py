"""The page for second implementers says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from chain.proof.bundle import Kind
from chain.verify.checks import CHECKS, MANDATORY
from tests.vectors.make import structures

README = (Path(__file__).resolve().parents[3] / "chain" / "README.md").read_text(encoding="utf-8")


def test_every_worked_hex_example_is_a_computed_one() -> None:
    computed = json.dumps(structures()) + "63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
    examples = set(re.findall(r"\b[0-9a-f]{32,}\b", README))
    assert len(examples) > 20
    assert [example for example in examples if example not in computed] == []


def test_the_table_of_checks_is_the_verifiers() -> None:
    rows = re.findall(
        r"^\| (\d+) \| ([a-z-]+) \| ([P0-9 ]+) \| (.*?) \| (must)? ?\| (must)? ?\|$", README, re.MULTILINE
    )
    assert [(int(number), name, promise) for number, name, promise, *_ in rows] == [
        (check.number, check.name, check.promise) for check in CHECKS
    ]
    for number, _, _, gives, in_record, in_consignment in rows:
        assert CHECKS[int(number) - 1].on_fail.name in gives
        assert (int(number) in MANDATORY[Kind.RECORD]) is (in_record == "must")
        assert (int(number) in MANDATORY[Kind.CONSIGNMENT]) is (in_consignment == "must")
