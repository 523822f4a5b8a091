"""What goes wrong at a real single window, on demand: doubled, late, disordered, truncated and hostile messages.

Every choice is drawn from a seeded generator, so a disturbed story can be told again exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from pydantic import BaseModel, ConfigDict, Field

from adapters.single_window_mock.store import Planned
from adapters.sources.envelope import Envelope

HOSTILE_XML: dict[str, bytes] = {
    "bomb": b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    b'<CEB621Message xmlns="http://www.chinaport.gov.cn/ceb" guid="A" version="1.0">&c;</CEB621Message>',
    "external": b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b'<CEB621Message xmlns="http://www.chinaport.gov.cn/ceb" guid="A" version="1.0">&x;</CEB621Message>',
    "utf16": '<?xml version="1.0" encoding="UTF-16"?><CEB621Message xmlns="http://www.chinaport.gov.cn/ceb"/>'.encode(
        "utf-16"
    ),
    "deep": b"<a>" * 5000 + b"</a>" * 5000,
    "foreign": b"<html><body>504 Gateway Time-out</body></html>",
}
"""Bodies that no adapter may record, by what is wrong with them."""


class Faults(BaseModel):
    """How often each fault strikes, as a share of the messages from 0 to 1; all are off unless named."""

    model_config = ConfigDict(extra="forbid")

    duplicates: float = Field(default=0.0, ge=0.0, le=1.0, description="handed over twice under one id")
    delays: float = Field(default=0.0, ge=0.0, le=1.0, description="handed over late, by up to `delay_max_s`")
    delay_max_s: float = Field(default=10.0, ge=0.0, le=3600.0, description="longest delay, seconds")
    disorder: bool = Field(default=False, description="all messages in random order")
    replies_first: bool = Field(default=False, description="customs' words before the declarations that they answer")
    truncated: float = Field(default=0.0, ge=0.0, le=1.0, description="an extra message, cut off in the middle")
    hostile: float = Field(default=0.0, ge=0.0, le=1.0, description="an extra message from `HOSTILE_XML`")


def with_faults(messages: Sequence[Planned], faults: Faults, random: Random) -> list[Planned]:
    """The messages disturbed as ordered. Nothing true is lost: broken messages come on top, under ids of their own."""
    disturbed: list[Planned] = []
    for message in messages:
        copies = 2 if random.random() < faults.duplicates else 1
        late_s = random.uniform(0.0, faults.delay_max_s) if random.random() < faults.delays else 0.0
        disturbed.append(replace(message, copies=copies, due=message.due + late_s))
        if random.random() < faults.truncated:
            body = message.body[: random.randint(1, len(message.body) * 9 // 10)]
            disturbed.append(replace(message, envelope=_named(message.envelope, "truncated"), body=body))
        if random.random() < faults.hostile:
            kind = random.choice(sorted(HOSTILE_XML))
            disturbed.append(replace(message, envelope=_named(message.envelope, kind), body=HOSTILE_XML[kind]))
    dues = [message.due for message in disturbed]
    if faults.disorder:
        random.shuffle(disturbed)
        disturbed = [replace(message, due=due) for message, due in zip(disturbed, sorted(dues), strict=True)]
    if faults.replies_first:
        disturbed.sort(key=lambda message: bool(message.envelope.ucrs))
        disturbed = [replace(message, due=due) for message, due in zip(disturbed, sorted(dues), strict=True)]
    return disturbed


def _named(envelope: Envelope, fault: str) -> Envelope:
    return replace(envelope, id=f"{envelope.id}.{fault}")
