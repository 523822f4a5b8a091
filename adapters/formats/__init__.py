"""The native formats, one folder each: reader, field tables, mapping, and samples of our own.

A format registers itself by being there: its folder's `__init__.py` holds a tuple `MODULES` of `ReaderModule`s, which
says what to import and for which messages. The folder itself imports no reader, so that reading one file does not pay
for all formats.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from importlib import import_module


class Form(Enum):
    """The outer form of a message, told by its first bytes."""

    XML = "XML"
    JSON = "JSON"
    EDIFACT = "EDIFACT"


@dataclass(frozen=True)
class ReaderModule:
    """Where readers are to be found: a module with a tuple `READERS`, and which messages are worth importing it for."""

    module: str
    form: Form
    roots: frozenset[str] = frozenset()
    """XML only: local names of root elements that this module reads."""


@lru_cache(maxsize=1)
def reader_modules() -> tuple[ReaderModule, ...]:
    """Every module of readers that there is, format by format in the order of their folders' names."""
    modules: list[ReaderModule] = []
    for folder in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if folder.ispkg:
            modules.extend(import_module(f"{__name__}.{folder.name}").MODULES)
    return tuple(modules)
