"""A town and its gateway, on SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.gateway.paper import PaperGateway, Town


@pytest.fixture
def town() -> Town:
    return Town.make()


@pytest.fixture
def gateway(town: Town, tmp_path: Path) -> PaperGateway:
    return PaperGateway(tmp_path, town.chain, town.clock)
