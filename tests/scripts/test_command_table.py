"""`tongguan --help` imports no command; what it lists is what there is; no other program reads its own options."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from scripts.command_table import COMMAND_GROUPS, HELP_CHARS_MAX, NAME_CHARS_MAX
from scripts.commands import __file__ as commands_file
from scripts.language import choose_language
from scripts.lazy_commands import LINES, load_command, load_room
from tests.house.test_house import REPOSITORY, tracked

MODULES_MAX = 400
"""Imported for `--help`, Python's own included; the program imported over 700 before it was lazy."""
OURS = ("chain", "gateway", "adapters", "scripts", "contracts")
OWN_PARSERS = {"chain/verify/__main__.py", "scripts/exit_kit/verify_kit.py"}
"""They run at an auditor's and in an exit kit, where typer is not among the packages."""
ROOMS = sorted(path.stem for path in Path(commands_file).parent.glob("*_commands.py"))


def imported_by(*words: str) -> list[str]:
    """Names of the modules that a process has imported when the command ends."""
    program = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "from scripts.cli import main; sys.argv = ['tongguan', *sys.argv[1:]]; main()"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()[-1].split()


def test_the_list_of_commands_imports_no_command() -> None:
    modules = imported_by("--help")
    ours = {name for name in modules if name.partition(".")[0] in OURS}
    assert {name for name in ours if name.startswith("scripts.commands.")} == set()
    assert {name for name in ours if name.startswith(("gateway", "adapters", "contracts", "chain.records"))} == set()
    assert not {"rich", "httpx", "pydantic", "web3", "eth", "sqlalchemy"} & set(modules)
    assert len(modules) < MODULES_MAX


def test_a_command_imports_its_own_room_alone() -> None:
    rooms = {name for name in imported_by("doctor", "--help") if name.endswith("_commands")}
    assert "scripts.commands.doctor_commands" in rooms
    assert "scripts.commands.founding_commands" not in rooms


def test_the_table_lists_what_the_rooms_register() -> None:
    registered = {name for room in ROOMS for name in typer.main.get_group(load_room(room)).commands}
    assert registered == set(LINES)
    assert {room for line in LINES.values() for room in line.rooms} == set(ROOMS)


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_command_is_where_the_table_says_and_its_line_fits_a_terminal(name: str) -> None:
    line = LINES[name]
    assert load_command(line).name == name
    assert len(name) <= NAME_CHARS_MAX and 0 < len(line.help) <= HELP_CHARS_MAX
    # A Chinese character takes two columns.
    assert 0 < sum(1 + (ord(letter) > 0x2E7F) for letter in line.help_zh) <= HELP_CHARS_MAX


def test_a_group_has_the_commands_that_later_rooms_add() -> None:
    notes = load_command(LINES["notes"])
    assert {"key", "publish", "stamp", "compare"} <= set(getattr(notes, "commands", {}))


def test_no_command_stands_under_two_headings() -> None:
    names = [line.name for group in COMMAND_GROUPS for line in group.lines]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "TONGGUAN_LANG": "zh"}, "zh"),
    ],
)
def test_the_language_is_the_environments(environment: dict[str, str], language: str) -> None:
    assert choose_language(environment) == language


def test_only_what_runs_without_typer_reads_options_by_argparse() -> None:
    users = set()
    for path in tracked("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        if "argparse" in names:
            users.add(str(path.relative_to(REPOSITORY)))
    assert users == OWN_PARSERS
