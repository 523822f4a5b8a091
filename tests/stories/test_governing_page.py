"""The page on governing holds: its commands, typed one after another by a new governor, do what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.cli import app
from scripts.consortium_folder import ConsortiumFolder
from scripts.local_network import Machine
from tests.founded import copy_founded

PAGE = Path(__file__).resolve().parents[2] / "contracts" / "README.md"
TAX = "91110000MA0090022F"
PORT = "91310000MA0091009P"


def commands_of_the_page() -> list[str]:
    typed = PAGE.read_text(encoding="utf-8").split("<!-- typed -->")[1].split("<!-- /typed -->")[0]
    return [line for block in re.findall(r"```\n(.*?)```", typed, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What each command of the page printed, by its text."""
    path = tmp_path_factory.mktemp("page")
    office, port = ConsortiumFolder(path / "office"), ConsortiumFolder(path / "port")
    copy_founded(office)
    printed = {}
    with pytest.MonkeyPatch.context() as patch, Machine(office, node_port=0, gateway_port=0) as machine:
        patch.chdir(path)
        machine.start_node(lambda line: None)
        stolen = office.signing_key("broker").public.kid
        for line in commands_of_the_page():
            command = line.replace(" KEY ", f" {stolen} ")
            if " CONTROLLER " in command:
                command = command.replace(" CONTROLLER ", f" {port.account('port').address} ")
            program, *arguments = shlex.split(command)
            if program == "cp":
                shutil.copyfile(*arguments)
                if arguments[-1].endswith("view-policy.json"):
                    Path(arguments[-1]).write_bytes(Path(arguments[-1]).read_bytes() + b"\n")
                continue
            assert program == "tongguan"
            rpc = [] if arguments[:2] == ["member", "new"] else ["--rpc", machine.rpc_url]
            done = CliRunner().invoke(app, [*arguments, *rpc])
            assert done.exit_code == 0, (line, done.output, done.exception)
            printed[line] = done.output
        yield printed


def said(told: dict[str, str], what: str) -> str:
    """What the one command that holds this printed."""
    (found,) = [output for line, output in told.items() if what in line]
    return found


def test_every_command_of_the_page_is_taken(told: dict[str, str]) -> None:
    assert len(told) == len([line for line in commands_of_the_page() if line.startswith("tongguan")]) > 10


def test_the_dry_run_foretells_what_the_approval_does(told: dict[str, str]) -> None:
    assert f"Approval 2 of 2 to admit governor {PORT}" in said(told, "approve 1 --as tax --dir office --dry-run")
    (approved,) = [out for line, out in told.items() if line.endswith("approve 1 --as tax --dir office")]
    assert f"proposal 1: admit governor {PORT}" in approved and "executed in block 36" in approved


def test_the_new_governor_votes_like_any_other(told: dict[str, str]) -> None:
    assert "set the policy view to" in said(told, "proposal show 3")
    assert f"proposal 4: expel {TAX}; executed in block 46" in said(told, "approve 4 --as port")


def test_the_blocks_that_the_page_names_are_before_and_after(told: dict[str, str]) -> None:
    before, after = said(told, "list --block 46"), said(told, "list --block 47")
    assert f"{TAX}  governor active" in before and "4 governors vote" in before
    assert f"{TAX}  governor expelled" in after and "3 governors vote" in after
    for listing in (before, after):
        assert "compromised  COMPROMISED since 2026-01-01T00:00:00Z (block 42)" in listing
    assert "governor active" in said(told, f"prove {TAX} --block 46")
    assert "governor expelled" in said(told, f"prove {TAX} --block 47")
