"""A member leaves with all that it may see, and proves it alone: no server, no network, none of our programs."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from chain.identifiers import Uscc
from gateway.client import GatewayClient
from scripts.exit_kit.collection import ExitKit, KitCollector, KitFolderInUse
from tests.gateway.query import consortium
from tests.stories.local_consortium import PUBLIC_URL, Town

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def ucr(town: Town) -> str:
    ucr = f"6CN{town.member('trader').uscc}-EXIT"
    named = [Uscc(town.member("carrier").uscc)]
    town.say("trader", consortium.order().with_names(named), ucr)
    town.say("carrier", consortium.waybill(), ucr)
    town.cover()
    return ucr


@pytest.fixture(scope="module")
def kit(town: Town, ucr: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExitKit]:
    yield collect(town, "trader", tmp_path_factory.mktemp("exit") / "kit")


def collect(town: Town, slug: str, out: Path) -> ExitKit:
    transport = town.http._transport
    with GatewayClient(
        PUBLIC_URL, signer=town.key(slug), member=town.member(slug).uscc, transport=transport
    ) as gateway:
        root = town.folder.trust_root.read_bytes()
        return KitCollector(gateway, town.member(slug), root, out, lambda *said: None).collect("2026-12-01T00:00:00Z")


def verify(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The kit's own script, run away from our sources."""
    script = str(folder / "verify.py")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", script, *options]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=100, check=False)


def test_a_kit_verifies_alone_with_its_own_verifier(kit: ExitKit, town: Town, ucr: str) -> None:
    run = verify(kit.folder, "--fingerprint", town.root.short_fingerprint)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"VALID consignments/{ucr}/bundle.json" in run.stdout and "0 files changed" in run.stdout
    assert kit.lack is None


def test_the_kit_uses_its_own_verifier_and_no_module_of_this_machine(kit: ExitKit) -> None:
    code = "import sys; sys.path.insert(0, 'verifier.pyz'); import chain.verify as v; print(v.__file__)"
    run = subprocess.run([sys.executable, "-P", "-c", code], cwd=kit.folder, capture_output=True, text=True, check=True)
    assert "verifier.pyz" in run.stdout


def test_it_holds_the_view_the_signed_records_receipts_and_tables(kit: ExitKit, ucr: str) -> None:
    folder = kit.folder / "consignments" / ucr
    view = json.loads((folder / "view.json").read_bytes())
    files = {file.stem for file in (folder / "records").iterdir()}
    assert files == {line["record"] for line in view["records"]} and len(files) == 2
    with (kit.folder / "tables" / "records.csv").open(encoding="utf-8-sig") as table:
        rows = [row for row in csv.DictReader(table) if row["ucr"] == ucr]
    assert {row["record"] for row in rows} == files
    assert pq.read_table(kit.folder / "tables" / "records.parquet").num_rows == kit.records
    own = next(line["record"] for line in view["records"] if line["type"] == "trade.order")
    assert (kit.folder / "receipts" / f"{own}.jws").read_text().count(".") >= 2
    assert "verify.py" in (kit.folder / "README.md").read_text()


def test_a_kit_holds_what_its_member_sees_and_nothing_else(town: Town, kit: ExitKit, ucr: str, tmp_path: Path) -> None:
    others = collect(town, "bank", tmp_path / "kit")
    assert not (others.folder / "consignments" / ucr).exists()
    assert (kit.folder / "consignments" / ucr).exists()


@pytest.mark.parametrize("name", ["bundle.json", "view.json"])
def test_a_changed_file_is_told(kit: ExitKit, ucr: str, name: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(kit.folder, tmp_path / "copy"))
    file = copy / "consignments" / ucr / name
    file.write_text(file.read_text().replace("laptop", "laptops").replace("1", "2", 1))
    run = verify(copy)
    assert run.returncode == 1 and f"consignments/{ucr}/{name}: was changed" in run.stdout


def test_another_trust_root_than_the_one_read_aloud_is_refused(kit: ExitKit) -> None:
    run = verify(kit.folder, "--fingerprint", "0" * 32)
    assert run.returncode != 0 and "0 of" not in run.stdout


def test_a_kit_is_not_written_over_files(town: Town, kit: ExitKit) -> None:
    with pytest.raises(KitFolderInUse, match="not empty"):
        collect(town, "trader", kit.folder)
