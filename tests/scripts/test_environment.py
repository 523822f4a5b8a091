"""`scripts/env.sh`: a set-up that failed is never taken for a good one, and says what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FAKE_PYTHON = """#!/usr/bin/env bash
# Stands in for Python at the wire: answers what env.sh asks, and pip fails where FAKE_PIP says so.
case "$*" in
*"sys.exit(not"*) exit 0 ;;
*"import venv"*) exit 0 ;;
--version) echo "Python 3.11.0" ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && touch "$3/bin/tongguan" && chmod +x "$3/bin/tongguan" ;;
*"pip install --disable"*)
    echo "Collecting alpha==1"
    echo "Collecting beta==2"
    if [ "${FAKE_PIP:-}" = fails ]; then echo "ERROR: no route to the index"; exit 1; fi
    echo "Installing collected packages: alpha, beta" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(REPOSITORY / "scripts" / "env.sh", tmp_path / "scripts" / "env.sh")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / lock).write_text("alpha==1\nbeta==2\n")
    python = tmp_path / "python3.11"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return tmp_path


def set_up(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    script = "set -euo pipefail; source scripts/env.sh requirements.lock; echo ready"
    variables = {**os.environ, "TONGGUAN_PYTHON": str(checkout / "python3.11"), **environment}
    return subprocess.run(
        ["bash", "-c", script], cwd=checkout, env=variables, capture_output=True, text=True, check=False
    )


def test_a_failed_install_leaves_no_stamp_and_the_next_run_repairs_it(checkout: Path) -> None:
    failed = set_up(checkout, FAKE_PIP="fails")
    assert failed.returncode == 2
    assert "ready" not in failed.stdout
    assert "ERROR: no route to the index" in failed.stderr
    assert "run this again" in failed.stderr
    assert list((checkout / ".venv").glob("*.stamp")) == []

    repaired = set_up(checkout)
    assert repaired.returncode == 0
    assert repaired.stdout == "ready\n"


def test_a_set_up_environment_is_used_without_another_install(checkout: Path) -> None:
    assert set_up(checkout).returncode == 0
    again = set_up(checkout, FAKE_PIP="fails")
    assert again.returncode == 0
    assert "Setting up" not in again.stderr


def test_progress_is_shown_while_packages_are_collected(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("".join(f"package{n}==1\n" for n in range(2)))
    assert "installing 2 packages" in set_up(checkout).stderr


def test_a_checkout_that_cannot_be_written_is_one_sentence(checkout: Path) -> None:
    # Root writes on read-only folders too, so the probe file's name is taken by a folder instead.
    (checkout / ".venv.writable").mkdir()
    refused = set_up(checkout)
    assert refused.returncode == 2
    assert "cannot be written" in refused.stderr
    assert "Fix:" in refused.stderr
