"""The verifier as a wheel: `pip install tongguan-verify`, import name `tongguan_verify`, command `tongguan-verify`."""

from __future__ import annotations

import base64
from hashlib import sha256

from scripts.distribution.archives import make_zip
from scripts.distribution.verifier_sources import PACKAGE, read_sources

NAME = "tongguan-verify"
REQUIRES = ("coincurve", "cryptography", "pycryptodome", "pynacl")
"""All that verifying needs of others."""
COMMAND = f"{PACKAGE}.verify.__main__:main"


def make_wheel(version: str, licence: bytes) -> tuple[str, bytes]:
    """The wheel's file name and its bytes: the same for the same sources."""
    info = f"{PACKAGE}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.4",
        f"Name: {NAME}",
        f"Version: {version}",
        "Summary: Verifies proof bundles of a Tongguan consortium offline, by a trust root alone",
        "License-Expression: Apache-2.0",
        "License-File: LICENSE",
        "Requires-Python: >=3.11",
        *(f"Requires-Dist: {name}" for name in REQUIRES),
        "Provides-Extra: time-stamps",
        'Requires-Dist: rfc3161-client<2,>=1.0.9; extra == "time-stamps"',
    ]
    wheel = ["Wheel-Version: 1.0", "Generator: tongguan", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    files = read_sources() | {
        f"{info}/METADATA": _lines(metadata),
        f"{info}/WHEEL": _lines(wheel),
        f"{info}/entry_points.txt": _lines(["[console_scripts]", f"{NAME} = {COMMAND}"]),
        f"{info}/licenses/LICENSE": licence,
    }
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in sorted(files.items())]
    files[f"{info}/RECORD"] = _lines([*record, f"{info}/RECORD,,"])
    return f"{PACKAGE}-{version}-py3-none-any.whl", make_zip(files)


def _lines(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
