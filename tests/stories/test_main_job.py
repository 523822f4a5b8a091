"""The main job, end to end, as a newcomer runs it; and others' real files, from a folder to verified bundles."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.verify import TrustRoot, verify_file
from gateway.client.sync import GatewayClient
from scripts.consortium_folder import ConsortiumFolder
from scripts.local_adapters import gateway_of
from scripts.local_network import Machine
from scripts.sandboxed_verify import Offline
from tests.founded import copy_founded
from tests.samples import REPOSITORY, samples_dir

IMPORT_MESSAGES = ("CEB311", "CEB411", "CEB511", "CEB513", "CEB621", "CEB622")
TWO_MESSAGES = ("CEB411", "CEB621")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=REPOSITORY, capture_output=True, text=True, timeout=280, check=False
    )


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_two_runs_end_in_verified_bundles_and_refused_lies_and_the_second_goes_on(tmp_path: Path) -> None:
    """Its short form is `test_demo_as_typed`, where one run is left up and its commands are typed."""
    first = run("scripts.demonstration", "--once", "--any-ports", "--dir", str(tmp_path))
    assert first.returncode == 0, first.stdout + first.stderr
    assert "--gateway" not in first.stdout, "nothing runs on, so nothing that needs a gateway is advised"
    again = run("scripts.demonstration", "--once", "--any-ports", "--dir", str(tmp_path))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "goes on where the last one ended" in " ".join(again.stdout.split())


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    folder = ConsortiumFolder(tmp_path / "consortium")
    copy_founded(folder)
    with Machine(folder, node_port=0, gateway_port=0, single_window_port=0, quiet_s=0.5) as running:
        running.start_core(print)
        running.start_single_window(print)
        yield running


@pytest.mark.samples
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("messages", [TWO_MESSAGES, pytest.param(IMPORT_MESSAGES, marks=pytest.mark.long)], ids=len)
def test_others_import_messages_go_from_a_folder_to_verified_bundles(
    machine: Machine, tmp_path: Path, messages: tuple[str, ...]
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in messages:
        sample = samples_dir() / "ceb" / "messages" / f"{name}Message.xml"
        (inbox / sample.name).write_bytes(sample.read_bytes())
    folder = ConsortiumFolder(tmp_path / "consortium")
    where = ["--gateway", machine.gateway_url, "--single-window", machine.single_window_url]
    sent = run("scripts.cli", "adapter", str(folder.path), "--from", str(inbox), "--assign-ucrs", *where)
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert "assigned by the single-window stand-in" in sent.stdout
    records = submitted(folder)
    assert {kind for kind, _ in records} >= {"trade.payment", "customs.declaration"}
    offline, root = Offline(folder.trust_root), TrustRoot.parse(folder.trust_root.read_bytes())
    tried: set[str] = set()
    with gateway_of(folder, folder.member("regulator"), machine.gateway_url) as gateway:
        for kind, record_id in records:
            wait_until_covered(gateway, record_id)
            report = verify_file(gateway.record_bundle(record_id), root)
            assert report.verdict.name in ("VALID", "AMENDED"), f"{kind}: {report.verdict}"
            if kind in tried:
                continue
            # One of each kind also by command, and verified where there is no network.
            tried.add(kind)
            bundle = tmp_path / f"{record_id}.json"
            arguments = ["bundle", str(folder.path), record_id, "--member", "regulator", "--out", str(bundle)]
            made = run("scripts.cli", *arguments, "--gateway", machine.gateway_url)
            assert made.returncode == 0, f"{kind}: {made.stdout}{made.stderr}"
            verdict = offline.verify(bundle)
            assert verdict.verdict == report.verdict.name, f"{kind}: {verdict.text}"


def submitted(folder: ConsortiumFolder) -> list[tuple[str, str]]:
    """(type, record id) of everything that the adapters' journals hold as submitted."""
    found_records: list[tuple[str, str]] = []
    for journal in (folder.path / "adapters").glob("*/journal.sqlite"):
        with sqlite3.connect(journal) as database:
            rows = database.execute("SELECT type, record_id FROM entities WHERE state = 'submitted'")
            found_records += [(str(kind), str(record_id)) for kind, record_id in rows]
    return found_records


def wait_until_covered(gateway: GatewayClient, record_id: str) -> None:
    """Returns once a checkpoint covers the record; fails after a minute."""
    deadline = time.monotonic() + 60
    while gateway.record(record_id)["state"] != "covered":
        assert time.monotonic() < deadline, f"no checkpoint covers {record_id}"
        time.sleep(0.2)


def test_a_message_with_three_faults_names_all_three_and_sends_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><ceb:CEB311Message guid="X" version="1.0" '
        'xmlns:ceb="http://www.chinaport.gov.cn/ceb"><ceb:Order><ceb:OrderHead></ceb:OrderHead></ceb:Order>'
        "</ceb:CEB311Message>"
    )
    done = run("scripts.cli", "read", str(broken))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) >= 3
    assert "Traceback" not in done.stderr


def test_what_a_native_message_would_become_is_printed_as_json() -> None:
    sample = samples_dir() / "ceb" / "messages" / "CEB621Message.xml"
    done = run("scripts.cli", "read", str(sample))
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert said["kind"] == "CEB621"
    assert said["entities"][0]["record_type"] == "customs.declaration"
