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
from gateway.people.providers import Identity, ProviderService
from gateway.people.sessions import SessionService
from gateway.runtime.refusals import GatewayRefusal
from gateway.settings import GatewaySettings
from gateway.store.operator_identities import find_by_identity, insert_identity
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
    providers: ProviderService
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
            ProviderService(settings, store, clock),
            is_link_enough=settings.link_log_in and host == LOCALHOST,
        )

    def use_link(self, secret: str) -> Operator:
        """The operator whom a link logs in, once; raises GatewayRefusal."""
        operator = self.operators.get_invited(secret)
        with self.store.writing() as connection:
            if not use_invitation(connection, digest_of(secret), int(self.clock())):
                raise refused_link()
        return operator

    def recognise(self, identity: Identity) -> Operator:
        """The operator whom a provider's subject stands for; raises GatewayRefusal.

        A log-in that began with a one-time link makes the subject known as the invited operator, and uses the link up.
        """
        if identity.link:
            return self._enrol(identity)
        with self.store.reading() as connection:
            operator = find_by_identity(connection, identity.issuer, identity.subject)
        if operator is None or operator.ended_at or operator.member != identity.member:
            raise _unknown("your member has not invited whoever this provider recognised")
        return operator

    def _enrol(self, identity: Identity) -> Operator:
        operator = self.operators.get_invited(identity.link)
        if operator.member != identity.member:
            raise _unknown("the link is another member's than the provider")
        now = int(self.clock())
        with self.store.writing() as connection:
            if not use_invitation(connection, digest_of(identity.link), now):
                raise refused_link()
            if not insert_identity(connection, identity.issuer, identity.subject, operator.id, now):
                raise _unknown("whoever this provider recognised is known as an operator already")
        return operator


def _unknown(reason: str) -> GatewayRefusal:
    return GatewayRefusal("log-in", reason, field="code", fix="Log in again, or ask your administrator for a link")


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
