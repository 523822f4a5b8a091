"""Who has standing in each story and by which record: the table in docs/spec/standing.md is what this computes."""

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
from chain.identifiers import Ucr
from chain.standing import Namer, Standing, StandingRecord, close_standing

PAGE = Path(__file__).parents[3] / "docs" / "spec" / "standing.md"
STARTED = datetime(2026, 3, 2, 1, tzinfo=UTC)
AUTHORITIES = ("customs", "tax")
_RANDOM = numbers.seeded("standing table")
CAST = Cast(**{part: Party(numbers.uscc(_RANDOM), numbers.digits(_RANDOM, 10), part) for part in PARTS})
MEMBERS = {getattr(CAST, part).uscc: part for part in PARTS}


class _Members:
    def members(self) -> Iterator[dict[str, str]]:
        return iter([{"uscc": p.uscc, "customs_code": p.customs_code} for p in (getattr(CAST, one) for one in PARTS)])


def records_of(name: str) -> Iterator[StandingRecord]:
    """Every record of a story as adapters make it, its id being its type."""
    story = STORIES[name](CAST, 1, STARTED)
    names = StandingNames(_Members(), lambda: 0.0)
    for place, message in enumerate(story.messages):
        for entity in read_message(message.body).entities:
            if entity.record is not None:
                record, sender = entity.record.for_ucrs([Ucr.parse(story.ucrs[0])]), message.envelope.sender
                yield StandingRecord(
                    f"{record.TYPE}#{place}-{entity.ordinal}",
                    sender,
                    record.TYPE,
                    (place, entity.ordinal),
                    names.find(record, sender),
                    by_authority=MEMBERS[sender] in AUTHORITIES,
                )


def closed(name: str) -> tuple[list[StandingRecord], Standing]:
    records = list(records_of(name))
    ucr = STORIES[name](CAST, 1, STARTED).ucrs[0]
    return records, close_standing(
        ucr, records, is_competent=lambda record, offices: MEMBERS.get(record.issuer) == "customs"
    )


def reason(standing: Standing, part: str) -> str:
    """Why a member has standing, in a cell of the table."""
    member = getattr(CAST, part).uscc
    if member == standing.owner:
        return "its UCR"
    if part in AUTHORITIES:
        return "authority"
    naming = next(iter(standing.namings.get(member, ())), None)
    return "–" if naming is None else f"`{naming.record_id.partition('#')[0]}` of {MEMBERS[naming.by]}"


def table() -> str:
    """Story × member → which record names it."""
    lines = [f"| story | {' | '.join(PARTS)} |", f"|---|{'---|' * len(PARTS)}"]
    for name in sorted(STORIES):
        standing = closed(name)[1]
        lines.append(f"| {name} | {' | '.join(reason(standing, part) for part in PARTS)} |")
    return "\n".join(lines) + "\n"


def test_the_page_has_the_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(STORIES))
def test_every_record_of_a_story_counts_and_every_speaker_sees(name: str) -> None:
    records, standing = closed(name)
    assert {record.record_id for record in records} == standing.counted
    for record in records:
        if MEMBERS[record.issuer] not in AUTHORITIES and record.issuer != standing.owner:
            assert Namer.OWNER in standing.namers_of(record.issuer), record.issuer


@pytest.mark.parametrize("name", sorted(STORIES))
def test_without_the_owners_word_brokers_and_carriers_of_a_story_stay_outside(name: str) -> None:
    records = [record for record in records_of(name) if record.record_type != "trade.parties"]
    ucr = STORIES[name](CAST, 1, STARTED).ucrs[0]
    standing = close_standing(ucr, records, is_competent=lambda record, offices: False)
    assert not standing.has(CAST.broker.uscc)
