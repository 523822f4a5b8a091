"""`python -m scripts.dependency_report [FOLDER]`: what this project is made of, and what is known against it.

Writes `sbom.cdx.json` (CycloneDX 1.5) from the locked requirements, and asks `pip-audit` where that command is there.
An advisory is told and stops nothing; where no source of advisories is reached, that is said: *not run*.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
LOCKS = (LOCK, LOCK.with_name("requirements-dev.lock"))
"""What runs, and what builds and tests it."""
SBOM_NAME = "sbom.cdx.json"
AUDIT_TIMEOUT_S = 120
VULNERABLE = 1
"""Exit code of `pip-audit` where it found something."""
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def sbom_of(lock: str) -> dict[str, Any]:
    """The components of a lock with their hashes, by name."""
    pins = list(_PIN.finditer(lock))
    ends = [*(pin.start() for pin in pins[1:]), len(lock)]
    components = [
        {
            "type": "library",
            "name": pin[1].lower(),
            "version": pin[2],
            "purl": f"pkg:pypi/{pin[1].lower()}@{pin[2]}",
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in _HASH.findall(lock[pin.end() : end])],
        }
        for pin, end in zip(pins, ends, strict=True)
    ]
    subject = {"component": {"type": "application", "name": "tongguan"}}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": subject,
        "components": sorted(components, key=lambda component: str(component["name"])),
    }


def audit(lock: Path) -> str:
    """What `pip-audit` says of the lock, or why it was not run."""
    if shutil.which("pip-audit") is None:
        return "pip-audit: not run (the command is not installed)"
    command = [
        "pip-audit",
        "--requirement",
        str(lock),
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"pip-audit: not run (no answer within {AUDIT_TIMEOUT_S} s)"
    if done.returncode == 0:
        return "pip-audit: nothing known"
    if done.returncode == VULNERABLE and done.stdout.strip():
        return f"pip-audit: told, not blocking\n{done.stdout.strip()}"
    reason = (done.stderr.strip().splitlines() or ["no advisory source was reached"])[-1]
    return f"pip-audit: not run ({reason})"


def main() -> int:
    """Writes the report into a folder (default: here); always 0 once it is written."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    document = sbom_of(LOCK.read_text())
    (folder / SBOM_NAME).write_text(json.dumps(document, indent=1) + "\n")
    print(f"{len(document['components'])} components in {folder / SBOM_NAME}")
    for lock in LOCKS:
        print(f"{lock.name}: {audit(lock)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
