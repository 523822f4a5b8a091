"""The store on PostgreSQL against the one on SQLite: bulk intake by one gateway process, and by two on one server.

PostgreSQL is measured where `TONGGUAN_BENCH_POSTGRES` names an empty database of a server that runs, such as
`postgresql://bench@/bench?host=/run/postgresql`; else SQLite alone is.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scripts.benchmarks.harness import Benchmark, Context, Figure, at_least
from scripts.benchmarks.load import signed_bodies
from scripts.benchmarks.local_consortium import now_s, open_town

DATABASE_VARIABLE: Final = "TONGGUAN_BENCH_POSTGRES"
STORE_VARIABLE: Final = "TONGGUAN_STORE_URL"
CHUNK = 200
"""Records of one transaction."""
SQLITE = "bulk intake into SQLite, one process"
SHARE = 0.6
"""Of SQLite's rate that PostgreSQL must reach."""
MEETING_S = 120.0
"""How long one process waits for the others: they begin together."""


def run(context: Context) -> Iterator[Figure]:
    """Each store takes the same number of records a process."""
    count = 600 if context.quick else 8_000
    home = context.scratch / "consortium"
    with open_town(home) as town:
        broker = town.uscc("broker")
        context.say("records are signed beforehand")
        total = (1 + 1 + 2) * count * context.repetitions
        bodies = signed_bodies(total, town.keys[broker], broker, town.consortium, iat=now_s())
    twin = Path(shutil.copytree(home, context.scratch / "twin"))
    portions = iter([bodies[at : at + count] for at in range(0, total, count)])

    def rates(homes: Sequence[Path], url: str, where: str) -> tuple[float, ...]:
        values = []
        for _ in range(context.repetitions):
            context.say(f"{count:,} records a process into {where}, {len(homes)} at a time")
            values.append(_accepted_per_second([(home, url, next(portions)) for home in homes]))
        return tuple(values)

    yield Figure(SQLITE, "/s", rates([home], "", "SQLite"))
    url = os.environ.get(DATABASE_VARIABLE, "")
    if not url:
        context.say(f"{DATABASE_VARIABLE} names no database: PostgreSQL is left out")
        return
    for name, homes in (("one process", [home]), ("two processes", [home, twin])):
        figure = f"bulk intake into PostgreSQL, {name}"
        yield Figure(figure, "/s", rates(homes, url, "PostgreSQL"), against=SQLITE, share_limit=at_least(SHARE))


def _accepted_per_second(shares: Sequence[tuple[Path, str, Sequence[bytes]]]) -> float:
    """All records of all processes, from when they began together until the last was done."""
    with TemporaryDirectory() as meeting, ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
        place = Path(meeting)
        tasks = [pool.submit(accept_together, *share, place, len(shares)) for share in shares]
        times = [task.result() for task in tasks]
    took_s = max(ended for _, ended in times) - min(began for began, _ in times)
    return sum(len(bodies) for _, _, bodies in shares) / took_s


def accept_together(
    home: Path, url: str, bodies: Sequence[bytes], meeting: Path, processes: int
) -> tuple[float, float]:
    """Opens a gateway's parts, waits for the others, takes the records; when it began and ended. For a process."""
    if url:
        os.environ[STORE_VARIABLE] = url
    with open_town(home) as town:
        (meeting / str(os.getpid())).touch()
        until = time.monotonic() + MEETING_S
        while len(list(meeting.iterdir())) < processes:
            if time.monotonic() > until:
                raise TimeoutError("another process did not come")
            time.sleep(0.01)
        began = time.time()
        for start in range(0, len(bodies), CHUNK):
            town.accept(bodies[start : start + CHUNK])
        return began, time.time()


BENCHMARK = Benchmark(
    name="postgres",
    what="records of three goods lines through a gateway's intake into its store, in transactions of 200",
    leaves_out="signing, HTTP, sealing; the server shares the cores with the gateways",
    run=run,
)
