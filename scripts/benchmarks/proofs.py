"""Proof bundles: how long they take to verify, how large they are, and how both grow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from chain.claims import make_jti
from chain.identifiers import Ucr
from chain.proof.batch import BATCH_ENTRIES_MAX, entry, entry_digest
from chain.records import sign_record
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Instant
from chain.records.transport import Event
from chain.sdjwt import SignedRecord
from chain.verify.results import Verdict
from chain.verify.trust_root import TrustRoot
from chain.verify.verifier import verify_file
from gateway.query.queries import Queries
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.load import long_story_records, signed_records
from scripts.benchmarks.local_consortium import Town, now_s, open_town, random_entries

BATCH_SIZES = (1, 16, 256, BATCH_ENTRIES_MAX)
CONSIGNMENT_SIZES = (10, 30, 90, 200)
LIMITS = {30: (120, 300), 200: (None, 1_000)}
"""Records of a consignment to the most milliseconds and kB of its bundle."""
MANIFEST_UCRS = 200
INDEX_TAGS_QUICK, INDEX_TAGS = 51_200, 1_024_000
"""Entries of others in the index when bundles are made."""
CONSIGNMENT_BATCHES = 12
RECORDS_A_SECOND = 1_000
BATCHES_A_STEP = 8
BUNDLES = 50
"""Bundles that are made in turn, each of another record."""
READER = "auditor"


@dataclass(frozen=True)
class Made:
    """A bundle with the size of what it was made from."""

    size: int
    content: bytes


def run(context: Context) -> Iterator[Figure]:
    """One record in batches of growing size; consignments of growing size; many bundles in one process."""
    with open_town(context.scratch) as town:
        context.say("a consortium is founded")
        records = [_record_bundle(town, size, place) for place, size in enumerate(BATCH_SIZES)]
        consignments = [_consignment_bundle(town, size) for size in CONSIGNMENT_SIZES]
        manifest = _manifest_bundle(town)
        root = TrustRoot.parse(Path(town.folder.trust_root).read_bytes())
    for made in records:
        yield from _figures(context, root, made, "one record", "entries a batch", 20, 40)
    for made in consignments:
        limits = LIMITS.get(made.size, (None, None))
        yield from _figures(context, root, made, "consignment in 12 batches", "records", *limits)
    yield from _figures(context, root, manifest, "a manifest fully disclosed", "UCRs", 1_000, 600)
    yield _throughput(context, root, records[-1].content)
    with open_town(context.scratch) as town:
        yield from _made(context, town)


def _made(context: Context, town: Town) -> Iterator[Figure]:
    """How long a bundle of one record takes to make, where the index holds many lanes of others."""
    count = INDEX_TAGS_QUICK if context.quick else INDEX_TAGS
    context.say(f"{count:,} entries of others are anchored")
    for first in range(0, count, BATCH_ENTRIES_MAX * BATCHES_A_STEP):
        batches = range(first, min(first + BATCH_ENTRIES_MAX * BATCHES_A_STEP, count), BATCH_ENTRIES_MAX)
        town.anchor([random_entries(BATCH_ENTRIES_MAX, seed=at) for at in batches])
    broker = town.uscc("broker")
    signed = list(signed_records(BUNDLES, town.keys[broker], broker, town.consortium, iat=now_s(), first=10_000))
    town.accept([one.serialize().encode("ascii") for one in signed])
    town.seal()
    town.attest()
    queries, reader = _queries(town), town.reader("broker")
    size = len(queries.records.bundle(reader, signed[0].record_id).content)
    waiting = cycle(signed)
    yield context.milliseconds(
        f"record bundle made at {count:,} lanes: p50",
        lambda: queries.records.bundle(reader, next(waiting).record_id),
        times=BUNDLES,
        limit=at_most(20),
    )
    yield Figure(f"one record at {count:,} lanes: size", "kB", (size / 1000,), at_most(40))


def _figures(
    context: Context, root: TrustRoot, made: Made, what: str, of: str, ms_max: float | None, kb_max: float | None
) -> Iterator[Figure]:
    context.say(f"{what}, {made.size} {of}")
    report = verify_file(made.content, root)
    if report.verdict is not Verdict.VALID:
        raise ValueError(f"a bundle of our own is {report.verdict.name}")
    yield context.milliseconds(
        f"{what}, {made.size:,} {of}: verified",
        lambda: verify_file(made.content, root),
        times=5 if context.quick else 10,
        limit=at_most(ms_max) if ms_max else None,
        series=f"{what}: time to verify",
        size=made.size,
    )
    yield Figure(
        f"{what}, {made.size:,} {of}: size",
        "kB",
        (len(made.content) / 1000,),
        limit=at_most(kb_max) if kb_max else None,
        series=f"{what}: size of the bundle",
        size=made.size,
    )


def _throughput(context: Context, root: TrustRoot, content: bytes) -> Figure:
    count = RECORDS_A_SECOND // 10 if context.quick else RECORDS_A_SECOND

    def verified() -> int:
        for _ in range(count):
            if verify_file(content, root).verdict is not Verdict.VALID:
                raise ValueError("a bundle of our own does not verify")
        return count

    return context.per_second(f"{count:,} record bundles in one process", verified, limit=at_least(100))


def _record_bundle(town: Town, size: int, place: int) -> Made:
    broker = town.uscc("broker")
    (signed,) = signed_records(1, town.keys[broker], broker, town.consortium, iat=now_s(), first=place + 1)
    town.gateway.services.intake.accept(signed.serialize().encode("ascii"))
    # In the middle of its batch, among entries of consignments that nobody asks about.
    others = random_entries(size - 1, seed=size)
    own = _entries(town, signed)
    town.anchor([[*others[: size // 2], *own, *others[size // 2 :]]])
    town.attest()
    return Made(size, _queries(town).records.bundle(town.reader("broker"), signed.record_id).content)


def _consignment_bundle(town: Town, size: int) -> Made:
    ucr, said = long_story_records(size, town.keys, town.consortium, now_s(), number=size)
    town.accept([one.serialize().encode("ascii") for one in said])
    others = random_entries((BATCH_ENTRIES_MAX - size) * CONSIGNMENT_BATCHES, seed=size)
    batches = []
    for place in range(CONSIGNMENT_BATCHES):
        own = [entry for one in said[place::CONSIGNMENT_BATCHES] for entry in _entries(town, one)]
        some = others[place::CONSIGNMENT_BATCHES]
        batches.append([*some[: len(some) // 2], *own, *some[len(some) // 2 :]])
    town.anchor(batches)
    town.attest()
    return Made(size, _queries(town).consignments.bundle(town.reader(READER), str(ucr)).content)


def _manifest_bundle(town: Town) -> Made:
    """A carrier's record of 200 consignments, as the carrier shows it whole."""
    carrier = town.uscc("carrier")
    ucrs = [Ucr(f"6CN{carrier}-M{number:03d}") for number in range(MANIFEST_UCRS)]
    moment = Instant(utc="2026-11-20T10:00:00Z", said="2026-11-20T18:00:00+08:00")
    departure = LogisticsEvent(event=Event(code=Code(system="iata-cargo-status", value="DEP"), happened=moment))
    signed = sign_record(
        departure.for_ucrs(ucrs),
        key=town.keys[carrier],
        iss=carrier,
        consortium=town.consortium,
        iat=now_s(),
        jti=make_jti(bytes(32), "manifest"),
    )
    town.accept([signed.serialize().encode("ascii")])
    town.seal()
    town.attest()
    return Made(MANIFEST_UCRS, _queries(town).records.bundle(town.reader("carrier"), signed.record_id).content)


def _entries(town: Town, signed: SignedRecord) -> list[bytes]:
    tags = town.gateway.services.tag_keys
    return [
        entry(tags.lane_tag(str(ucr), signed.iss, 0), entry_digest(signed, digest))
        for digest, ucr in signed.ucr_elements()
    ]


def _queries(town: Town) -> Queries:
    return Queries(town.gateway.services)


BENCHMARK = Benchmark(
    name="proofs",
    what="proof bundles verified from bytes to report, one core",
    leaves_out="reading the file, starting Python; records have three goods lines, the other entries are random",
    run=run,
)
