"""Native messages through the readers into the facts that rules take: what a gateway would see, without its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from adapters.message import ReadMessage
from adapters.registry import read_message
from adapters.single_window_mock import numbers
from adapters.single_window_mock.roles import PARTS, Cast, Party
from adapters.single_window_mock.stories import STORIES, StoryMessage
from chain.rules.consignment import join_records
from chain.rules.facts import Record
from chain.rules.pack import Case, Evaluation, evaluate
from chain.rules.record_reader import read_record
from chain.rules.tables import NO_TABLES, Tables

STARTED = datetime(2026, 3, 2, 1, tzinfo=UTC)
Told = tuple[StoryMessage, ...]
Spoil = Callable[[bytes], bytes]


@lru_cache(maxsize=1)
def cast() -> Cast:
    """The same members in every test."""
    random = numbers.seeded("rules")
    return Cast(**{part: Party(numbers.uscc(random), numbers.digits(random, 10), f"测试{part}") for part in PARTS})


@lru_cache(maxsize=64)
def told(name: str, seed: int = 7) -> Told:
    """The messages of a story."""
    return STORIES[name](cast(), seed, STARTED).messages


def facts_of(messages: Iterable[StoryMessage]) -> list[Record]:
    """The records of the messages, in the order in which these are given; a message handed over twice counts once."""
    records: list[Record] = []
    seen: set[str] = set()
    for message in messages:
        if message.envelope.id in seen:
            continue
        seen.add(message.envelope.id)
        records += _records(message)
    return [replace(one, amends=_amended(one, records)) for one in records]


@lru_cache(maxsize=4_096)
def _read(body: bytes) -> ReadMessage:
    return read_message(body)


def _records(message: StoryMessage) -> tuple[Record, ...]:
    found = []
    for entity in _read(message.body).entities:
        if entity.record is None:
            continue
        sections = {name: tuple(values) for name, values in entity.record.to_sections().items()}
        amended = "|".join(entity.amends.key) if entity.amends else None
        found.append(
            read_record(
                f"{message.envelope.id}/{entity.ordinal}",
                entity.record.TYPE,
                message.envelope.sender,
                message.envelope.sent_at,
                amended,
                1,
                [one.key for one in entity.record.references],
                sections,
            )
        )
    return tuple(found)


def _amended(record: Record, records: Sequence[Record]) -> str:
    """The id of the last record of its issuer and type before it that bears the number which it amends."""
    if not record.amends:
        return ""
    key = tuple(record.amends.split("|"))
    own = {one for one in record.references if one[0] in ("declaration", "pre", "cop", "tax_bill")} | {key}
    earlier = [
        one
        for one in records
        if (one.type, one.issuer) == (record.type, record.issuer)
        and one.issued < record.issued
        and own & set(one.references)
    ]
    return max(earlier, key=lambda one: one.issued).id if earlier else ""


def answers_of(messages: Iterable[StoryMessage], tables: Tables = NO_TABLES) -> Evaluation:
    """The answers of all rules on the messages."""
    return evaluate(Case(join_records(facts_of(messages), tables.offices), tables))


def changed(messages: Told, place: int, spoil: Spoil) -> Told:
    """The messages with the bytes of one of them changed; the change must change something."""
    spoiled = spoil(messages[place].body)
    assert spoiled != messages[place].body, "the lie changes nothing"
    return (*messages[:place], replace(messages[place], body=spoiled), *messages[place + 1 :])


def place_of(messages: Told, kind: str, text: str = "") -> int:
    """The place of the first message of a kind that holds a text."""
    return next(place for place, one in enumerate(messages) if one.envelope.kind == kind and text.encode() in one.body)
