"""One box in two consignments, each told to another gateway: found at both, and nobody is named another's goods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.query import consortium
from tests.gateway.replication.region import SEATS, Region, open_region
from tests.stories.test_shared_numbers import BOX, boxed


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with open_region(tmp_path_factory.mktemp("region")) as region:
        yield region


def test_one_box_declared_at_two_gateways_is_found_at_each_and_names_no_other_consignment(region: Region) -> None:
    beijing, tianjin = SEATS["beijing"][0], SEATS["tianjin"][0]
    first, second = f"6CN{beijing}-BOX1", f"6CN{tianjin}-BOX2"
    for owner, ucr, number in (("beijing", first, "010120261000000025"), ("tianjin", second, "020120261000000033")):
        region.say(owner, consortium.order().with_names([beijing, tianjin]), ucr)
        region.say(owner, boxed(number), ucr)
    region.settle()
    for slug, ucr, other in (("beijing", first, second), ("tianjin", second, first)):
        view = region.offices[slug].view(ucr)
        (found,) = [line for line in view["findings"] if line["rule"] == "C23-twice"]
        assert found["declared"] == BOX and other not in str(view)
