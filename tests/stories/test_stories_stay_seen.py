"""In the eight stories of the single window every member sees the sections that it saw when shared numbers gave sight.

`story-sections.txt` was written by that older rule, and is not to be written anew: where a line of it no longer holds,
`docs/spec/standing.md` says so, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.registry import read_message
from adapters.runner.standing_names import StandingNames
from adapters.single_window_mock import numbers
from adapters.single_window_mock.roles import PARTS, Cast, Party
from adapters.single_window_mock.stories import STORIES
from chain.errors import NotFound
from chain.identifiers import Ucr
from chain.members import Role
from gateway.access.policy import ViewPolicy
from gateway.consignment.view import sight_of
from tests.gateway.query.consortium import PaperChain, PaperDirectory, PaperMember

TABLE = Path(__file__).with_name("story-sections.txt")
STARTED = datetime(2026, 3, 2, 1, tzinfo=UTC)
ROLES = {part: Role[part.upper()] for part in PARTS}
CUSTOMS_OF = {"sea_import": "0200900002"}
"""Customs of the district where the goods are declared; elsewhere that of 01."""
POLICY = ViewPolicy.load()


def cast_of(name: str) -> tuple[Cast, dict[str, PaperMember]]:
    """The members of a story, with the one that plays each part."""
    random = numbers.seeded("sections table")
    codes = {part: numbers.digits(random, 10) for part in PARTS} | {"customs": CUSTOMS_OF.get(name, "0100900001")}
    cast = Cast(**{part: Party(numbers.uscc(random), codes[part], part) for part in PARTS})
    members = {part: PaperMember(getattr(cast, part).uscc, ROLES[part], codes[part], "a sponsor") for part in PARTS}
    return cast, members


class _Members:
    def __init__(self, members: dict[str, PaperMember]) -> None:
        self._members = members

    def members(self) -> Iterator[dict[str, str]]:
        return iter([{"uscc": one.uscc, "customs_code": one.customs_code} for one in self._members.values()])


def lines_of(name: str, customs_code: str = "") -> list[str]:
    """Story, member, record type and the sections of it that the member sees, as the table has them."""
    cast, members = cast_of(name)
    if customs_code:
        members["customs"] = PaperMember(members["customs"].uscc, Role.CUSTOMS, customs_code, "a sponsor")
    story, chain = STORIES[name](cast, 1, STARTED), PaperChain()
    by_uscc = {member.uscc: member for member in members.values()}
    names = StandingNames(_Members(members), lambda: 0.0)
    ucr = str(story.ucrs[0])
    for message in story.messages:
        sender = message.envelope.sender
        for entity in read_message(message.body).entities:
            if entity.record is not None:
                record = entity.record.for_ucrs([Ucr.parse(ucr)])
                chain.say(by_uscc[sender], record.with_names(names.find(record, sender)), ucr)
    lines = []
    for part, member in members.items():
        try:
            sight = sight_of(ucr, chain.held, member.reader, POLICY, PaperDirectory([*members.values()]))
        except NotFound:
            lines.append(f"{name} {part}: nothing")
            continue
        assert not (sight.own_only and part != "customs"), part
        seen: dict[str, set[str]] = {}
        for record in sight.records:
            seen.setdefault(record.signed.vct, set()).update(record.shown)
        lines += [f"{name} {part} {kind}: {' '.join(sorted(sections))}" for kind, sections in seen.items()]
    return sorted(lines)


@pytest.mark.parametrize("name", sorted(STORIES))
def test_each_member_of_a_story_sees_the_sections_that_it_always_saw(name: str) -> None:
    table = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith(f"{name} ")]
    assert lines_of(name) == sorted(table)


def test_customs_of_another_district_no_longer_sees_goods_by_speaking_of_them() -> None:
    """The exception: the stand-in's one customs answers in Tianjin too, where it is not competent."""
    lines = lines_of("sea_import", customs_code="0100900001")
    kinds = {line.split()[2].rstrip(":") for line in lines if line.startswith("sea_import customs ")}
    assert kinds == {"customs.status"}
