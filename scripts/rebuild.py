"""Making a gateway whole from chain and peers: an empty store, one restored from an old copy, one with gaps.

Everything that stands in it comes again: the index by replaying the chain, records by asking the other gateways batch
by batch, each proved before it is stored. It may be interrupted and run again. What nobody holds any more is listed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from chain.errors import LedgerFault
from gateway.app import Gateway
from gateway.replication.puller import REPLICATED, Puller
from gateway.runtime.loops import Loop
from gateway.search_index.facts import flush_pending
from gateway.store.outbox import read_mark
from gateway.store.replicas import ReplicationGap, count_gaps, find_gaps, make_gaps_due

TRIES_MAX = 3
"""How often everything that is missing is asked for."""
PAUSE_S = 0.2
GAPS_PER_PAGE = 500

Progress = Callable[[int, int, int], None]
"""Is told how many batches were looked at, how many there are, and how many records came."""


@dataclass(frozen=True)
class LostBatch:
    """Records of a batch that nobody gave."""

    batch: int
    gateway: str | None
    """USCC of the member whose gateway anchored it."""
    missing_entries: int
    reason: str
    """What each gateway answered."""


@dataclass(frozen=True)
class Rebuilt:
    """What came of it."""

    batches: int
    records: int
    """Records that other gateways gave."""
    lost: tuple[LostBatch, ...]


def rebuild(
    gateway: Gateway, puller: Puller, progress: Progress, *, pause: Callable[[float], None] = time.sleep
) -> Rebuilt:
    """Reads the chain to its head and pulls what is missing; the gateway must not run.

    Raises LedgerFault, StoreFault, GatewayRefusal.
    """
    # Beside the pulling: a registry that is not heard from for a while answers nobody.
    follower = Loop("follower of the rebuild", gateway.loop_health.watcher.step, lambda: PAUSE_S)
    follower.start()
    try:
        while not gateway.loop_health.watcher.caught_up.wait(PAUSE_S):
            if follower.dead:
                raise LedgerFault(follower.dead)
        _pull_until_whole(gateway, puller, progress, pause)
    finally:
        follower.stop()
    while flush_pending(gateway.services.store):
        pass
    batches = gateway.services.index.progress().batch_count
    return Rebuilt(batches, _records(puller), tuple(_lost(gateway)))


def _pull_until_whole(gateway: Gateway, puller: Puller, progress: Progress, pause: Callable[[float], None]) -> None:
    for attempt in range(TRIES_MAX):
        _pull_all(gateway, puller, progress)
        with gateway.services.store.reading() as connection:
            gap_batches, _ = count_gaps(connection)
        if not gap_batches or attempt == TRIES_MAX - 1:
            return
        pause(PAUSE_S)
        with gateway.services.store.writing() as connection:
            make_gaps_due(connection)


def _pull_all(gateway: Gateway, puller: Puller, progress: Progress) -> None:
    services = gateway.services
    while True:
        has_more = puller.step()
        batches = services.index.progress().batch_count
        with services.store.reading() as connection:
            replicated = read_mark(connection, REPLICATED)
        progress(replicated, batches, _records(puller))
        if not has_more:
            return


def _records(puller: Puller) -> int:
    return sum(health.records for health in puller.health.values())


def _lost(gateway: Gateway) -> list[LostBatch]:
    services = gateway.services
    gaps: list[ReplicationGap] = []
    after = -1
    while True:
        with services.store.reading() as connection:
            page = find_gaps(connection, after, GAPS_PER_PAGE)
        gaps += page
        if len(page) < GAPS_PER_PAGE:
            break
        after = page[-1].batch_index
    lost = []
    for gap in gaps:
        batch = services.index.find_batch(gap.batch_index)
        account = None if batch is None else "0x" + batch.facts.gateway.hex()
        member = None if account is None else services.ledger.find_gateway_member(account)
        lost.append(LostBatch(gap.batch_index, member, gap.missing, gap.reason))
    return lost
