"""What a search asks and tells of corroboration: which facts rest on sources that agree, on one, or contradict.

Grades are of all that a reader sees of a consignment together, so no table proposes them: they narrow what other
criteria found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from chain.errors import Malformed
from chain.rules.corroboration import FACTS, Grade, corroborate
from chain.rules.tables import Tables
from gateway.consignment.rule_facts import join_held
from gateway.consignment.view import Sight

GRADES: Final = frozenset(grade.value for grade in Grade)
"""Names of the criteria; each takes a fact's name, or `any`."""
ANY: Final = "any"


class MalformedGrade(Malformed):
    """A grade is asked for of something that is no fact, or alone."""


@dataclass(frozen=True)
class GradeQuestion:
    """Which grades are asked for."""

    wanted: frozenset[tuple[str, str]] = frozenset()
    """(grade, fact); the fact `any` for whichever."""

    @classmethod
    def parse(cls, criteria: Mapping[str, str]) -> GradeQuestion:
        """The grades among a search's criteria; raises MalformedGrade."""
        asked = {name: value.lower() for name, value in criteria.items() if name in GRADES}
        for name, fact in asked.items():
            if fact != ANY and fact not in FACTS:
                raise MalformedGrade(name, f"is one of {', '.join(sorted(FACTS))}, or {ANY}", value=fact)
        if asked and len(asked) == len(criteria):
            raise MalformedGrade(next(iter(asked)), "narrows another criterion", fix="Give a number, a day or a status")
        return cls(frozenset(asked.items()))

    def is_answered_by(self, sight: Sight, tables: Tables) -> bool:
        """Whether what the reader sees has every grade asked for."""
        if not self.wanted:
            return True
        grades = grades_in(sight, tables)
        return all(
            grade in grades.values() if fact == ANY else grades.get(fact) == grade for grade, fact in self.wanted
        )


def grades_in(sight: Sight, tables: Tables) -> dict[str, str]:
    """Each fact that anybody says to its grade, in what the reader sees."""
    joined = join_held(sight.records, tables)
    return {graded.fact: graded.grade.value for graded in corroborate(joined, sight.directory.sponsor)}


def count_grades(each: Iterable[Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """Of these consignments, how many have each grade, fact by fact."""
    counts: dict[str, dict[str, int]] = {}
    for grades in each:
        for fact, grade in grades.items():
            of_fact = counts.setdefault(fact, dict.fromkeys(sorted(GRADES), 0))
            of_fact[grade] += 1
    return dict(sorted(counts.items()))
