"""`scripts/consortium`: a network of QBFT validators to run a consortium on.

    make DIR [--validators N] [--chain-id N]                     keys, genesis, files for Compose and for a plain start
    start --engine besu|goquorum --binary PATH DIR               the network by a binary that you name, on loopback
    stop DIR

Exit codes: 0 done, 2 not done, with a sentence.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from chain.errors import TongguanError
from chain.private_files import keep_files_private
from scripts.network.engine_processes import start, stop
from scripts.network.folder import P2P_PORT, RPC_PORT, NetworkFolder, make_network
from scripts.network.genesis import VALIDATORS_MIN, Engine

CHAIN_ID = 20_261
COULD_NOT = 2


network = typer.Typer(
    help="A network of QBFT validators with free gas.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="the network's folder")]
NEXT_ONES = "of the first validator; the next ones follow"


def main(arguments: list[str] | None = None) -> int:
    """Runs one of the three; 0 where it is done, 2 where it is not."""
    try:
        network(args=arguments, prog_name="consortium")
    except TongguanError as error:
        print(f"consortium: {error}", file=sys.stderr)
        return COULD_NOT
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else COULD_NOT
    return 0


@network.command("make")
def make(
    directory: Directory,
    validators: Annotated[int, typer.Option(help=f"at least {VALIDATORS_MIN}")] = VALIDATORS_MIN,
    chain_id: Annotated[int, typer.Option(help="the chain's number (EIP-155)")] = CHAIN_ID,
) -> None:
    """Write keys, genesis and start files into a new folder."""
    _make(NetworkFolder(directory), validators, chain_id)


@network.command("start")
def start_network(
    directory: Directory,
    engine: Annotated[Engine, typer.Option(help="which engine the program is")],
    binary: Annotated[Path, typer.Option(help="the engine's program")],
    rpc_port: Annotated[int, typer.Option(help=NEXT_ONES)] = RPC_PORT,
    p2p_port: Annotated[int, typer.Option(help=NEXT_ONES)] = P2P_PORT,
) -> None:
    """Start every validator on loopback, without containers."""
    folder = NetworkFolder(directory)
    _say_started(folder, start(folder, engine, binary, rpc_port=rpc_port, p2p_port=p2p_port))


@network.command("stop")
def stop_network(directory: Directory) -> None:
    """End the validators that `start` left running."""
    folder = NetworkFolder(directory)
    folder.read()
    print(f"{stop(folder)} validators ended")


def _make(folder: NetworkFolder, validators: int, chain_id: int) -> None:
    plan = make_network(folder, validators=validators, chain_id=chain_id, now=int(time.time()))
    print(f"A network of {len(plan.validators)} validators, chain id {plan.chain_id}, in {folder.path}:")
    for number, validator in enumerate(plan.validators):
        print(f"  validator {number}  {validator.address}")
    more = f" -f {folder.path}/compose.more.json" if validators > VALIDATORS_MIN else ""
    base = " -f docker-compose.yml" if more else ""
    print(f"In containers:  docker compose --env-file {folder.path}/compose.env{base}{more} up")
    print(f"Plainly:        scripts/consortium start --engine besu --binary PATH {folder.path}")


def _say_started(folder: NetworkFolder, url: str) -> None:
    passphrase = f"TONGGUAN_FUNDER_PASSPHRASE_FILE={folder.path}/funder.passphrase"
    print(f"The network makes blocks; its first validator answers at {url} (chain id {folder.read().chain_id}).")
    print(f"Qualify it:  {passphrase} scripts/demo --once --dir FOLDER --rpc {url} --funder {folder.path}/funder.json")
    print(f"Found on it: {passphrase} tongguan init FOLDER --rpc {url} --funder {folder.path}/funder.json")
    print(f"End it:      scripts/consortium stop {folder.path}")


if __name__ == "__main__":
    keep_files_private()
    sys.exit(main())
