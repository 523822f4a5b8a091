"""Records on paper for the rules: sections as plain values, without keys and signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chain.records.base import reference_key
from chain.rules.consignment import Consignment, join_records
from chain.rules.facts import Record
from chain.rules.pack import Case, Evaluation, evaluate
from chain.rules.record_reader import read_record
from chain.rules.tables import NO_TABLES, Tables

BROKER = "91110000600037341L"
CUSTOMS = "11100000000014508H"
MANY = frozenset({"goods_items", "names", "references", "ucr"})
"""Sections whose elements are disclosures of their own."""


def paper(name: str, said: Mapping[str, Any]) -> Record:
    """One record: `{type, issuer, issued, amends, withheld, sections}`; a section is one value, or many elements."""
    sections = {key: value if key in MANY else [value] for key, value in said["sections"].items()}
    references = [
        reference_key(one["kind"], one.get("scope", ""), one["value"]) for one in sections.get("references", ())
    ]
    return read_record(
        said.get("id", name),
        said["type"],
        said.get("issuer", BROKER),
        said.get("issued", "2026-11-20T00:00:00Z"),
        said.get("amends"),
        said.get("ucr_count", 1),
        references,
        sections,
        said.get("withheld", ()),
    )


def consignment_of(papers: Mapping[str, Mapping[str, Any]], tables: Tables = NO_TABLES) -> Consignment:
    """The papers joined, in their order."""
    return join_records([paper(name, said) for name, said in papers.items()], tables.offices)


def answers_of(papers: Mapping[str, Mapping[str, Any]], tables: Tables = NO_TABLES, **case: Any) -> Evaluation:
    """The answers of all rules on the papers."""
    return evaluate(Case(consignment_of(papers, tables), tables, **case))


def found_in(evaluation: Evaluation) -> list[str]:
    """Ids of the findings."""
    return [one.rule for one in evaluation.findings]


def applied(papers: Any, changes: Sequence[Sequence[Any]]) -> Any:
    """A copy of the papers with each change `[path, value]` made; a change `[path]` takes the member away."""
    import copy

    changed = copy.deepcopy(papers)
    for change in changes:
        *steps, last = change[0].split("/")
        place = changed
        for step in steps:
            place = place[int(step) if isinstance(place, list) else step]
        key = int(last) if isinstance(place, list) else last
        if len(change) == 1:
            del place[key]
        else:
            place[key] = change[1]
    return changed
