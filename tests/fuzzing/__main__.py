"""`python -m tests.fuzzing READER [--seconds N] [--seed N] [--found DIR]`: exits 1 where a reader broke a promise.

READER is xml, json, edifact, numbered, cargo_imp, sd-jwt, http (a gateway's routes) or json-rpc (a node's). Each input
that breaks one, the first of its kind, is written into DIR.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzzing.watch import PEAK_KB_MAX, READERS, next_input, peak_kb, watched

WARM_INPUTS = 2_000
"""Inputs before memory and time count, so that every reader's module is imported."""


def main() -> int:
    """Tries one reader for so long and prints how its inputs ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--found", type=Path, help="folder for the inputs that break a promise")
    asked = parser.parse_args()
    random, ends, found = Random(asked.seed), Counter[str](), dict[str, bytes]()
    for _ in range(WARM_INPUTS):
        watched(asked.reader, next_input(asked.reader, random))
    start_kb, until = peak_kb(), time.monotonic() + asked.seconds
    while time.monotonic() < until:
        given = next_input(asked.reader, random)
        outcome = watched(asked.reader, given)
        ends[outcome.end] += 1
        grown_kb = peak_kb() - start_kb
        if grown_kb > PEAK_KB_MAX:
            found.setdefault(f"peak memory grew by {grown_kb} kB", given)
            break
        if outcome.found and outcome.end not in found:
            found[outcome.end] = given
            print(f"FOUND {outcome.end}", flush=True)
    _print(asked.reader, ends, peak_kb() - start_kb)
    for count, (end, given) in enumerate(found.items(), 1):
        print(f"broken {count}: {end}")
        if asked.found is not None:
            asked.found.mkdir(parents=True, exist_ok=True)
            (asked.found / f"{asked.reader}-{count}.bin").write_bytes(given)
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
    sys.exit(main())
