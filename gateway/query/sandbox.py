"""The sandbox of a demonstration: a visitor has the single-window stand-in tell a story, with a lie in it where wanted.

It is there only where the settings name a stand-in and one-time links log in, which is so at `localhost` alone. A
member's own words come from its adapter then, as in every story: this room asks the stand-in, and signs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from chain.bounded_answers import PLAIN, ask_bounded
from chain.errors import Malformed, NotFound
from gateway.runtime.refusals import GatewayRefusal
from gateway.settings import GatewaySettings

TIMEOUT_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 64 * 1024
LIES: Final = ("gross_weight",)
"""What the stand-in can plant, by its name there."""
_NAME = re.compile(r"[a-z_]{1,40}\Z")


@dataclass(frozen=True)
class SandboxStory:
    """What the stand-in was had to tell."""

    story: str
    ucrs: tuple[str, ...]
    messages: int


@dataclass(frozen=True)
class Sandbox:
    """Asks one stand-in; shared between threads."""

    url: str
    """Empty: there is no sandbox here."""
    transport: httpx.BaseTransport | None = field(default=None, repr=False)

    @classmethod
    def open(cls, settings: GatewaySettings) -> Sandbox:
        """The sandbox that the settings name, of a demonstration alone."""
        return cls(settings.sandbox_url if settings.link_log_in else "")

    def stories(self) -> dict[str, str]:
        """Each story with what it tells; raises GatewayRefusal (404) where there is no sandbox, (503) for silence."""
        answer = self._ask("GET", "/v1/stories")
        return {name: str(about) for name, about in answer.items() if _NAME.match(name)}

    def tell(self, story: str, lie: str) -> SandboxStory:
        """Has a story told from its next number on; raises NotFound, Malformed, and as `stories`."""
        if not _NAME.match(story) or story not in self.stories():
            raise NotFound("story", story)
        if lie and lie not in LIES:
            raise Malformed("lie", f"is one of {', '.join(LIES)}", value=lie)
        answer = self._ask("POST", f"/v1/stories/{story}", {"lie": lie} if lie else {})
        ucrs = answer.get("ucrs")
        return SandboxStory(
            story, tuple(map(str, ucrs)) if isinstance(ucrs, list) else (), int(answer.get("messages", 0))
        )

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> dict[str, Any]:
        if not self.url:
            raise GatewayRefusal("log-in-off", "this gateway has no sandbox", fix="Run `./scripts/demo`")
        try:
            with httpx.Client(base_url=self.url, timeout=TIMEOUT_S, transport=self.transport, headers=PLAIN) as client:
                answer = ask_bounded(client, method, path, ANSWER_BYTES_MAX, TIMEOUT_S, json=body)
            content = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise GatewayRefusal("store", f"the stand-in does not answer: {error}", retry_after_s=5) from None
        if not isinstance(content, dict):
            raise GatewayRefusal("store", "the stand-in answers something else", retry_after_s=5)
        return content
