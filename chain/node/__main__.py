"""`python -m chain.node --dir DIR --port N`: one node over HTTP, from a consortium's folder, until told to stop.

DIR holds `genesis.json`, `validators/*.json` (Web3 keystores), `passphrase`, and gets `node/` (the database).
Exit codes: 0 stopped when told, 1 refused (folder in use, damaged or foreign database, keys missing), 2 bad usage.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from eth_keyfile.keyfile import decode_keyfile_json

from chain.allocator import limit_freed_memory
from chain.command_line import run_program
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
from chain.recursion_limit import restore_recursion_limit

PORT = 8545
REGISTRY = "MemberRegistry"
"""The contract's name in a trust root."""
RECURSION_DEPTH_MAX = 20_000
"""Calls within calls of Python: contracts call 1,024 deep, which takes some 10,000. Libraries set it to 100,000."""
FREED_BYTES_MAX = 1 << 20
"""Of memory: an answer of megabytes goes back to the system once it is sent."""
SHUTDOWN_S = 5
SENDER_HELP = "take transactions of this account too, beside the registry's; repeatable"
REGISTRY_HELP = "address of the member registry (default: as DIR's trust root names it)"

logger = logging.getLogger("chain.node")


def _address(text: str) -> bytes:
    try:
        return address(text)
    except Misread as error:
        raise typer.BadParameter(str(error)) from error


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
    return run_program("python -m chain.node", run_node, arguments)


def run_node(
    directory: Annotated[Path, typer.Option("--dir", help="the consortium's folder")],
    port: Annotated[int, typer.Option(help="TCP port")] = PORT,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    allow_host: Annotated[list[str] | None, typer.Option(help="host name that callers may use; repeatable")] = None,
    cors_origin: Annotated[list[str] | None, typer.Option(help="origin of pages that may call; repeatable")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="answer questions only; needs no keys")] = False,
    sender: Annotated[list[bytes] | None, typer.Option(parser=_address, metavar="ADDRESS", help=SENDER_HELP)] = None,
    any_sender: Annotated[bool, typer.Option("--any-sender", help="take everyone's transactions, for trials")] = False,
    registry: Annotated[bytes | None, typer.Option(parser=_address, metavar="ADDRESS", help=REGISTRY_HELP)] = None,
    state_blocks: Annotated[
        int | None, typer.Option(min=STATE_BLOCKS_MIN, help="keep states of the newest N blocks only", metavar="N")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="passphrase of the validators' keystores (default DIR/passphrase)")
    ] = None,
) -> int:
    """One Ethereum node of a consortium."""
    keep_files_private()
    limit_freed_memory(FREED_BYTES_MAX)
    restore_recursion_limit(RECURSION_DEPTH_MAX)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        genesis = Genesis.parse((directory / "genesis.json").read_bytes())
        known = None if any_sender else registry or find_registry(directory)
        settings = NodeSettings(
            read_only=read_only,
            **({} if any_sender else _senders(known, frozenset(sender or ()), genesis)),
            state_blocks=state_blocks,
            cors_origins=tuple(cors_origin or ()),
        )
        node = open_node(directory, genesis, settings, passphrase_file)
    except (TongguanError, OSError) as error:
        print(f"the node cannot start: {error}", file=sys.stderr)
        return 1
    try:
        _serve(node, host, port, frozenset(allow_host or ()))
    finally:
        node.close()
    return 0


def _senders(registry: bytes | None, named: frozenset[bytes], genesis: Genesis) -> dict[str, Any]:
    """Whose transactions are taken: the registry's accounts and those that are named; before there is a registry, those
    that block 0 gives a balance, which deploy it."""
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
        ws_max_size=node.settings.websocket_message_bytes_max,
        ws_max_queue=1,
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


if __name__ == "__main__":
    sys.exit(main())
