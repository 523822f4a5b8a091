"""A command group that knows its commands by a table and imports a command's room when it is called."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from scripts.command_table import COMMAND_GROUPS, HELP_CHARS_MAX, NAME_CHARS_MAX, CommandLine
from scripts.language import is_chinese

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

HELP_COLUMNS = NAME_CHARS_MAX + HELP_CHARS_MAX + 4
LINES = {line.name: line for group in COMMAND_GROUPS for line in group.lines}


@lru_cache(maxsize=1)
def _rooms() -> dict[str, typer.Typer]:
    """Rooms that were imported, each with the application that it registered at."""
    return {}


def load_room(room: str) -> typer.Typer:
    """The commands of a room, registered once: a second time would add them to shared groups again."""
    rooms = _rooms()
    if room not in rooms:
        # Plain help: without it each `--help` would import a library for coloured tables, which takes longer.
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        import_module(f"scripts.commands.{room}").register(app)
        rooms[room] = app
    return rooms[room]


@lru_cache(maxsize=len(LINES))
def load_command(line: CommandLine) -> Command:
    """The command of a line, with what later rooms add to it; raises KeyError where its room does not register it."""
    first, *more = [load_room(room) for room in line.rooms]
    del more
    return get_group(first).commands[line.name]


class LazyCommands(MutableMapping[str, "Command"]):
    """Commands by name; looking one up imports it, counting and listing them does not."""

    def __init__(self) -> None:
        self._added: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        return self._added[name] if name in self._added else load_command(LINES[name])

    def __setitem__(self, name: str, command: Command) -> None:
        self._added[name] = command

    def __delitem__(self, name: str) -> None:
        del self._added[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*LINES, *(name for name in self._added if name not in LINES)])

    def __len__(self) -> int:
        return len(LINES.keys() | self._added.keys())


class LazyGroup(TyperGroup):
    """The group of all commands, listed under their headings."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands()

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Writes the list; a line of the table needs no import."""
        in_chinese = is_chinese()
        formatter.width = max(formatter.width, HELP_COLUMNS)
        for group in COMMAND_GROUPS:
            with formatter.section(group.heading_zh if in_chinese else group.heading):
                formatter.write_dl([(line.name, line.help_zh if in_chinese else line.help) for line in group.lines])
