"""`./scripts/demo --region [--once] [--dir DIR]`: three organisations, one truth, on this machine's loopback."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from chain.command_line import run_program
from chain.errors import TongguanError
from chain.private_files import keep_files_private
from scripts.demonstration import EXIT_INTERRUPTED, DemonstrationFailed, DemonstrationInterrupted
from scripts.processes import StopSignal, free_ports
from scripts.region.demonstration import RegionDemonstration
from scripts.region.foundation import ORGANISATIONS, found_region
from scripts.region.network import RegionNetwork

RUNS_MAX = 1_000


def main(arguments: list[str] | None = None) -> int:
    """Runs the regional demonstration; 0 where all held, 1 where a claim did not, 2 where it could not be told."""
    return run_program("demo", run_region, arguments)


def run_region(
    directory: Annotated[Path, typer.Option("--dir", help="holds everything it writes")] = Path(".demo"),
    once: Annotated[bool, typer.Option("--once", help="leave after the last step instead of running on")] = False,
) -> int:
    """Beijing, Tianjin and Hebei, each with its own gateway: one truth."""
    console = Console()
    stopped = StopSignal()
    began = time.monotonic()
    path = _new_folder(directory.resolve())

    def say(text: str) -> None:
        console.print(f"    {text}", highlight=False, soft_wrap=True)

    try:
        console.print(
            "\n[bold cyan]▸[/] [bold]Three organisations found a consortium by files, keys never leave[/bold]"
        )
        node_port, *ports = free_ports([0] * (1 + len(ORGANISATIONS)))
        region = found_region(path, dict(zip(ORGANISATIONS, ports, strict=True)), say)
        _step(console, "Each starts what is its own")
        with RegionNetwork(region, node_port) as network:
            network.start(say)
            RegionDemonstration(region, network, console, stopped).run()
            console.print(
                f"\n[bold]All of it held, {time.monotonic() - began:.0f} s from the start.[/] It is in {path}"
            )
            if not once:
                console.print("Everything keeps running. Interrupt (Ctrl-C) to stop.")
                network.run_until(stopped, say)
    except DemonstrationInterrupted as error:
        console.print(f"\n[bold]Stopped before the end:[/] {error}", soft_wrap=True)
        return EXIT_INTERRUPTED
    except DemonstrationFailed as error:
        console.print(f"\n[bold red]It did not hold:[/] {error}", soft_wrap=True)
        return 1
    except (TongguanError, httpx.HTTPError, OSError) as error:
        console.print(f"\n[bold red]Could not go on:[/] {error}", soft_wrap=True)
        return 2
    return 0


def _step(console: Console, text: str) -> None:
    console.print(f"\n[bold cyan]▸[/] [bold]{text}[/bold]")


def _new_folder(directory: Path) -> Path:
    """A region is founded anew each time: its cards name the ports of this run."""
    for number in range(1, RUNS_MAX):
        path = directory / ("region" if number == 1 else f"region-{number}")
        if not path.exists():
            path.mkdir(parents=True)
            return path
    raise DemonstrationFailed(f"{directory} holds {RUNS_MAX} regions already; name another with --dir")


if __name__ == "__main__":
    keep_files_private()
    sys.exit(main())
