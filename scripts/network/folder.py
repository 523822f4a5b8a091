"""A network's folder: where `scripts/consortium` puts keys and genesis, and what starts a network reads.

```
DIR/network.json              chain id, ports, each validator's address and enode key
DIR/genesis.besu.json         one for each engine, the same chain
DIR/genesis.goquorum.json
DIR/validators/N/key          the validator's private key (0600), its engine's data beside it
DIR/besu/static-nodes.json    who knows whom, under Compose
DIR/funder.json               key file of the account that founds a consortium, opened by funder.passphrase
DIR/postgres/                 password and pgpass (0600)
DIR/compose.env               what docker-compose.yml is told
DIR/compose.more.json         validators beyond the four that docker-compose.yml names, where there are more
DIR/run/                      process ids of a plain start
```

Every secret is made here at random and readable by its owner only. On one machine this is one operator's network; for a
consortium each member keeps its own `validators/N` and hands the others only its enode.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coincurve import PrivateKey

from chain.errors import TongguanError
from chain.proof.hashes import keccak256
from scripts.consortium_folder import make_account, write_json, write_private
from scripts.network.genesis import VALIDATORS_MIN, Engine, genesis

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPOSE_NETWORK = "172.30.71"
"""The first three numbers of the Compose network's addresses; engines want peers by address."""
COMPOSE_FIRST_HOST = 10
P2P_PORT = 30_303
RPC_PORT = 8_545
CONTAINER_UID = 10_001
"""Whose the files are where root makes them: nothing in a container runs as root."""


class NotANetwork(TongguanError):
    """The folder holds no network that `scripts/consortium make` wrote, or one that must not be overwritten."""


@dataclass(frozen=True)
class Validator:
    """A validator as everyone may know it."""

    address: str
    enode_key: str
    """Its public key in hex: what stands in an enode URL."""

    def enode(self, host: str, port: int) -> str:
        """Its enode URL at a host."""
        return f"enode://{self.enode_key}@{host}:{port}?discport=0"


@dataclass(frozen=True)
class Network:
    """What `network.json` says."""

    chain_id: int
    validators: tuple[Validator, ...]


@dataclass(frozen=True)
class NetworkFolder:
    """Paths of one network's folder."""

    path: Path

    def read(self) -> Network:
        """The network; raises NotANetwork, with the fix, where there is none."""
        file = self.path / "network.json"
        try:
            said = json.loads(file.read_bytes())
            return Network(said["chain_id"], tuple(Validator(**one) for one in said["validators"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            fix = f"Make one: scripts/consortium make {self.path}"
            raise NotANetwork(f"{self.path} holds no network (network.json does not read). {fix}") from error

    def genesis(self, engine: Engine) -> Path:
        """The genesis file of an engine."""
        return self.path / f"genesis.{engine.value}.json"

    def validator(self, number: int) -> Path:
        """A validator's own folder."""
        return self.path / "validators" / str(number)

    @property
    def run(self) -> Path:
        """Process ids and logs of a plain start."""
        return self.path / "run"


def make_network(folder: NetworkFolder, *, validators: int, chain_id: int, now: int) -> Network:
    """Writes a new network's keys, genesis files and start files; `network.json` last of all.

    Raises NotANetwork where one is there already, Malformed for too few validators.
    """
    if (folder.path / "network.json").exists():
        raise NotANetwork(f"{folder.path} holds a network already; nothing was changed")
    keys = sorted((PrivateKey() for _ in range(validators)), key=_address)
    network = Network(chain_id, tuple(Validator("0x" + _address(key).hex(), _point(key).hex()) for key in keys))
    passphrase = secrets.token_urlsafe(32).encode()
    write_private(folder.path / "funder.passphrase", passphrase + b"\n")
    funder = make_account(folder.path / "funder.json", passphrase)
    for engine in Engine:
        block = genesis(
            engine, chain_id=chain_id, timestamp=now, validators=[_address(key) for key in keys], funder=funder.address
        )
        write_json(folder.genesis(engine), block)
    for number, key in enumerate(keys):
        write_private(folder.validator(number) / "key", key.to_hex().encode())
        (folder.validator(number) / "data").mkdir(exist_ok=True)
    _write_compose_files(folder, network)
    write_json(
        folder.path / "network.json", {"chain_id": chain_id, "validators": [asdict(v) for v in network.validators]}
    )
    if os.getuid() == 0:
        for path in (folder.path, *folder.path.rglob("*")):
            os.chown(path, CONTAINER_UID, CONTAINER_UID)
    return network


def compose_host(number: int) -> str:
    """A validator's address on the Compose network."""
    return f"{COMPOSE_NETWORK}.{COMPOSE_FIRST_HOST + number}"


def _write_compose_files(folder: NetworkFolder, network: Network) -> None:
    enodes = [one.enode(compose_host(number), P2P_PORT) for number, one in enumerate(network.validators)]
    write_json(folder.path / "besu" / "static-nodes.json", enodes)
    password = secrets.token_urlsafe(32)
    write_private(folder.path / "postgres" / "password", password.encode())
    write_private(folder.path / "postgres" / "pgpass", f"*:*:tongguan:tongguan:{password}\n".encode())
    for place in ("postgres/data", "consortium"):
        (folder.path / place).mkdir(parents=True, exist_ok=True)
    is_root = os.getuid() == 0
    settings = {
        "TONGGUAN_NETWORK": folder.path.resolve(),
        "TONGGUAN_UID": CONTAINER_UID if is_root else os.getuid(),
        "TONGGUAN_GID": CONTAINER_UID if is_root else os.getgid(),
    }
    (folder.path / "compose.env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    if more := compose_services(range(VALIDATORS_MIN, len(network.validators))):
        write_json(folder.path / "compose.more.json", {"services": more})


def compose_services(numbers: Sequence[int]) -> dict[str, Any]:
    """Services of validators, as `docker-compose.yml` writes those of the first four; a test compares them."""
    return {
        f"validator-{number}": {
            "extends": {"file": "docker-compose.yml", "service": "validator-1"},
            "volumes": [f"${{TONGGUAN_NETWORK}}/validators/{number}:/validator"],
            "command": [*BESU_ARGUMENTS, f"--p2p-host={compose_host(number)}", f"--host-allowlist=validator-{number}"],
            "networks": {"validators": {"ipv4_address": compose_host(number)}},
        }
        for number in numbers
    }


BESU_RULES = (
    "--discovery-enabled=false",
    "--nat-method=NONE",
    "--sync-mode=FULL",
    "--min-gas-price=0",
    "--tx-pool=SEQUENCED",
    # Else one account may have five transactions waiting, which a founding and a sealer pass at once.
    "--tx-pool-limit-by-account-percentage=1",
    "--rpc-http-enabled",
    "--rpc-http-api=ETH,NET,WEB3,QBFT",
    # Only members ask, and a chain of a block a second passes the usual 5,000 in a morning.
    "--rpc-max-logs-range=0",
)
"""What every Besu validator is told, wherever it runs."""
BESU_ARGUMENTS = (
    "--genesis-file=/network/genesis.besu.json",
    "--static-nodes-file=/network/besu/static-nodes.json",
    "--node-private-key-file=/validator/key",
    "--data-path=/validator/data",
    *BESU_RULES,
    "--rpc-http-host=0.0.0.0",
)
"""How `docker-compose.yml` starts each Besu validator."""


def _point(key: PrivateKey) -> bytes:
    return key.public_key.format(compressed=False)[1:]


def _address(key: PrivateKey) -> bytes:
    return keccak256(_point(key))[12:]
