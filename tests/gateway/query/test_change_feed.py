"""A member has so many feeds open, and one that ends makes room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.query.change_feed import FEEDS_MAX, FEEDS_PER_MEMBER_MAX, OpenFeeds
from gateway.runtime.refusals import GatewayRefusal


async def _feed() -> AsyncIterator[bytes]:
    while True:
        yield b": still here\n\n"


def test_feeds_are_counted_by_member_and_in_all_and_make_room_when_they_end() -> None:
    async def story() -> None:
        feeds = OpenFeeds()
        open_feeds = [feeds.count("a", _feed()) for _ in range(FEEDS_PER_MEMBER_MAX)]
        for feed in open_feeds:
            await anext(feed)
        with pytest.raises(GatewayRefusal, match="a member has at most"):
            feeds.require_room("a")
        feeds.require_room("b")
        await open_feeds[0].aclose()  # type: ignore[attr-defined]
        feeds.require_room("a")
        others = [feeds.count(f"m{number}", _feed()) for number in range(FEEDS_MAX)]
        for feed in others:
            await anext(feed)
        with pytest.raises(GatewayRefusal, match="feeds are open"):
            feeds.require_room("c")

    asyncio.run(story())
