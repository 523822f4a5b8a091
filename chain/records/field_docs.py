"""What each field of a model is: the text under its definition in the source, read only when a schema is asked for.

Pydantic can keep these texts itself (`use_attribute_docstrings`), but reads the source while classes are made: that was
more than a third of the time in which the package starts.
"""

from __future__ import annotations

import ast
import inspect
import sys
import threading
from collections.abc import Mapping
from functools import lru_cache

_PARSING = threading.Lock()
"""Threads that make syntax trees side by side count each other's depth, and one fails (CPython before 3.13)."""


def field_texts(model: type, within: tuple[str, ...] = (__package__,)) -> dict[str, str]:
    """Name of each field of the model and its bases to the text under it; none where the source is not at hand.

    Bases outside the packages `within` say nothing of ours.
    """
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one.__module__.startswith(within):
            found |= _texts_of(one.__module__).get(one.__qualname__, {})
    return found


@lru_cache(maxsize=32)
def _texts_of(module: str) -> Mapping[str, Mapping[str, str]]:
    """Class to field to text, of the classes that a module defines."""
    try:
        source = inspect.getsource(sys.modules[module])
    except OSError:
        return {}
    with _PARSING:
        tree = ast.parse(source)
    return {one.name: _texts_in(one) for one in tree.body if isinstance(one, ast.ClassDef)}


def _texts_in(defined: ast.ClassDef) -> dict[str, str]:
    texts: dict[str, str] = {}
    for field, below in zip(defined.body, defined.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            texts[field.target.id] = inspect.cleandoc(below.value.value)
    return texts
