"""Intake: single records and bulk uploads to their receipts, in process and over HTTP, and how soon one is provable."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from chain.proof.batch import TAG_BYTES, entry_digest
from chain.sdjwt import SignedRecord
from scripts.benchmarks.clients import Seen
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.limits import verify_many, verify_on_all_cores
from scripts.benchmarks.live_consortium import Running, running, share_of_machine
from scripts.benchmarks.load import signed_bodies
from scripts.benchmarks.local_consortium import now_s, open_town, percentile

SINGLES_A_SECOND = 200
CHUNK = 200
"""Records of one transaction of bulk intake."""
ONE_CORE = "P-256 verify on one core, beside intake"
ALL_CORES = "P-256 verify on all cores, beside intake"
WATCH_PAUSE_S = 0.1
"""How long a batch may have been read by the gateway before it is seen here."""
BULK_SHARE = 0.25
"""Bulk intake must reach this share of the bare verify rate of all cores: a prototype without registry, follower and
search reached 0.25 to 0.29."""


def run(context: Context) -> Iterator[Figure]:
    """In process first (what a profile shows), then over HTTP against a gateway that runs."""
    verifies = 3_000 if context.quick else 10_000
    yield context.per_second(ONE_CORE, lambda: verify_many(verifies))
    yield context.per_second(ALL_CORES, lambda: verify_on_all_cores(verifies))
    singles, bulk = (SINGLES_A_SECOND, 1_500) if context.quick else (SINGLES_A_SECOND * 15, 20_000)
    with open_town(context.scratch) as town:
        broker = town.uscc("broker")
        context.say("records are signed beforehand")
        total = (CHUNK + 2 * singles + bulk) * context.repetitions
        bodies = signed_bodies(total, town.keys[broker], broker, town.consortium, iat=now_s())
        context.say("bulk intake in process")
        chunks = iter(_portions(bodies, CHUNK, context.repetitions))

        def take_chunk() -> int:
            town.accept(next(chunks))
            return CHUNK

        yield context.per_second("bulk intake in process, one thread", take_chunk, against=ONE_CORE)
        town.seal()
    left = bodies[CHUNK * context.repetitions :]
    with running(context.scratch, context.say) as live:
        yield from _single(context, live, _portions(left, singles, 2 * context.repetitions))
        yield from _bulk(context, live, _portions(left[2 * singles * context.repetitions :], bulk, context.repetitions))


def _single(context: Context, live: Running, portions: Sequence[Sequence[bytes]]) -> Iterator[Figure]:
    # Whoever waits for a batch asks the same gateway, which is no part of giving receipts: in turns, then.
    alone: list[Seen] = []
    provable: list[list[float]] = []
    for place, portion in enumerate(portions):
        context.say(f"{len(portion):,} records at {SINGLES_A_SECOND}/s")
        watch = ProvableWatch(live, portion) if place % 2 else None
        seen = live.post(portion, SINGLES_A_SECOND)
        if watch is None:
            alone.append(seen)
        else:
            provable.append(watch.provable_ms(seen))
    at = f"at {SINGLES_A_SECOND}/s"
    receipts = [seen.took_ms for seen in alone]
    yield Figure(f"single record {at} to its receipt: p50", "ms", tuple(percentile(one, 0.5) for one in receipts))
    yield Figure(
        f"single record {at} to its receipt: p99",
        "ms",
        tuple(percentile(one, 0.99) for one in receipts),
        limit=at_most(15),
    )
    yield Figure(
        f"single record {at} to provable: p99",
        "ms",
        tuple(percentile(one, 0.99) for one in provable),
        limit=at_most(1_500),
    )
    yield Figure(f"load side {at}", "% of the machine", tuple(share_of_machine(seen) for seen in alone))


def _bulk(context: Context, live: Running, portions: Sequence[Sequence[bytes]]) -> Iterator[Figure]:
    runs = []
    for portion in portions:
        context.say(f"{len(portion):,} records in bulk")
        after = live.batch_count() - 1
        runs.append(live.upload(portion))
        # The next upload begins with an empty outbox.
        live.wait_anchored(after, len(portion))
    yield Figure(
        "bulk records to their receipts, two connections",
        "/s",
        tuple(seen.per_second for seen in runs),
        against=ALL_CORES,
        share_limit=at_least(BULK_SHARE),
    )
    yield Figure("load side in bulk", "% of the machine", tuple(share_of_machine(seen) for seen in runs))


class ProvableWatch:
    """Sees when each record's entry stands in a batch that the gateway has read: a bundle of it can then be made."""

    def __init__(self, live: Running, bodies: Sequence[bytes]) -> None:
        self._live = live
        self._waited = {digest: place for place, body in enumerate(bodies) for digest in _digests(body)}
        self._seen_at = [0.0] * len(bodies)
        self._last = live.batch_count() - 1
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def provable_ms(self, seen: Seen) -> list[float]:
        """For each record, from when it was due to be sent."""
        self._thread.join()
        said = zip(self._seen_at, seen.answered_at, seen.took_ms, strict=True)
        return [(at - answered) * 1000 + took for at, answered, took in said]

    def _watch(self) -> None:
        missing = set(self._waited)
        until = time.monotonic() + 120
        while missing and time.monotonic() < until:
            for batch in self._live.client.batches(self._last):
                self._last = batch["index"]
                found = {one[TAG_BYTES:] for one in self._live.entries_of(self._last)} & missing
                now = time.time()
                for digest in found:
                    self._seen_at[self._waited[digest]] = now
                missing -= found
            # Asked oftener, the gateway would answer this watch half of the time.
            time.sleep(WATCH_PAUSE_S)


def _digests(body: bytes) -> list[bytes]:
    signed = SignedRecord.parse(body)
    return [entry_digest(signed, digest) for digest, _ in signed.ucr_elements()]


def _portions(bodies: Sequence[bytes], size: int, count: int) -> list[Sequence[bytes]]:
    return [bodies[at : at + size] for at in range(0, size * count, size)]


BENCHMARK = Benchmark(
    name="intake",
    what="records of three goods lines to a gateway over loopback HTTP, each with a receipt of its own",
    leaves_out="signing, which is done beforehand; TLS and a network. Load side, node and attesters share the cores",
    run=run,
)
