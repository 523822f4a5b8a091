"""A plain start: the same network without containers, by an engine's binary that the operator names.

Every validator is a process of this machine, bound to loopback, with its log and process id under `DIR/run`. It goes on
when the command ends; `stop` ends it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from chain.errors import TongguanError
from scripts.consortium_folder import write_json
from scripts.network.folder import BESU_RULES, Network, NetworkFolder
from scripts.network.genesis import Engine

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 240.0
"""Besu asks again for a peer that it missed after a minute, and QBFT waits longer at each round without a quorum."""
STOP_TIMEOUT_S = 20.0
BLOCKS_SEEN = 2
"""A network runs once it makes blocks, not once it answers."""
LOG_LINES_SHOWN = 12


class NetworkDidNotStart(TongguanError):
    """A validator ended, or no block came in time; the message holds the end of its log."""


def start(folder: NetworkFolder, engine: Engine, binary: Path, *, rpc_port: int, p2p_port: int) -> str:
    """Starts every validator and returns the first one's JSON-RPC URL once blocks are made.

    Validator N answers at `rpc_port + N` and meets its peers at `p2p_port + N`. Raises NetworkDidNotStart.
    """
    network = folder.read()
    if running(folder):
        raise NetworkDidNotStart(
            f"validators of {folder.path} run already; end them: scripts/consortium stop {folder.path}"
        )
    if not os.access(binary, os.X_OK) or not binary.is_file():
        raise NetworkDidNotStart(f"{binary} is no program that can be run")
    folder.run.mkdir(exist_ok=True)
    for number in range(len(network.validators)):
        _prepare(folder, network, engine, binary.resolve(), number, p2p_port)
    for number in range(len(network.validators)):
        _launch(folder, command(folder, engine, binary.resolve(), number, network.chain_id, rpc_port, p2p_port), number)
    url = f"http://{LOOPBACK}:{rpc_port}"
    try:
        _wait_for_blocks(folder, url, len(network.validators))
    except NetworkDidNotStart:
        stop(folder)
        raise
    return url


def stop(folder: NetworkFolder) -> int:
    """Ends the validators that `start` left running and returns how many there were."""
    found = running(folder)
    for number, process in found.items():
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while _is_ours(process, folder, number) and time.monotonic() < deadline:
            time.sleep(0.1)
        if _is_ours(process, folder, number):
            os.kill(process, signal.SIGKILL)
    for file in folder.run.glob("*.pid"):
        file.unlink()
    return len(found)


def running(folder: NetworkFolder) -> dict[int, int]:
    """Process ids of the validators that run, by number."""
    found = {}
    for file in sorted(folder.run.glob("*.pid")):
        number, process = int(file.stem), int(file.read_text())
        if _is_ours(process, folder, number):
            found[number] = process
    return found


def command(
    folder: NetworkFolder, engine: Engine, binary: Path, number: int, chain_id: int, rpc_port: int, p2p_port: int
) -> list[str]:
    """The command line of one validator."""
    own = folder.validator(number).resolve()
    rpc, p2p = str(rpc_port + number), str(p2p_port + number)
    if engine is Engine.BESU:
        return [
            str(binary),
            f"--genesis-file={folder.genesis(engine).resolve()}",
            f"--static-nodes-file={own / 'besu-static-nodes.json'}",
            f"--node-private-key-file={own / 'key'}",
            f"--data-path={own / 'besu'}",
            *BESU_RULES,
            f"--p2p-host={LOOPBACK}",
            f"--p2p-interface={LOOPBACK}",
            f"--p2p-port={p2p}",
            f"--rpc-http-host={LOOPBACK}",
            f"--rpc-http-port={rpc}",
        ]
    arguments = (
        f"--nodiscover --networkid {chain_id} --syncmode full --gcmode archive --nat none --ipcdisable --permissioned"
    )
    arguments += " --mine --miner.threads 1 --miner.gasprice 0 --txpool.pricelimit 0 --emitcheckpoints --verbosity 2"
    arguments += f" --netrestrict 127.0.0.0/8 --http --http.addr {LOOPBACK} --http.port {rpc}"
    arguments += " --http.api eth,net,web3,istanbul"
    own_files = ["--config", str(own / "goquorum.toml"), "--datadir", str(own / "goquorum")]
    return [str(binary), *own_files, *arguments.split()]


def _prepare(folder: NetworkFolder, network: Network, engine: Engine, binary: Path, number: int, p2p_port: int) -> None:
    own = folder.validator(number).resolve()
    peers = [one.enode(LOOPBACK, p2p_port + place) for place, one in enumerate(network.validators)]
    if engine is Engine.BESU:
        write_json(own / "besu-static-nodes.json", peers)
        return
    data = own / "goquorum"
    (data / "geth").mkdir(parents=True, exist_ok=True)
    for name in ("static-nodes.json", "permissioned-nodes.json"):
        write_json(data / name, peers)
    # Only the configuration file can bind the port for peers to one address.
    (own / "goquorum.toml").write_text(f'[Node.P2P]\nListenAddr = "{LOOPBACK}:{p2p_port + number}"\n')
    key = data / "geth" / "nodekey"
    if not key.exists():
        os.link(own / "key", key)
        made = subprocess.run(
            [str(binary), "--datadir", str(data), "init", str(folder.genesis(engine).resolve())],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            key.unlink()
            raise NetworkDidNotStart(f"the engine refused the genesis: {_tail(made.stderr)}")


def _launch(folder: NetworkFolder, arguments: Sequence[str], number: int) -> None:
    with (folder.run / f"{number}.log").open("ab") as log:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # GoQuorum asks for a private transaction manager unless told that there is none.
            env={**os.environ, "PRIVATE_CONFIG": "ignore"},
            start_new_session=True,
        )
    (folder.run / f"{number}.pid").write_text(str(process.pid))


def _wait_for_blocks(folder: NetworkFolder, url: str, validators: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    first = None
    while True:
        number = _block_number(url)
        # A network that is started again stands at a block already; only further ones show that it runs.
        first = number if first is None else first
        if number is not None and first is not None and number >= first + BLOCKS_SEEN:
            return
        alive = running(folder)
        for one in range(validators):
            if one not in alive:
                raise NetworkDidNotStart(f"validator {one} ended; the end of its log:\n{_log(folder, one)}")
        if time.monotonic() > deadline:
            raise NetworkDidNotStart(f"no block within {START_TIMEOUT_S:.0f} s; a log ends:\n{_log(folder, 0)}")
        time.sleep(0.3)


def _block_number(url: str) -> int | None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - loopback
            return int(json.loads(answer.read())["result"], 16)
    except (urllib.error.URLError, OSError, ValueError, KeyError):
        return None


def _is_ours(process: int, folder: NetworkFolder, number: int) -> bool:
    """Whether this process is that validator: a number alone may by now belong to somebody else's process."""
    shown = subprocess.run(
        ["ps", "-ww", "-p", str(process), "-o", "stat=,args="], capture_output=True, text=True, check=False
    )
    state, _, arguments = shown.stdout.strip().partition(" ")
    return not state.startswith("Z") and str(folder.validator(number).resolve()) + "/" in arguments


def _log(folder: NetworkFolder, number: int) -> str:
    file = folder.run / f"{number}.log"
    return _tail(file.read_text(errors="replace")) if file.exists() else ""


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-LOG_LINES_SHOWN:])
