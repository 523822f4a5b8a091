"""The `tongguan` command: one name for all that a member, an operator or an auditor does.

Exit codes: 0 yes, 1 a clear no (not valid, refused), 2 could not tell (bad usage, unreadable file, no connection).
Each command's room is imported when it is called, so that `read` and `verify` start at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from chain.errors import LedgerFault, Malformed, NotFound, Refused, TongguanError
from chain.private_files import keep_files_private
from scripts.language import LANGUAGES, VARIABLES, is_chinese
from scripts.lazy_commands import LazyGroup

EXIT_NO = 1
EXIT_COULD_NOT_TELL = 2

app = typer.Typer(
    name="tongguan",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        # Reading what is installed takes longer than all of `--help`.
        from chain.program_version import program_version

        print(f"tongguan {program_version()}")
        raise typer.Exit


def _choose(language: str) -> str:
    if language and language not in LANGUAGES:
        raise typer.BadParameter(f"one of {', '.join(LANGUAGES)}")
    if language:
        os.environ[VARIABLES[0]] = language
    return language


@app.callback()
def start(
    lang: Annotated[
        str, typer.Option("--lang", callback=_choose, is_eager=True, help="zh or en; default: the login's language")
    ] = "",
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version and end")
    ] = False,
) -> None:
    """Tongguan 通关: clearance, logistics and tax records of one consignment, each provable to a stranger."""


def exit_code(error: TongguanError) -> int:
    """1 where the error is a clear no, 2 where nothing could be told."""
    return EXIT_NO if isinstance(error, Malformed | Refused | NotFound) else EXIT_COULD_NOT_TELL


def main() -> None:
    """Runs the command; an error of ours is one sentence on standard error, never a traceback."""
    keep_files_private()
    try:
        app()
    except LedgerFault as error:
        print(f"tongguan: {'链' if is_chinese() else 'the ledger'}: {_sentence(error)}", file=sys.stderr)
        sys.exit(EXIT_NO if _is_refused(error) else EXIT_COULD_NOT_TELL)
    except TongguanError as error:
        print(f"tongguan: {_sentence(error)}", file=sys.stderr)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        sys.exit(EXIT_COULD_NOT_TELL)
    except OSError as error:
        print(f"tongguan: {error}", file=sys.stderr)
        sys.exit(EXIT_COULD_NOT_TELL)
    except Exception as error:
        if not _is_no_connection(error):
            raise
        print(f"tongguan: {'无法连接' if is_chinese() else 'no connection'}: {error}", file=sys.stderr)
        sys.exit(EXIT_COULD_NOT_TELL)


def _sentence(error: TongguanError) -> str:
    """What an error says, in the language of `--lang`; a gateway's refusal as the gateway itself says it."""
    if not is_chinese():
        return str(error)
    from chain.error_words import speak_error

    problem = getattr(error, "problem", {})
    return str(problem["detail_zh"]) if problem.get("detail_zh") else speak_error(error)


def _is_refused(error: LedgerFault) -> bool:
    # The contract's own word, where the ledger client was loaded at all: a clear no.
    reverts = sys.modules.get("chain.ledger.reverts")
    return reverts is not None and isinstance(error, reverts.ContractRefused)


def _is_no_connection(error: Exception) -> bool:
    # httpx is imported only by commands that use it; without it there was no connection to lose.
    httpx = sys.modules.get("httpx")
    return httpx is not None and isinstance(error, httpx.HTTPError)


if __name__ == "__main__":
    main()
