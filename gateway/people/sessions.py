"""Sessions: a browser that logged in holds one secret in a cookie that no script reads; the store knows its SHA-256.

A session ends after hours, or after idle minutes, or when its owner or an administrator of its member ends it, or when
its operator ends; and it counts for nothing in the block after the one that suspends its member. Its secret is changed
every few minutes. The one before it still counts until the new one first came back, and half a minute longer for what
was under way; afterwards whoever shows it has an old copy of the cookie, and the session ends for both.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from chain.errors import NotFound
from gateway.access.tokens import TokenBearer
from gateway.membership.registry import Registry
from gateway.runtime.refusals import GatewayRefusal
from gateway.store import operator_sessions as rows
from gateway.store.operator_sessions import StoredSession
from gateway.store.people import Operator, find_operator
from gateway.store.store import Store

SECRET_BYTES = 32
SECRET_CHARS_MAX = 64
ID_BYTES = 16
ROTATE_AFTER_S = 900
GRACE_S = 30
SEEN_EVERY_S = 60
"""How exactly it is noted when a session was seen: a write a minute, not one a request."""
BROWSER_CHARS_MAX = 128


@dataclass(frozen=True)
class OpenSession:
    """A session that counts, for one request."""

    id: str
    operator: Operator
    new_secret: str = ""
    """What the cookie is to hold from now on; empty: what it holds."""


class SessionService:
    """Opens, rotates and ends sessions; shared between threads."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        clock: Callable[[], float],
        *,
        lifetime_s: int,
        idle_s: int,
        operator_sessions_max: int,
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._idle_s = idle_s
        self._sessions_max = operator_sessions_max
        self._lock = threading.Lock()
        self._tickets: dict[str, OpenSession] = {}

    def begin(self, operator: Operator, browser: str) -> tuple[OpenSession, str]:
        """A new session and its secret; raises GatewayRefusal where the member is suspended."""
        self._registry.snapshot().get_active_member(operator.member)
        now, secret = int(self._clock()), secrets.token_urlsafe(SECRET_BYTES)
        session = StoredSession(
            id=secrets.token_urlsafe(ID_BYTES),
            operator=operator.id,
            digest=_digest(secret),
            previous=None,
            rotated_at=now,
            confirmed_at=now,
            created_at=now,
            seen_at=now,
            browser="".join(c for c in browser if c.isprintable())[:BROWSER_CHARS_MAX],
        )
        with self._store.writing() as connection:
            rows.delete_lapsed_sessions(connection, now - self._lifetime_s, now - self._idle_s)
            rows.insert_session(connection, session, self._sessions_max)
        return OpenSession(session.id, operator), secret

    def open(self, secret: str) -> OpenSession:
        """The session of a cookie's secret; raises GatewayRefusal (401) where it counts no longer, or was stolen."""
        if not secret.isascii() or not 0 < len(secret) <= SECRET_CHARS_MAX:
            raise _ended("there is no such session")
        digest, now = _digest(secret), int(self._clock())
        with self._store.reading() as connection:
            session = rows.find_session(connection, digest)
            operator = find_operator(connection, session.operator) if session else None
        if session is None or operator is None or operator.ended_at:
            raise _ended("the session was ended")
        if now - session.created_at >= self._lifetime_s or now - session.seen_at >= self._idle_s:
            self._drop(session)
            raise _ended("the session has lapsed")
        self._registry.snapshot().get_active_member(operator.member)
        if session.digest != digest:
            return self._open_with_previous(session, operator, digest, now)
        return self._open_with_newest(session, operator, now)

    @contextmanager
    def ticket(self, session: OpenSession) -> Iterator[str]:
        """A word that stands for the session inside this process while one request is answered."""
        ticket = secrets.token_hex(16)
        with self._lock:
            self._tickets[ticket] = session
        try:
            yield ticket
        finally:
            with self._lock:
                del self._tickets[ticket]

    def opened(self, ticket: str) -> OpenSession:
        """The session behind a ticket of a request that is being answered; raises GatewayRefusal (401)."""
        with self._lock:
            session = self._tickets.get(ticket)
        if session is None:
            raise GatewayRefusal("unauthorized", "there is no such ticket", fix="Log in at /console")
        return session

    def bearer(self, ticket: str) -> TokenBearer:
        """Who asks behind a ticket, as the registry says now; raises GatewayRefusal for a suspended member."""
        operator = self.opened(ticket).operator
        version = self._registry.snapshot().get_active_member(operator.member)
        return TokenBearer(operator.member, "", version.roles, version.kind, operator.pseudonym)

    def of_operator(self, operator: str) -> list[StoredSession]:
        """The operator's sessions that still count, the one seen last first."""
        now = int(self._clock())
        with self._store.reading() as connection:
            found = rows.sessions_of(connection, operator)
        return [s for s in found if now - s.created_at < self._lifetime_s and now - s.seen_at < self._idle_s]

    def end(self, operator: str, session: str) -> None:
        """Ends one session of the operator; raises NotFound."""
        with self._store.writing() as connection:
            if not rows.delete_session(connection, session, operator):
                raise NotFound("session", session)

    def end_all(self, operator: str) -> int:
        """Ends every session of the operator; says how many."""
        with self._store.writing() as connection:
            return rows.delete_sessions(connection, operator)

    def _open_with_newest(self, session: StoredSession, operator: Operator, now: int) -> OpenSession:
        if now - session.rotated_at >= ROTATE_AFTER_S:
            return self._rotate(session, operator, session.digest, now)
        if not session.confirmed_at or now - session.seen_at >= SEEN_EVERY_S:
            with self._store.writing() as connection:
                rows.note_session(connection, session.id, seen_at=now, confirmed_at=session.confirmed_at or now)
        return OpenSession(session.id, operator)

    def _open_with_previous(self, session: StoredSession, operator: Operator, shown: bytes, now: int) -> OpenSession:
        if session.confirmed_at and now - session.confirmed_at > GRACE_S:
            self._drop(session)
            raise _ended("an old copy of the cookie was used: the session was ended for everybody who has one")
        if not session.confirmed_at and now - session.rotated_at > GRACE_S:
            # The answer that carried the new secret never arrived.
            return self._rotate(session, operator, shown, now)
        return OpenSession(session.id, operator)

    def _rotate(self, session: StoredSession, operator: Operator, shown: bytes, now: int) -> OpenSession:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        with self._store.writing() as connection:
            is_ours = rows.rotate_session(connection, session, shown, _digest(secret), now)
        return OpenSession(session.id, operator, secret if is_ours else "")

    def _drop(self, session: StoredSession) -> None:
        with self._store.writing() as connection:
            rows.delete_session(connection, session.id, session.operator)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("ascii")).digest()


def _ended(reason: str) -> GatewayRefusal:
    return GatewayRefusal("session-ended", reason, fix="Log in again at /console")
