"""`./scripts/bench [NAME…] [--quick] [--json FILE] [--compare FILE] [--profile DIR] [--document]`.

Runs each benchmark in a process of its own, so that none inherits another's memory, and prints the table as it grows.
Exit 0 where every limit held, 1 where one did not, 2 where a benchmark could not be run.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chain.command_line import run_program
from chain.private_files import keep_files_private
from scripts.benchmarks.harness import (
    MODULES,
    Benchmark,
    Context,
    Figure,
    Results,
    describe_machine,
    load,
    number,
    share_said,
)

BENCHMARK_TIMEOUT_S = 1_800
HUGE_TIMEOUT_S = 6 * 3_600
TERMINATED = 128 + signal.SIGTERM
PROFILE_INTERVAL_S = 0.002
"""Finer steps slow the founding of a consortium so much that the node's own limits cut it off."""


@dataclass(frozen=True)
class Options:
    """How benchmarks are run."""

    names: tuple[str, ...]
    quick: bool
    huge: bool
    profile: Path | None


def run_here(name: str, context: Context, profile: Path | None) -> list[Figure]:
    """Runs a benchmark in this process, under a profiler where `profile` names a folder for its flame graph."""
    benchmark = load(name)
    if profile is None:
        return _collected(benchmark, context)
    from pyinstrument import Profiler

    profiler = Profiler(interval=PROFILE_INTERVAL_S)
    with profiler:
        figures = _collected(benchmark, context)
    profile.mkdir(parents=True, exist_ok=True)
    (profile / f"{name}.html").write_text(profiler.output_html())
    context.say(f"profile: {profile / name}.html")
    return figures


def run_apart(name: str, options: Options, console: Console) -> list[Figure]:
    """Runs a benchmark in a process of its own and reads its figures."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "figures.json"
        command = [sys.executable, "-m", "scripts.benchmarks", name, "--inside", str(result)]
        command += ["--quick"] if options.quick else []
        command += ["--huge"] if options.huge else []
        command += ["--profile", str(options.profile)] if options.profile else []
        began = time.monotonic()
        code, said = _run_saying(command, name, console, HUGE_TIMEOUT_S if options.huge else BENCHMARK_TIMEOUT_S)
        if code != 0 or not result.exists():
            raise RuntimeError(f"{name} could not be run:\n{said[-4000:]}")
        console.print(f"[dim]{name}: {time.monotonic() - began:.0f} s[/dim]")
        return Results.from_json(result.read_text()).figures[name]


def _run_saying(command: list[str], name: str, console: Console, timeout_s: float) -> tuple[int, str]:
    """Runs a command and shows its last line while it runs; its exit code, and all that it said."""
    began, said = time.monotonic(), []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # Interrupted rather than killed, so that it ends the processes that it started.
    killer = Timer(timeout_s, process.send_signal, [signal.SIGINT])
    killer.start()
    try:
        with console.status(f"{name}: {load(name).what}") as status:
            for line in process.stdout or ():
                said.append(line)
                status.update(f"{name}, {time.monotonic() - began:.0f} s: {escape(line.strip()[:100])}")
        return process.wait(), "".join(said)
    finally:
        killer.cancel()
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait()


def show(console: Console, results: Results, name: str, before: Results | None) -> bool:
    """Prints one benchmark's table; whether every promise held."""
    benchmark = load(name)
    table = Table(
        title=f"{name}: {benchmark.what}", caption=f"Leaves out: {benchmark.leaves_out}", title_justify="left"
    )
    for column in ("figure", "median", "min … max", "share of", "promise"):
        table.add_column(column)
    if before is not None:
        table.add_column("before")
    held = True
    for figure in results.figures[name]:
        share = results.share(figure)
        promises = [(figure.limit, figure.median), (figure.share_limit, share)]
        kept = all(limit is None or value is None or limit.holds(value) for limit, value in promises)
        held = held and kept
        said = " and ".join(str(limit) for limit, _ in promises if limit is not None)
        row = [
            figure.name,
            f"{number(figure.median)} {figure.unit}",
            f"{number(min(figure.values))} … {number(max(figure.values))}",
            "" if share is None else f"{share_said(share)} {figure.against}",
            said and f"{'[green]held[/]' if kept else '[red]missed[/]'} {said}",
        ]
        if before is not None:
            row.append(_change(figure, before, results))
        table.add_row(*row)
    console.print(table)
    return held


