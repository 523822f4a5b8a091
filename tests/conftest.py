"""What every room's tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

ID_CHARS_MAX = 40

if "CI" not in os.environ:
    # A deadline measures the machine's load, not the code; where CI is set, Hypothesis has a profile without one.
    settings.register_profile("without-deadline", deadline=None)
    settings.load_profile("without-deadline")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Long texts (signed or salted ones differ in every process) are named by their place, so that workers agree."""
    return argname if isinstance(val, str | bytes) and len(val) > ID_CHARS_MAX else None
