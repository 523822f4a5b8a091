"""Verifies a whole exit kit with no network: `python verify.py [--fingerprint DIGITS] [--lang zh|en]`.

First every file is held against `SHA256SUMS`, then each bundle is verified by the kit's own `verifier.pyz` under the
kit's own trust root. Believe that root only where its fingerprint is the one that was read aloud at the founding.
Exit 0 where every file is unchanged and every bundle VALID, 1 where one is not, 2 where it could not be told.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUMS = "SHA256SUMS"
VERIFIER = "verifier.pyz"
TRUST_ROOT = "trust-root.json"
NETWORK_EVENTS = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.")


def main(arguments: list[str] | None = None) -> int:
    """Verifies the kit in this file's folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fingerprint", help="the trust root's, as it was told by another way")
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    options = parser.parse_args(arguments)
    sys.addaudithook(_refuse_network)
    kit = Path(__file__).resolve().parent
    changed = list(_changed_files(kit))
    for name, why in changed:
        print(f"{name}: {why}")
    sys.path.insert(0, str(kit / VERIFIER))
    try:
        verdicts = _verify_bundles(kit, options)
    except ImportError as error:
        print(f"{error}. Install what the verifier needs: pip install coincurve cryptography pycryptodome pynacl")
        return 2
    bad = sum(verdict != "VALID" for verdict in verdicts)
    print(f"{len(verdicts) - bad} of {len(verdicts)} bundles VALID; {len(changed)} files changed or missing")
    return 1 if bad or changed else 0


def _verify_bundles(kit: Path, options: argparse.Namespace) -> list[str]:
    from chain.verify import verify_file
    from chain.verify.__main__ import require_fingerprint
    from chain.verify.report import MEANING, speak
    from chain.verify.trust_root import TrustRoot

    root = TrustRoot.parse((kit / TRUST_ROOT).read_bytes())
    print(f"trust root {root.short_fingerprint}")
    if options.fingerprint:
        require_fingerprint(root, options.fingerprint)
    bundles = sorted(kit.glob("consignments/*/*bundle.json"))
    verdicts: list[str] = []
    for number, bundle in enumerate(bundles, 1):
        report: Any = verify_file(bundle.read_bytes(), root)
        verdicts.append(report.verdict.name)
        meaning = speak(MEANING[report.verdict], options.lang)
        print(f"{number}/{len(bundles)} {report.verdict.name} {bundle.relative_to(kit)}: {meaning}")
    return verdicts


def _changed_files(kit: Path) -> Iterator[tuple[str, str]]:
    for line in (kit / SUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        file = kit / name
        if not file.is_file():
            yield name, "is missing"
        elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            yield name, "was changed since the kit was made"


def _refuse_network(event: str, _arguments: tuple[Any, ...]) -> None:
    if event.startswith(NETWORK_EVENTS):
        raise PermissionError(f"verifying needs no network, and is given none: {event}")


if __name__ == "__main__":
    sys.exit(main())
