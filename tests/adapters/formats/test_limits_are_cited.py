"""No limit without its reason: every form that a format's reader makes of its own cites who sets it, or is gone.

A form is a call such as `text(35)` or `decimal(19, 5)`. Its folder's `limits.py` names the clause; forms that several
formats share are named here. Field tables (`C..60`) are the document's own print, which their module names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from adapters.formats import format_folders
from tests.adapters.formats.schema_cases import FORMATS

MAKERS = {"text", "decimal", "positive", "whole", "digits", "exact", "one_of", "Form", "shortened"}
SHARED = {
    "Form('3 capital letters (ISO 4217)')": "ISO 4217",
    "Form('2 capital letters (ISO 3166)')": "ISO 3166-1",
    "Form('2 capital letters (ISO 3166-1)')": "ISO 3166-1",
    "Form('a UN/ECE Rec 20 unit')": "UN/ECE Recommendation 20",
    "decimal(38, 20)": "no limit of the standard's: a record rounds (ADR 0460)",
    "decimal(38, 20, signed=True)": "no limit of the standard's: a record rounds (ADR 0460)",
}
"""Forms of several formats -> who sets them."""
TABLES_SAY = {"ceb": "2022-05", "dec_message": "2018 No. 67", "dec_mod": "vendors", "dec_result": "published programs"}
"""Formats whose limits are printed in field tables -> what their modules say of the document."""


def forms_of(path: Path) -> Iterator[str]:
    """Each form that the module makes, as it is written; of a pattern only the rule that it stands for."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            short = ast.Call(node.func, node.args[:1], []) if node.func.id == "Form" else node
            yield ast.unparse(short)


def limits_of(folder: str) -> dict[str, str]:
    if not (FORMATS / folder / "limits.py").exists():
        return {}
    limits: dict[str, str] = import_module(f"adapters.formats.{folder}.limits").LIMITS
    return limits


@pytest.mark.parametrize("folder", format_folders())
def test_every_limit_cites_who_sets_it(folder: str) -> None:
    made = {form for path in sorted((FORMATS / folder).glob("*.py")) for form in forms_of(path)}
    assert sorted(made - set(limits_of(folder)) - set(SHARED)) == []


@pytest.mark.parametrize("folder", format_folders())
def test_no_citation_is_left_of_a_limit_that_is_gone(folder: str) -> None:
    made = {form for path in sorted((FORMATS / folder).glob("*.py")) for form in forms_of(path)}
    assert sorted(set(limits_of(folder)) - made) == []
    assert all(len(reason) > 5 for reason in limits_of(folder).values())


@pytest.mark.parametrize(("folder", "document"), TABLES_SAY.items())
def test_a_module_of_field_tables_names_its_document(folder: str, document: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (FORMATS / folder).glob("*.py")]
    assert any(document in text for text in texts)
