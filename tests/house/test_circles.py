"""No circles of imports between files, nor any that an import inside a function hides.

Imports for types alone (`if TYPE_CHECKING`) are set aside.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.house.test_house import REPOSITORY, package_files

CIRCLES_FOR_NOW = {
    (
        "chain.records",
        "chain.records.fastpath",
        "chain.records.fastpath.lazy_record",
        "chain.records.fastpath.reader",
    ),
}
"""Circles that stand until their rooms are mended. Take an entry out with its circle; add none."""


def module_name(file: Path, root: Path = REPOSITORY) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import below a node, in functions too, but for those under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from import_statements(other)
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        else:
            yield from import_statements(child)


def imported_modules(source: str, known: set[str]) -> set[str]:
    """Which of the known modules a module's text imports; relative imports are not used here."""
    modules = set()
    for statement in import_statements(ast.parse(source)):
        if isinstance(statement, ast.Import):
            modules |= {alias.name for alias in statement.names}
            continue
        for alias in statement.names:
            inner = f"{statement.module}.{alias.name}"
            modules.add(inner if inner in known else str(statement.module))
    return modules & known


def circles(graph: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """The strongly connected components of two modules or more, each sorted."""
    reach = {module: reachable(graph, module) for module in graph}
    groups = {tuple(sorted({module} | {n for n in reach[module] if module in reach[n]})) for module in graph}
    return sorted(group for group in groups if len(group) > 1)


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for module in graph[waiting.pop()] - seen:
            seen.add(module)
            waiting.append(module)
    return seen


def test_no_files_import_each_other_in_a_circle() -> None:
    files = {module_name(file): file for file in package_files()}
    graph = {
        name: imported_modules(file.read_text(encoding="utf-8"), set(files)) - {name} for name, file in files.items()
    }
    standing = set(circles(graph))
    assert standing - CIRCLES_FOR_NOW == set()
    assert CIRCLES_FOR_NOW - standing == set(), "these circles are gone: take them out of CIRCLES_FOR_NOW"


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import a.b", {"a.b"}),
        ("from a import b", {"a.b"}),
        ("from a import name", {"a"}),
        ("def f():\n    from a import b", {"a.b"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", set()),
        ("try:\n    import a\nexcept ImportError:\n    import a.b", {"a", "a.b"}),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, modules: set[str]) -> None:
    assert imported_modules(source, {"a", "a.b"}) == modules


def test_a_circle_of_three_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert circles(graph) == [("a", "b", "c")]
