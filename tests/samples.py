"""Where the messages and vectors made by others are: beside the repository, never inside it."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def samples_dir() -> Path:
    """The folder `../shared/samples` beside the repository; skips the test, with the reason, where it is absent."""
    folder = REPOSITORY.parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/samples with others' messages is not beside this repository")
    return folder
