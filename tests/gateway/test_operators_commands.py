"""What an operator types about a gateway's store and settings, with the exit codes that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.settings import GatewaySettings
from gateway.store.store import Store
from scripts.cli import app
from tests.gateway.memory_consortium import GATEWAY, PaperGateway, Town


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


def typed(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def settings_file(gateway: PaperGateway, store: str, name: str = "settings.json") -> Path:
    names = [one for one, said in GatewaySettings.model_fields.items() if said.is_required() and one.endswith("_file")]
    said = {"member": GATEWAY, "store_url": f"sqlite:///{store}", "index_dir": "index", **{one: one for one in names}}
    file = gateway.folder / name
    file.write_text(json.dumps(said))
    return file


def test_config_prints_what_is_in_force(gateway: PaperGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGGUAN_ANCHOR_PERIOD_S", "2.5")
    done = typed("config", gateway.folder, "--settings", settings_file(gateway, "store.sqlite"))
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["anchor_period_s"] == 2.5
    assert set(said) == set(GatewaySettings.model_fields)
    assert said["traces_file"] is None


def test_a_store_is_copied_while_it_is_open_and_restored_into_an_empty_one(gateway: PaperGateway, town: Town) -> None:
    for number in range(3):
        gateway.intake.accept(town.event(number).serialize().encode())
    copy, own = gateway.folder / "copy", settings_file(gateway, "store.sqlite")
    done = typed("backup", gateway.folder, "--settings", own, "--out", copy)
    assert done.exit_code == 0, done.output
    assert "3 records" in done.stdout
    assert "data_keys_file" in done.stdout, "which file to keep apart is named"
    other = settings_file(gateway, "other.sqlite", "other.json")
    done = typed("restore", gateway.folder, copy, "--settings", other)
    assert done.exit_code == 0, done.output
    restored = Store.open(f"sqlite:///{gateway.folder}/other.sqlite", gateway.vault)
    with restored.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM records").scalar_one() == 3
    restored.close()


def test_nothing_is_written_over(gateway: PaperGateway, town: Town) -> None:
    gateway.intake.accept(town.event().serialize().encode())
    copy, own = gateway.folder / "copy", settings_file(gateway, "store.sqlite")
    assert typed("backup", gateway.folder, "--settings", own, "--out", copy).exit_code == 0
    assert typed("backup", gateway.folder, "--settings", own, "--out", copy).exit_code == 2
    assert typed("restore", gateway.folder, copy, "--settings", own).exit_code == 1
