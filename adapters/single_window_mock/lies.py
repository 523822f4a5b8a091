"""Lies planted in a story's native messages on demand, so that what must be found can be seen to be found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final, Literal

from adapters.single_window_mock.script import StoryMessage

Lie = Literal["gross_weight"]
"""`gross_weight`: the declaration (DecMessage) says twice the gross weight that the carrier says."""

_GROSS: Final = re.compile(rb"<GrossWet>([0-9.]+)</GrossWet>")


def plant(messages: Sequence[StoryMessage], lie: Lie | None) -> tuple[StoryMessage, ...]:
    """The messages with the lie in them; as they are where there is none."""
    if lie is None:
        return tuple(messages)
    return tuple(replace(message, body=_GROSS.sub(_doubled, message.body)) for message in messages)


def _doubled(weight: re.Match[bytes]) -> bytes:
    return b"<GrossWet>%s</GrossWet>" % str(Decimal(weight.group(1).decode()) * 2).encode()
