"""What an auditor types: verify a bundle offline; and what a reader types to get one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

BundleFile = Annotated[Path, typer.Argument(help="proof bundle", metavar="BUNDLE")]
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command(context_settings=PASSED_ON)(verify)


def verify(context: typer.Context) -> None:
    """Verify a proof bundle offline: BUNDLE --trust-root FILE [--as-of BLOCK] [--json] [--lang zh|en].

    The same program as `python -m chain.verify`, with the same options; `--help` lists them. Exit 0 only where the
    verdict is VALID, 1 where it is any other, 2 where it could not be told.
    """
    from chain.verify.__main__ import main

    sys.exit(main(context.args))
