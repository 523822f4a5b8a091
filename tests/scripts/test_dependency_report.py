"""The bill of materials names every locked package once, with its hashes; an audit that was not run says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.dependency_report import LOCK, audit, sbom_of


def test_every_locked_package_is_a_component_with_its_hashes() -> None:
    lock = LOCK.read_text()
    components = sbom_of(lock)["components"]
    pins = [line for line in lock.splitlines() if "==" in line and line[0].isalnum()]
    pinned = [line.split("==")[0].split("[")[0].lower() for line in pins]
    assert [component["name"] for component in components] == sorted(pinned)
    assert sum(len(component["hashes"]) for component in components) == lock.count("--hash=sha256:")
    assert all(component["hashes"] and component["purl"].startswith("pkg:pypi/") for component in components)


def test_an_audit_that_cannot_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert audit(LOCK) == "pip-audit: not run (the command is not installed)"
    command = tmp_path / "pip-audit"
    command.write_text("#!/bin/sh\necho 'no route to host' >&2\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert audit(LOCK) == "pip-audit: not run (no route to host)"
    command.write_text("#!/bin/sh\necho 'name 1.0 CVE-1'\nexit 1\n")
    assert audit(LOCK) == "pip-audit: told, not blocking\nname 1.0 CVE-1"
