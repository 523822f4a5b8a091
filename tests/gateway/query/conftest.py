"""What these tests take of the gateway's fixtures."""

from __future__ import annotations

from tests.gateway.fixtures import postgres_sockets, postgres_url

__all__ = ["postgres_sockets", "postgres_url"]
