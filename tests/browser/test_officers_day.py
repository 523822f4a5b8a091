"""An officer's day, from the invitation to one printed page: a real browser, a passkey, and nobody needs a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from chain.identifiers import Uscc
from chain.records.base import Reference
from chain.records.customs import CustomsDeclaration, DeclarationHead
from chain.records.scalars import Amount
from chain.records.sections import GoodsItem, InvoiceLine, Party
from chain.records.tax import InvoiceHead, TaxInvoice
from chain.records.value import Valuation
from tests.browser.conftest import LISTEN_FOR_VIOLATIONS, WAIT_MS, Served, Visitor
from tests.gateway.query import consortium
from tests.stories.risk_desks import desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NUMBER = "010120261000000654"
INVOICE = "INV-2026-0711"
REASON = "The invoice of the deal was shown at the counter: twice the declared value."
PAGES_MAX = 1


@dataclass
class Told:
    """A consignment whose invoice is twice its declaration, found by customs' desk."""

    ucr: str
    invoice: str


def line_of(total: str, quantity: str = "10.00000") -> dict[str, object]:
    """Ten notebooks for that sum, as declaration and invoice both write them."""
    amounts = {"quantity": {"value": quantity, "unit": "H87"}, "total": {"value": total, "currency": "USD"}}
    return {"ordinal": 1, "hs": "8471300000", "name": "便携式电脑", **amounts}


@pytest.fixture(scope="module")
def told(served: Served) -> Told:
    town = served.town
    trader = Uscc(town.member("trader").uscc)
    ucr = f"6CN{trader}-TWICE"
    head = {
        "number": NUMBER,
        "direction": "I",
        "office": {"system": "cn-customs-office", "value": "0101"},
        "lodged": {"utc": "2026-11-20T08:00:00Z", "said": "20261120160000"},
    }
    declaration = CustomsDeclaration(
        references=(Reference(kind="declaration", value=NUMBER), Reference(kind="invoice", value=INVOICE)),
        declaration=DeclarationHead.model_validate(head),
        parties=(Party(role="trader", uscc=trader, name="示范进出口有限公司"),),
        goods_items=(GoodsItem.model_validate(line_of("4200.00")),),
        valuation=Valuation(total=Amount(value="4200.00", currency="USD")),
    )
    total = Amount(value="8400.00", currency="USD")
    invoice = TaxInvoice(
        references=(Reference(kind="invoice", value=INVOICE),),
        invoice=InvoiceHead(number=INVOICE, currency="USD", lines_total=total, gross=total, payable=total),
        parties=(Party(role="buyer", uscc=trader, name="示范进出口有限公司"),),
        goods_items=(InvoiceLine.model_validate(line_of("8400.00")),),
    )
    town.say("trader", declaration, ucr)
    billed = town.say("trader", invoice, ucr)
    town.say("customs", consortium.status("ACCEPTED", "08:10:00", code="L", number=NUMBER), ucr)
    town.cover()
    desk(town, "customs").look([ucr])
    town.cover()
    return Told(ucr, billed.record_id)


@pytest.fixture
def person(browser: Browser, served: Served) -> Iterator[Visitor]:
    """A fresh browser in which nobody has been. Afterwards no script may have failed."""
    context = browser.new_context(locale="en-GB", accept_downloads=True)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.add_init_script(LISTEN_FOR_VIOLATIONS)
    window = Visitor(page, served)
    page.on("pageerror", lambda error: window.faults.append(str(error)))
    yield window
    assert window.faults == []
    assert window.violations() == []
    context.close()


def finding(page: Page) -> Page:
    return page.locator("#finding-C31")  # type: ignore[return-value]


def test_an_officer_finds_the_invoice_that_is_twice_its_declaration_confirms_it_and_prints_one_page(
    person: Visitor, told: Told
) -> None:
    page = person.page
    person.enrol("customs", "Zhang Min 张敏", "read", "dispose")
    row = page.locator("#worklist tbody tr", has_text=told.ucr).filter(has_text="C31")
    expect(row).to_contain_text("H · block")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/console/finding/{told.ucr}/C31$"))
    contradiction = finding(page)
    expect(contradiction).to_contain_text("8400")
    expect(contradiction).to_contain_text("4200")
    line = page.locator("#side-by-side tr.differs", has_text="Total").first
    expect(line).to_contain_text("4,200.00")
    expect(line).to_contain_text("8,400.00")
    contradiction.get_by_label("Decision").select_option("confirmed")
    contradiction.get_by_label("Reason").fill(REASON)
    contradiction.get_by_role("button", name="Sign the decision").click()
    expect(contradiction.locator(".decision")).to_contain_text(REASON)
    expect(contradiction.locator(".standing")).to_have_text("confirmed")
    page.emulate_media(media="print")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= PAGES_MAX
    person.served.town.cover()
    (opinion,) = [
        one
        for one in person.served.town.get("customs", f"/v1/consignments/{told.ucr}").json()["opinions"]
        if one["rule"] == "C31"
    ]
    assert (opinion["state"], opinion["disposition"]["reason"]) == ("confirmed", REASON)


