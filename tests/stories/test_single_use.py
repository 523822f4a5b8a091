"""One invoice, two consignments: who may know learns that it was used twice, and nothing else of anybody's business."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.proof.bundle_reader import parse_bundle
from chain.proof.own_number import OwnNumber
from chain.records.base import Reference
from chain.records.tax import InvoiceHead, TaxInvoice
from chain.sdjwt import WITHHELD
from chain.verify import Verdict, verify_file
from chain.verify.context import Demand
from scripts.receipt_audit import Audit, KeptReceipt, ReceiptFate, Registered
from tests.stories.local_consortium import Town

ROUTE = "/v1/references/invoice/single-use"


def invoice(number: str, scope: str = "") -> TaxInvoice:
    reference = Reference(kind="invoice", scope=scope, value=number)
    return TaxInvoice(references=(reference,), invoice=InvoiceHead(number=number))


def asked(town: Town, slug: str, number: str) -> bytes:
    answer = town.get(slug, ROUTE, scope=town.member("trader").uscc, value=number)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_bank_is_shown_an_invoice_that_was_used_once_and_customs_sees_the_second_use(town: Town) -> None:
    trader = town.member("trader").uscc
    first, second = f"6CN{trader}-USE1", f"6CN{trader}-USE2"
    billed = town.say("trader", invoice("inv-77", trader), first)
    town.say("trader", invoice("inv-77", trader), first, amends=billed.record_id)
    town.cover()
    once = asked(town, "trader", "INV-77")
    report = verify_file(once, town.root, Demand(number="inv-77"))
    assert report.verdict is Verdict.VALID, report
    assert any("was used in 1 consignment" in remark.en for remark in report.remarks)

    town.say("trader", invoice("INV-77"), second)
    town.cover()
    for slug in ("trader", "customs"):
        twice = asked(town, slug, "inv-77")
        assert verify_file(twice, town.root).verdict is Verdict.REUSED
    shown = parse_bundle(twice).records
    assert all(value is WITHHELD for use in shown for _, value in use.signed.disclosed()["ucr"])
    assert all(value is WITHHELD for use in shown for _, value in use.signed.disclosed()["invoice"])
    assert first.encode() not in twice and second.encode() not in twice
    reads = town.get("trader", "/v1/access-log", ucr=second).json()["reads"]
    assert town.member("customs").uscc in {read["access"]["reader"] for read in reads}


@pytest.mark.parametrize("slug", ["broker", "carrier"])
def test_nobody_else_learns_whether_a_number_was_used(town: Town, slug: str) -> None:
    trader = town.member("trader").uscc
    town.say("trader", invoice(f"KEPT-{slug.upper()}"), f"6CN{trader}-KEPT{slug.upper()}")
    town.cover()
    used, unused = (town.get(slug, ROUTE, scope=trader, value=v) for v in (f"KEPT-{slug.upper()}", "NEVER-1"))
    assert used.status_code == unused.status_code == 404
    assert used.json()["detail"].replace(f"KEPT-{slug.upper()}", "") == unused.json()["detail"].replace("NEVER-1", "")
    assert verify_file(asked(town, "customs", "NEVER-1"), town.root).verdict is Verdict.VALID


def test_owner_of_the_consignment_may_ask_about_its_sellers_number(town: Town) -> None:
    trader, broker = town.member("trader").uscc, town.member("broker").uscc
    town.name(f"6CN{broker}-SOLD", "trader", by="broker")
    town.say("trader", invoice("SOLD-1"), f"6CN{broker}-SOLD")
    town.cover()
    answer = town.get("broker", ROUTE, scope=trader, value="SOLD-1")
    assert verify_file(answer.content, town.root).verdict is Verdict.VALID
    (use,) = parse_bundle(answer.content).records
    assert [value for _, value in use.signed.disclosed()["ucr"]] == [f"6CN{broker}-SOLD"]


@pytest.mark.parametrize(
    ("kind", "value", "field"), [("order", "A1", "kind"), ("invoice", 'A"1', "value"), ("invoice", " A1", "value")]
)
def test_what_is_no_number_is_refused_by_field(town: Town, kind: str, value: str, field: str) -> None:
    path = f"/v1/references/{kind}/single-use"
    answer = town.get("trader", path, scope=town.member("trader").uscc, value=value)
    assert (answer.status_code, answer.json()["pointer"]) == (400, f"/{field}"), answer.text


def test_receipt_promises_the_numbers_entry_too_and_the_audit_holds_it(town: Town, tmp_path: Path) -> None:
    trader = town.member("trader").uscc
    signed = town.say("trader", invoice("AUDITED-1"), f"6CN{trader}-AUDITED")
    town.cover()
    receipt = town.post("trader", "/v1/records", signed.serialize()).json()["receipt"]
    services = town.gateway.services
    entries = services.index.find_entries(services.index.progress().batch_count - 1)
    tag = services.tag_keys.number_tag(OwnNumber.of(trader, "audited-1"), 0)
    assert entries is not None and tag in entries
    registered = Registered(town.ledger.members(), town.ledger.keys())
    audit = Audit(services.index, registered, town.root.consortium.hex(), services.registry.head_timestamp)
    assert audit.check(KeptReceipt("trader", receipt, signed.serialize())) is ReceiptFate.KEPT
