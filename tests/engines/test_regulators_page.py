"""The page for a regulator does what it says: each of its commands, as printed, on a consortium's chain."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from chain.keys import SigningKey
from chain.ledger import calls
from chain.proof.batch import entries_root
from tests.chain.node.conftest import serve
from tests.contracts.engines import Consortium, account, open_embedded, uscc
from tests.engines.npm_packages import program
from tests.samples import REPOSITORY

PAGE = REPOSITORY / "chain" / "node" / "README.md"


def commands(**given: str) -> str:
    """The page's shell commands, with what a reader fills in filled in."""
    (script,) = re.findall(r"```sh\n(export .*?)```", PAGE.read_text(), re.DOTALL)
    for name, value in given.items():
        script, filled = re.subn(rf"^((?:export )?{name}=)\S+", rf"\g<1>{value}", script, flags=re.MULTILINE)
        assert filled == 1, name
    return str(script)


@pytest.mark.node_js
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_of_the_page_answers(tmp_path: Path) -> None:
    path = Path(program("cast")).parent
    node, engine = open_embedded(tmp_path / "node")
    consortium = Consortium(engine, threshold=1)
    gateway = account("gateway")
    consortium.send(calls.propose(calls.setting_gateway(gateway.address, uscc(0))), consortium.controllers[0])
    key = SigningKey.generate().public
    consortium.send(calls.add_key(uscc(1), key), consortium.controllers[1])
    for number in range(3):
        entry = bytes([number]) * 48
        consortium.send(calls.anchor(entries_root([entry]), 1, entry), gateway)
    commitment = "0x" + consortium.ledger.commitment(2).hex()
    (tmp_path / "genesis.json").write_text(node.genesis.format())
    header = "0x" + node.head.raw.hex()
    node.close()
    served = serve(tmp_path, "--read-only", command=("scripts.cli", "node"))
    try:
        registry, ledger = consortium.addresses.registry, consortium.addresses.ledger
        script = commands(ETH_RPC_URL=served.url, LEDGER=ledger, REGISTRY=registry, USCC=uscc(1))
        said = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        assert served.stop() == 0
    assert said.returncode == 0 and not said.stderr, said.stderr
    lines = said.stdout.splitlines()
    assert lines[0] == "20261" and lines.count(commitment) == 1
    # Three batches by their blocks, and the last again by its index.
    assert said.stdout.count("0x" + bytes(31).hex() + "02") == 2
    assert f"0x{key.thumbprint.hex()}" in said.stdout and key.to_bytes().hex() in said.stdout
    assert f", 1, 1, 1, 0, 0x{uscc(1).encode().hex()}, false)]" in said.stdout
    counted, version = (json.loads(line)["storageProof"][0] for line in lines if line.startswith('{"address"'))
    assert counted["value"] == "0x3" and uscc(1).encode().hex() in version["value"] and version["proof"]
    assert json.loads(lines[-1]) == header
