"""What a native file would become, asked of the member's own readers: the gateway knows no format and keeps nothing.

The readers run in another process (`preview_url`): what a stranger wrote into a file breaks that one at worst. The file
passes through this gateway's memory and is neither stored nor logged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import msgspec

from gateway.runtime.answer import Answer
from gateway.runtime.refusals import GatewayRefusal
from gateway.settings import GatewaySettings

FILE_BYTES_MAX: Final = 10 * 1024 * 1024
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
TIMEOUT_S: Final = 30.0


class PreviewEntity(Answer, frozen=True, kw_only=True):
    """One entity of a file, and the unsigned record that it would become."""

    ordinal: int
    record_type: str | None
    """Null where it becomes no record."""
    note: str
    """Why it becomes none."""
    lookup: list[dict[str, Any]]
    """Numbers by which its consignment is found."""
    amends: dict[str, Any] | None
    """What it replaces, as its source names it."""
    sections: dict[str, list[Any]]
    """With `record_type` what `tongguan sign` takes."""


class PreviewFault(Answer, frozen=True, kw_only=True):
    """One thing that keeps a file from being read."""

    code: str
    field: str
    line: int | None
    """From 1; null where no line can be told."""
    rule: str
    rule_zh: str
    value: str | None
    fix: str
    fix_zh: str


class PreviewAnswer(Answer, frozen=True, kw_only=True):
    """What a file would become, or every fault that keeps it from that."""

    kind: str | None
    """The native kind; null where it was not read."""
    entities: list[PreviewEntity]
    entity_count: int
    """May be more than are shown."""
    remarks: list[str]
    faults: list[PreviewFault]


@dataclass(frozen=True)
class PreviewService:
    """Asks one reader's process; shared between threads."""

    url: str
    """Empty: nothing is read for this gateway."""
    transport: httpx.BaseTransport | None = field(default=None, repr=False)

    @classmethod
    def open(cls, settings: GatewaySettings) -> PreviewService:
        """The readers that the settings name."""
        return cls(settings.preview_url)

    def preview(self, content: bytes) -> PreviewAnswer:
        """What the file would become; raises GatewayRefusal (404) where nothing is read here, (503) for silence."""
        if not self.url:
            raise GatewayRefusal(
                "log-in-off", "this gateway has no readers for native files", fix="Read it with `tongguan read`"
            )
        try:
            with httpx.Client(base_url=self.url, timeout=TIMEOUT_S, transport=self.transport) as client:
                answer = client.post("/v1/preview", content=content).raise_for_status()
            if len(answer.content) > ANSWER_BYTES_MAX:
                raise GatewayRefusal("store", "the readers answer too much", fix="Read it with `tongguan read`")
            return msgspec.json.decode(answer.content, type=PreviewAnswer)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            reason = f"the readers of native files do not answer: {type(error).__name__}"
            raise GatewayRefusal("store", reason, retry_after_s=5) from None
