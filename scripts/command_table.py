"""Every command's name, rooms and one line of help (`command-table.json`), so that `tongguan --help` imports none.

A room is a module of `scripts/commands` with a function `register(app)`; it is imported when one of its commands is
called. `tests/scripts/test_command_table.py` holds the table against what the rooms register.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

NAME_CHARS_MAX = 14
HELP_CHARS_MAX = 60
"""So that no terminal of 80 columns cuts a line."""


@dataclass(frozen=True)
class CommandLine:
    """One line of the list."""

    name: str
    rooms: tuple[str, ...]
    """Modules that register it, in this order: a later one may add commands to a group of an earlier one."""
    help: str
    help_zh: str


@dataclass(frozen=True)
class CommandGroup:
    """Commands of one kind of user, under one heading."""

    heading: str
    heading_zh: str
    lines: tuple[CommandLine, ...]


def _read_groups(text: str) -> tuple[CommandGroup, ...]:
    return tuple(
        CommandGroup(
            group["heading"],
            group["heading_zh"],
            tuple(CommandLine(**line | {"rooms": tuple(line["rooms"])}) for line in group["commands"]),
        )
        for group in json.loads(text)
    )


COMMAND_GROUPS = _read_groups(Path(__file__).with_name("command-table.json").read_text(encoding="utf-8"))
