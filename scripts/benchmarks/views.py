"""What readers wait for: views, searches and bundles over HTTP, each read logged, as the store grows."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from urllib.parse import quote, urlencode

from chain.keys import SigningKey
from chain.sdjwt import SignedRecord
from gateway.query.queries import Queries
from gateway.search_index.facts import REFERENCE_KINDS
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.live_consortium import Running, running
from scripts.benchmarks.load import STORY_RECORDS, signed_bodies, story_records
from scripts.benchmarks.local_consortium import now_s, open_town, percentile
from scripts.bootstrap import found
from scripts.consortium_folder import ConsortiumFolder

SIZES_QUICK = (500, 1_000, 2_000)
SIZES = (10_000, 20_000, 50_000, 100_000)
SIZE_HUGE = 1_000_000
"""Records in the store."""
PORTION = 25_000
"""Records signed and uploaded at a time while the store is filled."""
READER = "customs"
"""A governor of the customs: it sees everything, which is the most work."""
CONNECTIONS = 8


@dataclass(frozen=True)
class Asked:
    """What is asked for: whole consignments, and numbers that they are found by."""

    ucrs: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...]

    def views(self) -> list[str]:
        """Paths of the views."""
        return [f"/v1/consignments/{quote(ucr, safe='')}" for ucr in self.ucrs]

    def bundles(self) -> list[str]:
        """Paths of the bundles."""
        return [f"{path}/bundle" for path in self.views()]

    def searches(self) -> list[str]:
        """Paths of searches by a number."""
        return [f"/v1/search?{urlencode({kind: value})}" for kind, value in self.numbers]


def run(context: Context) -> Iterator[Figure]:
    """The store grows through the gateway's own door; at each size the same questions are asked."""
    sizes = [*(SIZES_QUICK if context.quick else SIZES), *((SIZE_HUGE,) if context.huge else ())]
    stories = 30 if context.quick else 300
    folder = ConsortiumFolder(context.scratch)
    consortium = found(folder, say=lambda text: None).consortium.hex()
    keys = {member.uscc: folder.signing_key(member.slug) for member in folder.members()}
    with running(context.scratch, context.say) as live:
        asked = _tell(live, keys, consortium, stories)
        held, broker = stories * STORY_RECORDS, folder.member("broker").uscc
        for size in sizes:
            context.say(f"the store is filled to {size:,} records")
            _fill(live, keys[broker], broker, consortium, range(held, size))
            held = size
            yield from _figures(context, live, asked, size, is_largest=size == sizes[-1])
    with open_town(context.scratch) as town:
        queries, reader = Queries(town.gateway.services), town.reader(READER)
        ucrs = cycle(asked.ucrs)
        yield context.milliseconds(
            f"view in process, {held:,} records",
            lambda: queries.consignments.view(reader, next(ucrs)),
            times=len(asked.ucrs),
        )


def _tell(live: Running, keys: Mapping[str, SigningKey], consortium: str, stories: int) -> Asked:
    """Uploads whole consignments, and says what can be asked about them."""
    ucrs: list[str] = []
    said: list[SignedRecord] = []
    for ucr, records in story_records(range(1, stories + 1), keys, consortium, now_s()):
        ucrs.append(str(ucr))
        said += records
    _upload(live, [one.serialize().encode("ascii") for one in said])
    numbers = {number for one in said for number in _numbers(one)}
    return Asked(tuple(ucrs), tuple(sorted(numbers)))


def _numbers(signed: SignedRecord) -> Iterator[tuple[str, str]]:
    for reference in signed.section("references"):
        if isinstance(reference, dict) and reference.get("kind") in REFERENCE_KINDS:
            yield str(reference["kind"]), str(reference["value"])


def _fill(live: Running, key: SigningKey, iss: str, consortium: str, places: range) -> None:
    for first in range(places.start, places.stop, PORTION):
        count = min(PORTION, places.stop - first)
        _upload(live, signed_bodies(count, key, iss, consortium, iat=now_s(), first=first))


def _upload(live: Running, bodies: Sequence[bytes]) -> None:
    after = live.batch_count() - 1
    live.upload(bodies)
    live.wait_covered(live.wait_anchored(after, len(bodies)))
    live.wait_searchable()


def _figures(context: Context, live: Running, asked: Asked, size: int, *, is_largest: bool) -> Iterator[Figure]:
    context.say(f"views of {len(asked.ucrs)} consignments at {size:,} records")
    times = range(context.repetitions)
    views = [live.get(asked.views(), 1, READER).took_ms for _ in times]
    p50 = tuple(percentile(one, 0.5) for one in views)
    p99 = tuple(percentile(one, 0.99) for one in views)
    limits = (at_most(10), at_most(40))
    yield Figure(f"view at {size:,} records: p50", "ms", p50, limits[0], size=size, series="views: p50 of a view")
    yield Figure(f"view at {size:,} records: p99", "ms", p99, limits[1], size=size, series="views: p99 of a view")
    numbers = list(islice(cycle(asked.searches()), 100 if context.quick else 400))
    searches = [live.get(numbers, 1, READER).took_ms for _ in times]
    p99 = tuple(percentile(one, 0.99) for one in searches)
    yield Figure(
        f"search by a number at {size:,} records: p99",
        "ms",
        p99,
        at_most(100),
        size=size,
        series="views: p99 of a search by number",
    )
    if is_largest:
        yield from _at_largest(context, live, asked, size)


def _at_largest(context: Context, live: Running, asked: Asked, size: int) -> Iterator[Figure]:
    times = range(context.repetitions)
    paths = list(islice(cycle(asked.views()), 300 if context.quick else 1_500))
    rates = tuple(live.get(paths, CONNECTIONS, READER).per_second for _ in times)
    yield Figure(f"views, {CONNECTIONS} connections, each logged", "/s", rates, at_least(300))
    bundles = [live.get(asked.bundles(), 1, READER).took_ms for _ in times]
    p50 = tuple(statistics.median(one) for one in bundles)
    yield Figure(f"consignment bundle of {STORY_RECORDS} records made at {size:,}: p50", "ms", p50, at_most(20))
    pages = ["/v1/search?" + urlencode({"hs": "3304", "goods": "面霜"})] * 5
    took = tuple(statistics.median(live.get(pages, 1, READER).took_ms) for _ in times)
    yield Figure("search by words: a page of up to 100 consignments", "ms", took)


BENCHMARK = Benchmark(
    name="views",
    what=f"consignments of {STORY_RECORDS} records read over loopback HTTP by a customs governor, each read logged",
    leaves_out="TLS and a network; opening what is not in memory (each consignment is asked for again and again). "
    "The store is filled by one-record consignments through the gateway's own door",
    run=run,
)
