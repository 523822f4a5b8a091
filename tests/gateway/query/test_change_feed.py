"""A member has so many feeds open, however many come together; all share one look into the store a batch."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing

import pytest

import gateway.query.change_feed as change_feed
from gateway.api.routes.changes import FeedAnswer
from gateway.query.change_feed import (
    FEEDS_MAX,
    FEEDS_PER_MEMBER_MAX,
    AnchoredChange,
    BatchChanges,
    ChangeFilter,
    MalformedFilter,
    OpenFeeds,
    SharedLooks,
    events,
)
from gateway.runtime.answer import Section
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.consignments import AnchoredEntry


def test_feeds_are_counted_by_member_and_in_all_and_make_room_when_they_end() -> None:
    feeds = OpenFeeds()
    with ExitStack() as others:
        with ExitStack() as own:
            for _ in range(FEEDS_PER_MEMBER_MAX):
                own.enter_context(feeds.open_feed("a"))
            with pytest.raises(GatewayRefusal, match="a member has at most"), feeds.open_feed("a"):
                pass
            with feeds.open_feed("b"):
                pass
        with feeds.open_feed("a"):
            pass
        for number in range(FEEDS_MAX):
            others.enter_context(feeds.open_feed(f"m{number}"))
        with pytest.raises(GatewayRefusal, match="feeds are open"), feeds.open_feed("c"):
            pass


def test_of_feeds_that_are_asked_for_together_no_more_get_in() -> None:
    feeds, begun = OpenFeeds(), 0

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b": still here\n\n"
            await asyncio.sleep(60)

    async def receive() -> dict[str, object]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        nonlocal begun
        begun += isinstance(message, dict) and message["type"] == "http.response.start"

    async def story() -> None:
        scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
        asked = [FeedAnswer(feeds, "a", endless()) for _ in range(100)]
        open_feeds = [asyncio.create_task(answer(scope, receive, send)) for answer in asked]
        done, waiting = await asyncio.wait(open_feeds, timeout=0.2)
        assert {type(task.exception()) for task in done} == {GatewayRefusal}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(story())
    assert begun == FEEDS_PER_MEMBER_MAX
    with feeds.open_feed("a"):
        pass


def test_many_feeds_share_one_look_a_batch() -> None:
    looks: list[int] = []

    def look(batch: int) -> Sequence[AnchoredEntry]:
        looks.append(batch)
        time.sleep(0.02)
        return (AnchoredEntry("ucr", str(batch)),)

    shared, together = SharedLooks(count_max=3), threading.Barrier(8)

    def ask(_: int) -> list[Sequence[AnchoredEntry]]:
        together.wait()
        return [shared.get(batch, look) for batch in range(3)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert sorted(looks) == [0, 1, 2]
    assert all(answer == answers[0] for answer in answers)
    shared.get(3, look)
    shared.get(0, look)
    assert looks[-2:] == [3, 0], "the oldest was forgotten"


def test_a_look_that_fails_is_looked_again_and_holds_nobody_up() -> None:
    shared = SharedLooks(count_max=3)

    def failing(batch: int) -> Sequence[AnchoredEntry]:
        raise OSError

    with pytest.raises(OSError):
        shared.get(1, failing)
    assert shared.get(1, lambda batch: ()) == ()


def test_a_feed_without_news_looks_only_whether_its_reader_may_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_feed, "LOOK_S", 0.005)
    monkeypatch.setattr(change_feed, "ASK_AGAIN_S", 0.1)
    looks, newest = [], 4

    def look(after: int) -> Sequence[BatchChanges]:
        looks.append(after)
        if len(looks) > 3:
            raise GatewayRefusal("revoked-key", "its key is revoked")
        return [BatchChanges(batch, ()) for batch in range(after + 1, newest + 1)]

    async def story() -> float:
        began = time.monotonic()
        async with aclosing(events(look, 2, lambda: newest)) as feed:  # type: ignore[type-var]
            with pytest.raises(GatewayRefusal):
                async for _ in feed:
                    pass
        return time.monotonic() - began

    took_s = asyncio.run(story())
    assert looks == [2, 4, 4, 4]
    assert took_s > 0.3


def change(rule: str = "", severity: str = "", state: str = "standing") -> AnchoredChange:
    finding: Section | None = {"rule": rule, "severity": severity, "state": state} if rule else None
    return AnchoredChange(
        ucr="u", record="r", type="audit.finding" if rule else "customs.status", issuer="i", batch=1, block=2,
        state="anchored", status=None, finding=finding, amends=None, withdraws=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "severity", "wanted"),
    [
        ("", "", ["", "C06", "C07", "C13"]),
        ("c06, C13", "", ["C06", "C13"]),
        ("", "H", ["C06", "C07"]),
        ("C06,C13", "H", ["C06"]),
        ("", "M,I", ["C13"]),
        ("C99", "", []),
    ],
)
def test_a_feed_by_rule_and_severity_tells_these_findings_alone(rule: str, severity: str, wanted: list[str]) -> None:
    changes = [change(), change("C06", "H"), change("C07", "H", state="withdrawn"), change("C13", "M")]
    told = [one for one in changes if ChangeFilter.parse(rule, severity).wants(one)]
    assert [str((one.finding or {}).get("rule", "")) for one in told] == wanted


def test_a_filter_that_is_none_is_refused_by_its_name() -> None:
    for rule, severity, field in (
        ("", "X", "severity"),
        (",".join(f"R{n}" for n in range(51)), "", "rule"),
        ("r" * 65, "", "rule"),
    ):
        with pytest.raises(MalformedFilter) as refused:
            ChangeFilter.parse(rule, severity)
        assert refused.value.field == field


def test_what_a_filter_leaves_out_moves_the_cursor_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_feed, "LOOK_S", 0.005)
    looks: list[int] = []

    def look(after: int) -> Sequence[BatchChanges]:
        looks.append(after)
        if after == 4:
            raise GatewayRefusal("revoked-key", "its key is revoked")
        return [BatchChanges(after + 1, [change(), change("C06", "H")])]

    async def story() -> list[bytes]:
        told = []
        async with aclosing(events(look, 2, lambda: 9, ChangeFilter.parse("C06", ""))) as feed:  # type: ignore[type-var]
            with pytest.raises(GatewayRefusal):
                async for event in feed:
                    told.append(event)
        return told

    told = asyncio.run(story())
    assert looks == [2, 3, 4]
    assert [event.startswith(b"event: anchored\n") and b"C06" in event for event in told[1:]] == [True, True]
