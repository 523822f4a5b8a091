"""`tongguan doctor` names each fault of an installation in one line, with what to do, and ends with 1."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chain.members import AddedBy, KeyAlgorithm, KeyState, KeyVersion, TagKeyVersion
from chain.verify.trust_root import ValidatorRange
from scripts.cli import app, main
from scripts.consortium_folder import ConsortiumFolder
from scripts.diagnosis import (
    Diagnosis,
    check_clock,
    check_disk,
    check_gateway,
    check_key,
    check_permissions,
    check_port,
    check_tag_keys,
    check_validators,
    check_versions,
)
from scripts.local_network import Machine
from scripts.processes import free_ports
from tests.founded import copy_founded
from tests.gateway.memory_consortium import PAPER_TRUST_ROOT

NOW_S = 1_800_000_000
KEY = KeyVersion(5, KeyState.ACTIVE, KeyAlgorithm.ES256, AddedBy.MEMBER, None, "91110000MA0090047R")
EPOCHS = (TagKeyVersion(1, 0, 1, b"first"), TagKeyVersion(2, 9_000, 1, b"second"))
IN_FILE = [(0, b"first"), (9_000, b"second")]
ENDING = replace(PAPER_TRUST_ROOT, validators=(ValidatorRange(0, 90, True, (bytes(20),)),))
REFUSED = replace(PAPER_TRUST_ROOT, validators=(ValidatorRange(0, None, False, (bytes(20),)),))

WELL = [
    check_clock(NOW_S - 86_400, NOW_S, seals_always=False),
    check_clock(NOW_S - 3, NOW_S, seals_always=True),
    check_disk(Path("/data"), 2 << 30),
    check_port("node", 8645, is_taken=True, answers=True),
    check_port("node", 8645, is_taken=False, answers=False),
    *check_gateway("http://gateway.test", {}),
    *check_versions((3, 12), "1.2.0", "1.2.0"),
    *check_versions((3, 12), "1.2.0", None),
    check_key("broker", "kid", [KEY], 9),
    check_tag_keys(EPOCHS, IN_FILE, 100),
    check_validators(PAPER_TRUST_ROOT, 50),
]
FAULTS = [
    (check_clock(NOW_S + 9, NOW_S, seals_always=False), "dated 9 s after this machine's clock"),
    (check_clock(NOW_S - 90, NOW_S, seals_always=True), "90 s old"),
    (check_disk(Path("/data"), 1 << 29), "0.5 GiB are free"),
    (check_port("node", 8645, is_taken=True, answers=False), "is taken, and no node answers"),
    (next(check_gateway("http://gateway.test", None)), "nothing answers at http://gateway.test"),
    (next(check_gateway("http://gateway.test", {"sealer": "LedgerUnreachable"})), "sealer does not work"),
    (next(check_versions((3, 10), "1.2.0", None)), "Python 3.10 is not one of 3.11 to 3.13"),
    (next(check_versions((3, 12), "1.2.0", "1.1.0")), "1.2.0 here, 1.1.0 at the gateway"),
    (check_key("broker", "kid", [], 9), "not registered"),
    (check_key("broker", "kid", [KEY], 4), "not registered"),
    (check_key("broker", "kid", [KEY, replace(KEY, since_block=7, state=KeyState.RETIRED)], 9), "is retired"),
    (check_key("broker", "kid", [KEY, replace(KEY, contested=True, compromised_since=1)], 9), "is contested"),
    (check_key("broker", "kid", [KEY, replace(KEY, compromised_since=1)], 9), "declared compromised"),
    (check_tag_keys(EPOCHS, IN_FILE[:1], 8_000), "epoch 1 begins in 1,000 batches"),
    (check_tag_keys(EPOCHS, IN_FILE[:1], 9_000), "epoch 1 has begun"),
    (check_tag_keys(EPOCHS, [(0, b"other"), IN_FILE[1]], 8_000), "epoch 0 has begun"),
    (check_validators(ENDING, 50), "end with block 90"),
    (check_validators(ENDING, 91), "no accepted ones"),
    (check_validators(REFUSED, 50), "no accepted ones"),
    (check_validators(replace(PAPER_TRUST_ROOT, validators=()), 50), "UNTRUSTED_CHAIN"),
]


@pytest.mark.parametrize("line", WELL, ids=lambda line: f"{line.subject}: {line.text}")
def test_what_is_well_asks_for_nothing(line: Diagnosis) -> None:
    assert line.is_well
    assert line.format().startswith("ok ")


@pytest.mark.parametrize(("line", "text"), FAULTS, ids=[text for _, text in FAULTS])
def test_each_fault_is_one_line_with_what_to_do(line: Diagnosis, text: str) -> None:
    assert not line.is_well
    printed = line.format()
    assert printed.startswith("FAULT") and text in printed and "To do: " in printed
    assert "\n" not in printed


def test_a_key_file_that_others_may_read_is_named(tmp_path: Path) -> None:
    for name in ("passphrase", "members/broker/signing.pem", "gateway/data-keys.json"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    assert [line.is_well for line in check_permissions(tmp_path)] == [True]
    (tmp_path / "members/broker/signing.pem").chmod(0o640)
    [line] = check_permissions(tmp_path)
    assert line.fix == f"chmod 600 {tmp_path}/members/broker/signing.pem" and "0640" in line.text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ConsortiumFolder:
    made = ConsortiumFolder(tmp_path_factory.mktemp("doctor"))
    copy_founded(made)
    return made


@pytest.fixture
def machine(folder: ConsortiumFolder) -> Iterator[Machine]:
    node_port, gateway_port = free_ports([0, 0])
    with Machine(folder, node_port=node_port, gateway_port=gateway_port) as running:
        running.start_core(lambda _: None)
        yield running


def examine(folder: ConsortiumFolder, gateway_url: str, rpc: str) -> Result:
    return CliRunner().invoke(app, ["doctor", str(folder.path), "--gateway", gateway_url, "--rpc", rpc])


def test_a_running_consortium_is_well_until_a_key_file_is_open(folder: ConsortiumFolder, machine: Machine) -> None:
    done = examine(folder, machine.gateway_url, machine.rpc_url)
    assert done.exit_code == 0, done.output
    assert "FAULT" not in done.output and "all well" in done.output
    for subject in ("clock", "disk", "permissions", "node", "gateway", "versions", "key broker", "tag keys"):
        assert f"ok     {subject}" in done.output
    folder.passphrase_file.chmod(0o644)
    done = examine(folder, machine.gateway_url, machine.rpc_url)
    folder.passphrase_file.chmod(0o600)
    assert done.exit_code == 1
    [fault] = [line for line in done.output.splitlines() if line.startswith("FAULT")]
    file = folder.passphrase_file
    assert fault == f"FAULT  permissions  {file} has mode 0644: others may use it. To do: chmod 600 {file}"


def test_nothing_running_and_a_foreign_port_are_told_apart(folder: ConsortiumFolder) -> None:
    [free] = free_ports([0])
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        done = examine(folder, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free}")
    assert done.exit_code == 1
    assert f"ok     port {free}" in done.output
    assert f"FAULT  port {port}" in done.output
    assert f"nothing answers at http://127.0.0.1:{port}" in done.output
    assert f"To do: start it (tongguan node {folder.path}), or give --rpc URL" in done.output


def test_a_replay_that_reaches_no_chain_may_be_tried_again(folder: ConsortiumFolder, tmp_path: Path) -> None:
    [free] = free_ports([0])
    words = ["replay", str(folder.path), "--index", str(tmp_path / "index"), "--rpc", f"http://127.0.0.1:{free}"]
    for _ in range(2):
        assert CliRunner().invoke(app, words).exit_code not in (0, None)
        assert not (tmp_path / "index").exists()


def test_the_version_is_printed() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0 and done.output.split()[0] == "tongguan" and done.output.split()[1][0].isdigit()


@pytest.mark.parametrize(
    "line", [*WELL, *(line for line, _ in FAULTS)], ids=lambda line: f"{line.subject}: {line.text}"
)
def test_each_line_is_told_in_chinese_too(line: Diagnosis) -> None:
    text = line.format(in_chinese=True)
    assert re.search("[\u4e00-\u9fff]", text.partition(line.subject)[2]) or line.subject == "versions", text


def test_the_language_is_chosen_and_a_refusal_speaks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tongguan", "--lang", "zh", "doctor", str(tmp_path)])
    monkeypatch.setenv("TONGGUAN_LANG", "")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "没有联盟" in capsys.readouterr().err
