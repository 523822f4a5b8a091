"""Rows of sessions: which browsers of which operators are logged in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from gateway.store.model import operator_sessions as sessions


@dataclass(frozen=True)
class StoredSession:
    """One browser that is logged in. Times are Unix seconds."""

    id: str
    operator: str
    digest: bytes
    """SHA-256 of the cookie's secret."""
    previous: bytes | None
    """Of the secret before it."""
    rotated_at: int
    confirmed_at: int
    """When the newest secret first came back; 0 before."""
    created_at: int
    seen_at: int
    browser: str


def insert_session(connection: Connection, session: StoredSession, kept_max: int) -> None:
    """Writes a new session; of its operator's the `kept_max` seen last stay."""
    connection.execute(insert(sessions), asdict(session))
    own = sessions_of(connection, session.operator)
    for old in own[kept_max:]:
        connection.execute(delete(sessions).where(sessions.c.id == old.id))


def find_session(connection: Connection, digest: bytes) -> StoredSession | None:
    """The session whose newest secret, or the one before it, has that digest."""
    wanted = select(sessions).where(or_(sessions.c.digest == digest, sessions.c.previous == digest))
    row = connection.execute(wanted).first()
    return None if row is None else _session(row)


def sessions_of(connection: Connection, operator: str) -> list[StoredSession]:
    """The operator's sessions, the one seen last first."""
    wanted = select(sessions).where(sessions.c.operator == operator)
    rows = connection.execute(wanted.order_by(sessions.c.seen_at.desc(), sessions.c.created_at.desc()))
    return [_session(row) for row in rows]


def rotate_session(connection: Connection, session: StoredSession, shown: bytes, digest: bytes, now: int) -> bool:
    """Gives the session a new secret in place of the one shown; False where another request was faster."""
    same = update(sessions).where(sessions.c.id == session.id, sessions.c.digest == session.digest)
    values = {"digest": digest, "previous": shown, "rotated_at": now, "confirmed_at": 0, "seen_at": now}
    return bool(connection.execute(same.values(**values)).rowcount)


def note_session(connection: Connection, session: str, *, seen_at: int, confirmed_at: int) -> None:
    """Notes that it was seen, and that its newest secret came back."""
    same = update(sessions).where(sessions.c.id == session)
    connection.execute(same.values(seen_at=seen_at, confirmed_at=confirmed_at))


def delete_session(connection: Connection, session: str, operator: str) -> bool:
    """Ends the operator's session; whether it had it."""
    own = delete(sessions).where(sessions.c.id == session, sessions.c.operator == operator)
    return bool(connection.execute(own).rowcount)


def delete_sessions(connection: Connection, operator: str) -> int:
    """Ends all sessions of the operator; says how many."""
    return int(connection.execute(delete(sessions).where(sessions.c.operator == operator)).rowcount)


def delete_lapsed_sessions(connection: Connection, created_before: int, seen_before: int) -> None:
    """Forgets every session that is too old, or was idle for too long."""
    is_lapsed = or_(sessions.c.created_at < created_before, sessions.c.seen_at < seen_before)
    connection.execute(delete(sessions).where(is_lapsed))


def _session(row: Row[*tuple[Any, ...]]) -> StoredSession:
    return StoredSession(**row._mapping)
