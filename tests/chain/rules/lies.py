"""Lies planted by hand in native messages, each with exactly the findings that follow from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from adapters.single_window_mock.stories import StoryMessage
from tests.chain.rules.native import Told, changed, place_of, told

Change = Callable[[Told], Told]


@dataclass(frozen=True)
class Lie:
    """One lie in one story."""

    story: str
    name: str
    change: Change
    findings: frozenset[str]
    with_tables: bool = False
    """Whether it needs the example tables to be found."""
    seed: int = 7

    @property
    def messages(self) -> Told:
        """The story with the lie."""
        return self.change(told(self.story, self.seed))


def xml(kind: str, field: str, value: str | Callable[[str], str], *, text: str = "", count: int = 0) -> Change:
    """Puts another value into an element of the first message of a kind that holds `text`; `count` 0: everywhere."""
    pattern = re.compile(rf"(<(?:\w+:)?{field}(?: [^>]*)?>)([^<]*)(</)")

    def spoil(body: bytes) -> bytes:
        def put(found: re.Match[str]) -> str:
            return found[1] + (value(found[2]) if callable(value) else value) + found[3]

        return pattern.sub(put, body.decode(), count=count).encode()

    return lambda messages: changed(messages, place_of(messages, kind, text), spoil)


def words(kind: str, old: str, new: str, *, text: str = "") -> Change:
    """Puts a text for another in the first message of a kind."""
    return lambda messages: changed(
        messages, place_of(messages, kind, text), lambda body: body.replace(old.encode(), new.encode())
    )


def document(kind: str, edit: Callable[[Any], None], *, text: str = "") -> Change:
    """Edits the JSON of the first message of a kind."""

    def spoil(body: bytes) -> bytes:
        value = json.loads(body)
        edit(value)
        return json.dumps(value, ensure_ascii=False, indent=1).encode()

    return lambda messages: changed(messages, place_of(messages, kind, text), spoil)


def times(factor: str, digits: int = 2) -> Callable[[str], str]:
    """The number times a factor."""
    return lambda said: f"{(Decimal(said) * Decimal(factor)):.{digits}f}"


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(messages: Told) -> Told:
        for one in changes:
            messages = one(messages)
        return messages

    return change


def without(kind: str, text: str = "") -> Change:
    """The story less one message."""

    def change(messages: Told) -> Told:
        place = place_of(messages, kind, text)
        return (*messages[:place], *messages[place + 1 :])

    return change


def again(kind: str, sender: str, spoil: Callable[[bytes], bytes], *, text: str = "") -> Change:
    """A second message made of the first of a kind, said by another member right behind it."""

    def change(messages: Told) -> Told:
        place = place_of(messages, kind, text)
        first = messages[place]
        envelope = replace(first.envelope, id=first.envelope.id + ".again", sender=sender or first.envelope.sender)
        return (*messages[: place + 1], StoryMessage(envelope, spoil(first.body)), *messages[place + 1 :])

    return change


def said_at(kind: str, text: str, element: str, moment: str) -> Change:
    """Customs or a carrier says it at another time."""
    return xml(kind, element, moment, text=text)
