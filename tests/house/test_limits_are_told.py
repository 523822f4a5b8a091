"""No question to the store cuts its answer in silence: whoever asks names the limit, or sees that there is more.

Allowed are `limit(1)` (is there any, the newest), a limit that came in as an argument (a page, whose last row is the
next page's cursor), and a constant plus one: the row too many tells that the answer is not whole.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.test_house import REPOSITORY

STORE = REPOSITORY / "gateway" / "store"


def _limits(tree: ast.AST) -> Iterator[tuple[ast.Call, set[str]]]:
    """Every call of `limit` with the names of the arguments of the functions around it."""

    def visit(node: ast.AST, names: set[str]) -> Iterator[tuple[ast.Call, set[str]]]:
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            names = names | {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "limit":
            yield node, names
        for child in ast.iter_child_nodes(node):
            yield from visit(child, names)

    return visit(tree, set())


def _is_told(call: ast.Call, arguments: set[str]) -> bool:
    (value,) = call.args
    if isinstance(value, ast.Name):
        return value.id in arguments
    if isinstance(value, ast.Call):  # bound when the statement is executed
        return isinstance(value.func, ast.Name) and value.func.id == "bindparam"
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Add) and isinstance(value.right, ast.Constant) and value.right.value == 1
    return isinstance(value, ast.Constant) and value.value == 1


def silent_limits(source: str) -> list[int]:
    """The lines of limits that nobody is told of."""
    return [call.lineno for call, arguments in _limits(ast.parse(source)) if not _is_told(call, arguments)]


def test_no_question_to_the_store_is_cut_in_silence() -> None:
    files = [file for file in STORE.rglob("*.py") if "migrations" not in file.parts]
    assert len(files) > 10
    found = {file.name: lines for file in files if (lines := silent_limits(file.read_text(encoding="utf-8")))}
    assert found == {}


def test_a_silent_limit_is_found() -> None:
    assert silent_limits("def find(connection):\n    return connection.execute(select(t).limit(ROWS_MAX))") == [2]
    assert silent_limits("def find(connection):\n    return connection.execute(select(t).limit(2_000))") == [2]
    assert silent_limits("def find(connection, count):\n    return connection.execute(select(t).limit(count))") == []
    assert silent_limits("def find(connection):\n    return connection.execute(select(t).limit(ROWS_MAX + 1))") == []
    assert silent_limits("def find(connection):\n    return connection.execute(select(t).limit(1))") == []


def test_raw_statements_have_no_limit() -> None:
    texts = {file.name: file.read_text(encoding="utf-8") for file in Path(STORE).rglob("*.py")}
    assert [name for name, text in texts.items() if " LIMIT " in text] == []
