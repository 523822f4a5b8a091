"""Each claim of the privacy page has its test, and says it in both languages."""

from __future__ import annotations

import ast
import re

from tests.house.test_house import REPOSITORY

PAGE = (REPOSITORY / "docs" / "guides" / "privacy.md").read_text(encoding="utf-8")
CLAIM = re.compile(r"^\| (?!claim|---)(.+) \| `(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)` \|$", re.MULTILINE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_claim_names_a_test_that_there_is() -> None:
    claims = CLAIM.findall(PAGE)
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and "---" not in line and "claim ·" not in line]
    assert len(claims) == len(rows) > 15, "every row of a table has a claim and a test"
    missing = [
        f"{file}::{name}"
        for _, file, name in claims
        if not (REPOSITORY / file).exists() or name not in _functions((REPOSITORY / file).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_every_claim_is_made_in_both_languages() -> None:
    for claim, _, _ in CLAIM.findall(PAGE):
        assert CHINESE.search(claim) and re.search(r"[A-Za-z]{4}", claim), claim


def _functions(source: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}
