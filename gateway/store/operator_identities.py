"""Rows of identities: by which subject of which provider an operator is known; subjects stand there under a key."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, insert, select

from gateway.store.look_ups import look_ups_of
from gateway.store.model import operator_identities
from gateway.store.people import Operator, find_operator


def find_by_identity(connection: Connection, issuer: str, subject: str) -> Operator | None:
    """The operator whom a provider's subject stands for; None where no link has made it known."""
    wanted = select(operator_identities.c.operator).where(
        operator_identities.c.look_up == _look_up(connection, issuer, subject)
    )
    operator = connection.execute(wanted).scalar()
    return None if operator is None else find_operator(connection, operator)


def insert_identity(connection: Connection, issuer: str, subject: str, operator: str, at: int) -> bool:
    """Makes a subject known as an operator; False where it is known as one already."""
    if find_by_identity(connection, issuer, subject) is not None:
        return False
    look_up = _look_up(connection, issuer, subject)
    connection.execute(insert(operator_identities).values(look_up=look_up, operator=operator, created_at=at))
    return True


def _look_up(connection: Connection, issuer: str, subject: str) -> bytes:
    # A subject may be an address of a person: neither it nor a plain hash of it stands in the store.
    return look_ups_of(connection).of_identity(sha256(f"{issuer}\0{subject}".encode()).digest())
