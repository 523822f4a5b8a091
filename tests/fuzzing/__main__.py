"""`python -m tests.fuzzing READER [--seconds N] [--seed N] [--found DIR]`: exits 1 where a reader broke a promise.

READER is xml, json, edifact, numbered, cargo_imp, sd-jwt, http (a gateway's routes) or json-rpc (a node's). Each input
that breaks one, the first of its kind, is written into DIR.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from chain.command_line import run_program
from tests.fuzzing.watch import PEAK_KB_MAX, READERS, next_input, peak_kb, watched

WARM_INPUTS = 2_000
"""Inputs before memory and time count, so that every reader's module is imported."""


def main(
    reader: str,
    seconds: float = 60.0,
    seed: int = 0,
    folder: Annotated[Path | None, typer.Option("--found", help="folder for the inputs that break a promise")] = None,
) -> int:
    """Try one reader for so long and print how its inputs ended."""
    if reader not in READERS:
        raise typer.BadParameter(f"no reader {reader}; there are {', '.join(READERS)}")
    random, ends, found = Random(seed), Counter[str](), dict[str, bytes]()
    for _ in range(WARM_INPUTS):
        watched(reader, next_input(reader, random))
    start_kb, until = peak_kb(), time.monotonic() + seconds
    while time.monotonic() < until:
        given = next_input(reader, random)
        outcome = watched(reader, given)
        ends[outcome.end] += 1
        grown_kb = peak_kb() - start_kb
        if grown_kb > PEAK_KB_MAX:
            found.setdefault(f"peak memory grew by {grown_kb} kB", given)
            break
        if outcome.found and outcome.end not in found:
            found[outcome.end] = given
            print(f"FOUND {outcome.end}", flush=True)
    _print(reader, ends, peak_kb() - start_kb)
    for count, (end, given) in enumerate(found.items(), 1):
        print(f"broken {count}: {end}")
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{reader}-{count}.bin").write_bytes(given)
    return 1 if found else 0


def _print(reader: str, ends: Counter[str], grown_kb: int) -> None:
    whole = sum(ends.values())
    print(
        f"{reader}: {whole} inputs, {ends['read']} read, {whole - ends['read']} not, peak memory grew by {grown_kb} kB"
    )
    print(f"{len(ends)} ways to end; the most usual:")
    for end, count in ends.most_common(12):
        print(f"  {count:8d} {end}")


if __name__ == "__main__":
    sys.exit(run_program("python -m tests.fuzzing", main))
