"""Records of uploads that are ready wait a moment for others that are being examined; single records wait for none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from gateway.ingest import group_commit as keeping
from gateway.ingest.group_commit import Acceptance, GroupCommit, PendingCommit
from gateway.ingest.pipeline import Candidate
from tests.gateway.memory_consortium import PaperGateway, Town

LONG_S = 20.0
"""Longer than any of these tests may take."""


@pytest.fixture
def keeper(gateway: PaperGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[GroupCommit]:
    """A keeper that would gather for very long, and counts what it writes together."""
    monkeypatch.setattr(keeping, "GATHER_S", LONG_S)
    yield gateway.intake._keeper


@pytest.fixture
def written(keeper: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many offers each transaction had."""
    counts: list[int] = []
    write = keeper._written

    def counted(offers: Sequence[Candidate]) -> object:
        counts.append(len(offers))
        return write(offers)

    monkeypatch.setattr(keeper, "_written", counted)
    return counts


def offers(gateway: PaperGateway, town: Town, first: int, count: int) -> list[Candidate]:
    lines = [b'"%b"' % town.event(number).serialize().encode() for number in range(first, first + count)]
    return gateway.intake.prepare_lines(lines)


def all_kept(keeper: GroupCommit, ticket: PendingCommit) -> bool:
    return all(isinstance(one, Acceptance) for one in keeper.verdicts(ticket))


def test_an_upload_waits_for_nobody_where_nothing_is_examined(
    gateway: PaperGateway, town: Town, keeper: GroupCommit, written: list[int]
) -> None:
    began = time.monotonic()
    assert all_kept(keeper, keeper.offer(offers(gateway, town, 0, 3)))
    assert written == [3]
    assert time.monotonic() - began < LONG_S / 2


def test_what_is_ready_is_written_with_what_was_being_examined(
    gateway: PaperGateway, town: Town, keeper: GroupCommit, written: list[int]
) -> None:
    ready, coming = offers(gateway, town, 0, 3), offers(gateway, town, 3, 4)
    with ExitStack() as examined:
        examined.enter_context(keeper.expecting(len(coming)))
        first = keeper.offer(ready)
        waiting = threading.Thread(target=keeper.verdicts, args=(first,))
        waiting.start()
        assert not first.is_done and written == []
        second = keeper.offer(coming)
        assert not first.is_done
    waiting.join(LONG_S / 2)
    assert not waiting.is_alive()
    assert all_kept(keeper, first) and all_kept(keeper, second)
    assert written == [7]


def test_a_single_record_does_not_wait_for_uploads(
    gateway: PaperGateway, town: Town, keeper: GroupCommit, written: list[int]
) -> None:
    ready, single = offers(gateway, town, 0, 3), offers(gateway, town, 3, 1)
    with keeper.expecting(200):
        upload = keeper.offer(ready)
        waiting = threading.Thread(target=keeper.verdicts, args=(upload,))
        waiting.start()
        began = time.monotonic()
        assert all_kept(keeper, keeper.offer(single, single=True))
        assert time.monotonic() - began < LONG_S / 2
        assert written == [1] and not upload.is_done
    waiting.join(LONG_S / 2)
    assert written == [1, 3]


def test_a_chunk_of_one_line_keeps_its_place_behind_those_before_it(
    gateway: PaperGateway, town: Town, keeper: GroupCommit, written: list[int]
) -> None:
    first, last = keeper.offer(offers(gateway, town, 0, 3)), keeper.offer(offers(gateway, town, 3, 1))
    assert all_kept(keeper, last) and first.is_done
    assert written == [4]


def test_a_full_transaction_waits_for_no_more(
    gateway: PaperGateway, town: Town, keeper: GroupCommit, written: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RECORDS_PER_COMMIT_MAX", 4)
    with keeper.expecting(200):
        first = keeper.offer(offers(gateway, town, 0, 2))
        second = keeper.offer(offers(gateway, town, 2, 2))
        assert all_kept(keeper, first) and all_kept(keeper, second)
    assert written == [4]


def test_nobody_waits_longer_than_the_bound(
    gateway: PaperGateway, town: Town, keeper: GroupCommit, written: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "GATHER_S", 0.05)
    with keeper.expecting(200):
        assert all_kept(keeper, keeper.offer(offers(gateway, town, 0, 2)))
    assert written == [2]


def test_an_examination_that_fails_is_expected_no_longer(
    gateway: PaperGateway, town: Town, keeper: GroupCommit, written: list[int]
) -> None:
    with pytest.raises(RuntimeError), keeper.expecting(200):
        raise RuntimeError
    assert all_kept(keeper, keeper.offer(offers(gateway, town, 0, 2)))
    assert written == [2]
