"""The log-in for people of one gateway: operators, passkeys, sessions; where the settings name a console's address."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from chain.errors import Malformed
from gateway.membership.registry import Registry
from gateway.people.challenges import Challenges
from gateway.people.operators import OperatorService, digest_of, refused_link
from gateway.people.passkeys import PasskeyService
from gateway.people.sessions import SessionService
from gateway.settings import GatewaySettings
from gateway.store.people import Operator, use_invitation
from gateway.store.store import Store

LOCALHOST = "localhost"


@dataclass(frozen=True)
class People:
    """What knows a gateway's people."""

    operators: OperatorService
    passkeys: PasskeyService
    sessions: SessionService
    store: Store
    clock: Callable[[], float]
    is_link_enough: bool
    """Whether a one-time link logs in by itself: demonstrations only."""

    @classmethod
    def open(
        cls, settings: GatewaySettings, store: Store, registry: Registry, clock: Callable[[], float]
    ) -> People | None:
        """The people of a gateway; None where none log in. Raises Malformed for an address that passkeys refuse."""
        if not settings.console_url:
            return None
        host = _checked_host(settings)
        return cls(
            OperatorService(
                store,
                clock,
                invitation_lifetime_s=settings.invitation_lifetime_s,
                member_operators_max=settings.member_operators_max,
            ),
            PasskeyService(
                store, Challenges.load(settings.data_keys_file, store, clock), settings.console_url.rstrip("/"), clock
            ),
            SessionService(
                store,
                registry,
                clock,
                lifetime_s=settings.session_lifetime_s,
                idle_s=settings.session_idle_s,
                operator_sessions_max=settings.operator_sessions_max,
            ),
            store,
            clock,
            is_link_enough=settings.link_log_in and host == LOCALHOST,
        )

    def use_link(self, secret: str) -> Operator:
        """The operator whom a link logs in, once; raises GatewayRefusal."""
        operator = self.operators.get_invited(secret)
        with self.store.writing() as connection:
            if not use_invitation(connection, digest_of(secret), int(self.clock())):
                raise refused_link()
        return operator


def _checked_host(settings: GatewaySettings) -> str:
    parts = urlsplit(settings.console_url)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and host != LOCALHOST):
        raise Malformed("console_url", "begins with https://, or is http://localhost", value=settings.console_url)
    if not host or _is_address(host):
        raise Malformed(
            "console_url", "has a name for its host: passkeys know no addresses", value=settings.console_url
        )
    if settings.link_log_in and host != LOCALHOST:
        raise Malformed("link_log_in", "needs a console at localhost", fix="Log in with passkeys")
    return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
