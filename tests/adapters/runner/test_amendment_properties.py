"""Late, doubled and out-of-order messages end in the same records, and no older statement replaces a newer one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.message import message_digest
from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import RunnerSettings
from adapters.single_window_mock import numbers
from adapters.sources.envelope import Envelope
from adapters.sources.single_window import Message, Page
from chain.errors import LedgerFault
from chain.keys import SigningKey
from chain.records import parse_record
from chain.sdjwt import SignedRecord
from tests.adapters.formats.customs.test_dec import RESULT
from tests.adapters.formats.customs.writing import message
from tests.adapters.runner.conftest import CONSORTIUM, Clock
from tests.record_numbers import SECRET

MEMBER = "91110000600037341L"
UCR = f"6CN{MEMBER}-0001"
KEY = SigningKey.generate()

Story = tuple[tuple[str, bytes], ...]
"""Time of lodging within the hour, and the message: the order in which they were said."""

LISTS: Story = (
    ("00:00", message("621", appType="1", invtNo=None, preNo=None)),
    ("01:00", message("621", appType="2", invtNo=None, grossWeight="2.5")),
    ("02:00", message("621", appType="2", grossWeight="3.5")),
    ("03:00", message("621", appType="3", grossWeight="3.5")),
)
"""A list, changed twice and taken back; customs' numbers come to be known on the way."""
BILL: Story = (
    ("00:00", message("816", status="1")),
    ("01:00", message("818", status="2", entDutyNo="010120261000000017-L01")),
    ("02:00", message("818", status="3")),
)
"""A tax bill, summarised, void."""
MIXED: Story = (*LISTS, ("03:30", RESULT.format(channel="P").encode()), ("04:00", message("623")))
"""The same with what amends nothing: an answer, a request."""


class NotKnownYet(LedgerFault):
    """What the gateway answers to an amendment of what it does not have."""

    problem: ClassVar = {"type": "/problems/amends-unknown", "code": "4003"}


@dataclass
class Wire:
    """A gateway that holds what it took, and a source that hands over what it was given."""

    records: dict[str, SignedRecord] = field(default_factory=dict)
    handed: list[Message] = field(default_factory=list)

    def submit(self, record: SignedRecord) -> object:
        if record.amends is not None and record.amends not in self.records:
            raise NotKnownYet(f"record {record.amends} is not known here")
        self.records[record.record_id] = record
        return "receipt"

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        return [UCR]

    def fetch(self, after: int, limit: int) -> Page:
        found = tuple(self.handed[after : after + limit])
        return Page(found, after + len(found))

    def acknowledge(self, envelope: Envelope) -> None:
        """Nothing to remember."""

    def refuse(self, envelope: Envelope, code: str, reason: str) -> None:
        raise AssertionError(f"{code}: {reason}")


def told(story: Story, order: list[int], rounds: list[int]) -> list[SignedRecord]:
    """The records in the order in which they were lodged, when messages come in that order, so many a round."""
    wire, clock, left = Wire(), Clock(), list(order)
    runner = AdapterRunner(
        MEMBER,
        KEY,
        CONSORTIUM,
        jti_secret=SECRET,
        source=wire,
        gateway=wire,
        journal=Journal(":memory:"),
        settings=RunnerSettings(attempts_max=60),
        clock=clock,
        random=numbers.seeded("jitter"),
    )
    for many in [*rounds, len(left)]:
        for place in left[:many]:
            at, body = story[place]
            envelope = Envelope(f"M{place}", "CEB", MEMBER, f"2026-03-02T10:{at}Z", {0: (UCR,)})
            wire.handed.append(Message(envelope, body))
        del left[:many]
        for _ in range(3):
            runner.run_once()
            clock.now += 1
    for _ in range(80):
        if runner.run_once().idle and runner.journal.next_due() is None:
            break
        clock.now += 90
    assert not runner.journal.parked()
    return sorted(wire.records.values(), key=_place)


def _place(record: SignedRecord) -> int:
    source = parse_record(record).source
    assert source is not None
    return PLACES[source.sha256]


PLACES = {message_digest(body): place for story in (LISTS, BILL, MIXED) for place, (_, body) in enumerate(story)}
"""Each message's place in the order of lodging, by its digest."""


def contents(records: list[SignedRecord]) -> list[tuple[str, str, object]]:
    """What the records say, without ids and salts."""
    return [(record.vct, record.jti, parse_record(record)) for record in records]


def amended(records: list[SignedRecord]) -> list[int | None]:
    """For each record the place, in the order of lodging, of the one that it replaces."""
    places = {record.record_id: place for place, record in enumerate(records)}
    return [None if record.amends is None else places[record.amends] for record in records]


@st.composite
def disordered(draw: st.DrawFn, story: Story) -> tuple[list[int], list[int]]:
    """Every message at least once, some twice, in any order; and how many come in each round."""
    places = list(range(len(story)))
    order = draw(st.permutations(places + draw(st.lists(st.sampled_from(places), max_size=3))))
    return list(order), draw(st.lists(st.integers(0, 3), max_size=5))


FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(st.sampled_from([LISTS, BILL, MIXED]).flatmap(lambda story: st.tuples(st.just(story), disordered(story))))
def test_any_order_of_messages_ends_in_the_same_records(drawn: tuple[Story, tuple[list[int], list[int]]]) -> None:
    story, (order, rounds) = drawn
    plain = told(story, list(range(len(story))), [])
    assert contents(told(story, order, rounds)) == contents(plain)


@FEW
@given(st.sampled_from([LISTS, BILL]).flatmap(lambda story: st.tuples(st.just(story), disordered(story))))
def test_what_is_there_together_is_amended_in_the_order_of_lodging(
    drawn: tuple[Story, tuple[list[int], list[int]]],
) -> None:
    story, (order, _) = drawn
    assert amended(told(story, order, [])) == [None, *range(len(story) - 1)]


@FEW
@given(st.sampled_from([LISTS, BILL]).flatmap(lambda story: st.tuples(st.just(story), disordered(story))))
def test_no_statement_ever_replaces_one_that_was_lodged_later(
    drawn: tuple[Story, tuple[list[int], list[int]]],
) -> None:
    story, (order, rounds) = drawn
    replaced = amended(told(story, order, rounds))
    assert replaced[0] is None
    assert all(place is not None and place < own for own, place in enumerate(replaced) if own)
