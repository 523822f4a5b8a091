"""What `scripts/consortium make` writes starts one chain on either engine, with secrets that nobody chose."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from coincurve import PrivateKey

from chain.errors import Malformed
from chain.proof.hashes import keccak256
from chain.proof.header import Extra
from scripts.consortium_folder import load_account
from scripts.network.__main__ import main
from scripts.network.engine_processes import NetworkDidNotStart, command, running, start, stop
from scripts.network.folder import (
    BESU_ARGUMENTS,
    BESU_RULES,
    Network,
    NetworkFolder,
    NotANetwork,
    compose_host,
    compose_services,
    make_network,
)
from scripts.network.genesis import Engine, extra_data

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[NetworkFolder, Network]:
    folder = NetworkFolder(tmp_path_factory.mktemp("network"))
    return folder, make_network(folder, validators=5, chain_id=20_261, now=1_700_000_000)


def genesis_of(folder: NetworkFolder, engine: Engine) -> Any:
    return json.loads(folder.genesis(engine).read_bytes())


@pytest.mark.parametrize("engine", Engine)
def test_genesis_names_exactly_the_validators_whose_keys_were_made(
    made: tuple[NetworkFolder, Network], engine: Engine
) -> None:
    folder, network = made
    extra = Extra.parse(bytes.fromhex(genesis_of(folder, engine)["extraData"][2:]))
    keys = [PrivateKey.from_hex((folder.validator(n) / "key").read_text()) for n in range(5)]
    addresses = [keccak256(key.public_key.format(compressed=False)[1:])[12:] for key in keys]
    assert list(extra.validators) == addresses == sorted(addresses)
    assert ["0x" + address.hex() for address in addresses] == [one.address for one in network.validators]
    assert (extra.round, extra.seals) == (0, ())


def test_besu_genesis_has_london_rules_and_a_base_fee_of_zero(made: tuple[NetworkFolder, Network]) -> None:
    said = genesis_of(made[0], Engine.BESU)
    assert said["config"]["londonBlock"] == 0
    assert said["config"]["zeroBaseFee"] is True
    assert said["baseFeePerGas"] == "0x0"


def test_goquorum_genesis_has_the_quorum_that_proofs_demand_and_room_for_a_batch(
    made: tuple[NetworkFolder, Network],
) -> None:
    config = genesis_of(made[0], Engine.GOQUORUM)["config"]
    assert config["qbft"]["ceil2Nby3Block"] == 0
    assert config["txnSizeLimit"] == 128


def test_every_secret_is_readable_by_its_owner_only(made: tuple[NetworkFolder, Network]) -> None:
    secrets = [made[0].validator(n) / "key" for n in range(5)]
    secrets += [made[0].path / name for name in ("funder.json", "funder.passphrase")]
    secrets += [made[0].path / "postgres" / name for name in ("password", "pgpass")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in secrets} == {0o600}


def test_the_funder_in_the_genesis_is_the_one_whose_key_file_opens(made: tuple[NetworkFolder, Network]) -> None:
    passphrase = (made[0].path / "funder.passphrase").read_bytes().strip()
    funder = load_account(made[0].path / "funder.json", passphrase).address.lower()
    assert list(genesis_of(made[0], Engine.BESU)["alloc"]) == [funder[2:]]


def test_a_network_is_not_made_twice(made: tuple[NetworkFolder, Network]) -> None:
    with pytest.raises(NotANetwork):
        make_network(made[0], validators=4, chain_id=1, now=0)


@pytest.mark.parametrize("validators", [[b"\x01" * 20] * 4, [bytes([n]) * 20 for n in range(3)]])
def test_fewer_than_four_different_validators_are_refused(validators: list[bytes]) -> None:
    with pytest.raises(Malformed):
        extra_data(validators)


def test_compose_names_four_validators_that_differ_in_place_only() -> None:
    for number in range(4):
        said = COMPOSE["services"][f"validator-{number}"]
        assert said["image"].startswith("hyperledger/besu:2")
        assert tuple(said["command"][: len(BESU_ARGUMENTS)]) == BESU_ARGUMENTS
        assert said["command"][len(BESU_ARGUMENTS)] == f"--p2p-host={compose_host(number)}"
        assert said["volumes"] == [f"${{TONGGUAN_NETWORK}}/validators/{number}:/validator"]
        assert said["networks"]["validators"]["ipv4_address"] == compose_host(number)


def test_compose_of_further_validators_is_written_like_that_of_the_first() -> None:
    written = compose_services([1])["validator-1"]
    said = COMPOSE["services"]["validator-1"]
    assert {name: said[name] for name in ("command", "volumes", "networks")} == {
        name: written[name] for name in ("command", "volumes", "networks")
    }


def test_compose_has_every_part_and_each_is_pinned_unprivileged_and_on_loopback() -> None:
    services = COMPOSE["services"]
    assert {"store", "founding", "gateway", "attesters", "single-window"} < set(services)
    for name, service in services.items():
        assert ":" in service["image"] and not service["image"].endswith(":latest"), name
        assert service["user"].startswith("${TONGGUAN_UID:?"), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_compose_takes_every_secret_from_a_file_and_has_no_default() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            if "PASS" in variable:
                assert value.startswith("/run/secrets/"), (name, variable)


def test_compose_files_are_all_written_by_make(made: tuple[NetworkFolder, Network]) -> None:
    for one in (*COMPOSE["secrets"].values(), *COMPOSE["configs"].values()):
        place = one["file"].removeprefix("${TONGGUAN_NETWORK:?}/")
        assert (made[0].path / place).is_file(), place


def test_image_of_our_parts_is_small_locked_and_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert any(line.startswith("FROM python:3.11-slim@sha256:") for line in lines)
    assert any("--require-hashes" in line and "requirements.lock" in line for line in lines)
    assert lines.index("USER 10001:10001") > 0


@pytest.mark.parametrize("engine", Engine)
def test_plain_start_binds_every_port_to_loopback(made: tuple[NetworkFolder, Network], engine: Engine) -> None:
    said = " ".join(command(made[0], engine, Path("/engine"), 2, 1, 9000, 9100))
    assert "0.0.0.0" not in said  # noqa: S104 - the address that must not be there
    assert "9002" in said
    assert said.count("127.0.0.1") >= 1


def test_besu_is_told_the_same_rules_plainly_as_by_compose(made: tuple[NetworkFolder, Network]) -> None:
    plainly = command(made[0], Engine.BESU, Path("/engine"), 0, 1, 9000, 9100)
    assert [one for one in plainly if one in BESU_RULES] == list(BESU_RULES)
    assert [one for one in BESU_ARGUMENTS if one in BESU_RULES] == list(BESU_RULES)


def test_besu_lets_one_account_have_a_founding_waiting() -> None:
    # Without it Besu refuses the sixth transaction of an account that waits: a founding has more, and a busy gateway.
    assert "--tx-pool-limit-by-account-percentage=1" in BESU_RULES


def test_engine_that_ends_at_once_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    folder = NetworkFolder(tmp_path / "network")
    make_network(folder, validators=4, chain_id=1, now=0)
    broken = tmp_path / "engine"
    broken.write_text("#!/bin/sh\necho the genesis is not to my taste\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(NetworkDidNotStart, match="not to my taste"):
        start(folder, Engine.BESU, broken, rpc_port=1, p2p_port=2)
    assert running(folder) == {}
    assert stop(folder) == 0


def test_a_number_that_is_now_another_process_is_not_ended(made: tuple[NetworkFolder, Network]) -> None:
    folder = made[0]
    folder.run.mkdir(exist_ok=True)
    (folder.run / "0.pid").write_text("1")
    assert running(folder) == {}
    assert stop(folder) == 0


def test_a_folder_without_a_network_is_named_with_the_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", str(tmp_path)]) == 2
    assert "scripts/consortium make" in capsys.readouterr().err
