"""`python -m chain.node --dir DIR --port N`: one node over HTTP, from a consortium's folder, until told to stop.

DIR holds `genesis.json`, `validators/*.json` (Web3 keystores), `passphrase`, and gets `node/` (the database).
Exit codes: 0 stopped when told, 1 refused (folder in use, damaged or foreign database, keys missing), 2 bad usage.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from eth_keyfile.keyfile import decode_keyfile_json

from chain.encoding import parse_json_object
from chain.errors import Malformed, TongguanError
from chain.http_limits import Connections, bounded_http
from chain.node.errors import CannotSeal
from chain.node.genesis import Genesis
from chain.node.http import create_app
from chain.node.node import EmbeddedNode
from chain.node.requests import Misread, address
from chain.node.settings import STATE_BLOCKS_MIN, NodeSettings
from chain.private_files import keep_files_private

PORT = 8545
REGISTRY = "MemberRegistry"
"""The contract's name in a trust root."""
SHUTDOWN_S = 5

logger = logging.getLogger("chain.node")


class _Server(uvicorn.Server):
    """A server that ends when told to, and lets its caller end cleanly too: uvicorn's own raises the signal again."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        earlier = {name: signal.signal(name, self.handle_exit) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for name, handler in earlier.items():
                signal.signal(name, handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one node until SIGTERM or SIGINT; the exit code."""
    said = _parser().parse_args(arguments)
    keep_files_private()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        genesis = Genesis.parse((said.dir / "genesis.json").read_bytes())
        settings = NodeSettings(
            read_only=said.read_only,
            **_senders(said, genesis),
            state_blocks=said.state_blocks,
            cors_origins=tuple(said.cors_origin),
        )
        node = open_node(said.dir, genesis, settings, said.passphrase_file)
    except (TongguanError, OSError) as error:
        print(f"the node cannot start: {error}", file=sys.stderr)
        return 1
    try:
        _serve(node, said.host, said.port, frozenset(said.allow_host))
    finally:
        node.close()
    return 0


def _senders(said: argparse.Namespace, genesis: Genesis) -> dict[str, Any]:
    """Whose transactions are taken: the registry's accounts and those that are named; before there is a registry, those
    that block 0 gives a balance, which deploy it."""
    if said.any_sender:
        return {}
    registry = said.registry or find_registry(said.dir)
    named = frozenset(said.sender or ())
    return {"registry": registry, "senders": named if registry else named | genesis.alloc.keys()}


def find_registry(folder: Path) -> bytes | None:
    """Address of the member registry in the folder's trust root; None before the consortium was founded.

    The file is the operator's own, and only this address is read of it: verifying it is the verifier's work.
    """
    for name in ("trust-root.public.json", "trust-root.json"):
        if not (folder / name).is_file():
            continue
        try:
            contracts: Any = parse_json_object((folder / name).read_bytes())["contracts"]
            found = [part["address"] for part in contracts if part["name"] == REGISTRY and part["to_block"] is None]
            return address(found[0])
        except (ValueError, LookupError, TypeError, Misread) as error:
            raise Malformed(name, f"must name the contract {REGISTRY}", fix="Give --registry") from error
    return None


def open_node(
    folder: Path, genesis: Genesis, settings: NodeSettings, passphrase_file: Path | None = None
) -> EmbeddedNode:
    """The node of a consortium's folder; raises `TongguanError` or OSError where it cannot run."""
    keys = [] if settings.read_only else read_keys(folder / "validators", passphrase_file or folder / "passphrase")
    return EmbeddedNode.open(folder / "node", genesis, keys, settings)


def read_keys(folder: Path, passphrase_file: Path) -> list[bytes]:
    """The validator keys in a folder of Web3 keystores (version 3), one passphrase for all."""
    passphrase = passphrase_file.read_bytes().strip()
    keys = []
    for file in sorted(folder.glob("*.json")):
        try:
            keys.append(decode_keyfile_json(json.loads(file.read_text()), passphrase))
        except (ValueError, KeyError, TypeError) as error:
            raise CannotSeal(f"the keystore {file.name} cannot be opened with the passphrase given") from error
    return keys


def _serve(node: EmbeddedNode, host: str, port: int, hosts: frozenset[str]) -> None:
    config = uvicorn.Config(
        create_app(node, hosts=hosts),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=bounded_http(Connections()),
        ws_max_size=node.settings.request_bytes_max,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    logger.info(
        "chain %d, block 0 is 0x%s, block %d is the newest; JSON-RPC on http://%s:%d",
        node.genesis.chain_id,
        node.genesis.hash.hex(),
        node.head.number,
        host,
        port,
    )
    _Server(config).run()
    logger.info("stopped at block %d with %d transactions waiting", node.head.number, node.waiting)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chain.node", description="One Ethereum node of a consortium.")
    parser.add_argument("--dir", type=Path, required=True, help="the consortium's folder")
    parser.add_argument("--port", type=int, default=PORT, help=f"TCP port (default {PORT})")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default loopback only)")
    parser.add_argument(
        "--allow-host", action="append", default=[], help="host name that callers may use, beside localhost"
    )
    parser.add_argument("--cors-origin", action="append", default=[], help="origin that browsers may call from")
    parser.add_argument("--read-only", action="store_true", help="answer questions only; needs no validator keys")
    parser.add_argument(
        "--sender",
        action="append",
        type=_address,
        help="take transactions of this account too, beside the registry's; repeatable",
    )
    parser.add_argument("--any-sender", action="store_true", help="take everyone's transactions, for trials")
    parser.add_argument(
        "--registry", type=_address, help="address of the member registry (default: as DIR's trust root names it)"
    )
    parser.add_argument(
        "--state-blocks",
        type=_state_blocks,
        metavar="N",
        help="keep the state of the newest N blocks and prune older ones (default: all are kept)",
    )
    parser.add_argument(
        "--passphrase-file", type=Path, help="passphrase of the validators' keystores (default DIR/passphrase)"
    )
    return parser


def _address(said: str) -> bytes:
    try:
        return address(said)
    except Misread as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _state_blocks(said: str) -> int:
    if not said.isdecimal() or int(said) < STATE_BLOCKS_MIN:
        raise argparse.ArgumentTypeError(f"a number of at least {STATE_BLOCKS_MIN} is expected, got {said!r}")
    return int(said)


if __name__ == "__main__":
    sys.exit(main())
