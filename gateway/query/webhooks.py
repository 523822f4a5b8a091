"""Signed webhooks: a member's change feed, posted to an address of its own, again and again until it is taken.

A subscription is a cursor over the chain's batches, so nothing is lost while a receiver is away, and any of it can be
had again by setting the cursor back. One post holds the changes of one batch; `2xx` moves the cursor, anything else is
tried again later, twice as long each time, and after `OFF_AFTER_S` no more until its owner asks. A post may come twice,
never out of order, under the same `webhook-id`: the headers of Standard Webhooks carry a signature under the
subscription's own secret, and `Tongguan-Webhook` is a JWS by the gateway's key over subscription, batch and the SHA-256
of the body. A subscription may want some types of records, and findings of some rules or severities, alone; the newest
posts of each stand in a log for its owner.

Posts go side by side, a few a member, and a round ends after `ROUND_S`: what a slow receiver costs is its own turn.
Whoever was served longest ago is served first.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import httpx

from chain.back_off import BackOff
from chain.errors import NotFound, TongguanError
from chain.webhook_signature import format_secret
from gateway.access.records import Reader
from gateway.query.change_feed import EVERYTHING, AnchoredChange, BatchChanges, ChangeFilter
from gateway.query.webhook_addresses import MalformedWebhook
from gateway.query.webhook_posts import NotDelivered, WebhookPoster
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.operator_log import OperatorAction, note_action
from gateway.store.outbox import take_lease
from gateway.store.store import Store, Transaction
from gateway.store.webhooks import (
    DeliveryRow,
    StoredWebhook,
    change_secret,
    delete_webhook,
    deliveries_of,
    insert_webhook,
    note_attempt,
    note_deliveries,
    reset_webhook,
    signing_secrets,
    webhooks_of,
    webhooks_to_try,
)

WEBHOOKS_PER_MEMBER_MAX = 10
RETRY_S_MAX = 3_600
BACK_OFF = BackOff(first_s=2, max_s=RETRY_S_MAX)
"""Between posts of one webhook that fail."""
OFF_AFTER_S = 3 * 86_400
"""A webhook that failed for so long is switched off."""
LEASE = "webhooks"
LEASE_S = 60
"""How long a gateway that died keeps another on the same store from posting; several rounds."""
ROUND_S = 10.0
ROUND_MAX = 32
"""Subscriptions served in one round."""
AT_ONCE_MAX = 16
AT_ONCE_PER_MEMBER_MAX = 2
TESTS_AT_ONCE_MAX = 4
"""Test posts of new webhooks, one a member."""
TEST_RETRY_S = 5.0
DUE_MAX = 10_000
"""Subscriptions among which those of a round are chosen: ten for each of a thousand members."""

_log = logging.getLogger("gateway.query.webhooks")


class WebhookSubscriptions:
    """The stored subscriptions of all members."""

    def __init__(self, store: Store, poster: WebhookPoster) -> None:
        self._store = store
        self._poster = poster
        self._lock = threading.Lock()
        self._testing: Counter[str] = Counter()
        """Members whose new webhooks take a test post now."""

    def add(self, member: str, url: str, after: int, wanted: ChangeFilter = EVERYTHING) -> tuple[StoredWebhook, str]:
        """A new subscription from this batch on, once its receiver took a test post; and its secret, shown this once.

        Raises MalformedWebhook, GatewayRefusal.
        """
        self._poster.addresses.check(url)
        webhook = StoredWebhook(
            secrets.token_urlsafe(16),
            member,
            url,
            after,
            types=",".join(sorted(wanted.types)),
            rules=",".join(sorted(wanted.rules)),
            severities=",".join(sorted(wanted.severities)),
        )
        with self._store.reading() as connection:
            _require_room(webhooks_of(connection, member))
            signing = signing_secrets(connection, webhook, int(self._poster.clock()))
        with self._test_slot(member):
            try:
                self._poster.test(webhook, signing)
            except NotDelivered as failure:
                rule, fix = "takes a signed test post", "Answer it with 2xx, then register the webhook again"
                raise MalformedWebhook("url", rule, value=failure.reason, fix=fix) from None
        with self._store.writing() as connection:
            _require_room(webhooks_of(connection, member))
            insert_webhook(connection, webhook)
            self._note(connection, OperatorAction.WEBHOOK_ADDED, webhook.id, member, host=urlsplit(url).hostname or "")
        return webhook, format_secret(signing[0])

    def change_secret(self, member: str, webhook: str) -> str:
        """A new secret, shown this once; the one before signs along for a day. Raises NotFound for another's."""
        now = int(self._poster.clock())
        with self._store.writing() as connection:
            changed = change_secret(connection, webhook, member, now)
            if changed is None:
                raise NotFound("webhook", webhook)
            self._note(connection, OperatorAction.SECRET_CHANGED, webhook, member)
            return format_secret(signing_secrets(connection, changed, now)[0])

    def deliveries(self, member: str, webhook: str) -> list[DeliveryRow]:
        """The newest posts of a webhook, taken or not, the newest first; raises NotFound for another's."""
        with self._store.reading() as connection:
            if all(own.id != webhook for own in webhooks_of(connection, member)):
                raise NotFound("webhook", webhook)
            return deliveries_of(connection, webhook)

    @contextmanager
    def _test_slot(self, member: str) -> Iterator[None]:
        """One test post while it lasts: it holds the thread of a request for as long as its receiver likes."""
        with self._lock:
            if self._testing[member] or self._testing.total() >= TESTS_AT_ONCE_MAX:
                raise GatewayRefusal("quota", "other webhooks are being tested", retry_after_s=TEST_RETRY_S)
            self._testing[member] += 1
        try:
            yield
        finally:
            with self._lock:
                del self._testing[member]

    def listed(self, member: str) -> list[StoredWebhook]:
        """The member's subscriptions."""
        with self._store.reading() as connection:
            return webhooks_of(connection, member)

    def replay(self, member: str, webhook: str, after: int) -> None:
        """Tells everything after this batch again, at once, also where it was switched off; raises NotFound for
        another's."""
        with self._store.writing() as connection:
            if not reset_webhook(connection, webhook, member, after):
                raise NotFound("webhook", webhook)

    def remove(self, member: str, webhook: str) -> None:
        """Ends a subscription; raises NotFound for another's."""
        with self._store.writing() as connection:
            if not delete_webhook(connection, webhook, member):
                raise NotFound("webhook", webhook)
            self._note(connection, OperatorAction.WEBHOOK_REMOVED, webhook, member)

    def _note(self, connection: Transaction, action: OperatorAction, webhook: str, member: str, **more: str) -> None:
        # The host alone: a path may hold what opens the receiver's door.
        note_action(connection, int(self._poster.clock()), action, {"webhook": webhook, **more}, member)


