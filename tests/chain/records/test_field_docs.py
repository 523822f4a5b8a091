"""Texts of fields are read by one thread at a time: side by side, strangers' first questions for schemas failed."""

from __future__ import annotations

import ast
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chain.records import RECORD_TYPES, field_docs, get_record_type


def test_syntax_trees_are_made_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way = most = 0
    counting, parse = threading.Lock(), ast.parse

    def counted(source: str, *more: Any, **options: Any) -> ast.AST:
        nonlocal under_way, most
        with counting:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        tree: ast.AST = parse(source, *more, **options)
        with counting:
            under_way -= 1
        return tree

    monkeypatch.setattr(ast, "parse", counted)
    modules = sorted({get_record_type(name).__module__ for name in RECORD_TYPES} | {"chain.records.sections"})
    field_docs._texts_of.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(field_docs._texts_of, modules))
    assert most == 1
    assert texts[modules.index("chain.records.sections")]["Party"]["role"] == "What it is to the goods."
