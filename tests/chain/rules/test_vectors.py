"""One vector file a rule: papers on which it agrees, and mutants each with exactly the rule's findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chain.rules.frame import NOWHERE, Elsewhere, SharedNumber
from chain.rules.pack import RULES
from chain.rules.tables import COLUMNS, Table, Tables, tables_of
from tests.chain.rules.papers import answers_of, applied

FOLDER = Path(__file__).parent / "vectors"
VECTORS = {path.stem: json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}
MUTANTS = [(rule, place) for rule, vector in VECTORS.items() for place in range(len(vector["mutants"]))]


def tables(said: list[dict[str, Any]]) -> Tables:
    return tables_of(*(Table(one["table"], "vector", "vector", True, tuple(map(tuple, one["rows"]))) for one in said))


def elsewhere(said: list[dict[str, Any]] | None) -> Elsewhere:
    kinds = frozenset(
        {"container", "declaration", "invoice", "certificate", "origin_certificate", "transport_document"}
    )
    return NOWHERE if said is None else Elsewhere(kinds, tuple(SharedNumber(**one) for one in said))


def test_every_rule_has_its_vectors_and_every_table_its_columns() -> None:
    assert VECTORS.keys() == RULES.keys()
    for vector in VECTORS.values():
        assert vector["mutants"]
        for one in vector["tables"]:
            assert all(len(row) == len(COLUMNS[one["table"]]) for row in one["rows"])


@pytest.mark.parametrize("rule", VECTORS)
def test_on_clean_papers_the_rule_agrees_and_nothing_else_is_found(rule: str) -> None:
    vector = VECTORS[rule]
    answers = answers_of(vector["papers"], tables(vector["tables"]), elsewhere=elsewhere(vector["elsewhere"]))
    assert [one.rule for one in answers.findings] == []
    assert rule in {one.rule for one in answers.agreements}


@pytest.mark.parametrize(("rule", "place"), MUTANTS)
def test_a_mutant_gives_exactly_the_findings_of_its_rule(rule: str, place: int) -> None:
    vector = VECTORS[rule]
    mutant = vector["mutants"][place]
    papers = applied(vector["papers"], mutant["changes"])
    shared = elsewhere(mutant.get("elsewhere", vector["elsewhere"]))
    answers = answers_of(papers, tables(mutant.get("tables", vector["tables"])), elsewhere=shared)
    found = sorted({one.rule for one in answers.findings if one.rule.partition("-")[0] == rule})
    assert found == mutant["findings"], mutant["name"]


@pytest.mark.parametrize("rule", VECTORS)
def test_without_its_papers_a_rule_is_not_run_and_says_why(rule: str) -> None:
    answers = answers_of({})
    (reason,) = [one for one in answers.not_run if one.rule == rule]
    assert reason.what
    assert reason.what_zh
