"""`python -m adapters.single_window_mock --dir DIR --members DIR/members --port N`: the stand-in on this machine.

Prints its address on one line when it takes connections; SIGINT and SIGTERM end it cleanly.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from adapters.single_window_mock.app import create_app
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.store import MessageStore
from chain.command_line import run_program
from chain.errors import TongguanError
from chain.private_files import keep_files_private

CANNOT_TELL = 2


def main(arguments: list[str] | None = None) -> int:
    """Serves until interrupted; 0 then, 2 where it could not start."""
    return run_program("single-window", run_single_window, arguments)


def run_single_window(
    directory: Annotated[Path, typer.Option("--dir", help="folder of its store, made where absent")],
    members: Annotated[Path, typer.Option(help="folder of <slug>/member.json files")],
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port")] = 8640,
) -> int:
    """The single window stand-in."""
    keep_files_private()
    try:
        cast = Cast.read(members)
        directory.mkdir(parents=True, exist_ok=True)
        store = MessageStore(directory / "single-window.sqlite")
    except (TongguanError, OSError) as error:
        print(f"single-window: {error}", file=sys.stderr)
        return CANNOT_TELL
    # The server raises the signal that ended it once more when it is done, and that must be an ordered end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"single window stand-in at http://{host}:{port}", flush=True)
    try:
        uvicorn.run(create_app(store, cast), host=host, port=port, log_level="warning")
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
