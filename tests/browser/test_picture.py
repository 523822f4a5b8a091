"""The README's picture shows the console as it is; `TONGGUAN_PICTURE=1` draws `docs/console.png` anew."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import WAIT_MS, Served, Visitor
from tests.house.test_house import REPOSITORY
from tests.stories.described_consignment import describe_consignment

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURE = REPOSITORY / "docs" / "console.png"
WIDTH, HEIGHT = 1000, 640
BYTES_MAX = 150_000


def size_of(png: bytes) -> tuple[int, ...]:
    """Width and height, as a PNG file's header says."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_the_console_is_drawn_as_the_readme_shows_it(browser: Browser, served: Served, tmp_path: Path) -> None:
    ucr, _ = describe_consignment(served.town)
    context = browser.new_context(locale="en-GB", viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(f"{served.url}/console")
    visitor = Visitor(page, served)
    visitor.enter("customs")
    visitor.look_up(ucr)
    expect(page.locator("#picture .boxes")).to_be_visible()
    page.locator("#picture-title").scroll_into_view_if_needed()
    file = PICTURE if os.environ.get("TONGGUAN_PICTURE") else tmp_path / "console.png"
    page.screenshot(path=file)
    context.close()
    assert size_of(file.read_bytes()) == size_of(PICTURE.read_bytes()) == (WIDTH, HEIGHT)
    assert PICTURE.stat().st_size < BYTES_MAX
