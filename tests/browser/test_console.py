"""What people see in the console, with a real browser, gateway and chain; each fault of such pages tried once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chain.identifiers import HsCode, Uscc
from chain.proof.bundle_reader import parse_bundle
from chain.records.base import Reference
from chain.records.customs import CustomsDeclaration, DeclarationHead
from chain.records.scalars import Amount, Weight
from chain.records.sections import GoodsItem, Party
from chain.records.transport import Container, Seal, Transport
from chain.records.value import Valuation
from chain.verify.results import Verdict
from chain.verify.verifier import verify
from tests.browser.conftest import Served, Visitor
from tests.gateway.query import consortium

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NUMBER = "010020261000000321"
AUDIT = Path(__file__).with_name("audit.js").read_text()
CONTRAST = Path(__file__).with_name("contrast.js").read_text()
HOSTILE_NAME = "<img src=x onerror=\"window.owned='goods'\">"
HOSTILE_MODEL = "</td><script>window.owned='model'</script>{{7*7}}"
HOSTILE_PARTY = "<svg/onload=window.owned='party'>"
HOSTILE_LINK = "javascript:window.owned='link'"


@pytest.fixture(scope="module")
def ucr(served: Served) -> str:
    """A trader's own import, carried and released; what it and its carrier wrote is hostile. The broker has no part."""
    town = served.town
    trader = town.member("trader").uscc
    ucr = f"6CN{trader}-CONSOLE"
    head = {
        "number": NUMBER,
        "direction": "I",
        "office": {"system": "cn-customs-office", "value": "0101"},
        "lodged": {"utc": "2026-11-20T08:00:00Z", "said": "20261120160000"},
        "contract": HOSTILE_LINK,
    }
    declaration = CustomsDeclaration(
        references=(
            Reference(kind="declaration", value=NUMBER),
            Reference(kind="transport_document", value="999-12345675"),
        ),
        declaration=DeclarationHead.model_validate(head),
        parties=(Party(role="trader", uscc=Uscc(trader), name=HOSTILE_PARTY),),
        goods_items=(GoodsItem(ordinal=1, hs=HsCode("8471300000"), name=HOSTILE_NAME, model=HOSTILE_MODEL),),
        transport=Transport(
            gross=Weight(value="100.00000", unit="KGM"),
            bill="999-12345675",
            containers=(Container(number="CSQU3054383", seals=(Seal(number="<b>CN1</b>"),)),),
        ),
        valuation=Valuation(total=Amount(value="4200.00", currency="USD")),
    )
    town.say("trader", declaration.with_names([town.member("carrier").uscc]), ucr)
    town.say("carrier", consortium.waybill(gross="110.00000"), ucr)
    for state, time, code in (
        ("ACCEPTED", "08:10:00", "L"),
        ("INSPECTION", "09:00:00", "C"),
        ("RELEASED", "10:30:00", "P"),
    ):
        town.say("customs", consortium.status(state, time, code=code, number=NUMBER), ucr)
    town.cover()
    return ucr


def test_a_customs_officer_sees_status_hours_goods_and_that_it_is_complete(visitor: Visitor, ucr: str) -> None:
    visitor.enter("customs")
    visitor.look_up(ucr)
    picture = visitor.page.locator("#picture")
    expect(picture.locator(".boxes")).to_contain_text("Released")
    expect(picture.locator(".boxes")).to_contain_text("2.50 h lodged to released")
    expect(picture.locator(".boxes")).to_contain_text("Complete up to the checkpoint")
    hours = picture.locator("#status tbody tr").locator("td:nth-child(4)").all_inner_texts()
    assert hours == ["0.17", "0.83", "1.50", "—"]
    expect(picture.locator("#findings")).to_contain_text("C13-gross")
    expect(picture.locator("#weights tr.differs")).to_contain_text("sources differ")
    expect(picture.locator("#containers")).to_contain_text("CSQU3054383")
    expect(picture.locator("#withheld")).to_contain_text("Nothing is withheld from you.")
    expect(picture.locator("#records tbody tr")).to_have_count(5)
    expect(picture.locator("#records tbody tr").first).to_contain_text("covered")


def test_a_regulator_sees_what_is_withheld_and_by_which_rule(visitor: Visitor, ucr: str) -> None:
    visitor.enter("regulator")
    visitor.look_up(ucr)
    withheld = visitor.page.locator("#withheld")
    expect(withheld).to_contain_text("Declaration")
    expect(withheld).to_contain_text("Parties")
    expect(withheld).to_contain_text("would be shown to you only as any member · own records")
    expect(withheld.locator(".grant").first).to_have_attribute("title", "MEMBER / issuer / *")
    expect(visitor.page.locator("#parties")).to_have_count(0)
    assert HOSTILE_PARTY not in visitor.page.content()


def test_a_broker_of_another_importer_is_told_what_is_told_of_goods_that_do_not_exist(
    visitor: Visitor, ucr: str
) -> None:
    visitor.enter("broker")
    told = []
    for asked in (ucr, ucr[:-1] + "X"):
        with visitor.page.expect_response(re.compile("/v1/search/anything")) as answer:
            visitor.find(asked)
        assert answer.value.json()["consignments"] == []
        expect(visitor.page.locator("#hits")).to_contain_text("Nothing that you may see answers this.")
        told.append(visitor.page.locator("main").inner_text().replace(asked, "UCR"))
    assert told[0] == told[1]
    expect(visitor.page.locator("#picture")).to_have_count(0)


