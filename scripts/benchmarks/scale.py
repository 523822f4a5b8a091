"""What a national load would cost, computed from the figures of one run: `docs/scale.md`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.harness import Results, number

PEAK_A_MINUTE = 85_000
DAILY = 20_000_000
"""Declarations: a national single window's peak minute, and a day."""
STORY_RECORDS = 9
"""Records of a consignment with order, payment, waybill, replies and tax bill."""
QBFT_ENTRIES_A_SECOND = 25_000
"""Batches of 2,048 on a live four-validator GoQuorum QBFT network on two cores; measured once, not by this command."""
DAY_S = 86_400
YEAR_DAYS = 365
NOT_MEASURED = "not measured in this run"


@dataclass(frozen=True)
class Stage:
    """One stage of the way: what it can do on this machine, and what one more machine does for it."""

    name: str
    figure: str
    """How the figure's name begins that says its capacity, things a second."""
    cores: int
    """How many cores that figure had to itself, or shared with the others of its run; 0 for all."""
    grows: str


STAGES = (
    Stage("signature and sections checked", "record verified and parsed into its model", 1, "another core"),
    Stage("accepted in bulk, all parts on one machine", "signed beforehand to accepted", 0, "another gateway"),
    Stage("accepted and anchored, all parts on one machine", "signed beforehand to anchored", 0, "another gateway"),
    Stage("anchored on the embedded node", "entries/s anchored in full batches", 1, "not at all: one core executes"),
    Stage("replayed by each follower", "replay at ", 1, "not at all: one writer, one chain"),
)


