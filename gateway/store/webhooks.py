"""Rows of webhooks: where a member's change feed is posted, how far it has come, and what came of each post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from gateway.store.look_ups import look_ups_of
from gateway.store.model import webhook_deliveries, webhooks

DELIVERIES_KEPT_MAX = 100
"""Posts of one webhook that its log keeps."""
OLD_SECRET_S = 86_400
"""How long the secret before signs along after a change, so that a receiver can change its own meanwhile."""

_NOTED = ("cursor", "failures", "next_at", "last_error", "failing_since", "off_at")


@dataclass(frozen=True)
class StoredWebhook:
    """One webhook of a member."""

    id: str
    member: str
    url: str
    cursor: int
    """Index of the last batch that was taken, or held nothing to tell; -1 before the first."""
    failures: int = 0
    """How many posts failed in a row."""
    next_at: int = 0
    """Not tried before this time, Unix seconds."""
    last_error: str = ""
    """Why the last post was not taken; empty where it was."""
    failing_since: int = 0
    """When the first of the failures in a row was, Unix seconds; 0 for none."""
    off_at: int = 0
    """When it was switched off because it failed for too long, Unix seconds; 0 while it is on."""
    types: str = ""
    """Record types that it wants told, comma-separated; empty for all. So `rules` and `severities` of findings."""
    rules: str = ""
    severities: str = ""
    secret_number: int = 0
    """Its secrets are numbered from 0 on."""
    secret_at: int = 0
    """When its secret was changed, Unix seconds; 0 where it has its first one."""


class DeliveryRow(NamedTuple):
    """One post to a receiver, taken or not."""

    webhook: str
    batch: int
    at: int
    """When it was made, Unix seconds."""
    took_ms: int
    status: int
    """Of the receiver's answer (HTTP); 0 where none came."""
    reason: str
    """Why it was not taken; empty where it was."""
    changes: int
    """How many changes it told."""


def insert_webhook(connection: Connection, webhook: StoredWebhook) -> None:
    """Writes a new webhook."""
    connection.execute(insert(webhooks), asdict(webhook))


def webhooks_of(connection: Connection, member: str) -> list[StoredWebhook]:
    """The member's webhooks, by id."""
    rows = connection.execute(select(webhooks).where(webhooks.c.member == member).order_by(webhooks.c.id))
    return _webhooks(rows.all())


def webhooks_to_try(connection: Connection, now: int, wait_s_max: int, count_max: int) -> list[StoredWebhook]:
    """Webhooks that may be tried now, the one that waited longest first.

    None waits longer than `wait_s_max`, also where the clock ran ahead when its time was set.
    """
    is_due = or_(webhooks.c.next_at <= now, webhooks.c.next_at > now + wait_s_max)
    wanted = select(webhooks).where(is_due, webhooks.c.off_at == 0).order_by(webhooks.c.next_at).limit(count_max)
    return _webhooks(connection.execute(wanted).all())


def reset_webhook(connection: Connection, webhook: str, member: str, cursor: int) -> bool:
    """Sets the member's webhook back to a cursor, to be tried at once; whether the member has it."""
    own = update(webhooks).where(webhooks.c.id == webhook, webhooks.c.member == member)
    return bool(
        connection.execute(
            own.values(cursor=cursor, failures=0, next_at=0, last_error="", failing_since=0, off_at=0)
        ).rowcount
    )


def delete_webhook(connection: Connection, webhook: str, member: str) -> bool:
    """Deletes the member's webhook; whether the member had it."""
    own = delete(webhooks).where(webhooks.c.id == webhook, webhooks.c.member == member)
    if not connection.execute(own).rowcount:
        return False
    connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.webhook == webhook))
    return True


def signing_secrets(connection: Connection, webhook: StoredWebhook, now: int) -> tuple[bytes, ...]:
    """The secrets that sign its posts now, the newest first: the one before it too, for a day after a change."""
    numbers = [webhook.secret_number]
    if webhook.secret_number and now < webhook.secret_at + OLD_SECRET_S:
        numbers.append(webhook.secret_number - 1)
    look_ups = look_ups_of(connection)
    return tuple(look_ups.webhook_secret(webhook.id, number) for number in numbers)


def change_secret(connection: Connection, webhook: str, member: str, now: int) -> StoredWebhook | None:
    """Gives the member's webhook its next secret; the webhook as it is then, None where the member has none of it."""
    own = update(webhooks).where(webhooks.c.id == webhook, webhooks.c.member == member)
    connection.execute(own.values(secret_number=webhooks.c.secret_number + 1, secret_at=now))
    return next((row for row in webhooks_of(connection, member) if row.id == webhook), None)


def note_deliveries(connection: Connection, webhook: str, deliveries: Sequence[DeliveryRow]) -> None:
    """Writes posts into the log of one webhook, which keeps the newest `DELIVERIES_KEPT_MAX`."""
    if not deliveries:
        return
    connection.execute(insert(webhook_deliveries), [delivery._asdict() for delivery in deliveries])
    own = webhook_deliveries.c.webhook == webhook
    newest = select(webhook_deliveries.c.number).where(own).order_by(webhook_deliveries.c.number.desc())
    oldest_kept = connection.execute(newest.offset(DELIVERIES_KEPT_MAX - 1).limit(1)).scalar()
    if oldest_kept is not None:
        connection.execute(delete(webhook_deliveries).where(own, webhook_deliveries.c.number < oldest_kept))


def deliveries_of(connection: Connection, webhook: str) -> list[DeliveryRow]:
    """The posts in the log of one webhook, the newest first: all that are kept."""
    own = select(webhook_deliveries).where(webhook_deliveries.c.webhook == webhook)
    rows = connection.execute(own.order_by(webhook_deliveries.c.number.desc()))
    return [DeliveryRow(*(getattr(row, name) for name in DeliveryRow._fields)) for row in rows]


def note_attempt(connection: Connection, tried: StoredWebhook, noted: StoredWebhook) -> bool:
    """Notes what came of an attempt, unless the owner set the cursor or ended it meanwhile; whether it was noted."""
    same = update(webhooks).where(webhooks.c.id == tried.id, webhooks.c.cursor == tried.cursor)
    values = {name: getattr(noted, name) for name in _NOTED}
    return bool(connection.execute(same.values(**values)).rowcount)


def _webhooks(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[StoredWebhook]:
    return [StoredWebhook(**row._mapping) for row in rows]