class WebhookSender:
    """Posts what is due. One gateway on a store at a time: the others find the lease taken."""

    def __init__(
        self,
        store: Store,
        poster: WebhookPoster,
        reader_of: Callable[[str], Reader],
        changes: Callable[[Reader, int], Sequence[BatchChanges]],
        holder: str,
    ) -> None:
        """`reader_of` gives the member as the registry says now and raises a TongguanError where it may not read;
        `changes` gives what a reader sees after a batch; `holder` names this gateway in the lease."""
        self._store = store
        self._poster = poster
        self._reader_of = reader_of
        self._changes = changes
        self._holder = holder
        self._turns = itertools.count(1)
        self._served: dict[str, int] = {}
        """Webhook id to the number of its last turn."""
        self._secrets: dict[str, tuple[bytes, ...]] = {}
        """Of the webhooks of this round."""

    def step(self) -> bool:
        """Tries what is due; whether there is more to do at once."""
        now = int(self._poster.clock())
        with self._store.reading() as connection:
            to_try = webhooks_to_try(connection, now, RETRY_S_MAX, DUE_MAX)
        if not to_try:
            return False
        if not self._holds_lease():
            return False
        chosen = self._round(to_try)
        with self._store.reading() as connection:
            self._secrets = {webhook.id: signing_secrets(connection, webhook, now) for webhook in chosen}
        return asyncio.run(self._serve_round(chosen))

    def _holds_lease(self) -> bool:
        with self._store.writing() as connection:
            return take_lease(connection, LEASE, self._holder, int(self._poster.clock()), LEASE_S) is not None

    def _round(self, to_try: Sequence[StoredWebhook]) -> list[StoredWebhook]:
        """Some of them: by turns of members, each member's and each turn's longest unserved first."""
        by_member: dict[str, list[StoredWebhook]] = defaultdict(list)
        for webhook in sorted(to_try, key=lambda webhook: self._served.get(webhook.id, 0)):
            by_member[webhook.member].append(webhook)
        turns = itertools.zip_longest(*by_member.values())
        chosen = [webhook for turn in turns for webhook in turn if webhook is not None][:ROUND_MAX]
        known = {webhook.id for webhook in to_try}
        self._served = {name: turn for name, turn in self._served.items() if name in known}
        return chosen

    async def _serve_round(self, webhooks: Sequence[StoredWebhook]) -> bool:
        """Whether a cursor moved, so that there may be more at once."""
        looks: dict[tuple[str, int], Sequence[BatchChanges] | TongguanError] = {}
        at_once = asyncio.Semaphore(AT_ONCE_MAX)
        by_member: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_PER_MEMBER_MAX))
        async with self._poster.client() as client:

            async def serve(webhook: StoredWebhook) -> bool:
                async with by_member[webhook.member], at_once:
                    look = (webhook.member, webhook.cursor)
                    if look not in looks:
                        looks[look] = await asyncio.to_thread(self._look, webhook)
                    self._served[webhook.id] = next(self._turns)
                    return await self._deliver(client, webhook, looks[look])

            tasks = [asyncio.create_task(serve(webhook)) for webhook in webhooks]
            done, late = await asyncio.wait(tasks, timeout=ROUND_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            if (fault := task.exception()) is not None:
                raise fault
        return any(task.result() for task in done)

    def _look(self, webhook: StoredWebhook) -> Sequence[BatchChanges] | TongguanError:
        try:
            return self._changes(self._reader_of(webhook.member), webhook.cursor)
        except TongguanError as error:
            # It may not read now (suspended, its keys gone), or the store fails: it keeps its place.
            return error

    async def _deliver(
        self, client: httpx.AsyncClient, webhook: StoredWebhook, look: Sequence[BatchChanges] | TongguanError
    ) -> bool:
        """Posts what this member has not taken yet, batch by batch; whether all that was looked at is taken."""
        cursor, reason = webhook.cursor, ""
        wanted = _filter_of(webhook)
        deliveries: list[DeliveryRow] = []
        try:
            if isinstance(look, TongguanError):
                reason = f"nothing may be told now: {type(look).__name__}"
            else:
                for batch in look:
                    if changes := [change for change in batch.changes if wanted.wants(change)]:
                        await self._post(client, webhook, batch.batch, changes, deliveries)
                    cursor = batch.batch
        except NotDelivered as failure:
            reason = failure.reason
        except asyncio.CancelledError:
            # The round is over, which is no fault of this receiver's: what it took is noted, and its turn comes again.
            if cursor != webhook.cursor:
                self._note(webhook, cursor, "", deliveries)
            raise
        if not reason and cursor == webhook.cursor and not webhook.failures:
            return False
        self._note(webhook, cursor, reason, deliveries)
        return not reason and cursor != webhook.cursor

    async def _post(
        self,
        client: httpx.AsyncClient,
        webhook: StoredWebhook,
        batch: int,
        changes: Sequence[AnchoredChange],
        deliveries: list[DeliveryRow],
    ) -> None:
        """One post, and its line in the log; raises NotDelivered."""
        at, began = int(self._poster.clock()), time.monotonic()

        def line(status: int, reason: str) -> DeliveryRow:
            took_ms = int((time.monotonic() - began) * 1000)
            return DeliveryRow(webhook.id, batch, at, took_ms, status, reason, len(changes))

        try:
            status = await self._poster.post(client, webhook, self._secrets[webhook.id], batch, changes)
        except NotDelivered as failure:
            deliveries.append(line(failure.status, failure.reason))
            raise
        deliveries.append(line(status, ""))

    def _note(self, webhook: StoredWebhook, cursor: int, reason: str, deliveries: Sequence[DeliveryRow]) -> None:
        now = int(self._poster.clock())
        failures = webhook.failures + 1 if reason else 0
        since = (webhook.failing_since or now) if reason else 0
        noted = replace(
            webhook,
            cursor=cursor,
            failures=failures,
            next_at=now + int(BACK_OFF.pause_s(failures)) if failures else 0,
            last_error=reason,
            failing_since=since,
            off_at=now if reason and now - since >= OFF_AFTER_S else 0,
        )
        if noted.off_at:
            _log.warning("webhook %s of member %s is switched off: it failed for days", webhook.id, webhook.member)
        with self._store.writing() as connection:
            if take_lease(connection, LEASE, self._holder, now, LEASE_S) is not None:
                if note_attempt(connection, webhook, noted):
                    note_deliveries(connection, webhook.id, deliveries)
                if noted.off_at:
                    detail = {"webhook": webhook.id}
                    note_action(connection, now, OperatorAction.WEBHOOK_OFF, detail, webhook.member)


def _filter_of(webhook: StoredWebhook) -> ChangeFilter:
    rules, severities, types = (
        frozenset(names.split(",")) - {""} for names in (webhook.rules, webhook.severities, webhook.types)
    )
    return ChangeFilter(rules, severities, types)


def _require_room(webhooks: Sequence[StoredWebhook]) -> None:
    if len(webhooks) >= WEBHOOKS_PER_MEMBER_MAX:
        raise GatewayRefusal("quota", f"a member has at most {WEBHOOKS_PER_MEMBER_MAX} webhooks")
