"""Results as a page for people: `docs/performance.md` with a plot a series, in light and dark, Chinese and English."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path

from scripts.benchmarks.growth import Growth, fit
from scripts.benchmarks.harness import Figure, Results, load, number, share_said

GROWTH_ZH = {"flat": "持平", "logarithmic": "对数", "linear": "线性"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 320, 80, 24, 44, 52
_STYLE = """
.page{fill:#fff}.ink{fill:#1f2328;font:13px system-ui,sans-serif}.faint{fill:#59636e;font:12px system-ui,sans-serif}
.grid{stroke:#d1d9e0}.model{stroke:#0969da;fill:none;stroke-width:2;stroke-dasharray:5 4}.dot{fill:#0969da}
.bar{stroke:#0969da;stroke-width:2}
@media (prefers-color-scheme:dark){.page{fill:#0d1117}.ink{fill:#e6edf3}.faint{fill:#9198a1}.grid{stroke:#3d444d}
.model{stroke:#4493f8}.dot{fill:#4493f8}.bar{stroke:#4493f8}}
"""


def write_pages(results: Results, folder: Path) -> None:
    """Writes `performance.md` and its plots into the folder."""
    folder.mkdir(exist_ok=True)
    lines = ["# Performance", "", *_machine_lines(results)]
    for name, figures in results.figures.items():
        benchmark = load(name)
        lines += ["", f"## {name}: {benchmark.what}", "", f"Leaves out: {benchmark.leaves_out}.", ""]
        lines += ["| figure | median | min … max | beside | promise |", "|---|---|---|---|---|"]
        lines += [_row(results, figure) for figure in figures]
        for series, some in _series(figures).items():
            growth = fit([one.size or 1 for one in some], [one.median for one in some])
            file = f"growth-{_slug(series)}.svg"
            (folder / file).write_text(plot(series, some, growth))
            lines += ["", f"![{series}: {growth.name}]({file})", "", f"{series}: **{growth.name}** in size."]
    (folder / "performance.md").write_text("\n".join(lines) + "\n")


def plot(series: str, figures: Sequence[Figure], growth: Growth) -> str:
    """An SVG of a series: medians with their spread over size (logarithmic), and the fitted model."""
    sizes = [one.size or 1 for one in figures]
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    top = max(max(one.values) for one in figures) * 1.15 or 1.0

    def x(size: float) -> float:
        share = (math.log10(size) - low) / ((high - low) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - max(0.0, min(value, top)) / top * (HEIGHT - TOP - BOTTOM)

    title = f"{escape(series)} ({escape(figures[0].unit)}): {growth.name} · {GROWTH_ZH[growth.name]}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="ink" x="{LEFT}" y="22">{title}</text>',
    ]
    for step in range(5):
        value = top * step / 4
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(
            f'<text class="faint" text-anchor="end" x="{LEFT - 8}" y="{y(value) + 4:.1f}">{number(value)}</text>'
        )
    steps = [10 ** (low + (high - low) * place / 60) for place in range(61)]
    path = " ".join(f"{x(size):.1f},{y(growth.at(size)):.1f}" for size in steps)
    parts.append(f'<polyline class="model" points="{path}"/>')
    for one, size in zip(figures, sizes, strict=True):
        at = x(size)
        ends = f'y1="{y(min(one.values)):.1f}" y2="{y(max(one.values)):.1f}"'
        parts.append(f'<line class="bar" x1="{at:.1f}" x2="{at:.1f}" {ends}/>')
        parts.append(f'<circle class="dot" cx="{at:.1f}" cy="{y(one.median):.1f}" r="4"/>')
        parts.append(
            f'<text class="faint" text-anchor="middle" x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}">{size:,}</text>'
        )
    parts.append(f'<text class="faint" text-anchor="middle" x="{WIDTH / 2}" y="{HEIGHT - 10}">size · 规模</text></svg>')
    return "\n".join(parts) + "\n"


def _machine_lines(results: Results) -> list[str]:
    machine = results.machine
    versions = ", ".join(f"{name} {said}" for name, said in machine["versions"].items())
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}"
    quick = "; quick run: smaller sizes, fewer repetitions" if machine["quick"] else ""
    return [
        "Printed by `./scripts/bench --document`; do not edit. Machines are noisy: compare the ratios, which are",
        "within this one run, and not the rates.",
        "",
        f"Machine: {hardware}, Python {machine['python']}; {versions}; commit {machine['commit']}{quick}.",
    ]


def _row(results: Results, figure: Figure) -> str:
    share = results.share(figure)
    beside = "" if share is None else f"{share_said(share)} {figure.against}"
    told = []
    for limit, value in ((figure.limit, figure.median), (figure.share_limit, share)):
        if limit is not None and value is not None:
            told.append(f"{limit} {'held' if limit.holds(value) else '**missed**'}")
    spread = f"{number(min(figure.values))} … {number(max(figure.values))}"
    return f"| {figure.name} | {number(figure.median)} {figure.unit} | {spread} | {beside} | {', '.join(told)} |"


def _series(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    found: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        if figure.series and figure.size:
            found[figure.series].append(figure)
    return {name: sorted(some, key=lambda one: one.size or 0) for name, some in found.items() if len(some) >= 3}


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
