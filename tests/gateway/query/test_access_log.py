"""Reads go together into one record, each a disclosure of its own, and none is answered that could not be logged."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from msgspec import UNSET

from chain.encoding import Json
from chain.errors import StoreFault
from chain.jws import CompactJws
from chain.lifecycle import RecordState
from chain.records import parse_record
from chain.records.audit import AuditAccess
from chain.sdjwt import ACCESSES_MAX, SignedRecord
from gateway.access.policy import Condition, ViewPolicy
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.view import disclosed
from gateway.query.read_history import AccessLine, access_lines
from gateway.query.read_log import READ_RECEIPT_TYP, AccessLog, Read, Shown
from tests.gateway.query.consortium import CARRIER, CONSORTIUM, GATEWAY, KEY, TRADER, UCR, PaperDirectory

OTHER_UCR = UCR[:-1] + "2"
RECORD = "A" * 43
TIMEOUT_S = 30


@dataclass
class PaperIntake:
    """Takes records; while `gate` is closed the one that writes waits, so that others gather behind it."""

    taken: list[SignedRecord] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    writing: threading.Event = field(default_factory=threading.Event)
    fault: BaseException | None = None

    def accept(self, body: bytes) -> object:
        self.writing.set()
        assert self.gate.wait(TIMEOUT_S)
        if self.fault is not None:
            raise self.fault
        self.taken.append(SignedRecord.parse(body))
        return None


def open_intake() -> PaperIntake:
    intake = PaperIntake()
    intake.gate.set()
    return intake


def log_over(intake: PaperIntake) -> AccessLog:
    return AccessLog(GATEWAY.uscc, CONSORTIUM, KEY, intake, lambda: 1_800_000_000.0)


def read_by(reader: Reader, *ucrs: str) -> Read:
    return Read(reader, "consignment", tuple(Shown(ucr, (RECORD,), ("goods_items",)) for ucr in ucrs))


def accesses(signed: SignedRecord) -> AuditAccess:
    record = parse_record(signed)
    assert isinstance(record, AuditAccess)
    return record


def test_reads_that_come_during_a_write_stand_in_one_record_and_each_has_its_receipt() -> None:
    intake = PaperIntake()
    log = log_over(intake)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(log.log, read_by(CARRIER.reader, UCR))
        assert intake.writing.wait(TIMEOUT_S)
        others = [pool.submit(log.log, read_by(TRADER.reader, OTHER_UCR)) for _ in range(8)]
        while len(log._queue) < len(others):
            pass
        intake.gate.set()
        receipts = [one.result(TIMEOUT_S) for one in (first, *others)]
    assert [len(accesses(one).access) for one in intake.taken] == [1, 8]
    named = [CompactJws.parse(one, typ=READ_RECEIPT_TYP).payload["access_records"] for one in receipts]
    assert named == [[intake.taken[0].record_id]] + [[intake.taken[1].record_id]] * 8


def test_a_read_alone_is_written_at_once() -> None:
    intake = open_intake()
    assert log_over(intake).log(read_by(CARRIER.reader, UCR))
    assert len(intake.taken) == 1


def test_nobody_of_a_group_is_answered_when_its_record_cannot_be_kept() -> None:
    intake = PaperIntake(fault=StoreFault("disk full"))
    log = log_over(intake)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(log.log, read_by(CARRIER.reader, UCR)) for _ in range(4)]
        intake.gate.set()
        for one in asked:
            with pytest.raises(StoreFault, match="disk full"):
                one.result(TIMEOUT_S)
    intake.fault = None
    assert log.log(read_by(CARRIER.reader, UCR)), "the next read is logged again"


def test_a_read_of_more_consignments_than_a_record_holds_is_logged_in_several() -> None:
    intake = open_intake()
    ucrs = [f"{UCR[:-4]}{place:04}" for place in range(ACCESSES_MAX + 5)]
    receipt = log_over(intake).log(read_by(CARRIER.reader, *ucrs))
    named = CompactJws.parse(receipt, typ=READ_RECEIPT_TYP).payload["access_records"]
    assert named == [one.record_id for one in intake.taken]
    assert [str(ucr) for one in intake.taken for ucr in accesses(one).ucr] == ucrs


def test_reading_ones_own_words_is_no_read() -> None:
    intake = open_intake()
    assert log_over(intake).log(Read.of(CARRIER.reader, "consignment", {UCR: []})) == ""
    assert intake.taken == []


def test_an_owner_is_shown_the_reads_of_its_own_consignment_alone() -> None:
    intake = open_intake()
    log = log_over(intake)
    group = read_by(CARRIER.reader, UCR, OTHER_UCR)
    log.log(group)
    held = HeldRecord(intake.taken[0], RecordState.COVERED, 0, 0, 1, 1)
    conditions = frozenset({Condition.ALWAYS, Condition.PARTY})
    seen = disclosed(held, UCR, TRADER.reader, conditions, ViewPolicy.load(), PaperDirectory())
    lines = access_lines(seen)
    assert [of(line, "ucr") for line in lines] == [UCR]
    assert OTHER_UCR not in seen.signed.serialize()
    assert [said for _, said in seen.signed.ucr_elements()] == [UCR, None]
    assert len(SignedRecord.parse(str(lines[0].sd_jwt)).section("access")) == 1


def test_who_read_is_withheld_by_name_where_the_policy_grants_nothing() -> None:
    intake = open_intake()
    log_over(intake).log(read_by(TRADER.reader, UCR))
    held = HeldRecord(intake.taken[0], RecordState.COVERED, 0, 0, 1, 1)
    conditions = frozenset({Condition.ALWAYS, Condition.PARTY})
    seen = disclosed(held, UCR, CARRIER.reader, conditions, ViewPolicy.load(), PaperDirectory())
    (line,) = access_lines(seen)
    assert line.withheld == ["access"]
    assert line.access is UNSET


def of(line: AccessLine, name: str) -> Json:
    access = line.access
    assert isinstance(access, dict)
    return access[name]


def test_a_person_who_read_is_named_by_member_and_pseudonym_and_proved_no_key() -> None:
    intake = open_intake()
    person = Reader(CARRIER.uscc, CARRIER.roles, operator="P-7K3F9Q2M")
    log_over(intake).log(read_by(person, UCR))
    (access,) = accesses(intake.taken[0]).access
    assert (access.reader, access.reader_key, access.operator) == (CARRIER.uscc, None, "P-7K3F9Q2M")
