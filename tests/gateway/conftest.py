"""A town and its gateway, on SQLite and on PostgreSQL."""

from __future__ import annotations

from tests.gateway.fixtures import (
    gateway,
    postgres_sockets,
    postgres_url,
    second_postgres_url,
    sqlite_template,
    sqlite_url,
    store_url,
    town,
)

__all__ = [
    "gateway",
    "postgres_sockets",
    "postgres_url",
    "second_postgres_url",
    "sqlite_template",
    "sqlite_url",
    "store_url",
    "town",
]
