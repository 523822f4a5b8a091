"""The README's commands are ones that the program takes, and each of its four people has one."""

from __future__ import annotations

import re
import shlex
from typing import Any, cast

import pytest
import typer.main

from scripts.cli import app
from tests.house.test_house import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line.startswith("tongguan ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_one_that_the_program_takes(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    group = cast(Any, typer.main.get_command(app))
    with group.make_context("tongguan", words, resilient_parsing=True) as context:
        name, command, rest = group.resolve_command(context, words)
        if hasattr(command, "commands"):
            _, command, rest = command.resolve_command(context, rest)
        command.make_context(name, rest, parent=context).close()


@pytest.mark.parametrize("person", ["A customs broker", "An operator", "A regulator", "An auditor"])
def test_each_of_the_four_people_has_a_command(person: str) -> None:
    part = README.partition(f"**{person}**")[2].partition("**")[0]
    assert "```\ntongguan " in part


def test_the_readme_is_read_in_one_sitting_and_shows_the_console() -> None:
    assert len(README.splitlines()) <= 120
    assert "](docs/console.png)" in README and (REPOSITORY / "docs" / "console.png").is_file()
