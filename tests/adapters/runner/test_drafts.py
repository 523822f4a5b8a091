"""Drafts (`OperType` G): kept, proved by a reply, submitted once, amended by the declared form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import RunnerSettings
from adapters.single_window_mock import numbers
from adapters.sources.folder import Folder
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.members import Role
from chain.records import RECORD_RULES, CustomsDeclaration, parse_record
from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.runner.conftest import CONSORTIUM, Clock, RememberingGateway

MEMBER = "91110000600037341L"
CLIENT, CENTRAL, ENTRY = "TQ202603020001", "I20260000000000123", "010120261000000017"
DRAFT = re.sub(b"<(SeqNo|EntryId|PreEntryId)>[^<]*</[^>]*>", b"", IMPORT).replace(b"<OperType>C", b"<OperType>G")
LINK = (
    f"<DecImportResponse><ResponseCode>0</ResponseCode><ErrorMessage/><ClientSeqNo>{CLIENT}</ClientSeqNo>"
    f"<SeqNo>{CENTRAL}</SeqNo></DecImportResponse>"
).encode()


def reply(channel: str = "P", *, entry: str = ENTRY, central: str = CENTRAL) -> bytes:
    number = f"<ENTRY_ID>{entry}</ENTRY_ID>" if entry else ""
    return (
        f"<DEC_RESULT><CUS_CIQ_NO>{central}</CUS_CIQ_NO>{number}<NOTICE_DATE>2026-03-03T10:00:00</NOTICE_DATE>"
        f"<CHANNEL>{channel}</CHANNEL></DEC_RESULT>"
    ).encode()


class Broker:
    """A broker's adapter over a folder, opened again on its journal for each run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        self.clock = Clock()
        self.gateway = RememberingGateway({MEMBER: Role.BROKER})
        self.key = SigningKey.generate()
        self.journal = Journal(folder / "journal.sqlite", b"passphrase")

    def put(self, name: str, body: bytes, sent_at: str = "2026-03-02T01:00:00Z") -> None:
        (self.folder / name).write_bytes(body)
        ucrs = {"0": [str(Ucr.EXAMPLE)]} if b"DecMessage" in body else {}
        envelope = {"id": f"m-{name}", "kind": "FILE", "sender": MEMBER, "sent_at": sent_at, "ucrs": ucrs}
        (self.folder / f"{name}.envelope.json").write_text(json.dumps(envelope))

    def run(self, rounds: int = 4) -> AdapterRunner:
        runner = AdapterRunner(
            MEMBER,
            self.key,
            CONSORTIUM,
            jti_secret=b"s" * 32,
            source=Folder(self.folder, MEMBER),
            gateway=self.gateway,
            journal=self.journal,
            settings=RunnerSettings(rescan_s=0.0, attempts_max=3),
            may_say=lambda kind: bool(RECORD_RULES[kind] & Role.BROKER),
            clock=self.clock,
            random=numbers.seeded("jitter"),
        )
        for _ in range(rounds):
            runner.run_once()
            self.clock.now += 5
        return runner

    def declarations(self) -> list[CustomsDeclaration]:
        records = [parse_record(record) for record in self.gateway.records.values()]
        return [record for record in records if isinstance(record, CustomsDeclaration)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    opened = Broker(tmp_path)
    yield opened
    opened.journal.close()


def test_a_draft_is_kept_and_nothing_is_said_of_it(broker: Broker) -> None:
    broker.put("a-draft.xml", DRAFT)
    broker.run()
    assert broker.gateway.records == {}
    assert broker.journal.count("draft") == 1
    assert broker.journal.messages("settled"), "the file itself is done with"


@pytest.mark.parametrize("order", [("draft", "link", "reply"), ("reply", "link", "draft"), ("link", "draft", "reply")])
def test_a_release_makes_the_draft_a_declaration_with_the_numbers_of_the_reply(
    broker: Broker, order: tuple[str, ...]
) -> None:
    bodies = {"draft": DRAFT, "link": LINK, "reply": reply()}
    for count, name in enumerate(order):
        broker.put(f"{count}-{name}.xml", bodies[name])
        broker.run(1)
    broker.run(12)
    (record,) = broker.declarations()
    assert record.declaration.basis == "imported-draft"
    assert (record.declaration.number, record.declaration.central_number) == (ENTRY, CENTRAL)
    assert {("declaration", ENTRY), ("pre", CENTRAL)} <= {(found.kind, found.value) for found in record.references}
    assert broker.gateway.types() == ["customs.declaration"], "the reply is customs' to say"
    assert broker.journal.parked() == []


@pytest.mark.parametrize("channel", ["1", "2", "7", "9", "Y"])
def test_a_reply_that_proves_no_lodging_leaves_the_draft_a_draft(broker: Broker, channel: str) -> None:
    for name, body in (("a.xml", DRAFT), ("b.xml", LINK), ("c.xml", reply(channel, entry=""))):
        broker.put(name, body)
    broker.run()
    assert broker.declarations() == []
    assert broker.journal.count("draft") == 1


def test_of_two_drafts_of_one_number_the_later_is_the_declaration(broker: Broker) -> None:
    broker.put("a.xml", DRAFT, "2026-03-02T01:00:00Z")
    broker.run(1)
    broker.put("b.xml", DRAFT.replace(b"<ContrNo>", b"<ContrNo>L"), "2026-03-02T02:00:00Z")
    broker.put("c.xml", LINK)
    broker.run(1)
    broker.put("d.xml", reply())
    broker.run()
    (record,) = broker.declarations()
    assert (record.declaration.contract or "").startswith("L")


def test_the_declared_form_amends_what_the_draft_said(broker: Broker) -> None:
    for name, body in (("a.xml", DRAFT), ("b.xml", LINK)):
        broker.put(name, body)
    broker.run(1)
    broker.put("c.xml", reply())
    broker.run()
    broker.put("d.xml", IMPORT, "2026-03-04T01:00:00Z")
    broker.run()
    drafted, declared = broker.gateway.records.values()
    assert declared.amends == drafted.record_id
    assert [record.declaration.basis for record in broker.declarations()] == ["imported-draft", "declared"]


def test_a_declared_form_that_comes_first_stands_for_the_draft(broker: Broker) -> None:
    broker.put("a.xml", DRAFT)
    broker.run(1)
    broker.put("b.xml", IMPORT)
    broker.put("c.xml", LINK)
    broker.run(2)
    broker.put("d.xml", reply())
    broker.run()
    (record,) = broker.declarations()
    assert record.declaration.basis == "declared"
    assert broker.journal.count("draft") == 0
    assert broker.journal.parked() == []


def test_a_release_about_a_draft_that_nobody_holds_is_parked_and_says_so(broker: Broker) -> None:
    broker.put("a.xml", reply())
    runner = broker.run(8)
    ((message, entity),) = broker.journal.parked()
    assert broker.journal.name_of(message) == "a.xml"
    assert "nobody holds here" in entity.reason
    assert ENTRY in entity.reason
    assert runner.report.parked == {(entity.place, entity.ordinal)}
    assert broker.gateway.records == {}


def test_a_draft_proved_before_a_crash_is_submitted_once_after_it(broker: Broker) -> None:
    for name, body in (("a.xml", DRAFT), ("b.xml", LINK)):
        broker.put(name, body)
    broker.run(1)
    broker.put("c.xml", reply())
    broker.gateway.failures = 3
    broker.run(2)
    broker.run(6)
    broker.run(2)
    assert len(broker.declarations()) == 1
