"""Crashing on purpose: a step that raises as a power cut would, at a named place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class PowerCut(BaseException):
    """Nothing after this runs; nothing may catch it."""


def cut_before(owner: Any, name: str) -> Callable[[], None]:
    """Lets the power fail just before `owner.name` is called the next time; returns what mends it."""
    whole = getattr(owner, name)

    def fail(*_: object, **__: object) -> None:
        raise PowerCut(name)

    setattr(owner, name, fail)
    return lambda: setattr(owner, name, whole)


def cut_after(owner: Any, name: str) -> Callable[[], None]:
    """Lets the power fail just after `owner.name` was called the next time; returns what mends it."""
    whole = getattr(owner, name)

    def fail(*arguments: Any, **named: Any) -> None:
        whole(*arguments, **named)
        raise PowerCut(name)

    setattr(owner, name, fail)
    return lambda: setattr(owner, name, whole)
