"""One consortium for all stories of a process: founding takes seconds, and each story has a consignment of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.described_consignment import describe_consignment
from tests.stories.local_consortium import Town, open_town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The running consortium."""
    with open_town(tmp_path_factory.mktemp("town")) as running:
        yield running


@pytest.fixture(scope="session")
def described(town: Town) -> tuple[str, str]:
    """The UCR of a consignment with something in most sections of its view, and the id of one of its records."""
    return describe_consignment(town)
