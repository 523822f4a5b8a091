"""The whole way: records signed beforehand, accepted, anchored, covered by a checkpoint; and what is left on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.limits import verify_on_all_cores
from scripts.benchmarks.live_consortium import Running, running, share_of_machine
from scripts.benchmarks.load import signed_bodies
from scripts.benchmarks.local_consortium import folder_bytes, now_s
from scripts.benchmarks.process_stats import can_watch
from scripts.bootstrap import found
from scripts.consortium_folder import ConsortiumFolder

ALL_CORES = "P-256 verify on all cores, beside end to end"
RECORDS_A_SECOND = 5_000
GATEWAY_MB_MAX = 500


@dataclass(frozen=True)
class Way:
    """When one upload came to each state, seconds after its first byte was sent, and what the load side took."""

    accepted_s: float
    anchored_s: float
    covered_s: float
    searchable_s: float
    load_share: float


def run(context: Context) -> Iterator[Figure]:
    """One upload a repetition, each waited for until a checkpoint covers it."""
    verifies = 3_000 if context.quick else 10_000
    yield context.per_second(ALL_CORES, lambda: verify_on_all_cores(verifies))
    count, times = (2_000, 2) if context.quick else (60_000, 3)
    folder = ConsortiumFolder(context.scratch)
    root = found(folder, say=lambda text: None)
    context.say(f"{count * times:,} records are signed beforehand")
    broker, key = folder.member("broker").uscc, folder.signing_key("broker")
    bodies = signed_bodies(count * times, key, broker, root.consortium.hex(), iat=now_s())
    with running(context.scratch, context.say) as live:
        before = _disk(folder)
        ways = []
        for place in range(times):
            context.say(f"upload {place + 1} of {times}")
            ways.append(_go(live, bodies[place * count : (place + 1) * count]))
        yield from _figures(count, ways)
        if can_watch():
            yield Figure("memory of the gateway", "MB", (live.gateway_mb(),), limit=at_most(GATEWAY_MB_MAX))
            spent = {name: live.cpu_s(module) for name, module in _PARTS.items()}
            for name, seconds in spent.items():
                yield Figure(f"processor time: {name}", "µs a record", (seconds * 1e6 / (count * times),))
    after = _disk(folder)
    for name, taken in after.items():
        yield Figure(f"disk: {name}", "bytes a record", ((taken - before[name]) / (count * times),))


_PARTS = {"gateway": "gateway", "node": "chain.node", "attesters of three governors": "scripts.cli"}


def _go(live: Running, bodies: list[bytes]) -> Way:
    after = live.batch_count() - 1
    seen = live.upload(bodies)
    last = live.wait_anchored(after, len(bodies))
    anchored = time.time() - seen.began_at
    live.wait_covered(last)
    covered = time.time() - seen.began_at
    live.wait_searchable()
    return Way(seen.wall_s, anchored, covered, time.time() - seen.began_at, share_of_machine(seen))


def _figures(count: int, ways: list[Way]) -> Iterator[Figure]:
    yield Figure("signed beforehand to accepted", "records/s", tuple(count / way.accepted_s for way in ways))
    yield Figure(
        "signed beforehand to anchored",
        "records/s",
        tuple(count / way.anchored_s for way in ways),
        limit=at_least(RECORDS_A_SECOND),
        against=ALL_CORES,
    )
    yield Figure("signed beforehand to covered", "records/s", tuple(count / way.covered_s for way in ways))
    yield Figure("signed beforehand to found by search", "records/s", tuple(count / way.searchable_s for way in ways))
    yield Figure("load side end to end", "% of the machine", tuple(way.load_share for way in ways))


def _disk(folder: ConsortiumFolder) -> dict[str, int]:
    """What each part has on disk, bytes."""
    store = [file for file in folder.gateway.glob("store.sqlite*") if file.is_file()]
    return {
        "store (payloads, search)": sum(file.stat().st_blocks * 512 for file in store),
        "chain (one node)": folder_bytes(folder.path / "node"),
        "index (one follower)": folder_bytes(folder.gateway / "index"),
    }


BENCHMARK = Benchmark(
    name="end_to_end",
    what="bulk uploads of records of three goods lines, until a checkpoint covers them; everything on this machine",
    leaves_out="signing, which is done beforehand; a wire between the parts; consensus between validators (one node "
    "seals with four keys)",
    run=run,
)
