"""One write transaction of a small SQLite file: all that is written inside counts together, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def write_transaction(database: sqlite3.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK where the body or the commit itself fails.

    A commit that finds no room on the disk leaves the transaction open: everything later would then be written into
    it and be lost with it, or nothing could be written ever again. The connection is in autocommit mode
    (`isolation_level=None`). Raises what failed.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # SQLite rolls some faults back itself
            database.execute("ROLLBACK")
        raise