def test_what_members_wrote_is_shown_as_text_and_never_run(visitor: Visitor, ucr: str) -> None:
    visitor.enter("trader")
    visitor.look_up(ucr)
    picture = visitor.page.locator("#picture")
    for said in (HOSTILE_NAME, HOSTILE_MODEL, HOSTILE_PARTY, HOSTILE_LINK, "<b>CN1</b>"):
        expect(picture.get_by_text(said).first).to_be_visible()
    assert picture.locator("img, script, svg, b:text-is('CN1')").count() == 0
    links = picture.locator("a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert links and all(one.startswith(("#", "/console/")) for one in links)
    assert visitor.page.evaluate("window.owned") is None
    # The page could not read a text as markup if it tried: the browser refuses.
    refused = visitor.page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true } }"
    )
    assert refused
    visitor.page.evaluate("window.violations = []")


def test_the_owner_sees_who_has_looked_and_its_own_receipt(visitor: Visitor, ucr: str) -> None:
    town = visitor.served.town
    assert town.get("auditor", f"/v1/consignments/{ucr}").status_code == 200
    visitor.enter("trader")
    visitor.look_up(ucr)
    log = visitor.page.locator("#access tbody")
    expect(log).to_contain_text(town.member("auditor").uscc)
    expect(log.locator("tr").first).to_contain_text("(you)")
    receipt = visitor.page.locator("#receipt")
    expect(receipt).to_contain_text(town.member("gateway").uscc)
    receipt.get_by_text("The receipt itself").click()
    assert receipt.locator("#receipt-text").inner_text().count(".") == 2


def test_the_proof_bundle_is_saved_and_valid(visitor: Visitor, ucr: str) -> None:
    visitor.enter("trader")
    visitor.look_up(ucr)
    with visitor.page.expect_download() as saved:
        visitor.page.get_by_role("button", name="Download the proof bundle", exact=True).click()
    assert saved.value.suggested_filename == f"{ucr}.bundle.json"
    bundle = parse_bundle(Path(saved.value.path()).read_bytes())
    assert verify(bundle, visitor.served.town.root).verdict is Verdict.VALID


def test_language_and_zone_change_the_words_and_not_the_facts(visitor: Visitor, ucr: str) -> None:
    visitor.enter("customs")
    visitor.look_up(ucr)
    page = visitor.page
    page.get_by_role("combobox", name="Language").select_option("zh")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    expect(page.get_by_role("heading", name="状态与用时")).to_be_visible()
    expect(page.locator(".boxes")).to_contain_text("放行")
    expect(page.locator("#findings")).to_contain_text("相差超过 3%")
    expect(page.locator("#picture-title")).to_contain_text(ucr)
    expect(page.locator("#status time").first).to_have_text("2026-11-20 08:00:00")
    page.get_by_role("combobox", name="时间").select_option("8")
    expect(page.locator("#status time").first).to_have_text("2026-11-20 16:00:00")
    page.get_by_role("combobox", name="语言").select_option("en")
    expect(page.get_by_role("heading", name="Status and hours")).to_be_visible()


def test_the_token_is_in_memory_alone_and_is_forgotten(visitor: Visitor, ucr: str) -> None:
    visitor.enter("customs")
    visitor.look_up(ucr)
    page, token = visitor.page, visitor.served.town.token("customs")
    kept = page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, location.href])")
    assert token not in kept and token not in page.content()
    page.get_by_role("button", name="Forget the token").click()
    expect(page.locator("#picture")).to_have_count(0)
    expect(page.locator("#desk")).to_have_count(0)
    page.get_by_text("With an access token").click()
    page.get_by_label("Access token").fill("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4IiwiZXhwIjoxfQ.")
    page.get_by_role("button", name="Use this token").click()
    expect(page.get_by_role("alert")).to_contain_text("HTTP 401")
    assert page.locator("#token").input_value() == ""
    expect(page.locator("#desk")).to_have_count(0)


def test_a_token_is_loaded_from_a_file(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(visitor.served.town.token("auditor") + "\n")
    visitor.page.get_by_label("or load it from a file").set_input_files(file)
    expect(visitor.page.locator("#who")).to_contain_text("auditor")


def test_it_is_used_without_a_mouse_and_read_by_a_screen_reader(visitor: Visitor, ucr: str) -> None:
    page = visitor.page
    page.get_by_text("With an access token").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Access token")).to_be_focused()
    page.keyboard.insert_text(visitor.served.town.token("customs"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#desk")).to_be_visible()
    page.get_by_label("Find", exact=True).focus()
    page.keyboard.insert_text(ucr)
    page.keyboard.press("Enter")
    expect(page.locator("#picture-title")).to_be_focused()
    expect(page.locator("#shown")).to_have_text(f"Shown: {ucr}")
    expect(page.locator("#access tbody")).to_be_visible()
    assert page.evaluate(AUDIT) == []
    page.locator("#status a.source").first.press("Enter")
    assert page.evaluate("document.querySelector('tr:target b').textContent") == "R1"


def test_it_prints_the_page_that_is_filed_or_everything_and_never_the_forms(visitor: Visitor, ucr: str) -> None:
    visitor.enter("customs")
    visitor.look_up(ucr)
    page = visitor.page
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in ("#find-form", ".pages", ".actions", ".contents", "#records"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#findings")).to_be_visible()
    page.evaluate("document.body.classList.add('whole')")
    expect(page.locator("#records")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_width_makes_the_page_scroll_sideways_and_text_keeps_its_contrast(
    visitor: Visitor, ucr: str, width: int, scheme: str
) -> None:
    page = visitor.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    visitor.enter("customs")
    visitor.look_up(ucr)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
