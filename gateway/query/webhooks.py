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
from sqlalchemy import BigInteger, Column, Connection, Integer, Row, String, Table, Text, delete, insert, select, update

from chain.encoding import Json, format_json
from chain.errors import Malformed, NotFound, TongguanError
from chain.jws import sign_compact
from chain.keys import SigningKey
from gateway.api.models.ingest import WebhookLine
from gateway.api.problems import GatewayRefusal
from gateway.consignment.records import Reader
from gateway.query.change_feed import Told
from gateway.store.model import metadata
from gateway.store.outbox import take_lease
from gateway.store.store import Store

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

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(22), primary_key=True),
    Column("member", String(18), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False),  # index of the last batch that was taken, or held nothing to tell
    Column("failures", Integer, nullable=False),  # in a row
    Column("next_at", BigInteger, nullable=False),  # not tried before
)


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
class Subscriptions:
    """The stored subscriptions of all members."""

    store: Store
    addresses: Addresses

    def add(self, member: str, url: str, after: int) -> WebhookLine:
        """A new subscription from this batch on; raises MalformedWebhook, GatewayRefusal."""
        self.addresses.check(url)
        webhook = secrets.token_urlsafe(16)
        row = {"id": webhook, "member": member, "url": url, "cursor": after}
        with self.store.writing() as connection:
            if len(_of(connection, member)) >= WEBHOOKS_PER_MEMBER_MAX:
                raise GatewayRefusal("quota", f"a member has at most {WEBHOOKS_PER_MEMBER_MAX} webhooks")
            connection.execute(insert(webhooks), row | {"failures": 0, "next_at": 0})
        return WebhookLine(id=webhook, url=url, cursor=str(after), failures=0, next_at=0)

    def listed(self, member: str) -> list[WebhookLine]:
        """The member's subscriptions."""
        with self.store.reading() as connection:
            return [_line(row) for row in _of(connection, member)]

    def replay(self, member: str, webhook: str, after: int) -> None:
        """Tells everything after this batch again, at once; raises NotFound for another's."""
        with self.store.writing() as connection:
            mine = update(webhooks).where(webhooks.c.id == webhook, webhooks.c.member == member)
            if not connection.execute(mine.values(cursor=after, failures=0, next_at=0)).rowcount:
                raise NotFound("webhook", webhook)

    def remove(self, member: str, webhook: str) -> None:
        """Ends a subscription; raises NotFound for another's."""
        with self.store.writing() as connection:
            mine = delete(webhooks).where(webhooks.c.id == webhook, webhooks.c.member == member)
            if not connection.execute(mine).rowcount:
                raise NotFound("webhook", webhook)


@dataclass(frozen=True)
class Sender:
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
    changes: Callable[[Reader, int], Sequence[Told]]
    client: httpx.Client
    """Follows no redirect and asks no proxy."""
    holder: str

    def step(self) -> bool:
        """Tries what is due; whether there is more to do at once."""
        now = int(self.clock())
        with self.store.reading() as connection:
            due = select(webhooks).where(webhooks.c.next_at <= now).order_by(webhooks.c.next_at).limit(DUE_MAX)
            rows = connection.execute(due).all()
        if not rows:
            return False
        with self.store.writing() as connection:
            if take_lease(connection, LEASE, self.holder, now, LEASE_S) is None:
                return False
        served = [self._serve(row) for row in rows]
        return any(served)

    def _serve(self, row: Row[*tuple[object, ...]]) -> bool:
        """Posts what this member has not taken yet, batch by batch; whether all that was looked at is taken."""
        webhook, url, first = str(row.id), str(row.url), int(row.cursor)
        cursor, is_taken = first, True
        try:
            for told in self.changes(self.reader_of(str(row.member)), first):
                is_taken = not told.changes or self._post(webhook, str(row.member), url, told)
                if not is_taken:
                    break
                cursor = told.batch
        except TongguanError:
            # It may not read now (suspended, its keys gone), or the store fails: it keeps its place.
            is_taken = False
        if is_taken and cursor == first and not row.failures:
            return False
        self._note(webhook, first, cursor, 0 if is_taken else int(row.failures) + 1)
        return is_taken and cursor != first

    def _note(self, webhook: str, first: int, cursor: int, failures: int) -> None:
        wait_s = min(FIRST_RETRY_S * 2 ** min(failures - 1, 12), RETRY_S_MAX) if failures else 0
        with self.store.writing() as connection:
            # Not where its owner has set the cursor meanwhile.
            same = update(webhooks).where(webhooks.c.id == webhook, webhooks.c.cursor == first)
            values = {"cursor": cursor, "failures": failures, "next_at": int(self.clock()) + wait_s if failures else 0}
            connection.execute(same.values(**values))

    def _post(self, webhook: str, member: str, url: str, told: Told) -> bool:
        body = format_json({"webhook": webhook, "batch": told.batch, "changes": [*told.changes]}).encode()
        claims: dict[str, Json] = {
            "iss": self.member,
            "aud": member,
            "sub": webhook,
            "consortium": self.consortium,
            "batch": told.batch,
            "iat": int(self.clock()),
            "body_sha256": sha256(body).hexdigest(),
        }
        try:
            address, host = self.addresses.target(url)
            wanted = httpx.URL(url)
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


def _of(connection: Connection, member: str) -> Sequence[Row[*tuple[object, ...]]]:
    return connection.execute(select(webhooks).where(webhooks.c.member == member).order_by(webhooks.c.id)).all()


def _line(row: Row[*tuple[object, ...]]) -> WebhookLine:
    return WebhookLine(
        id=str(row.id), url=str(row.url), cursor=str(row.cursor), failures=int(row.failures), next_at=int(row.next_at)
    )
