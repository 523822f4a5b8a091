"""What a journal holds of an erased record: its signed text and receipt, and nothing that it said."""

from __future__ import annotations

from pathlib import Path

from adapters.runner.journal import Journal
from adapters.sources.envelope import Envelope
from chain.sdjwt import SignedRecord
from tests.gateway.query.consortium import TRADER, PaperChain, order

PASSPHRASE = b"a passphrase"
NATIVE = b"<buyerIdNumber>110101199003070000</buyerIdNumber>"


def filled(folder: Path) -> tuple[Journal, SignedRecord, SignedRecord]:
    """A journal with two submitted records, each of a message of its own."""
    journal = Journal(folder / "journal.sqlite", PASSPHRASE)
    chain = PaperChain()
    signed = [chain.say(TRADER, order()).signed for _ in range(2)]
    for place, record in enumerate(signed, 1):
        envelope = Envelope(f"m{place}", "CEB311", TRADER.uscc, "2026-12-01T00:00:00Z", {})
        journal.take(envelope, NATIVE + str(place).encode())
        journal.begin_entities(place, [(0, "trade.order", "waiting", "")])
        (entity,) = journal.entities(place)
        journal.keep_signed(entity, record.serialize(), record.record_id, [])
        journal.set_entity(entity, "submitted", receipt="a receipt")
    return journal, signed[0], signed[1]


def test_an_erased_record_leaves_its_signed_text_alone(tmp_path: Path) -> None:
    journal, erased, kept = filled(tmp_path)
    assert journal.erasures.erase({erased.record_id: ["parties", "ucr", "names"]}) == 1
    left = SignedRecord.parse(journal.find_signed(erased.record_id) or "")
    assert left.record_id == erased.record_id
    assert left.section("parties") == () and left.section("ucr") == erased.section("ucr")
    assert journal.get_message(1).body == b"", "the native message said the same"
    (entity,) = journal.entities(1)
    assert (entity.state, entity.receipt) == ("submitted", "a receipt")
    assert SignedRecord.parse(journal.find_signed(kept.record_id) or "").is_fully_disclosed()
    assert journal.get_message(2).body == NATIVE + b"2"
    journal.close()


def test_what_was_not_submitted_is_left(tmp_path: Path) -> None:
    journal, erased, _ = filled(tmp_path)
    (entity,) = journal.entities(1)
    journal.set_entity(entity, "parked", code="4003", reason="why")
    assert journal.erasures.erase({erased.record_id: ["parties"], "x" * 43: ["parties"]}) == 0
    assert journal.get_message(1).body == NATIVE + b"1"
    journal.close()