def write_scale(results: Results, folder: Path) -> None:
    """Writes `scale.md` into the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "scale.md").write_text("\n".join(_lines(results)) + "\n")


def needs() -> dict[str, float]:
    """Records a second that the load means: at its peak and over a day, for a record or a whole story each."""
    peak, mean = PEAK_A_MINUTE / 60, DAILY / DAY_S
    return {
        "peak, one record a declaration": peak,
        f"peak, {STORY_RECORDS} records a declaration": peak * STORY_RECORDS,
        "day, one record a declaration": mean,
        f"day, {STORY_RECORDS} records a declaration": mean * STORY_RECORDS,
    }


def first_to_break(results: Results) -> tuple[str, float] | None:
    """The stage whose capacity is the smallest, and that capacity; None where none was measured."""
    known = [(stage.name, rate) for stage in STAGES if (rate := _value(results, stage.figure)) is not None]
    return min(known, key=lambda one: one[1], default=None)


def _lines(results: Results) -> list[str]:
    machine = results.machine
    asked = needs()
    quick = "; quick run" if machine["quick"] else ""
    said = "; ".join(f"{name}: {number(rate)} records/s" for name, rate in asked.items())
    return [
        "# Scale",
        "",
        "Printed by `./scripts/bench --document` from the figures of one run; do not edit. It is arithmetic on paper:",
        "a load of this size was not run. What was measured, and how, stands in [performance.md](performance.md).",
        "",
        f"Machine: {machine['processor']}, {machine['cores']} cores; commit {machine['commit']}{quick}.",
        "",
        f"The load: {PEAK_A_MINUTE:,} declarations in the peak minute, {DAILY:,} a day. {said}.",
        f"With order, payment, waybill, replies and tax bill it has {STORY_RECORDS} records of an entry each.",
        "",
        "## Capacity of each stage",
        "",
        f"| stage | measured here | load of one peak, {STORY_RECORDS} records each | more by |",
        "|---|---|---|---|",
        *(_stage_row(results, stage, asked[f"peak, {STORY_RECORDS} records a declaration"]) for stage in STAGES),
        "",
        "## Bytes",
        "",
        "| what | each | a day, one record a declaration | a day, all records | a year, all records |",
        "|---|---|---|---|---|",
        *_byte_rows(results),
        "",
        "A bundle is made when it is asked for and kept by nobody:",
        "",
        *_bundle_lines(results),
        "",
        "## Where it breaks first",
        "",
        *_verdict(results, asked),
    ]


def _stage_row(results: Results, stage: Stage, need: float) -> str:
    rate = _value(results, stage.figure)
    if rate is None:
        return f"| {stage.name} | {NOT_MEASURED} | | {stage.grows} |"
    cores = stage.cores or results.machine["cores"]
    load = need / rate
    verdict = f"{load:.0%}" if load <= 1 else f"{load:.1f} times too much: {math.ceil(load * cores)} such cores"
    return f"| {stage.name} | {number(rate)}/s on {cores} core{'s' if cores > 1 else ''} | {verdict} | {stage.grows} |"


def _byte_rows(results: Results) -> list[str]:
    batch = _value(results, "bytes of a full batch's transaction")
    each: Sequence[tuple[str, float | None]] = (
        ("chain: calldata of an entry in a full batch", None if batch is None else batch / 2_048),
        ("chain: one node's disk", _value(results, "disk: chain (one node)")),
        ("index: one follower's disk", _value(results, "disk: index (one follower)")),
        ("store: one gateway's disk", _value(results, "disk: store (payloads, search)")),
    )
    rows = []
    for what, size in each:
        if size is None:
            rows.append(f"| {what} | {NOT_MEASURED} | | | |")
            continue
        day = size * DAILY
        sizes = (day, day * STORY_RECORDS, day * STORY_RECORDS * YEAR_DAYS)
        rows.append(f"| {what} | {number(size)} B | {' | '.join(map(_bytes_said, sizes))} |")
    return rows


def _bundle_lines(results: Results) -> list[str]:
    record = _value(results, "one record, 2,048 entries a batch: size")
    consignment = _value(results, "consignment in 12 batches, 30 records: size")
    verified = _value(results, "one record, 2,048 entries a batch: verified")
    lines = []
    if record is not None:
        lines.append(
            f"- one record of a full batch: {number(record)} kB; a day's {DAILY:,}: {_bytes_said(record * 1e3 * DAILY)}"
        )
    if consignment is not None:
        lines.append(f"- a consignment of 30 records in 12 batches: {number(consignment)} kB")
    if verified is not None:
        hours = verified * DAILY / 3.6e6
        lines.append(f"- an auditor who verifies a whole day's declarations one by one: {number(hours)} core hours")
    return lines or [f"- {NOT_MEASURED}"]


def _verdict(results: Results, asked: dict[str, float]) -> list[str]:
    weakest = first_to_break(results)
    if weakest is None:
        return [NOT_MEASURED + "."]
    name, rate = weakest
    carried = [what for what, need in asked.items() if need <= rate]
    broken = [what for what, need in asked.items() if need > rate]
    times = QBFT_ENTRIES_A_SECOND / asked[f"peak, {STORY_RECORDS} records a declaration"]
    return [
        f"The weakest stage here is *{name}* with {number(rate)} records/s.",
        f"It carries: {'; '.join(carried) or 'none'}. It does not carry: {'; '.join(broken) or 'none'}.",
        "",
        "Checking and accepting grow with gateways, each with its own store, keys and account on one chain. The chain",
        "does not: every validator executes every batch. An existing QBFT network of four validators (GoQuorum, two",
        f"cores for all) carried {QBFT_ENTRIES_A_SECOND:,} entries/s in batches of 2,048: {times:.1f} times the peak",
        "with all records; one transaction a record gave about 320/s there. So a national load belongs on such an",
        "engine (Hyperledger Besu or GoQuorum with QBFT); the embedded node is for a district, a port or a test.",
        "",
        "Next come the followers, of which every governor runs one: a single writer each, bounded by the replay rate",
        f"above. From nothing, {_replay_said(results)}.",
    ]


def _replay_said(results: Results) -> str:
    rate = _value(results, "replay at ")
    if rate is None:
        return f"a year's replay was {NOT_MEASURED}"
    days = DAILY * STORY_RECORDS * YEAR_DAYS / rate / DAY_S
    return f"a year with all records takes {number(days)} days, so a follower is better started from a copied index"


def _value(results: Results, start: str) -> float | None:
    found = [one for some in results.figures.values() for one in some if one.name.startswith(start)]
    return found[-1].median if found else None


def _bytes_said(size: float) -> str:
    steps: tuple[tuple[float, str], ...] = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"))
    scale, unit = next(((scale, unit) for scale, unit in steps if size >= scale), (1e3, "kB"))
    return f"{number(size / scale)} {unit}"
