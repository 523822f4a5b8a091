"""Whatever records say and whatever is withheld, every rule gives an answer, the same in any order of its papers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.rule_tables import example_tables
from chain.rules.answers import VALUE_CHARS_MAX
from chain.rules.pack import RULES, Evaluation
from tests.chain.rules.papers import answers_of

VECTORS = [json.loads(path.read_bytes()) for path in sorted((Path(__file__).parent / "vectors").glob("*.json"))]
TABLES = example_tables()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values inside."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += leaves(one, (*path, key))
    return found


def everyone() -> dict[str, Any]:
    """The papers of all vectors in one consignment: several declarations, bills, invoices, payments."""
    return {
        f"{vector['rule']}-{name}": json.loads(json.dumps(paper))
        for vector in VECTORS
        for name, paper in vector["papers"].items()
    }


def checked(answers: Evaluation) -> None:
    told = {one.rule.partition("-")[0] for one in answers.findings}
    told |= {one.rule for one in answers.agreements} | {one.rule for one in answers.not_run}
    assert told == set(RULES)
    for one in answers.findings:
        assert one.inputs, one.rule
        assert one.text and one.text_zh, one.rule
        assert all(len(value or "") <= VALUE_CHARS_MAX for value in (one.declared, one.computed, one.tolerance))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_value_taken_away_or_spoiled_raises_nothing(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from(VECTORS))
    papers = json.loads(json.dumps(vector["papers"]))
    for _ in range(data.draw(st.integers(1, 4))):
        name = data.draw(st.sampled_from(sorted(papers)))
        sections = papers[name]["sections"]
        paths = [path for path in leaves(sections) if len(path) > 1 and path[0] != "references"]
        if not paths:
            continue
        *steps, last = data.draw(st.sampled_from(paths))
        place = papers[name]["sections"]
        for step in steps:
            place = place[step]
        if data.draw(st.booleans()):
            del place[last]
        else:
            place[last] = data.draw(st.sampled_from(["", "0.00000", "x" * 300, {}, [], None, 7, True]))
    checked(answers_of(papers, TABLES))


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_all_papers_together_give_answers_in_any_order(data: st.DataObject) -> None:
    papers = everyone()
    names = data.draw(st.permutations(sorted(papers)))
    checked(answers_of({name: papers[name] for name in names[:80]}, TABLES))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_withheld_section_is_named_and_its_values_stand_nowhere(data: st.DataObject) -> None:
    vector = data.draw(st.sampled_from([one for one in VECTORS if "declaration" in one["papers"]]))
    papers = json.loads(json.dumps(vector["papers"]))
    section = data.draw(st.sampled_from(["parties", "goods_items", "transport", "valuation"]))
    papers["declaration"]["sections"].pop(section, None)
    papers["declaration"]["withheld"] = [section]
    answers = answers_of(papers, TABLES)
    checked(answers)
    told = [one for found in answers.findings for one in found.inputs if one.record == "declaration"]
    assert [one for one in told if one.field.partition(".")[0] == section and one.value is not None] == []
