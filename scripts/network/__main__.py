"""`scripts/consortium`: a network of QBFT validators to run a consortium on.

    make DIR [--validators N] [--chain-id N]                     keys, genesis, files for Compose and for a plain start
    start --engine besu|goquorum --binary PATH DIR               the network by a binary that you name, on loopback
    stop DIR

Exit codes: 0 done, 2 not done, with a sentence.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from chain.errors import TongguanError
from chain.private_files import keep_files_private
from scripts.network.engine_processes import start, stop
from scripts.network.folder import P2P_PORT, RPC_PORT, NetworkFolder, make_network
from scripts.network.genesis import VALIDATORS_MIN, Engine

CHAIN_ID = 20_261
COULD_NOT = 2


def main(arguments: list[str] | None = None) -> int:
    """Runs one of the three; 0 where it is done, 2 where it is not."""
    parser = argparse.ArgumentParser(prog="consortium", description="A network of QBFT validators with free gas.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    make = verbs.add_parser("make", help="write keys, genesis and start files into a new folder")
    make.add_argument("--validators", type=int, default=VALIDATORS_MIN, help=f"at least {VALIDATORS_MIN}")
    make.add_argument("--chain-id", type=int, default=CHAIN_ID)
    begin = verbs.add_parser("start", help="start every validator on loopback, without containers")
    begin.add_argument("--engine", choices=[engine.value for engine in Engine], required=True)
    begin.add_argument("--binary", type=Path, required=True, help="the engine's program")
    begin.add_argument("--rpc-port", type=int, default=RPC_PORT, help="of the first validator; the next ones follow")
    begin.add_argument("--p2p-port", type=int, default=P2P_PORT, help="of the first validator; the next ones follow")
    for verb in (make, begin, verbs.add_parser("stop", help="end the validators that start left running")):
        verb.add_argument("directory", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    folder = NetworkFolder(options.directory)
    try:
        if options.verb == "make":
            _make(folder, options.validators, options.chain_id)
        elif options.verb == "start":
            engine = Engine(options.engine)
            url = start(folder, engine, options.binary, rpc_port=options.rpc_port, p2p_port=options.p2p_port)
            _say_started(folder, url)
        else:
            folder.read()
            print(f"{stop(folder)} validators ended")
    except TongguanError as error:
        print(f"consortium: {error}", file=sys.stderr)
        return COULD_NOT
    return 0


def _make(folder: NetworkFolder, validators: int, chain_id: int) -> None:
    network = make_network(folder, validators=validators, chain_id=chain_id, now=int(time.time()))
    print(f"A network of {len(network.validators)} validators, chain id {network.chain_id}, in {folder.path}:")
    for number, one in enumerate(network.validators):
        print(f"  validator {number}  {one.address}")
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
