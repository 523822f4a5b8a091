"""One function as a program: its parameters are the options, what it returns is the exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NoReturn

import typer


def run_program(name: str, function: Callable[..., int], arguments: Sequence[str] | None = None) -> int:
    """Runs a function by the words of a command line (default: the process's) and gives its exit code.

    Bad usage is one sentence on standard error and 2; `--help` is 0. Options are described by `typer.Option`.
    """
    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @wraps(function)
    def run(*positional: Any, **options: Any) -> NoReturn:
        raise typer.Exit(function(*positional, **options))

    program.command(name)(run)
    try:
        program(args=None if arguments is None else list(arguments), prog_name=name)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
