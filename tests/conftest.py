"""What every room's tests share."""

from __future__ import annotations

import pytest

ID_CHARS_MAX = 40


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Long texts (signed or salted ones differ in every process) are named by their place, so that workers agree."""
    return argname if isinstance(val, str | bytes) and len(val) > ID_CHARS_MAX else None
