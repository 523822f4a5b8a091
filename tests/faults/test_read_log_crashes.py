"""Killed anywhere while reads are logged: what was answered is logged, and what is not logged was not answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from chain.members import Role
from gateway.ingest import group_commit
from gateway.query import read_log
from gateway.query.read_log import AccessLog, Read, Shown
from gateway.store.model import entries, records
from tests.faults.crash_points import PowerCut, cut_after, cut_before
from tests.gateway.memory_consortium import GATEWAY, PaperGateway, Town
from tests.gateway.query.consortium import CARRIER, UCR

Cut = Callable[[PaperGateway], Callable[[], None]]


def cut_commit(gateway: PaperGateway) -> Callable[[], None]:
    """The power fails as the transaction is about to be made durable."""
    dialect: Any = gateway.store.engine.dialect
    return cut_before(dialect, "do_commit")


CUTS: dict[str, tuple[Cut, bool]] = {
    "before the record is signed": (lambda gateway: cut_before(read_log, "sign_record"), False),
    "before intake sees it": (lambda gateway: cut_before(gateway.intake, "accept"), False),
    "before its row is written": (lambda gateway: cut_before(group_commit, "insert_records"), False),
    "before the commit": (cut_commit, False),
    "after the commit": (lambda gateway: cut_after(gateway.intake, "accept"), True),
    "before the read receipt is signed": (lambda gateway: cut_before(read_log, "sign_compact"), True),
}


@pytest.mark.parametrize("where", CUTS)
def test_a_read_is_answered_only_when_it_is_logged(where: str, gateway: PaperGateway, town: Town) -> None:
    town.chain.admit(GATEWAY, Role.GATEWAY)
    town.chain.add_key(GATEWAY, gateway.signer)
    gateway.registry.refresh()
    cut, is_logged = CUTS[where]
    read = Read(CARRIER.reader, "consignment", (Shown(UCR, (), ("event",)),))
    mend = cut(gateway)
    try:
        with pytest.raises(PowerCut):
            log_of(gateway, town).log(read)
    finally:
        mend()
    gateway.store.close()
    gateway.reopen()
    assert logged(gateway) == is_logged
    assert log_of(gateway, town).log(read)
    assert logged(gateway) == is_logged + 1


def log_of(gateway: PaperGateway, town: Town) -> AccessLog:
    return AccessLog(GATEWAY, town.chain.consortium.hex(), gateway.signer, gateway.intake, town.clock)


def logged(gateway: PaperGateway) -> int:
    with gateway.store.reading() as connection:
        wanted = select(func.count()).select_from(records).join(entries, entries.c.record_seq == records.c.seq)
        return int(connection.execute(wanted.where(records.c.vct == "audit.access")).scalar_one())
