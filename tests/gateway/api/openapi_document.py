"""The gateway's OpenAPI description as a document: `python -m tests.gateway.api.openapi_document` publishes it.

It writes `docs/openapi.json` and `docs/openapi-surface.txt`. Changes that break callers are printed and refused; with
`--breaking` they are written, and CHANGELOG says so.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from chain.command_line import run_program
from scripts.openapi_surface import find_breaking, list_surface
from tests.gateway.memory_consortium import PaperGateway, Town
from tests.house.test_house import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "openapi.json"
SURFACE = REPOSITORY / "docs" / "openapi-surface.txt"


def make_document(gateway: PaperGateway) -> dict[str, Any]:
    """The description that this gateway serves, with the project's version in place of the installed one."""
    document: dict[str, Any] = json.loads(json.dumps(gateway.app().openapi()))
    document["info"]["version"] = read_version()
    return document


def read_version() -> str:
    """The version in `pyproject.toml`."""
    import tomllib

    version: str = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return version


def format_document(document: dict[str, Any]) -> str:
    """The published text."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def main(
    breaking: Annotated[bool, typer.Option("--breaking", help="publish changes that break callers too")] = False,
) -> int:
    """Publish the description; exit 1 where it would break callers."""
    town = Town.make()
    with tempfile.TemporaryDirectory() as folder:
        document = make_document(PaperGateway(Path(folder), town.chain, town.clock))
    surface = list_surface(document)
    published = SURFACE.read_text(encoding="utf-8").splitlines() if SURFACE.exists() else []
    broken = find_breaking(published, surface) if published else []
    print("\n".join(broken))
    if broken and not breaking:
        return 1
    DOCUMENT.write_text(format_document(document), encoding="utf-8")
    SURFACE.write_text("\n".join(surface) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run_program("openapi_document", main))
