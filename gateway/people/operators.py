"""A member's people: invited by a one-time link, each with rights of its own and a pseudonym for the log of reads.

An invitation gives nothing but the chance to become one operator once. Its secret stands in the fragment of a link,
which browsers send to nobody; the store knows its SHA-256. An operator that has ended never comes back: its row stays,
so that the member can tell whom a pseudonym meant.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from chain.errors import Malformed, NotFound
from gateway.runtime.refusals import GatewayRefusal
from gateway.store import people as rows
from gateway.store.people import Operator
from gateway.store.store import Store

NAME_CHARS_MAX = 64
SECRET_BYTES = 32
SECRET_CHARS_MAX = 64
ID_BYTES = 16
_PSEUDONYM_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PSEUDONYM_CHARS = 8
"""40 bits: nobody guesses whose it is, and two of one member are not alike by chance."""


class Right(StrEnum):
    """What a member lets one of its people do; never more than the member may itself."""

    READ = "read"
    """See what the member sees."""
    SUBMIT = "submit"
    """Carry the member's signed records to the gateway."""
    DISPOSE = "dispose"
    """Decide about findings with the desk's key."""
    OPERATE = "operate"
    """Webhooks, and the operator log where the member runs the gateway."""
    ADMINISTER = "administer"
    """Invite the member's people, list and end them and their sessions."""


@dataclass(frozen=True)
class Invitation:
    """An operator that was just invited, with the secret of its link."""

    operator: Operator
    secret: str
    until: int
    """Unix seconds."""


class OperatorService:
    """Invites, lists and ends operators; shared between threads."""

    def __init__(
        self, store: Store, clock: Callable[[], float], *, invitation_lifetime_s: int, member_operators_max: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._lifetime_s = invitation_lifetime_s
        self._operators_max = member_operators_max

    def invite(self, member: str, name: str, rights: Collection[str]) -> Invitation:
        """A new operator of the member with a one-time link; raises Malformed, GatewayRefusal past the limit."""
        checked = _checked_rights(rights)
        name = " ".join(name.split())
        if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
            raise Malformed("name", f"has 1 to {NAME_CHARS_MAX} printable characters")
        now = int(self._clock())
        operator = Operator(
            id=secrets.token_urlsafe(ID_BYTES),
            member=member,
            name=name,
            pseudonym="P-" + "".join(secrets.choice(_PSEUDONYM_LETTERS) for _ in range(_PSEUDONYM_CHARS)),
            rights=checked,
            created_at=now,
        )
        secret = secrets.token_urlsafe(SECRET_BYTES)
        with self._store.writing() as connection:
            if rows.count_operators(connection, member) >= self._operators_max:
                raise GatewayRefusal("quota", f"a member has at most {self._operators_max} operators", field="name")
            rows.insert_operator(connection, operator)
            rows.insert_invitation(connection, digest_of(secret), operator.id, now + self._lifetime_s, now)
        return Invitation(operator, secret, now + self._lifetime_s)

    def invite_again(self, member: str, operator_id: str) -> Invitation:
        """Another link for an operator that lost its passkey; its sessions go on. Raises NotFound."""
        now, secret = int(self._clock()), secrets.token_urlsafe(SECRET_BYTES)
        operator = self.get_of_member(member, operator_id)
        with self._store.writing() as connection:
            rows.insert_invitation(connection, digest_of(secret), operator.id, now + self._lifetime_s, now)
        return Invitation(operator, secret, now + self._lifetime_s)

    def of_member(self, member: str) -> Sequence[Operator]:
        """The member's operators, also those that ended."""
        with self._store.reading() as connection:
            return rows.operators_of(connection, member)

    def get_of_member(self, member: str, operator_id: str) -> Operator:
        """The member's operator that may log in; raises NotFound."""
        with self._store.reading() as connection:
            operator = rows.find_operator(connection, operator_id)
        if operator is None or operator.member != member or operator.ended_at:
            raise NotFound("operator", operator_id)
        return operator

    def end(self, member: str, operator: str) -> None:
        """Ends an operator with its sessions, links and passkeys; raises NotFound."""
        with self._store.writing() as connection:
            if not rows.end_operator(connection, operator, member, int(self._clock())):
                raise NotFound("operator", operator)

    def get_invited(self, secret: str) -> Operator:
        """Whom a link invites; raises GatewayRefusal where it was used, has lapsed or never was."""
        with self._store.reading() as connection:
            operator = rows.find_invited(connection, digest_of(secret), int(self._clock()))
        if operator is None or operator.ended_at:
            raise refused_link()
        return operator


def digest_of(secret: str) -> bytes:
    """What the store knows of a secret; raises GatewayRefusal for a text that is none."""
    if not secret.isascii() or len(secret) > SECRET_CHARS_MAX:
        raise refused_link()
    return sha256(secret.encode("ascii")).digest()


def refused_link() -> GatewayRefusal:
    """The one answer to a link that does not count, whatever the reason."""
    return GatewayRefusal(
        "link", "this link was used, has lapsed, or was never given", fix="Ask your administrator for another one"
    )


def _checked_rights(rights: Collection[str]) -> frozenset[str]:
    known = frozenset(Right)
    if not rights or len(rights) > len(known) or not known.issuperset(rights):
        raise Malformed("rights", f"are one or more of {', '.join(sorted(known))}")
    return frozenset(rights)
