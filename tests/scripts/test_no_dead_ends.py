"""Slips, missing folders, read-only disks and taken ports are one sentence each; nothing printed is cut."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer
from rich.console import Console

from scripts.commands.proposal_actions import parse_decision
from scripts.consortium_folder import ConsortiumFolder
from scripts.view_text import show_records, show_view, timeline_lines
from tests.house.test_house import REPOSITORY

FOLDER = cast(
    ConsortiumFolder, SimpleNamespace(members=lambda: [SimpleNamespace(slug="broker", uscc="91110000MA0090047R")])
)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["gateway", "0x12", "broker", "on"], "0x12 is no address: 0x and 40 hex digits"),
        (["gateway", "0x" + "zz" * 20, "broker"], "is no address"),
        (["controller", "broker", "broker", "on"], "broker is no address"),
        (["controller", "0x" + "ab" * 20, "broker", "maybe"], "maybe is neither on nor off"),
        (["admit-governor", "91110000MA0090047R", "0x1", "name", "customs"], "0x1 is no address"),
        (["threshold", "many"], "threshold does not take that"),
        (["threshold", "-1"], "threshold does not take that"),
        (["threshold", "99999999999999999999"], "threshold does not take that"),
        (["tag-key", "zz", "1", "2"], "tag-key does not take that"),
        (["compromise-key", "abc", "yesterday"], "compromise-key does not take that"),
        (["expel"], "expel takes other arguments"),
        (["nosuch", "x"], "no action nosuch; there are "),
    ],
)
def test_a_wrong_proposal_is_one_sentence(words: list[str], reason: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        parse_decision(FOLDER, words[0], words[1:])
    assert reason in refused.value.message
    assert "\n" not in refused.value.message


def view_of(withheld: list[dict[str, Any]]) -> dict[str, Any]:
    record = {
        "type": "customs.declaration", "issuer": "91110000MA0090047R", "state": "covered", "batch": 7, "block": 9,
        "withheld": ["valuation", "goods_items", "parties", "references", "transport", "containers"],
    }  # fmt: skip
    status = {"customs": [], "logistics": None}
    lists = ("timeline", "weights", "findings", "corroboration", "mandates", "without_mandate", "standing")
    whole = {"checkpoint": None, "claim": "nothing is claimed"}
    return {
        "records": [record], "status": status, "taxes": {}, "completeness": whole, "withheld": withheld,
        **{name: [] for name in lists},
    }  # fmt: skip


def test_lines_are_not_cut_at_the_width_of_a_terminal() -> None:
    out = io.StringIO()
    show_records(Console(file=out, width=80), view_of([]))
    title, line = out.getvalue().splitlines()
    assert "withheld from this reader" in title
    assert line.endswith("valuation, goods_items, parties, references, transport, containers")


def test_a_view_names_what_is_withheld_and_what_would_show_it() -> None:
    why = [
        {"section": "valuation", "cause": "condition", "grants": ["owner", "role:customs"]},
        {"section": "parties", "cause": "no-grant", "grants": []},
    ]
    line = {
        "sections": ["valuation", "parties"],
        "why": why,
        "record": "r",
        "type": "customs.declaration",
        "issuer": "B",
    }
    out = io.StringIO()
    show_view(Console(file=out, width=80), view_of([line]))
    assert "valuation (shown to whom meets: owner or role:customs)" in out.getvalue()
    assert "parties (no line of the policy shows it)" in out.getvalue()


def test_a_timeline_says_which_time_each_line_has() -> None:
    moment = {"at": "2026-03-02T01:00:00Z", "type": "logistics.event", "code": {"value": "DEP"}, "at_is": "happened"}
    issued = {"at": "2026-03-02T02:00:00Z", "type": "trade.order", "code": None, "at_is": "issued"}
    assert timeline_lines({"timeline": [moment, issued]}) == [
        "2026-03-02T01:00:00Z happened  logistics.event DEP",
        "2026-03-02T02:00:00Z issued    trade.order",
    ]


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TONGGUAN_LANG": "en"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str], word: str) -> None:
    assert done.returncode in (1, 2), done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and word in lines[0], done.stderr


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    one_sentence(
        run("scripts.cli", "view", "nowhere", "UCR", "--member", "broker", cwd=tmp_path), "holds no consortium"
    )
    one_sentence(run("gateway", "--settings", "nowhere/settings.json", cwd=tmp_path), "nowhere/settings.json")
    one_sentence(run("chain.node", "--dir", "nowhere", cwd=tmp_path), "nowhere/genesis.json")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody may write to, such as /proc")
def test_a_disk_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    one_sentence(run("scripts.cli", "init", "/proc/tongguan", cwd=tmp_path), "/proc/tongguan")
    one_sentence(run("scripts.cli", "verify-page", "--out", "/proc/page.html", cwd=tmp_path), "/proc/page.html")


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        one_sentence(run("scripts.cli", "webhook", "listen", "--port", port, cwd=tmp_path), "ddress already in use")
