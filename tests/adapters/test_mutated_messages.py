"""Whatever a stranger changes in a message: it is read, or refused as malformed, and soon; no reader ever breaks."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.registry import read_message
from adapters.single_window_mock import numbers
from adapters.single_window_mock.faults import HOSTILE_XML
from adapters.single_window_mock.roles import PARTS, Cast, Party
from adapters.single_window_mock.stories import STORIES
from chain.errors import MalformedMessage

_RANDOM = numbers.seeded("cast")
_CAST = Cast(**{part: Party(numbers.uscc(_RANDOM), numbers.digits(_RANDOM, 10), part) for part in PARTS})
MESSAGES = {
    (name, message.envelope.kind): message.body
    for name in STORIES
    for message in STORIES[name](_CAST, 1, datetime(2026, 3, 2, 1, tzinfo=UTC)).messages
}
BODIES = sorted(set(MESSAGES.values()))
STRANGE = ["", "-1", "0", "1e400", "NaN", "9" * 40, "2026-02-30", "x" * 5000, "‮", "\u0000", "报关", "<", "&amp;", "0x1"]


def _read(body: bytes) -> None:
    try:
        read_message(body)
    except MalformedMessage as refusal:
        assert refusal.faults
        assert str(refusal)


@given(st.sampled_from(BODIES), st.integers(0, 2**32), st.integers(1, 4))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_changed_bytes_are_read_or_refused(body: bytes, seed: int, changes: int) -> None:
    chance, changed = random.Random(seed), bytearray(body)
    for _ in range(changes):
        at = chance.randrange(len(changed))
        what = chance.random()
        if what < 0.4:
            changed[at] = chance.randrange(256)
        elif what < 0.7:
            del changed[at : at + chance.randint(1, 60)]
        else:
            changed[at:at] = bytes(changed[at : at + chance.randint(1, 60)])
        if not changed:
            break
    _read(bytes(changed))


@given(st.sampled_from([b for b in BODIES if b.startswith(b"<")]), st.integers(0, 2**32), st.sampled_from(STRANGE))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_strange_text_in_any_element_is_read_or_refused(body: bytes, seed: int, strange: str) -> None:
    parts = body.split(b"</")
    at = random.Random(seed).randrange(len(parts) - 1)
    head, _, _ = parts[at].rpartition(b">")
    parts[at] = head + b">" + strange.encode()
    _read(b"</".join(parts))


@given(st.sampled_from([b for b in BODIES if b.startswith((b"{", b"["))]), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_strange_value_in_any_member_is_read_or_refused(body: bytes, seed: int) -> None:
    chance = random.Random(seed)
    value = json.loads(body)
    here, path = value, []
    while isinstance(here, dict | list) and here and (not path or chance.random() < 0.8):
        key = chance.choice(list(here)) if isinstance(here, dict) else chance.randrange(len(here))
        path.append((here, key))
        here = here[key]
    holder, key = path[-1]
    holder[key] = chance.choice(
        [*STRANGE, None, True, [], {}, [[]], {"@id": 5}, {"@value": []}, -1.5, 10**30, [1, "a"]]
    )
    _read(json.dumps(value).encode())


@pytest.mark.parametrize("kind", sorted(HOSTILE_XML))
def test_hostile_xml_is_refused(kind: str) -> None:
    with pytest.raises(MalformedMessage):
        read_message(HOSTILE_XML[kind])


def test_every_message_of_every_story_is_read_without_a_remark_but_on_unknown_codes() -> None:
    for (name, kind), body in MESSAGES.items():
        for entity in read_message(body).entities:
            rules = {remark.rule for remark in entity.record.remarks} if entity.record else set()
            assert rules <= {"unknown-code"}, (name, kind, rules)
