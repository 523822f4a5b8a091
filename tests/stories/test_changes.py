"""A broker learns of a release by the change feed, from any cursor, and of nobody else's goods."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import to_builtins

from chain.records.base import Reference
from chain.records.customs import CustomsDeclaration, CustomsStatus, DeclarationHead
from chain.records.sections import Status
from gateway.query.change_feed import MalformedCursor, events, parse_cursor
from gateway.query.queries import Queries
from tests.stories.local_consortium import WAIT_S, Town

NUMBER = "010020261000000555"


def test_a_broker_is_told_of_the_release_and_a_stranger_is_not(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-FEED"
    reference = (Reference(kind="declaration", value=NUMBER),)
    town.name(ucr, "broker")
    town.cover()
    before = town.gateway.services.index.progress().batch_count
    town.say(
        "broker",
        CustomsDeclaration(
            references=reference, declaration=DeclarationHead.model_validate({"number": NUMBER, "direction": "I"})
        ),
        ucr,
    )
    town.cover()
    status = {"about": "declaration", "code": {"system": "cn-channel", "value": "P"}, "state": "RELEASED"}
    release = town.say("customs", CustomsStatus(references=reference, status=Status.model_validate(status)), ucr)
    town.cover()
    queries = Queries(town.gateway.services)

    def told(slug: str, after: int) -> list[dict[str, object]]:
        reader = queries.reader(f"Bearer {town.token(slug)}")
        return [to_builtins(change) for one in queries.changes.changes(reader, after) for change in one.changes]

    mine = [one for one in told("broker", before - 1) if one["ucr"] == ucr]
    assert [one["type"] for one in mine] == ["customs.declaration", "customs.status"]
    assert mine[1]["record"] == release.record_id
    assert mine[1]["status"]["state"] == "RELEASED"  # type: ignore[index]
    batch = int(str(mine[0]["batch"]))
    assert release.record_id in {one["record"] for one in told("broker", batch)}
    assert [one for one in told("terminal", before - 1) if one["ucr"] == ucr] == []


def test_a_broker_is_told_of_the_release_within_two_seconds_of_its_anchor(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-PROMPT"
    number = "010020261000000556"
    reference = (Reference(kind="declaration", value=number),)
    head = DeclarationHead.model_validate({"number": number, "direction": "I"})
    town.name(ucr, "broker")
    town.say("broker", CustomsDeclaration(references=reference, declaration=head), ucr)
    town.cover()
    queries, index = Queries(town.gateway.services), town.gateway.services.index
    reader = queries.reader(f"Bearer {town.token('broker')}")
    before = index.progress().batch_count

    async def wait_for_release() -> float:
        async for part in events(
            lambda after: queries.changes.changes(reader, after), before - 1, queries.changes.newest
        ):
            if b"RELEASED" in part and ucr.encode() in part:
                return time.monotonic()
        raise AssertionError("the feed ended")

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(lambda: asyncio.run(asyncio.wait_for(wait_for_release(), WAIT_S)))
        status = {"about": "declaration", "code": {"system": "cn-channel", "value": "P"}, "state": "RELEASED"}
        town.say("customs", CustomsStatus(references=reference, status=Status.model_validate(status)), ucr)
        while index.progress().batch_count == before:
            time.sleep(0.005)
        anchored_at = time.monotonic()
        assert told.result(WAIT_S) - anchored_at < 2.0


def test_a_cursor_is_a_batch_index_and_nothing_else() -> None:
    assert parse_cursor("", 7) == 6
    assert parse_cursor("3", 7) == 3
    assert parse_cursor("-1", 7) == -1
    for hostile in ("-2", "1; DROP", "٣", "9" * 19, "\r\nX: y"):
        with pytest.raises(MalformedCursor):
            parse_cursor(hostile, 7)
