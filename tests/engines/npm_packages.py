"""Other people's Ethereum tools from npm, installed once into the git-ignored `.node/clients`; tests skip without."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.samples import REPOSITORY

FOLDER = REPOSITORY / ".node" / "clients"
PACKAGES = {
    "ethers": "6.17.0",
    "viem": "2.57.20",
    "@ethereumjs/mpt": "10.1.3",
    "@foundry-rs/anvil": "1.7.1",
    "@foundry-rs/cast": "1.7.1",
}
SCRIPTS = Path(__file__).parent / "js"
INSTALL_S_MAX = 240
RUN_S_MAX = 90


def installed() -> Path:
    """The folder with the packages; skips the test, with the reason, where Node.js or a package cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not on this machine")
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps({"name": "clients", "private": True, "dependencies": PACKAGES})
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = FOLDER / "installed.json"
        if not done.exists() or done.read_text() != wanted:
            (FOLDER / "package.json").write_text(wanted)
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            try:
                subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=INSTALL_S_MAX)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                pytest.skip(f"the packages cannot be installed from npm: {type(error).__name__}")
            done.write_text(wanted)
    return FOLDER / "node_modules"


def run_script(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a script in `js/` prints as JSON, given this JSON on its standard input."""
    modules = installed()
    done = subprocess.run(
        ["node", str(SCRIPTS / name)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        env={**os.environ, "NODE_PATH": str(modules)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def program(name: str) -> str:
    """Path of an installed program; skips the test where it does not run here."""
    path = installed() / ".bin" / name
    try:
        subprocess.run([str(path), "--version"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"{name} does not run on this machine: {type(error).__name__}")
    return str(path)
