"""`python -m adapters.single_window_mock --dir DIR --members DIR/members --port N`: the stand-in on this machine.

Prints its address on one line when it takes connections; SIGINT and SIGTERM end it cleanly.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import uvicorn

from adapters.single_window_mock.app import create_app
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.store import MessageStore
from chain.errors import TongguanError
from chain.private_files import keep_files_private

CANNOT_TELL = 2


def main(arguments: list[str] | None = None) -> int:
    """Serves until interrupted; 0 then, 2 where it could not start."""
    parser = argparse.ArgumentParser(prog="single-window", description="The single window stand-in.")
    parser.add_argument("--dir", type=Path, required=True, help="folder of its store, made where absent")
    parser.add_argument("--members", type=Path, required=True, help="folder of <slug>/member.json files")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8640)
    options = parser.parse_args(arguments)
    keep_files_private()
    try:
        cast = Cast.read(options.members)
        options.dir.mkdir(parents=True, exist_ok=True)
        store = MessageStore(options.dir / "single-window.sqlite")
    except (TongguanError, OSError) as error:
        print(f"single-window: {error}", file=sys.stderr)
        return CANNOT_TELL
    # The server raises the signal that ended it once more when it is done, and that must be an ordered end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"single window stand-in at http://{options.host}:{options.port}", flush=True)
    try:
        uvicorn.run(create_app(store, cast), host=options.host, port=options.port, log_level="warning")
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
