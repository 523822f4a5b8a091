"""The commands of an auditor and of a bundle's holder do what they say, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain.errors import MalformedTrustRoot
from chain.verify import TrustRoot, Verdict, verify_file
from scripts.cli import app
from tests.catalogue import VECTORS
from tests.mutations import large_bundles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bundles, trust_root = large_bundles()
    (tmp_path / "bundle.json").write_bytes(bundles[0])
    (tmp_path / "root.json").write_bytes(trust_root.format())
    return tmp_path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def root_of(file: Path) -> TrustRoot:
    return TrustRoot.parse(file.read_bytes())


def test_redacted_bundle_stays_valid_and_shows_only_what_was_kept(folder: Path) -> None:
    run("redact", folder / "bundle.json", "--keep", "status", "--out", folder / "redacted.json")
    report = verify_file((folder / "redacted.json").read_bytes(), root_of(folder / "root.json"))
    assert report.verdict is Verdict.VALID
    assert {name for one in report.records for name in one.sections} == {"ucr", "status"}
    assert {one.withheld for one in report.records} == {("goods_items",)}


@pytest.mark.parametrize(
    ("vector", "fate", "code"),
    [
        ("receipt_kept_true", "KEPT", 0),
        ("receipt_excused_true", "EXCUSED", 0),
        ("receipt_broken", "BROKEN", 1),
        ("receipt_kept_too_late", "BROKEN", 1),
        ("receipt_not_due_true", "NOT DUE", 2),
        ("receipt_signed_by_no_gateway", "FORGED", 1),
        ("never_anchored", "", 2),
    ],
)
def test_receipt_is_told_kept_broken_or_excused_by_its_bundle(
    tmp_path: Path, vector: str, fate: str, code: int
) -> None:
    said, trust_root, *_ = VECTORS[vector].make()
    (tmp_path / "bundle.json").write_bytes(said)
    (tmp_path / "root.json").write_bytes(trust_root.format())
    shown = json.loads(said)["receipts"]
    (tmp_path / "receipt").write_text((shown[0]["jws"] if shown else "a.b.c") + "\n")
    files = ("receipt", "--bundle", "bundle.json", "--trust-root", "root.json")
    arguments = [one if one.startswith("--") else str(tmp_path / one) for one in files]
    result = CliRunner().invoke(app, ["verify-receipt", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    assert result.stdout.startswith(f"{fate}: " if fate else "")


def test_receipt_that_the_bundle_does_not_hold_is_not_judged(tmp_path: Path) -> None:
    # A gateway could put another receipt, with a later time, into the bundle.
    said, trust_root, *_ = VECTORS["receipt_kept_true"].make()
    other = VECTORS["receipt_kept_true"].make()[0]
    (tmp_path / "bundle.json").write_bytes(said)
    (tmp_path / "root.json").write_bytes(trust_root.format())
    (tmp_path / "receipt").write_text(json.loads(other)["receipts"][0]["jws"])
    arguments = [tmp_path / "receipt", "--bundle", tmp_path / "bundle.json", "--trust-root", tmp_path / "root.json"]
    result = CliRunner().invoke(app, ["verify-receipt", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 2


def test_trust_root_is_shown_extended_and_restricted(folder: Path) -> None:
    root = root_of(folder / "root.json")
    assert root.short_fingerprint in run("trust-root", "show", folder / "root.json")
    change = ("--last-block", 90, "--validator", "0x" + "22" * 20, "--validator", "0x" + "11" * 20)
    run("trust-root", "extend", folder / "root.json", *change, "--out", folder / "next.json")
    assert root_of(folder / "next.json").predecessor == root.fingerprint
    said = (folder / "bundle.json").read_bytes()
    assert verify_file(said, root_of(folder / "next.json")).verdict is Verdict.VALID
    run("trust-root", "distrust", folder / "next.json", "--from-block", 0, "--out", folder / "last.json")
    assert verify_file(said, root_of(folder / "last.json")).verdict is Verdict.UNTRUSTED_CHAIN


def test_extension_by_what_is_no_address_is_refused(folder: Path) -> None:
    change = ("--last-block", "90", "--validator", "0x12", "--out", str(folder / "next.json"))
    with pytest.raises(MalformedTrustRoot):
        CliRunner().invoke(app, ["trust-root", "extend", str(folder / "root.json"), *change], catch_exceptions=False)
    assert not (folder / "next.json").exists()
