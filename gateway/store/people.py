"""Rows of people: a member's operators, their one-time links and passkeys. Sessions stand in `operator_sessions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gateway.store.look_ups import secrets_of
from gateway.store.model import invitations, operator_identities, operator_sessions, operators, passkeys


@dataclass(frozen=True)
class Operator:
    """One of a member's people."""

    id: str
    """128 random bits in base64url."""
    member: str
    """USCC."""
    name: str
    """For the member alone; encrypted in the store."""
    pseudonym: str
    """What others read in the log of reads."""
    rights: frozenset[str]
    created_at: int
    """Unix seconds."""
    ended_at: int = 0
    """Unix seconds; 0 while it may log in."""


@dataclass(frozen=True)
class Passkey:
    """One public key of an operator."""

    credential_id: bytes
    operator: str
    public_key: bytes
    """COSE_Key, RFC 9052."""
    sign_count: int
    created_at: int


def insert_operator(connection: Connection, operator: Operator) -> None:
    """Writes a new operator, its name encrypted."""
    sealed = secrets_of(connection).vault.seal(operator.name.encode(), operator.id)
    connection.execute(
        insert(operators).values(
            id=operator.id,
            member=operator.member,
            name=sealed,
            pseudonym=operator.pseudonym,
            rights=" ".join(sorted(operator.rights)),
            created_at=operator.created_at,
            ended_at=operator.ended_at,
        )
    )


def find_operator(connection: Connection, operator: str) -> Operator | None:
    """The operator of that id, also one that ended."""
    row = connection.execute(select(operators).where(operators.c.id == operator)).first()
    return None if row is None else _operator(connection, row)


def operators_of(connection: Connection, member: str) -> list[Operator]:
    """The member's operators, also those that ended, in the order in which they were invited."""
    wanted = select(operators).where(operators.c.member == member).order_by(operators.c.created_at, operators.c.id)
    return [_operator(connection, row) for row in connection.execute(wanted)]


def count_operators(connection: Connection, member: str) -> int:
    """How many rows of operators the member has."""
    counted = select(func.count()).select_from(operators).where(operators.c.member == member)
    return int(connection.execute(counted).scalar_one())


def end_operator(connection: Connection, operator: str, member: str, at: int) -> bool:
    """Ends the member's operator with its sessions, links, passkeys and identities; whether the member had it."""
    own = update(operators).where(operators.c.id == operator, operators.c.member == member)
    if not connection.execute(own.values(ended_at=at)).rowcount:
        return False
    for table in (operator_sessions, operator_identities, invitations, passkeys):
        connection.execute(delete(table).where(table.c.operator == operator))
    return True


def insert_invitation(connection: Connection, digest: bytes, operator: str, until: int, now: int) -> None:
    """Writes a one-time link's digest; lapsed ones go."""
    connection.execute(delete(invitations).where(invitations.c.until <= now))
    connection.execute(insert(invitations).values(digest=digest, operator=operator, until=until))


def find_invited(connection: Connection, digest: bytes, now: int) -> Operator | None:
    """Whom a link that still counts invites."""
    wanted = select(invitations.c.operator).where(invitations.c.digest == digest, invitations.c.until > now)
    operator = connection.execute(wanted).scalar()
    return None if operator is None else find_operator(connection, operator)


def use_invitation(connection: Connection, digest: bytes, now: int) -> bool:
    """Uses a link up; False where it was used before, or has lapsed."""
    own = delete(invitations).where(invitations.c.digest == digest, invitations.c.until > now)
    return bool(connection.execute(own).rowcount)


def insert_passkey(connection: Connection, passkey: Passkey) -> bool:
    """Writes a new passkey; False where some operator has that credential."""
    known = select(passkeys.c.operator).where(passkeys.c.credential_id == passkey.credential_id)
    if connection.execute(known).first() is not None:
        return False
    connection.execute(
        insert(passkeys).values(
            credential_id=passkey.credential_id,
            operator=passkey.operator,
            public_key=passkey.public_key,
            sign_count=passkey.sign_count,
            created_at=passkey.created_at,
        )
    )
    return True


def find_passkey(connection: Connection, credential_id: bytes) -> Passkey | None:
    """The passkey of that credential."""
    row = connection.execute(select(passkeys).where(passkeys.c.credential_id == credential_id)).first()
    return None if row is None else Passkey(**row._mapping)


def note_sign_count(connection: Connection, credential_id: bytes, sign_count: int) -> None:
    """Notes how often the authenticator says that it has signed."""
    same = update(passkeys).where(passkeys.c.credential_id == credential_id)
    connection.execute(same.values(sign_count=sign_count))


def _operator(connection: Connection, row: Row[*tuple[Any, ...]]) -> Operator:
    name = secrets_of(connection).vault.unseal(bytes(row.name), row.id).decode()
    return Operator(
        id=row.id,
        member=row.member,
        name=name,
        pseudonym=row.pseudonym,
        rights=frozenset(row.rights.split()),
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
