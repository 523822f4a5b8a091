"""Four people bring their own systems' files, and each ends with a verified bundle of its consignment.

The terminal's IT person has COARRI and CODECO of other writers, the broker a system that imports drafts, the importer
red-letter invoices and credit notes, the trader an order that changes and is cancelled. Adapters, gateway, chain and
verifier are the real ones; only the wire between adapter and gateway is missing.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import RunnerSettings
from adapters.sources.folder import Folder
from chain.proof.bundle_reader import parse_bundle
from chain.records import RECORD_RULES, CustomsDeclaration, LogisticsEvent, Record, TaxInvoice, TradeOrder, parse_record
from chain.records.trade import TradeParties
from chain.sdjwt import SignedRecord
from chain.verify import Verdict, verify_file
from gateway.client import GatewayClient
from scripts.bootstrap import roles_of
from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.formats.customs.writing import message as ceb
from tests.adapters.formats.efapiao.test_fields import BLUE, SHEET
from tests.adapters.formats.efapiao.test_fields import body as fapiao
from tests.adapters.formats.ubl_invoice.test_lines import document as ubl
from tests.adapters.runner.test_drafts import DRAFT, ENTRY, LINK, reply
from tests.stories.local_consortium import PUBLIC_URL, Town

BOX = "CSQU3054383"
ROUNDS = 4
"""In how many rounds an adapter has said what a file makes it say; some seconds pass between them."""


class Sender:
    """One member's adapter over its drop folder."""

    def __init__(self, town: Town, slug: str, path: Path, ucr: str) -> None:
        self.town, self.slug, self.path, self.ucr, self.now = town, slug, path, ucr, time.time() - 120
        self.submitted: dict[str, None] = {}
        member = town.member(slug)
        # What a sender says counts once the consignment's owner names it.
        named = TradeParties.model_validate({"parties": [{"role": "agent", "uscc": member.uscc}]})
        self.naming = town.say("trader", named.with_names([member.uscc]), ucr)

        def carried(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/v1/records":
                self.submitted[request.content.decode()] = None
            answer = town.http.request(
                request.method, str(request.url), content=request.content, headers=dict(request.headers)
            )
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

        self.gateway = GatewayClient(
            PUBLIC_URL, signer=town.key(slug), member=member.uscc, transport=httpx.MockTransport(carried)
        )
        self.journal = Journal(path / "journal.sqlite", b"passphrase")
        self.folder = path / "files"
        self.folder.mkdir()
        self.runner = AdapterRunner(
            member.uscc,
            town.key(slug),
            town.root.consortium.hex(),
            jti_secret=b"s" * 32,
            source=Folder(self.folder, member.uscc, quiet_s=0.0),
            gateway=self.gateway,
            journal=self.journal,
            settings=RunnerSettings(rescan_s=0.0),
            clock=lambda: self.now,
            may_say=lambda kind: bool(RECORD_RULES[kind] & roles_of(member)),
        )

    def send(self, name: str, body: bytes, *, with_ucr: bool = False) -> None:
        """Puts the file into the folder, with the consignment's number beside it where the sender knows it, and lets
        the adapter run until nothing waits for the gateway."""
        (self.folder / name).write_bytes(body)
        if with_ucr:
            ucrs = {"0": [self.ucr]}
            envelope = {"id": f"{self.slug}-{name}", "kind": "FILE", "sender": self.town.member(self.slug).uscc}
            envelope |= {"sent_at": "2026-03-02T01:00:00Z", "ucrs": ucrs}
            (self.folder / f"{name}.envelope.json").write_text(json.dumps(envelope))
        for _ in range(ROUNDS):
            self.runner.run_once()
            self.now += 5

    def bundle(self) -> list[Record]:
        """The sender's records, each of which the regulator's bundle of the consignment must hold and prove offline."""
        self.town.cover()
        answer = self.town.get("regulator", f"/v1/consignments/{self.ucr}/bundle")
        assert answer.status_code == 200, answer.text
        report = verify_file(answer.content, self.town.root)
        assert report.verdict in (Verdict.VALID, Verdict.AMENDED), report
        assert self.runner.report.refused == []
        records = [SignedRecord.parse(text) for text in self.submitted]
        assert {proved.signed.record_id for proved in parse_bundle(answer.content).records} == {
            self.naming.record_id,
            *(record.record_id for record in records),
        }
        return [parse_record(record) for record in records]

    def close(self) -> None:
        self.gateway.close()
        self.journal.close()


def edifact(
    kind: str, document: str, inside: str, *, function: str = "9", una: str = "", place: str = "", number: str = "R1"
) -> bytes:
    body = f"BGM+{document}+{number}+{function}'{place}EQD+CN+{BOX}+45G1:102:5++3+5'RFF+BM:TJ4711'{inside}CNT+16:1'"
    message = f"UNH+1+{kind}:D:95B:UN'{body}UNT+{body.count(chr(39)) + 2}+1'"
    return f"{una}UNB+UNOA:2+A+B+260302:0905+1'{message}UNZ+1+1'".encode()


@pytest.mark.timeout(120)
def test_a_terminal_sends_moves_of_other_writers_and_takes_one_back(town: Town, tmp_path: Path) -> None:
    sender = Sender(town, "terminal", tmp_path, f"6CN{town.member('trader').uscc}-BOX")
    discharged = "DTM+203:202603020900:203'MEA+AAE+G+KGM:12000,5'"
    sender.send(
        "a.edi", edifact("COARRI", "44", discharged, place="LOC+11+CNTXG:139:6'", una="UNA:+,? '"), with_ucr=True
    )
    out = "DTM+7:202603031200:203'LOC+165+CNTXG:139:6'"
    sender.send("b.edi", edifact("CODECO", "36", out, number="G7"))
    sender.send("c.edi", edifact("CODECO", "36", out, number="G7", function="1"))
    events = [record for record in sender.bundle() if isinstance(record, LogisticsEvent)]
    sender.close()
    first = next(record.event for record in events if record.event.code.value == "DISC")
    assert first.gross is not None
    assert first.gross.value == "12000.50000"
    assert first.happened.utc == "2026-03-02T01:00:00Z"
    assert sorted(record.event.function for record in events) == ["delete", "new", "new"]


@pytest.mark.timeout(120)
def test_a_brokers_draft_becomes_the_declaration_that_the_reply_proves(town: Town, tmp_path: Path) -> None:
    sender = Sender(town, "broker", tmp_path, f"6CN{town.member('trader').uscc}-DRAFT")
    sender.send("a.xml", DRAFT, with_ucr=True)
    sender.send("b.xml", LINK)
    sender.send("c.xml", reply())
    declared = IMPORT.replace(b"</SeqNo>", f"</SeqNo><EntryId>{ENTRY}</EntryId>".encode())
    sender.send("d.xml", declared, with_ucr=True)
    declarations = [record for record in sender.bundle() if isinstance(record, CustomsDeclaration)]
    sender.close()
    assert sorted(record.declaration.basis for record in declarations) == ["declared", "imported-draft"]
    assert {record.declaration.number for record in declarations} == {ENTRY}


@pytest.mark.timeout(120)
def test_an_importer_sends_a_credit_note_and_a_red_letter_invoice(town: Town, tmp_path: Path) -> None:
    sender = Sender(town, "trader", tmp_path, f"6CN{town.member('trader').uscc}-PAPERS")
    cited = "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>D-7</cbc:ID></cac:InvoiceDocumentReference>"
    red = f"<RedEInvoice><OriginalInvoiceCode>{BLUE}</OriginalInvoiceCode><CreditNoteNumber>{SHEET}</CreditNoteNumber>"
    files = {
        "invoice.xml": ubl(),
        "credit.xml": ubl("CreditNote", head=f"{cited}</cac:BillingReference>"),
        "red.xml": fapiao(issue="N", gross="-113.00", line="<Quantity>-1</Quantity>", red=f"{red}</RedEInvoice>"),
    }
    for name, body in files.items():
        sender.send(name, body, with_ucr=True)
    invoices = [record.invoice for record in sender.bundle() if isinstance(record, TaxInvoice)]
    sender.close()
    assert {invoice.kind.value for invoice in invoices if invoice.kind} >= {"381"}
    assert sorted(invoice.corrects for invoice in invoices) == [(), (BLUE,), ("D-7",)]
    assert [invoice.gross.value for invoice in invoices if invoice.gross] == ["-113.00"]


@pytest.mark.timeout(120)
def test_a_trader_changes_an_order_and_cancels_it(town: Town, tmp_path: Path) -> None:
    sender = Sender(town, "trader", tmp_path, f"6CN{town.member('trader').uscc}-ORDER")
    guid = "0A1B2C3D-0000-4000-8000-00000000000{}"
    order = {"orderNo": "FOUR-1"}
    sender.send("a.xml", ceb("311", **order), with_ucr=True)
    sender.send("b.xml", ceb("311", appType="2", goodsValue="250", acturalPaid="297.30", guid=guid.format(2), **order))
    sender.send("c.xml", ceb("311", appType="3", appTime="20260303093000", guid=guid.format(3), **order))
    orders = [record.order for record in sender.bundle() if isinstance(record, TradeOrder)]
    sender.close()
    assert sorted(order.function for order in orders) == ["change", "delete", "new"]
    assert {order.number for order in orders} == {"FOUR-1"}