def test_reload_and_back_keep_place_and_log_in_and_a_title_tells_the_page(person: Visitor, told: Told) -> None:
    page = person.page
    person.enrol("customs", "Wang Fang 王芳", "read")
    person.find(INVOICE)
    expect(page.locator("#picture-title")).to_contain_text(told.ucr)
    expect(page).to_have_title(re.compile(told.ucr))
    page.reload()
    expect(page.locator("#picture-title")).to_contain_text(told.ucr)
    page.go_back()
    expect(page.locator("#desk")).to_be_visible()
    page.go_forward()
    expect(page.locator("#picture-title")).to_contain_text(told.ucr)


def test_an_address_sent_to_another_member_shows_only_what_is_its_own(
    person: Visitor, browser: Browser, told: Told
) -> None:
    """The broker has no part in these goods: it is told what is told of goods that do not exist."""
    page = person.page
    person.enrol("broker", "Chen Jie 陈杰", "read")
    for address in (f"consignment/{told.ucr}", f"finding/{told.ucr}/C31", f"record/{told.invoice}"):
        page.goto(f"{person.served.url}/console/{address}")
        expect(page.get_by_role("alert")).to_contain_text("404")
        assert "8,400" not in page.content()
    person.find(INVOICE)
    expect(page.locator("#hits")).to_contain_text("Nothing that you may see answers this.")


def test_the_read_log_tells_the_owner_a_member_and_a_pseudonym_and_no_name(person: Visitor, told: Told) -> None:
    person.enrol("customs", "Liu Yang 刘洋", "read")
    person.find(told.ucr)
    expect(person.page.locator("#picture-title")).to_contain_text(told.ucr)
    town = person.served.town
    town.cover()
    reads = town.get("trader", "/v1/access-log", ucr=told.ucr).json()["reads"]
    operators = {line["access"]["operator"] for line in reads if "access" in line and "operator" in line["access"]}
    assert operators and all(re.fullmatch(r"P-[2-9A-HJ-NP-Z]{8}", one) for one in operators)
    assert "Liu Yang" not in str(reads)


def test_one_box_finds_by_every_number_and_by_words(person: Visitor, told: Told) -> None:
    person.enrol("customs", "Sun Lei 孙磊", "read")
    page = person.page
    for text in (told.ucr, NUMBER, INVOICE.lower()):
        person.find(text)
        expect(page.locator("#picture-title")).to_contain_text(told.ucr)
    person.find("便携式")
    expect(page.locator("#hits")).to_contain_text(told.ucr)
    person.find(told.invoice)
    page.get_by_role("link", name=f"Record {told.invoice}").click()
    expect(page.locator("#record h1")).to_have_text("Invoice")
    person.find(person.served.town.member("trader").uscc)
    page.get_by_role("link", name="Member").click()
    expect(page.locator("#member")).to_contain_text("active", ignore_case=True)


def test_a_person_logs_in_again_with_the_passkey_and_logs_out_everywhere(person: Visitor, told: Told) -> None:
    page = person.page
    person.enrol("customs", "Zhao Lin 赵琳", "read")
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{person.served.url}/console/consignment/{told.ucr}")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.locator("#picture-title")).to_contain_text(told.ucr)
    page.get_by_role("link", name="People").click()
    expect(page.locator("#sessions")).to_contain_text("this one")
    page.get_by_role("button", name="Log out everywhere").click()
    expect(page.get_by_role("button", name="Log in with a passkey")).to_be_visible()


def test_an_administrator_invites_in_the_browser_and_the_link_counts_once(
    person: Visitor, browser: Browser, told: Told
) -> None:
    person.enrol("customs", "Head 处长", "read", "administer")
    page = person.page
    page.get_by_role("link", name="People").click()
    page.get_by_label("Name").fill("New Officer 新人")
    page.get_by_role("button", name="Invite").click()
    link = page.locator("#invitation").inner_text()
    expect(page.locator("#colleagues")).to_contain_text("New Officer 新人")
    other = browser.new_context(locale="en-GB")
    newcomer = Visitor(other.new_page(), person.served)
    newcomer.add_authenticator()
    for outcome in ("#desk", "[role=alert]"):
        newcomer.page.goto(link)
        newcomer.page.get_by_role("button", name="Make a passkey and log in").click()
        expect(newcomer.page.locator(outcome)).to_be_visible()
        newcomer.page.goto("about:blank")
    other.close()
