"""Challenges of log-ins: signed by this gateway, good for minutes and once; a stranger who asks leaves no row."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.runtime.refusals import GatewayRefusal
from gateway.store.assertions import use_assertion
from gateway.store.store import Store
from gateway.store.vault import DataKeys

LIFETIME_S = 300
_RANDOM_BYTES = 16
_TIME_BYTES = 8
_MAC_BYTES = 16


@dataclass(frozen=True)
class Challenges:
    """Makes and takes challenges; the key never leaves the gateway."""

    key: bytes
    store: Store
    clock: Callable[[], float]

    @classmethod
    def load(cls, data_keys_file: Path, store: Store, clock: Callable[[], float]) -> Challenges:
        """Derived, so that every worker on this store takes every other's challenges."""
        data_keys = DataKeys.load(data_keys_file)
        key = hmac.digest(data_keys.keys[data_keys.current], b"log-in challenge", "sha256")
        return cls(key, store, clock)

    def make(self, purpose: str) -> bytes:
        """A challenge for one purpose: random, the time at which it lapses, and our word for both."""
        until = int(self.clock()) + LIFETIME_S
        head = secrets.token_bytes(_RANDOM_BYTES) + until.to_bytes(_TIME_BYTES, "big")
        return head + self._mac(purpose, head)

    def use(self, purpose: str, challenge: bytes) -> None:
        """Uses a challenge up; raises GatewayRefusal unless it is ours for this purpose, still counts and is new."""
        head, mac = challenge[: _RANDOM_BYTES + _TIME_BYTES], challenge[_RANDOM_BYTES + _TIME_BYTES :]
        now = int(self.clock())
        until = int.from_bytes(head[_RANDOM_BYTES:], "big")
        if not hmac.compare_digest(mac, self._mac(purpose, head)) or until <= now:
            raise _refusal("the challenge is not one that this gateway gave for this, or has lapsed")
        if not use_assertion(self.store, head + mac[: 32 - len(head)], until, forget_before=now):
            raise _refusal("the challenge was used before")

    def _mac(self, purpose: str, head: bytes) -> bytes:
        return hmac.digest(self.key, purpose.encode() + b"\0" + head, "sha256")[:_MAC_BYTES]


def _refusal(reason: str) -> GatewayRefusal:
    return GatewayRefusal("log-in", reason, fix="Log in again")
