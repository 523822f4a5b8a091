"""One signed post to a receiver, within a total time: looking up its name, connecting, sending and its whole answer.

Each post is signed twice: under the webhook's own secret, as Standard Webhooks says, which every receiver's library
checks; and by the gateway's registered key (`Tongguan-Webhook`), by which a receiver proves to others what it was told.

A receiver that drips its answer byte by byte is as late as one that says nothing. The answer's body is never read.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256

import httpx
from msgspec import to_builtins

from chain.encoding import Json, format_json
from chain.errors import Refused
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.webhook_signature import signature_headers
from gateway.query.webhook_addresses import Addresses, MalformedWebhook
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.webhooks import StoredWebhook

WEBHOOK_TYP = "tongguan-webhook+jwt"
WEBHOOK_HEADER = "Tongguan-Webhook"
RECORDS_ANCHORED = "records.anchored"
WEBHOOK_TEST = "webhook.test"
"""The types of posts: changes of one batch, and the greeting to a new webhook."""
POST_DEADLINE_S = 5.0
NAMES_AT_ONCE_MAX = 16
"""Names looked up at once: a look-up that hangs holds a thread until the system gives it up."""
TESTS_AT_ONCE_MAX = 4
"""Test posts at once, each of which holds a request."""
REASON_CHARS_MAX = 200


class NotDelivered(Refused):
    """A receiver did not take a post: says why, for its owner."""

    def __init__(self, reason: str, status: int = 0) -> None:
        self.status = status
        """Of its answer (HTTP); 0 where none came."""
        super().__init__(reason)


@dataclass(frozen=True)
class WebhookPoster:
    """Posts to receivers. Safe to share between threads."""

    addresses: Addresses
    member: str
    """The gateway's member, who signs."""
    consortium: str
    signer: SigningKey
    clock: Callable[[], float]
    deadline_s: float = POST_DEADLINE_S
    _names: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(NAMES_AT_ONCE_MAX, thread_name_prefix="webhook-names")
    )
    _tests: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(TESTS_AT_ONCE_MAX))
    _trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def client(self) -> httpx.AsyncClient:
        """A client for one event loop: follows no redirect and asks no proxy."""
        return httpx.AsyncClient(
            verify=self._trust, timeout=self.deadline_s, follow_redirects=False, trust_env=False, http2=False
        )

    async def post(
        self,
        client: httpx.AsyncClient,
        webhook: StoredWebhook,
        secrets: Sequence[bytes],
        batch: int,
        changes: Sequence[object],
    ) -> int:
        """Posts the changes of one batch, signed under these secrets; the status of the answer. Raises NotDelivered."""
        body: dict[str, Json] = {
            "type": RECORDS_ANCHORED,
            "webhook": webhook.id,
            "batch": batch,
            "changes": to_builtins(list(changes)),
        }
        return await self._send(client, webhook, secrets, batch, f"{webhook.id}_{batch}", format_json(body).encode())

    def test(self, webhook: StoredWebhook, secrets: Sequence[bytes]) -> None:
        """Posts a greeting, so that a new webhook is known to arrive; raises NotDelivered, GatewayRefusal."""
        if not self._tests.acquire(blocking=False):
            raise GatewayRefusal("quota", "too many webhooks are being tested", retry_after_s=self.deadline_s)
        try:
            asyncio.run(self._greet(webhook, secrets))
        finally:
            self._tests.release()

    async def _greet(self, webhook: StoredWebhook, secrets: Sequence[bytes]) -> None:
        greeting: dict[str, Json] = {
            "type": WEBHOOK_TEST,
            "webhook": webhook.id,
            "batch": webhook.cursor,
            "changes": [],
            "test": True,
        }
        body = format_json(greeting).encode()
        async with self.client() as client:
            await self._send(client, webhook, secrets, webhook.cursor, f"{webhook.id}_test", body)

    async def _send(
        self,
        client: httpx.AsyncClient,
        webhook: StoredWebhook,
        secrets: Sequence[bytes],
        batch: int,
        message: str,
        body: bytes,
    ) -> int:
        now_s = int(self.clock())
        claims: dict[str, Json] = {
            "iss": self.member,
            "aud": webhook.member,
            "sub": webhook.id,
            "consortium": self.consortium,
            "batch": batch,
            "iat": now_s,
            "body_sha256": sha256(body).hexdigest(),
        }
        headers = signature_headers(f"msg_{message}", now_s, body, secrets)
        headers[WEBHOOK_HEADER] = sign_compact({"typ": WEBHOOK_TYP}, claims, self.signer)
        try:
            async with asyncio.timeout(self.deadline_s):
                status = await self._call(client, webhook.url, body, headers)
        except TimeoutError:
            raise NotDelivered(f"no whole answer within {self.deadline_s:g} s") from None
        except (MalformedWebhook, OSError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}"[:REASON_CHARS_MAX]) from None
        if not 200 <= status < 300:
            raise NotDelivered(f"it answered {status}", status)
        return status

    async def _call(self, client: httpx.AsyncClient, url: str, body: bytes, signed: Mapping[str, str]) -> int:
        loop = asyncio.get_running_loop()
        address, host = await loop.run_in_executor(self._names, self.addresses.target, url)
        wanted = httpx.URL(url)
        request = client.build_request(
            "POST",
            wanted.copy_with(host=address),
            content=body,
            headers={
                "Host": wanted.netloc.decode("ascii"),
                "Content-Type": "application/json",
                **signed,
            },
            extensions={"sni_hostname": host},
        )
        answer = await client.send(request, stream=True)
        await answer.aclose()
        return answer.status_code