def main(arguments: list[str] | None = None) -> int:
    """Runs what was asked for."""
    return run_program("bench", run_benchmarks, arguments)


def run_benchmarks(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help=f"of {', '.join(MODULES)}")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="smaller sizes, fewer repetitions; two minutes")] = False,
    huge: Annotated[bool, typer.Option("--huge", help="also sizes of 10⁷; many minutes")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the results here")] = None,
    compare: Annotated[Path | None, typer.Option(help="results of an earlier run, to show what changed")] = None,
    profile: Annotated[Path | None, typer.Option(help="folder for a flame graph of each benchmark")] = None,
    document: Annotated[bool, typer.Option("--document", help="write docs/ and the README's table")] = False,
    inside: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> int:
    """Print the project's figures again."""
    unknown = [name for name in names or () if name not in MODULES]
    if unknown:
        raise typer.BadParameter(f"no benchmark {unknown[0]}; there are {', '.join(MODULES)}")
    options = Options(tuple(names or ()), quick, huge, profile)
    # Told to end, it ends as if interrupted: what it started is ended, scratch folders are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    console = Console()
    if inside:
        return _inside(options, inside)
    chosen = options.names or [name for name in MODULES if _exists(name)]
    before = Results.from_json(compare.read_text()) if compare else None
    results = Results(describe_machine(options.quick))
    held, failed = True, []
    for place, name in enumerate(chosen, 1):
        console.print(f"[dim]{place} of {len(chosen)}[/dim]", end=" ")
        try:
            results.figures[name] = run_apart(name, options, console)
        except RuntimeError as error:
            # The others are still worth having: a full run takes half an hour.
            console.print(str(error), style="red", markup=False, highlight=False)
            failed.append(name)
            continue
        held = show(console, results, name, before) and held
        if json_file:
            json_file.write_text(results.to_json())
    if document:
        _document(results, console)
    if failed:
        console.print(f"could not be run: {', '.join(failed)}", style="red")
        return 2
    return 0 if held else 1


def _document(results: Results, console: Console) -> None:
    from scripts.benchmarks.pages import write_pages
    from scripts.benchmarks.readme import write_readme
    from scripts.benchmarks.scale import write_scale

    write_pages(results, Path("docs"))
    write_scale(results, Path("docs"))
    write_readme(results, Path("README.md"))
    console.print("docs/performance.md, docs/scale.md and the table in README.md are written")


def _inside(options: Options, results_file: Path) -> int:
    (name,) = options.names
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(options.quick, lambda text: print(text, flush=True), Path(scratch), options.huge)
        figures = run_here(name, context, options.profile)
    results_file.write_text(Results({}, {name: figures}).to_json())
    return 0


def _collected(benchmark: Benchmark, context: Context) -> list[Figure]:
    return [replace(figure, values=tuple(figure.values)) for figure in benchmark.run(context)]


def _change(figure: Figure, before: Results, now: Results) -> str:
    old = before.find(figure.name)
    if old is None:
        return "new"
    shares = (before.share(old), now.share(figure))
    if None not in shares:
        was, is_now = shares
        return f"share {was:.0%} → {is_now:.0%}"
    return f"{figure.median / old.median - 1:+.0%}" if old.median else ""


def _exists(name: str) -> bool:
    return (Path(__file__).parent / f"{name}.py").exists()


if __name__ == "__main__":
    keep_files_private()
    try:
        sys.exit(main())
    except json.JSONDecodeError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
