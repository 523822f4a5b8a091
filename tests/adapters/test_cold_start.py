"""Reading one file imports what reading needs: no server, no chain, no client."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.adapters.formats.schema_cases import FORMATS

HEAVY = {"fastapi", "starlette", "web3", "eth_account", "httpx", "sqlalchemy", "rich", "uvicorn", "jsonschema"}
"""Packages that take longer to import than a file takes to be read."""
FILES = (
    "cargo_imp/samples/waybill.txt",
    "bonded_zone/samples/list.xml",
    "port_moves/samples/gate.txt",
    "invoice_sheet/samples/invoice.xlsx",
)
PROGRAM = """
import json, sys
from scripts.cli import main
sys.argv = ["tongguan", "read", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    print(json.dumps([ended.code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def test_reading_imports_no_server_and_no_chain() -> None:
    files = [str(FORMATS / name) for name in FILES]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *files], capture_output=True, text=True, timeout=60, check=False
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code in (0, None), done.stderr
    assert HEAVY.isdisjoint(modules), sorted(HEAVY.intersection(modules))


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_there(name: str) -> None:
    assert (FORMATS / name).exists()
