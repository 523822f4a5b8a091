"""The gateway's fixtures."""

from __future__ import annotations

from tests.unit.gateway.fixtures import gateway, postgres_sockets, store_url, town

__all__ = ["gateway", "postgres_sockets", "store_url", "town"]
