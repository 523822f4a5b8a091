"""What a request is served with: the parts of one running gateway, made once at start and passed to every router."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chain.index_store import IndexStore
from chain.keys import SigningKey
from chain.verify.trust_root import TrustRoot
from gateway.access.tokens import TokenService
from gateway.membership.registry import Registry
from gateway.membership.tag_keys import TagKeys
from gateway.people.service import People
from gateway.runtime.loops import Loop
from gateway.runtime.tracing import Tracing
from gateway.settings import GatewaySettings
from gateway.store.store import Store

if TYPE_CHECKING:
    from chain.ledger import Ledger
    from gateway.ingest.service import Intake


@dataclass(frozen=True)
class Services:
    """The parts of one gateway."""

    settings: GatewaySettings
    trust_root: TrustRoot
    """The public edition: which consortium, chain and contracts."""
    store: Store
    ledger: Ledger
    index: IndexStore
    """The follower's derived index; read it only."""
    registry: Registry
    """Members and keys at the head block."""
    tag_keys: TagKeys
    signer: SigningKey
    """The gateway member's registered key: receipts, access tokens, access records."""
    tokens: TokenService
    """`tokens.reader(authorization header)` gives the member that asks, or raises."""
    intake: Intake
    """`intake.accept(body)` takes one record; access records of our own go the same way."""
    clock: Callable[[], float]
    """Unix seconds UTC."""
    people: People | None = None
    """None where no people log in to this gateway."""
    tracing: Tracing = field(default_factory=Tracing)
    """Off unless the settings name a file for traces."""
    loops: list[Loop] = field(default_factory=list)
    """Loops that run while the application does, beside those that anchor: `/readyz` watches them too."""
