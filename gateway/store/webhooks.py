"""Rows of webhooks: where a member's change feed is posted, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.store.model import webhooks


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


def insert_webhook(connection: Connection, webhook: StoredWebhook) -> None:
    """Writes a new webhook."""
    connection.execute(insert(webhooks), asdict(webhook))


def webhooks_of(connection: Connection, member: str) -> list[StoredWebhook]:
    """The member's webhooks, by id."""
    rows = connection.execute(select(webhooks).where(webhooks.c.member == member).order_by(webhooks.c.id))
    return _webhooks(rows.all())


def webhooks_to_try(connection: Connection, now: int, count_max: int) -> list[StoredWebhook]:
    """Webhooks that may be tried now, the one that waited longest first."""
    wanted = select(webhooks).where(webhooks.c.next_at <= now).order_by(webhooks.c.next_at).limit(count_max)
    return _webhooks(connection.execute(wanted).all())


def reset_webhook(connection: Connection, webhook: str, member: str, cursor: int) -> bool:
    """Sets the member's webhook back to a cursor, to be tried at once; whether the member has it."""
    own = update(webhooks).where(webhooks.c.id == webhook, webhooks.c.member == member)
    return bool(connection.execute(own.values(cursor=cursor, failures=0, next_at=0)).rowcount)


def delete_webhook(connection: Connection, webhook: str, member: str) -> bool:
    """Deletes the member's webhook; whether the member had it."""
    own = delete(webhooks).where(webhooks.c.id == webhook, webhooks.c.member == member)
    return bool(connection.execute(own).rowcount)


def note_attempt(connection: Connection, tried: StoredWebhook, cursor: int, failures: int, next_at: int) -> None:
    """Notes what came of an attempt, unless the owner has set the cursor meanwhile."""
    same = update(webhooks).where(webhooks.c.id == tried.id, webhooks.c.cursor == tried.cursor)
    connection.execute(same.values(cursor=cursor, failures=failures, next_at=next_at))


def _webhooks(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[StoredWebhook]:
    return [
        StoredWebhook(row.id, row.member, row.url, int(row.cursor), int(row.failures), int(row.next_at)) for row in rows
    ]
