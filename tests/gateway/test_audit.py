"""The audit: what a gateway promised, held against the chain by somebody who believes nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.runner.journal import Journal
from adapters.sources.envelope import Envelope
from chain.errors import StoreFault
from chain.members import Role
from gateway.ingest.group_commit import Acceptance
from gateway.ingest.pipeline import ValidationContext
from scripts.receipt_audit import (
    Audit,
    AuditReport,
    KeptReceipt,
    ReceiptFate,
    Registered,
    audited,
    kept_in_file,
    kept_in_journal,
)
from tests.fakes.memory_ledger import CONSORTIUM
from tests.gateway.memory_consortium import GATEWAY, PaperGateway, Town

PASSPHRASE = b"correct horse"


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def _registered(gateway: PaperGateway, town: Town) -> None:
    town.chain.admit(GATEWAY, Role.GATEWAY)
    town.chain.add_key(GATEWAY, gateway.signer)
    gateway.registry.refresh()


def accepted(gateway: PaperGateway, town: Town, count: int = 3) -> list[KeptReceipt]:
    made = [town.event(number) for number in range(count)]
    done = [gateway.intake.accept(one.serialize().encode()) for one in made]
    return [KeptReceipt("carrier", one.receipt, record.serialize()) for one, record in zip(done, made, strict=True)]


def audit(gateway: PaperGateway, town: Town, kept: list[KeptReceipt], *, later_s: float = 0) -> AuditReport:
    gateway.follow()
    registered = Registered(town.chain.members(), town.chain.keys())
    head_time = int(town.clock() + later_s)
    return audited(Audit(gateway.index, registered, CONSORTIUM.hex(), head_time), kept)


def test_kept_promises_are_kept(gateway: PaperGateway, town: Town) -> None:
    kept = accepted(gateway, town)
    gateway.seal()
    report = audit(gateway, town, kept)
    assert report.outcomes == {ReceiptFate.KEPT: 3}
    assert (report.entries, report.doubled, report.has_faults, report.can_tell) == (3, 0, False, True)
    said = json.loads(json.dumps(report.format()))
    assert (said["outcomes"], said["receipts"], said["entries"]) == ({"kept": 3}, 3, 3)


def test_before_its_time_a_promise_is_open_and_nothing_can_be_told(gateway: PaperGateway, town: Town) -> None:
    report = audit(gateway, town, accepted(gateway, town))
    assert report.outcomes == {ReceiptFate.OPEN: 3}
    assert (report.has_faults, report.can_tell) == (False, False)


def test_what_was_never_anchored_is_a_broken_promise_with_the_gateways_name(gateway: PaperGateway, town: Town) -> None:
    kept = accepted(gateway, town, 1)
    report = audit(gateway, town, kept, later_s=gateway.settings.anchor_promise_s + 1)
    assert report.outcomes == {ReceiptFate.BROKEN: 1}
    assert (report.faults[0].gateway, report.faults[0].holder) == (GATEWAY, "carrier")


def test_what_was_anchored_too_late_is_a_broken_promise(gateway: PaperGateway, town: Town) -> None:
    town.clock.now = 1  # the paper chain's blocks are of its own time, long after
    gateway.registry.refresh()
    kept = accepted(gateway, town, 1)
    gateway.seal()
    assert audit(gateway, town, kept).outcomes == {ReceiptFate.BROKEN: 1}


def test_a_revoked_key_excuses(gateway: PaperGateway, town: Town) -> None:
    kept = accepted(gateway, town, 1)
    town.chain.revoke(town.carrier)
    gateway.seal()
    assert audit(gateway, town, kept, later_s=10_000).outcomes == {ReceiptFate.EXCUSED: 1}


def test_a_receipt_that_no_registered_gateway_signed_is_forged(gateway: PaperGateway, town: Town) -> None:
    (tmp := gateway.folder / "other").mkdir()
    stranger = PaperGateway(tmp, town.chain, town.clock)
    report = audit(gateway, town, accepted(stranger, town, 1))
    assert report.outcomes == {ReceiptFate.FORGED: 1}


def test_receipts_of_an_upload_are_each_judged_by_their_own_part(gateway: PaperGateway, town: Town) -> None:
    made = [town.event(number) for number in range(3)]
    lines = [b'"' + one.serialize().encode() + b'"' for one in made]
    offers = gateway.intake.preparer.prepare_lines(
        lines, ValidationContext(gateway.registry.snapshot(), 0, town.clock())
    )
    done = gateway.intake.verdicts(gateway.intake.offer(offers))
    receipts = [one.receipt for one in done if isinstance(one, Acceptance)]
    gateway.seal()
    kept = [KeptReceipt("carrier", one, record.serialize()) for one, record in zip(receipts, made, strict=True)]
    assert audit(gateway, town, kept).outcomes == {ReceiptFate.KEPT: 3}
    signed, _, *place = receipts[0].split("~")
    forged = "~".join([signed, receipts[1].split("~")[1], *place])
    report = audit(gateway, town, [KeptReceipt("carrier", forged, made[1].serialize())])
    assert report.outcomes == {ReceiptFate.FORGED: 1}


def test_what_is_no_receipt_is_forged_and_named(gateway: PaperGateway, town: Town) -> None:
    report = audit(gateway, town, [KeptReceipt("carrier", "x.y.z")])
    assert report.faults[0].kind == ReceiptFate.FORGED


def test_two_receipts_for_one_record_contradict_each_other(gateway: PaperGateway, town: Town) -> None:
    kept = accepted(gateway, town, 1)
    (tmp := gateway.folder / "other").mkdir()
    forgetful = PaperGateway(tmp, town.chain, town.clock)
    town.chain.add_key(GATEWAY, forgetful.signer)
    town.clock.now += 5
    again = forgetful.intake.accept(kept[0].record.encode()).receipt
    report = audit(gateway, town, [*kept, KeptReceipt("carrier", again, kept[0].record)])
    assert report.outcomes[ReceiptFate.CONTRADICTING] == 1


def test_a_receipt_for_other_entries_than_the_records_contradicts_it(gateway: PaperGateway, town: Town) -> None:
    first, second = accepted(gateway, town, 2)
    mixed = KeptReceipt("carrier", first.receipt, second.record)
    assert audit(gateway, town, [mixed]).outcomes == {ReceiptFate.CONTRADICTING: 1}


def test_the_same_receipt_kept_twice_counts_once(gateway: PaperGateway, town: Town) -> None:
    kept = accepted(gateway, town, 1)
    gateway.seal()
    assert audit(gateway, town, [*kept, *kept]).receipts == 1


def test_an_entry_that_a_gateway_anchored_twice_is_its_fault(gateway: PaperGateway, town: Town) -> None:
    kept = accepted(gateway, town, 1)
    gateway.seal()
    own = town.chain.anchored[0].entries
    town.chain.anchor_for(gateway.account.address.lower(), [own, bytes(48)])
    report = audit(gateway, town, kept)
    assert (report.doubled, report.has_faults) == (1, True)


def test_an_entry_that_two_gateways_anchored_is_nobodys_fault(gateway: PaperGateway, town: Town) -> None:
    kept = accepted(gateway, town, 1)
    gateway.seal()
    town.chain.anchor_for("0x" + "ab" * 20, [town.chain.anchored[0].entries])
    report = audit(gateway, town, kept)
    assert (report.doubled, report.repeated, report.has_faults) == (0, 1, False)


def test_without_a_receipt_nothing_can_be_told(gateway: PaperGateway, town: Town) -> None:
    assert not audit(gateway, town, []).can_tell


def test_receipts_are_read_from_journals_and_from_lines(gateway: PaperGateway, town: Town, tmp_path: Path) -> None:
    (kept,) = accepted(gateway, town, 1)
    journal = Journal(tmp_path / "journal.sqlite", PASSPHRASE)
    journal.take(Envelope("M1", "CEB621", "91110000600037341L", "2026-03-02T01:00:00Z"), b"<a/>")
    journal.begin_entities(1, [(0, "logistics.event", "waiting", ""), (1, "logistics.event", "waiting", "")])
    first, second = journal.entities(1)
    journal.keep_signed(first, kept.record, "id", [])
    journal.set_entity(first, "submitted", receipt=kept.receipt)
    journal.keep_signed(second, "x", "other", [])
    journal.close()
    (tmp_path / "lines").write_text(f"{kept.receipt}\n\n{kept.receipt} {kept.record}\n")
    assert list(kept_in_journal(tmp_path / "journal.sqlite", "carrier", PASSPHRASE)) == [kept]
    assert [one.record for one in kept_in_file(tmp_path / "lines")] == ["", kept.record]


def test_a_journal_that_is_none_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreFault):
        list(kept_in_journal(tmp_path / "none.sqlite", "carrier", PASSPHRASE))
    assert not (tmp_path / "none.sqlite").exists()
