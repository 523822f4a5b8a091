"""Adapters: a native message read, mapped and signed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from adapters.registry import read_message
from chain.claims import make_jti
from chain.keys import SigningKey
from chain.records import sign_record
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least, at_most
from scripts.benchmarks.load import CONSORTIUM, cast, messages


def run(context: Context) -> Iterator[Figure]:
    """CEB621 of ten lines; and how long `tongguan read` takes to import what it needs."""
    count = 200 if context.quick else 600
    loaded = list(messages(count, lines=10))
    key, broker = SigningKey.generate(), cast().broker.uscc

    def read_map_sign() -> int:
        for place, (body, ucrs) in enumerate(loaded):
            for entity in read_message(body).entities:
                if entity.record is None:
                    raise ValueError("a message of the generator became no record")
                record = entity.record.for_ucrs(ucrs)
                sign_record(
                    record,
                    key=key,
                    iss=broker,
                    consortium=CONSORTIUM,
                    iat=1_790_000_000,
                    jti=make_jti(bytes(32), f"b{place}"),
                )
        return count

    yield Figure("bytes of a CEB621 of ten lines", "bytes", (sum(len(body) for body, _ in loaded) / count,))
    yield context.per_second("CEB621 read and mapped", lambda: len([read_message(body) for body, _ in loaded]))
    yield context.per_second("CEB621 read, mapped and signed", read_map_sign, limit=at_least(1_500))
    yield context.milliseconds("import of the package for `tongguan read`", _import_once, times=3, limit=at_most(500))


def _import_once() -> None:
    program = "import adapters.registry, adapters.formats.ceb.declaration"
    subprocess.run([sys.executable, "-c", program], check=True)


BENCHMARK = Benchmark(
    name="adapters",
    what="CEB621 of ten lines, one core",
    leaves_out="fetching from the single window, the journal, submission",
    run=run,
)
