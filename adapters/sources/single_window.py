"""The single window as its clients see it: fetch messages, acknowledge or refuse each, have a UCR assigned. One
member's view.

The HTTP interface is described in `adapters/single_window_mock/app.py`. Handing over is at least once: what was not
acknowledged or refused comes again.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote

import httpx

from adapters.message import MESSAGE_BYTES_MAX
from adapters.sources.attachment import ATTACHMENT_BYTES_MAX, Attachment
from adapters.sources.envelope import Envelope, MalformedEnvelope
from chain.bounded_answers import PLAIN, ask_bounded
from chain.errors import NotFound, TongguanError

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
"""Of one answer: a page holds one message at least, in base64."""
ANSWER_S = 120.0
"""How long one whole answer may take."""
REASON_CHARS_MAX = 4000


class SingleWindowFault(TongguanError):
    """The single window cannot be reached, is failing, or answers what no single window may."""


@dataclass(frozen=True)
class Message:
    """A native message as it was handed over."""

    envelope: Envelope
    body: bytes
    name: str = ""
    """The file that it came in; empty where it came in none."""


@dataclass(frozen=True)
class Page:
    """Messages in the single window's order, and the cursor after the last of them."""

    messages: tuple[Message, ...]
    next: int


class Source(Protocol):
    """Where a member's messages come from: a single window or a folder. Raises `SingleWindowFault`."""

    def fetch(self, after: int, limit: int) -> Page:
        """The next messages after the cursor that are neither acknowledged nor refused; 0 starts from the oldest."""

    def acknowledge(self, envelope: Envelope) -> None:
        """Says that the message was taken and need not come again."""

    def refuse(self, envelope: Envelope, code: str, reason: str) -> None:
        """Says that the message cannot be used, and why; it need not come again."""


class SingleWindow:
    """HTTP client of a single window for one member."""

    def __init__(
        self,
        base_url: str,
        sender: str,
        *,
        transport: httpx.BaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`sender` is the member's USCC; `transport` replaces the network in tests."""
        self.sender = sender
        self._http = httpx.Client(base_url=base_url, transport=transport, timeout=timeout_s, headers=PLAIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def fetch(self, after: int = 0, limit: int = 100) -> Page:
        """See `Source`."""
        answer = self._call("GET", "/v1/messages", params={"sender": self.sender, "after": after, "limit": limit})
        messages, following = answer.get("messages"), answer.get("next")
        if not isinstance(messages, list) or not isinstance(following, int) or len(messages) > limit:
            raise SingleWindowFault("the single window's page of messages has another shape than agreed")
        return Page(tuple(_message(message) for message in messages), following)

    def acknowledge(self, envelope: Envelope) -> None:
        """See `Source`."""
        self._call("POST", f"/v1/messages/{quote(envelope.id, safe='')}/acknowledgement")

    def refuse(self, envelope: Envelope, code: str, reason: str) -> None:
        """See `Source`."""
        refusal = {"code": code, "reason": reason[:REASON_CHARS_MAX]}
        self._call("POST", f"/v1/messages/{quote(envelope.id, safe='')}/refusal", json=refusal)

    def hash_attachment(self, name: str) -> Attachment:
        """SHA-256 of the file of that name that the member handed over, or why there is none; raises
        `SingleWindowFault`."""
        digest, size = sha256(), 0
        try:
            with self._http.stream("GET", "/v1/attachments", params={"sender": self.sender, "name": name}) as answer:
                if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.UNPROCESSABLE_ENTITY):
                    return Attachment(reason="is not at the single window")
                if answer.is_error:
                    raise SingleWindowFault(f"the single window answered {answer.status_code} to GET /v1/attachments")
                for piece in answer.iter_bytes():
                    size += len(piece)
                    if size > ATTACHMENT_BYTES_MAX:
                        return Attachment(reason=f"has more than {ATTACHMENT_BYTES_MAX} bytes", size=size)
                    digest.update(piece)
        except httpx.HTTPError as error:
            raise SingleWindowFault(f"the single window cannot be reached: {error}") from error
        return Attachment(digest.hexdigest(), size=size)

    def assign(self, kind: str, references: Sequence[Mapping[str, str]]) -> str:
        """The UCR of goods known by these references (`kind`, `scope`, `value`), assigned now where they had none."""
        answer = self._call("POST", "/v1/assignments", json={"kind": kind, "references": list(references)})
        ucr = answer.get("ucr")
        if not isinstance(ucr, str):
            raise SingleWindowFault("the single window's answer to an assignment names no UCR")
        return ucr

    def message(self, message_id: str) -> Mapping[str, object]:
        """One message and what became of it (`state`, `code`, `reason`); raises `NotFound`."""
        return self._call("GET", f"/v1/messages/{quote(message_id, safe='')}")

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
    ) -> Mapping[str, object]:
        try:
            answer = ask_bounded(self._http, method, path, ANSWER_BYTES_MAX, ANSWER_S, params=params, json=json)
        except httpx.HTTPError as error:
            raise SingleWindowFault(f"the single window cannot be reached: {error}") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFound("message or story at the single window", path)
        if answer.is_error:
            raise SingleWindowFault(f"the single window answered {answer.status_code} to {method} {path}")
        try:
            value = answer.json()
        except ValueError as error:
            raise SingleWindowFault(f"the single window's answer to {method} {path} is not JSON") from error
        if not isinstance(value, dict):
            raise SingleWindowFault(f"the single window's answer to {method} {path} is no object")
        return value


def _message(value: object) -> Message:
    if not isinstance(value, dict) or not isinstance(value.get("body"), str):
        raise SingleWindowFault("a message of the single window has another shape than agreed")
    try:
        body = base64.b64decode(value["body"], validate=True)
        envelope = Envelope.parse(value.get("envelope"))
    except (binascii.Error, MalformedEnvelope) as error:
        raise SingleWindowFault(f"a message of the single window cannot be read: {error}") from error
    if len(body) > 2 * MESSAGE_BYTES_MAX:
        raise SingleWindowFault(f"message {envelope.id} has {len(body)} bytes")
    return Message(envelope, body)
