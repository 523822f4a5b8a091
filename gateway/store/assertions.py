"""Rows of used assertions: a token request counts once."""

from __future__ import annotations

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from gateway.store.model import assertions
from gateway.store.store import Store


def use_assertion(store: Store, digest: bytes, until: int, forget_before: int) -> bool:
    """Notes that the assertion was used, for so long; False where it was used before. Those lapsed are forgotten."""
    try:
        with store.writing() as connection:
            connection.execute(delete(assertions).where(assertions.c.until < forget_before))
            connection.execute(insert(assertions), {"digest": digest, "until": until})
    except IntegrityError:
        return False
    return True
