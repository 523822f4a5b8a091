"""SD-JWT records: issue, verify and parse into the model, against the bare signature rate of the same core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from adapters.single_window_mock.load import LINES
from chain.keys import KeyAlgorithm, PublicKey, SigningKey
from chain.records import Record, parse_record
from chain.records.fastpath import parse_signed
from chain.sdjwt import SignedRecord
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least
from scripts.benchmarks.limits import verify_many
from scripts.benchmarks.load import cast, signed_records

VERIFY_SHARE = 0.6
"""Verifying and parsing a record must reach this share of the bare P-256 verify rate of the same core."""
GOODS_LINES = 10
GROUP = 64
"""Records of which an intake takes each step together (`gateway.ingest.pipeline`)."""


def run(context: Context) -> Iterator[Figure]:
    """Verify and parse, step by step."""
    count = 300 if context.quick else 1_000
    key = SigningKey.generate()
    signed = signed_records(count, key, cast().broker.uscc, iat=1_790_000_000, lines=GOODS_LINES)
    bodies = [record.serialize().encode() for record in signed]
    public = key.public
    parsed = [SignedRecord.parse(body) for body in bodies]

    def verified_and_parsed(parse: Callable[[bytes], SignedRecord], look: Callable[[Record], object]) -> int:
        for body in bodies:
            signed = parse(body)
            if not signed.verify(public):
                raise ValueError("a signature of our own does not verify")
            look(parse_record(signed))
        return count

    def counted(results: Iterable[object]) -> int:
        return sum(1 for _ in results)  # nothing is kept: a heap that grows is another cost than reading one record

    yield Figure("bytes of a signed record", "bytes", (sum(map(len, bodies)) / count,))
    yield context.per_second("P-256 verify beside it", lambda: verify_many(count * 5))
    yield context.per_second("SM2 verify of such a record, as intake does it", lambda: _sm2_verified(count // 10))
    yield context.per_second("SD-JWT form parsed, standard library", lambda: counted(map(SignedRecord.parse, bodies)))
    yield context.per_second("SD-JWT form parsed, fit for its model", lambda: counted(map(parse_signed, bodies)))
    yield context.per_second("sections parsed into the model", lambda: counted(map(parse_record, parsed)))
    yield context.per_second(
        "verified and parsed into its model, standard library",
        lambda: verified_and_parsed(SignedRecord.parse, vars),
        against="P-256 verify beside it",
    )
    yield context.per_second(
        "verified and parsed into its model, every section looked at",
        lambda: verified_and_parsed(parse_signed, vars),
        against="P-256 verify beside it",
    )
    yield context.per_second(
        "verified and parsed into its model, references looked at",
        lambda: verified_and_parsed(parse_signed, lambda record: record.references),
        against="P-256 verify beside it",
    )
    # Every rule of the model has been checked; a section becomes objects when it is asked for.
    yield context.per_second(
        "record verified and parsed into its model",
        lambda: verified_and_parsed(parse_signed, lambda record: None),
        against="P-256 verify beside it",
        share_limit=at_least(VERIFY_SHARE),
    )
    yield context.per_second(
        f"the same, {GROUP} records a step as intake takes them",
        lambda: _verified_and_parsed_together(bodies, public),
        against="P-256 verify beside it",
    )
    short = [one.serialize().encode() for one in signed_records(count, key, cast().broker.uscc, iat=1_790_000_000)]
    yield Figure(f"bytes of a signed record of {LINES} lines", "bytes", (sum(map(len, short)) / count,))
    yield context.per_second(
        f"record of {LINES} lines verified and parsed into its model, {GROUP} a step",
        lambda: _verified_and_parsed_together(short, public),
        against="P-256 verify beside it",
    )


def _sm2_verified(count: int) -> int:
    key = SigningKey.generate(KeyAlgorithm.SM2)
    (signed,) = signed_records(1, key, cast().broker.uscc, iat=1_790_000_000, lines=GOODS_LINES)
    if not all(signed.verify(key.public) for _ in range(count)):
        raise ValueError("a signature of our own does not verify")
    return count


def _verified_and_parsed_together(bodies: list[bytes], public: PublicKey) -> int:
    for start in range(0, len(bodies), GROUP):
        group = [parse_signed(body) for body in bodies[start : start + GROUP]]
        if not all(signed.verify(public) for signed in group):
            raise ValueError("a signature of our own does not verify")
        for signed in group:
            parse_record(signed)
    return len(bodies)


BENCHMARK = Benchmark(
    name="records",
    what="SD-JWT records of ten goods lines, one core",
    leaves_out="network, registry look-ups, the store",
    run=run,
)
