"""How a story is written down: a clock that only moves when told, and the messages in the order in which they are
sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from random import Random

from adapters.single_window_mock import numbers
from adapters.single_window_mock.roles import Cast, Party
from adapters.sources.envelope import Envelope

BEIJING = timezone(timedelta(hours=8))
"""CEB and DecMessage write local time without a zone."""

Fields = Sequence[tuple[str, object]]
"""Element names and values in the order of the format; a None value leaves the element out."""


@dataclass(frozen=True)
class StoryMessage:
    """One native message with the envelope that the single window puts on it."""

    envelope: Envelope
    body: bytes


@dataclass(frozen=True)
class AttachedFile:
    """A file that a sender handed over with its messages, which name it."""

    sender: str
    """The sender's USCC."""
    name: str
    body: bytes


@dataclass(frozen=True)
class Story:
    """A consignment's (or several consignments') messages from first to last."""

    name: str
    seed: int
    ucrs: tuple[str, ...]
    messages: tuple[StoryMessage, ...]
    attached: tuple[AttachedFile, ...] = ()


class Script:
    """Writes one story: keeps its random numbers, its clock and its messages."""

    def __init__(
        self, name: str, letter: str, cast: Cast, seed: int, started_at: datetime, *, with_parties: bool = True
    ) -> None:
        """`letter` begins the UCR's own part, followed by the day and the seed (13 characters in all).

        `with_parties`: the owner says first who takes part.
        """
        self.name = name
        self.cast = cast
        self.seed = seed
        self.random: Random = numbers.seeded(f"{name}/{seed}")
        self.now = started_at.astimezone(UTC).replace(microsecond=0)
        self._stem = f"{letter}{self.now:%y%m%d}{seed:06d}"
        self.ucr = numbers.ucr(cast.trader.uscc, self.now.year, self._stem)
        self._messages: list[StoryMessage] = [self._parties_message()] if with_parties else []
        self._first_number = 0 if with_parties else 1
        self._attached: list[AttachedFile] = []

    def later(self, *, hours: float = 0, minutes: float = 0, days: float = 0) -> None:
        """Lets that much time pass in the story."""
        self.now += timedelta(days=days, hours=hours, minutes=minutes)

    def local(self, pattern: str) -> str:
        """The story's time in Beijing in that strftime pattern."""
        return self.now.astimezone(BEIJING).strftime(pattern)

    def utc(self) -> str:
        """The story's time as `YYYY-MM-DDTHH:MM:SSZ`."""
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"

    def send(self, sender: Party, kind: str, body: bytes, *, named: bool = True, entities: int = 1) -> None:
        """Adds a message; where `named`, the envelope gives the UCR of each entity, else the source knows only its
        own number."""
        envelope = Envelope(
            id=f"{self.name}-{self.seed:06d}-{len(self._messages) + self._first_number:02d}",
            kind=kind,
            sender=sender.uscc,
            sent_at=self.utc(),
            ucrs=dict.fromkeys(range(entities), (self.ucr,)) if named else {},
        )
        self._messages.append(StoryMessage(envelope, body))

    def attach(self, sender: Party, name: str, body: bytes) -> None:
        """Hands over a file that the sender's messages name."""
        self._attached.append(AttachedFile(sender.uscc, name, body))

    def _parties_message(self) -> StoryMessage:
        """Who takes part, said by the owner before anything else: whom it names gets standing and sees."""
        parties = (("agent", "broker"), ("carrier", "carrier"), ("supervised_site", "terminal"))
        named = [(role, getattr(self.cast, part)) for role, part in (*parties, ("payment_company", "bank"))]
        lines = [{"role": role, "uscc": party.uscc, "name": party.name} for role, party in named]
        body = json.dumps({"format": "trade-parties/1", "parties": lines}, ensure_ascii=False, indent=1).encode()
        envelope = Envelope(
            id=f"{self.name}-{self.seed:06d}-00",
            kind="trade-parties",
            sender=self.cast.trader.uscc,
            sent_at=self.utc(),
            ucrs={0: (self.ucr,)},
        )
        return StoryMessage(envelope, body)

    def story(self) -> Story:
        """All that was written."""
        return Story(self.name, self.seed, (self.ucr,), tuple(self._messages), tuple(self._attached))


def money(value: Decimal) -> Decimal:
    """Rounded to 0.01, half up, as tax bills are."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The amount split in proportion, to 0.01; the last part takes what rounding leaves, so the parts add up."""
    whole = sum(weights, Decimal(0))
    parts = [money(total * weight / whole) for weight in weights[:-1]]
    return [*parts, total - sum(parts, Decimal(0))]


def elements(fields: Fields, prefix: str = "", indent: str = "") -> str:
    """XML elements, one a line; a value that is a list of fields nests."""
    lines: list[str] = []
    for name, value in fields:
        tag = prefix + name
        if value is None:
            continue
        if isinstance(value, list | tuple):
            lines.append(f"{indent}<{tag}>\n{elements(value, prefix, indent + '  ')}{indent}</{tag}>\n")
        else:
            lines.append(f"{indent}<{tag}>{escape(str(value), quote=False)}</{tag}>\n")
    return "".join(lines)


def attributes(values: Mapping[str, str]) -> str:
    """XML attributes with a leading space each."""
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())
