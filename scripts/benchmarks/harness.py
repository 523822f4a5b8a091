"""What a benchmark is, how it is repeated, and what a run's results look like on disk.

A benchmark module defines `BENCHMARK = Benchmark(name, what, leaves_out, run)`. `run(context)` yields figures; a figure
has one value a repetition, may have a limit that the project promises, and may name a peer figure of the same run, for
machines are noisy and only ratios within one run are worth comparing.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

MODULES = (
    "limits",
    "records",
    "adapters",
    "proofs",
    "index_map",
    "contracts",
    "node",
    "intake",
    "postgres",
    "end_to_end",
    "rules",
    "desk",
    "findings",
    "views",
    "statistics_page",
    "colluders",
    "hostile",
)
"""Every benchmark module, in the order of what rests on what."""
RESULTS_FORMAT = "tongguan-bench/1"
VERSIONS_SHOWN = ("cryptography", "coincurve", "py-evm", "web3", "pydantic", "lmdb", "sqlalchemy", "fastapi")


@dataclass(frozen=True)
class Limit:
    """What the project promises of a figure: at least, or at most, `value`."""

    at_least: bool
    value: float

    def holds(self, measured: float) -> bool:
        """Whether the measured value keeps the promise."""
        return measured >= self.value if self.at_least else measured <= self.value

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {number(self.value)}"


def at_least(value: float) -> Limit:
    """The figure must not be below `value`."""
    return Limit(True, value)


def at_most(value: float) -> Limit:
    """The figure must not be above `value`."""
    return Limit(False, value)


@dataclass(frozen=True)
class Figure:
    """One measured quantity: a value a repetition."""

    name: str
    unit: str
    values: tuple[float, ...]
    limit: Limit | None = None
    against: str = ""
    """Name of a figure of the same run that this one is compared with; its share is then printed."""
    share_limit: Limit | None = None
    """What the project promises of that share."""
    size: int | None = None
    """For growth: how large the thing was; figures of the same `series` differ only in it."""
    series: str = ""

    @property
    def median(self) -> float:
        """The middle value of the repetitions."""
        return statistics.median(self.values)


@dataclass
class Context:
    """How one run is asked to measure."""

    quick: bool
    say: Callable[[str], None]
    scratch: Path
    huge: bool = False
    """Also measure sizes that take many minutes (10⁷)."""

    @property
    def repetitions(self) -> int:
        """How often each measurement is repeated."""
        return 3 if self.quick else 5

    def per_second(self, name: str, work: Callable[[], int], **facts: Any) -> Figure:
        """How many things a second: `work` does some and returns how many."""
        values = []
        for _ in range(self.repetitions):
            began = time.perf_counter()
            done = work()
            values.append(done / (time.perf_counter() - began))
        return Figure(name, "/s", tuple(values), **facts)

    def milliseconds(self, name: str, work: Callable[[], object], times: int = 20, **facts: Any) -> Figure:
        """How long one takes: the median of `times` calls, a value a repetition."""
        values = []
        for _ in range(self.repetitions):
            took = []
            for _ in range(times):
                began = time.perf_counter()
                work()
                took.append((time.perf_counter() - began) * 1000)
            values.append(statistics.median(took))
        return Figure(name, "ms", tuple(values), **facts)


@dataclass(frozen=True)
class Benchmark:
    """One room's measurements: what they are, what they leave out, and how they are made."""

    name: str
    what: str
    leaves_out: str
    run: Callable[[Context], Iterator[Figure]]


def load(name: str) -> Benchmark:
    """The benchmark of a module's name."""
    benchmark: Benchmark = import_module(f"scripts.benchmarks.{name}").BENCHMARK
    return benchmark


@dataclass
class Results:
    """All figures of one run, with the machine that it ran on."""

    machine: dict[str, Any]
    figures: dict[str, list[Figure]] = field(default_factory=dict)

    def to_json(self) -> str:
        """The results as a file: figures by benchmark, each with min, median and max."""
        said = {
            "format": RESULTS_FORMAT,
            "machine": self.machine,
            "benchmarks": {name: [_figure_json(figure) for figure in some] for name, some in self.figures.items()},
        }
        return json.dumps(said, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Results:
        """Results that `to_json` wrote."""
        said = json.loads(text)
        if said.get("format") != RESULTS_FORMAT:
            raise ValueError(f"not a results file of format {RESULTS_FORMAT}")
        figures = {name: [_figure(one) for one in some] for name, some in said["benchmarks"].items()}
        return cls(said["machine"], figures)

    def find(self, name: str) -> Figure | None:
        """The figure of that name, in whatever benchmark."""
        return next((one for some in self.figures.values() for one in some if one.name == name), None)

    def share(self, figure: Figure) -> float | None:
        """The figure's median as a share of its peer's, where it has one in this run."""
        peer = self.find(figure.against) if figure.against else None
        return None if peer is None or not peer.median else figure.median / peer.median


def describe_machine(quick: bool) -> dict[str, Any]:
    """The machine, the versions of what matters, and the commit that was measured."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS_SHOWN},
        "commit": commit.stdout.strip() or "unknown",
        "quick": quick,
    }


def number(value: float) -> str:
    """A number as people write it: three significant figures, thousands apart."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def share_said(share: float) -> str:
    """A share as people say it: percent, or how many times where it is twice or more."""
    if share >= 2:
        return f"{number(share)} times"
    return f"{share:.0%} of" if share >= 0.01 else f"{share:.2%} of"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _figure_json(figure: Figure) -> dict[str, Any]:
    said = {key: value for key, value in asdict(figure).items() if value not in (None, "")}
    return {**said, "min": min(figure.values), "median": figure.median, "max": max(figure.values)}


def _figure(said: dict[str, Any]) -> Figure:
    known = {key: value for key, value in said.items() if key not in ("min", "median", "max")}
    for name in ("limit", "share_limit"):
        if name in known:
            known[name] = Limit(**known[name])
    return Figure(**{**known, "values": tuple(known["values"])})
