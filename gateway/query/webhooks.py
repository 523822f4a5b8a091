"""Signed webhooks: a member's change feed, posted to an address of its own, again and again until it is taken.

A subscription is a cursor over the chain's batches, so nothing is lost while a receiver is away, and any of it can be
had again by setting the cursor back. One post holds the changes of one batch; `2xx` moves the cursor, anything else is
tried again later, twice as long each time. A post may come twice, never out of order: `Tongguan-Webhook` is a JWS by
the gateway's key over subscription, batch and the SHA-256 of the body, by which a receiver knows sender and repeats.

The address is a member's to choose and this gateway's to call, so it must be `https` to a public address, or one of the
hosts that the operator names. It is looked up once for each post, and the very address that was checked is called.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

import httpx

from chain.encoding import Json, format_json
from chain.errors import Malformed, NotFound, TongguanError
from chain.jws import sign_compact
from chain.keys import SigningKey
from gateway.access.records import Reader
from gateway.query.change_feed import BatchChanges
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.outbox import take_lease
from gateway.store.store import Store
from gateway.store.webhooks import (
    StoredWebhook,
    delete_webhook,
    insert_webhook,
    note_attempt,
    reset_webhook,
    webhooks_of,
    webhooks_to_try,
)

WEBHOOK_TYP = "tongguan-webhook+jwt"
WEBHOOK_HEADER = "Tongguan-Webhook"
URL_CHARS_MAX = 512
WEBHOOKS_PER_MEMBER_MAX = 10
POST_TIMEOUT_S = 5.0
FIRST_RETRY_S = 2
RETRY_S_MAX = 3_600
LEASE = "webhooks"
LEASE_S = 60
"""How long a gateway that died keeps another on the same store from posting; longer than a round of posts takes."""
DUE_MAX = 10
"""Subscriptions looked at in one step."""


class MalformedWebhook(Malformed):
    """An address that this gateway does not call, or a cursor that is none."""


@dataclass(frozen=True)
class Addresses:
    """Which addresses may be called. Parsed once from the operator's setting."""

    allowed_hosts: frozenset[str]
    """`host` or `host:port` that may be called by http and on private addresses too."""
    resolve: Callable[[str, int], Collection[str]] = lambda host, port: {
        str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    }

    def check(self, url: str) -> None:
        """Raises MalformedWebhook for an address that is never called, whatever its name stands for."""
        if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise MalformedWebhook("url", f"has at most {URL_CHARS_MAX} printable ASCII characters")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise MalformedWebhook("url", "is an absolute URL") from None
        if not host or parts.username is not None or parts.password is not None or parts.fragment:
            raise MalformedWebhook("url", "names a host, and no user, password or fragment")
        if parts.scheme not in ("https", "http"):
            raise MalformedWebhook("url", "is https")
        if parts.scheme != "https" and not self._is_allowed(host, port):
            raise MalformedWebhook("url", "is https, or a host that the operator allows by `webhook_hosts`")

    def target(self, url: str) -> tuple[str, str]:
        """The IP address to call and the host that it must prove to be; raises MalformedWebhook, OSError."""
        self.check(url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        found = sorted(self.resolve(host, parts.port or (443 if parts.scheme == "https" else 80)))
        if not self._is_allowed(host, parts.port):
            found = [one for one in found if ipaddress.ip_address(one.partition("%")[0]).is_global]
        if not found:
            raise MalformedWebhook("url", "stands for a public address")
        return found[0], host

    def _is_allowed(self, host: str, port: int | None) -> bool:
        return host in self.allowed_hosts or f"{host}:{port}" in self.allowed_hosts


@dataclass(frozen=True)
class WebhookSubscriptions:
    """The stored subscriptions of all members."""

    store: Store
    addresses: Addresses

    def add(self, member: str, url: str, after: int) -> StoredWebhook:
        """A new subscription from this batch on; raises MalformedWebhook, GatewayRefusal."""
        self.addresses.check(url)
        webhook = StoredWebhook(secrets.token_urlsafe(16), member, url, after)
        with self.store.writing() as connection:
            if len(webhooks_of(connection, member)) >= WEBHOOKS_PER_MEMBER_MAX:
                raise GatewayRefusal("quota", f"a member has at most {WEBHOOKS_PER_MEMBER_MAX} webhooks")
            insert_webhook(connection, webhook)
        return webhook

    def listed(self, member: str) -> list[StoredWebhook]:
        """The member's subscriptions."""
        with self.store.reading() as connection:
            return webhooks_of(connection, member)

    def replay(self, member: str, webhook: str, after: int) -> None:
        """Tells everything after this batch again, at once; raises NotFound for another's."""
        with self.store.writing() as connection:
            if not reset_webhook(connection, webhook, member, after):
                raise NotFound("webhook", webhook)

    def remove(self, member: str, webhook: str) -> None:
        """Ends a subscription; raises NotFound for another's."""
        with self.store.writing() as connection:
            if not delete_webhook(connection, webhook, member):
                raise NotFound("webhook", webhook)


@dataclass(frozen=True)
class WebhookSender:
    """Posts what is due. One gateway on a store at a time: the others find the lease taken."""

    store: Store
    addresses: Addresses
    member: str
    """The gateway's member, who signs."""
    consortium: str
    signer: SigningKey
    clock: Callable[[], float]
    reader_of: Callable[[str], Reader]
    """The member as the registry says now; raises a TongguanError where it may not read."""
    changes: Callable[[Reader, int], Sequence[BatchChanges]]
    client: httpx.Client
    """Follows no redirect and asks no proxy."""
    holder: str

    def step(self) -> bool:
        """Tries what is due; whether there is more to do at once."""
        now = int(self.clock())
        with self.store.reading() as connection:
            to_try = webhooks_to_try(connection, now, DUE_MAX)
        if not to_try:
            return False
        with self.store.writing() as connection:
            if take_lease(connection, LEASE, self.holder, now, LEASE_S) is None:
                return False
        served = [self._serve(webhook) for webhook in to_try]
        return any(served)

    def _serve(self, webhook: StoredWebhook) -> bool:
        """Posts what this member has not taken yet, batch by batch; whether all that was looked at is taken."""
        cursor, is_taken = webhook.cursor, True
        try:
            for told in self.changes(self.reader_of(webhook.member), webhook.cursor):
                is_taken = not told.changes or self._post(webhook, told)
                if not is_taken:
                    break
                cursor = told.batch
        except TongguanError:
            # It may not read now (suspended, its keys gone), or the store fails: it keeps its place.
            is_taken = False
        if is_taken and cursor == webhook.cursor and not webhook.failures:
            return False
        self._note(webhook, cursor, 0 if is_taken else webhook.failures + 1)
        return is_taken and cursor != webhook.cursor

    def _note(self, webhook: StoredWebhook, cursor: int, failures: int) -> None:
        wait_s = min(FIRST_RETRY_S * 2 ** min(failures - 1, 12), RETRY_S_MAX) if failures else 0
        with self.store.writing() as connection:
            note_attempt(connection, webhook, cursor, failures, int(self.clock()) + wait_s if failures else 0)

    def _post(self, webhook: StoredWebhook, told: BatchChanges) -> bool:
        body = format_json({"webhook": webhook.id, "batch": told.batch, "changes": [*told.changes]}).encode()
        claims: dict[str, Json] = {
            "iss": self.member,
            "aud": webhook.member,
            "sub": webhook.id,
            "consortium": self.consortium,
            "batch": told.batch,
            "iat": int(self.clock()),
            "body_sha256": sha256(body).hexdigest(),
        }
        try:
            address, host = self.addresses.target(webhook.url)
            wanted = httpx.URL(webhook.url)
            request = self.client.build_request(
                "POST",
                wanted.copy_with(host=address),
                content=body,
                headers={
                    "Host": wanted.netloc.decode("ascii"),
                    "Content-Type": "application/json",
                    WEBHOOK_HEADER: sign_compact({"typ": WEBHOOK_TYP}, claims, self.signer),
                },
                extensions={"sni_hostname": host},
            )
            answer = self.client.send(request, stream=True)  # its body is never read: it may be of any length
        except (MalformedWebhook, OSError, httpx.HTTPError):
            return False
        answer.close()
        return answer.is_success


def new_client() -> httpx.Client:
    """The client that posts."""
    return httpx.Client(timeout=POST_TIMEOUT_S, follow_redirects=False, trust_env=False)
