"""Runs the auditor's verifier as a stranger would: another process, nothing but two files, and no way out.

An audit hook in that process refuses every socket and every name look-up; where the system allows it, the process
also gets a network namespace of its own, without even a loopback that is up.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_CABLE_PULLED_OUT = """
import sys
def refuse(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        raise PermissionError("the verifier must not use the network: " + event)
sys.addaudithook(refuse)
from chain.verify.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
VERIFY_TIMEOUT_S = 60


@dataclass(frozen=True)
class OfflineVerdict:
    """What the verifier's process said: its exit code, its report for people, and its checks."""

    code: int
    text: str
    verdict: str
    checks: tuple[dict[str, Any], ...]
    remarks: tuple[str, ...]
    covered_until_block: int | None
    """The block up to which nothing is missing, by its word."""
    cosigned_by: tuple[str, ...] = ()
    """Names of the outsiders who cosigned."""


class Offline:
    """Verifies bundles against one trust root file."""

    def __init__(self, trust_root: Path) -> None:
        self._trust_root = trust_root

    @cached_property
    def _prefix(self) -> list[str]:
        unshare = shutil.which("unshare")
        if unshare is None:
            return []
        for options in (["-n"], ["-r", "-n"]):
            if subprocess.run([unshare, *options, "true"], capture_output=True, check=False).returncode == 0:
                return [unshare, *options]
        return []

    @property
    def isolation(self) -> str:
        """In words, what keeps the verifier from the network here."""
        hook = "its sockets refused by an audit hook"
        return f"{hook}, in a network namespace of its own" if self._prefix else hook

    def verify(self, bundle: Path, *, as_of: int | None = None) -> OfflineVerdict:
        """Verifies one bundle; with `as_of`, whether it is complete up to that block."""
        asked = () if as_of is None else ("--as-of", str(as_of))
        text = self._run(bundle, *asked)
        report = self._run(bundle, "--json", *asked)
        try:
            said = json.loads(report.stdout)
        except ValueError:
            said = {}
        spoken = text.stdout + text.stderr
        return OfflineVerdict(
            text.returncode,
            spoken,
            said.get("verdict", "not judged"),
            tuple(said.get("checks", ())),
            tuple(remark["en"] for remark in said.get("remarks", ())),
            said.get("covered_until_block"),
            tuple(outsider["name"] for outsider in said.get("cosigned_by", ())),
        )

    def _run(self, bundle: Path, *options: str) -> subprocess.CompletedProcess[str]:
        arguments = [str(bundle), "--trust-root", str(self._trust_root), *options]
        command = [*self._prefix, sys.executable, "-c", _CABLE_PULLED_OUT, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=VERIFY_TIMEOUT_S, check=False)


def caught_by(verdict: OfflineVerdict) -> str:
    """The first check that failed, else the one that could not be made and so forbids VALID, with its reason."""
    reasons = {check["number"]: [reason["en"] for reason in check["reasons"]] for check in verdict.checks}
    for outcome in ("FAIL", "ERROR", "SKIPPED"):
        for check in verdict.checks:
            said = [reason for reason in reasons[check["number"]] if not reason.startswith("rests on")]
            if check["outcome"] == outcome and said:
                return f"check {check['number']} “{check['name']}”: {'; '.join(said)}"
    return verdict.text.strip().splitlines()[-1]
