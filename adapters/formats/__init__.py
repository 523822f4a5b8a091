"""The native formats, one folder each: reader, field tables, mapping, and samples of our own.

A format registers itself by being there: its folder's `__init__.py` holds a tuple `MODULES` of `ReaderModule`s, which
says what to import and for which messages, and a tuple `FORMATS` of `NativeFormat`s, its lines in the table of formats
in `adapters/README.md` (`python -m scripts.format_table`). The folder itself imports no reader, so that reading one
file does not pay for all formats.
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
    ZIP = "ZIP"
    CSV = "CSV"
    NUMBERED = "numbered records"
    CARGO_IMP = "Cargo-IMP"


@dataclass(frozen=True)
class ReaderModule:
    """Where readers are to be found: a module with a tuple `READERS`, and which messages are worth importing it for."""

    module: str
    form: Form
    roots: frozenset[str] = frozenset()
    """XML only: local names of root elements that this module reads."""


@dataclass(frozen=True)
class NativeFormat:
    """One line of the table of formats: which messages are read, by which document, and what they become."""

    messages: str
    document: str
    """The specification that the reader follows, with its edition."""
    becomes: tuple[str, ...]
    """Record types; none for an envelope or a message that leaves no record."""
    tried_on: str
    """Whose files it was tried on; "the description only" where there was none."""
    remarks: str = ""


@lru_cache(maxsize=1)
def reader_modules() -> tuple[ReaderModule, ...]:
    """Every module of readers that there is, format by format in the order of their folders' names."""
    return tuple(module for folder in format_folders() for module in import_module(f"{__name__}.{folder}").MODULES)


def native_formats() -> dict[str, tuple[NativeFormat, ...]]:
    """What each format's folder says of itself for the table of formats, by the folder's name."""
    return {folder: import_module(f"{__name__}.{folder}").FORMATS for folder in format_folders()}


def format_folders() -> list[str]:
    """Names of the folders, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
