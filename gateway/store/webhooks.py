"""Rows of webhooks: where a member's change feed is posted, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

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
    last_error: str = ""
    """Why the last post was not taken; empty where it was."""
    failing_since: int = 0
    """When the first of the failures in a row was, Unix seconds; 0 for none."""
    off_at: int = 0
    """When it was switched off because it failed for too long, Unix seconds; 0 while it is on."""


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
    return bool(connection.execute(own).rowcount)


def note_attempt(connection: Connection, tried: StoredWebhook, noted: StoredWebhook) -> None:
    """Notes what came of an attempt, unless the owner has set the cursor meanwhile."""
    same = update(webhooks).where(webhooks.c.id == tried.id, webhooks.c.cursor == tried.cursor)
    values = {name: value for name, value in asdict(noted).items() if name not in ("id", "member", "url")}
    connection.execute(same.values(**values))


def _webhooks(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[StoredWebhook]:
    return [StoredWebhook(**row._mapping) for row in rows]
