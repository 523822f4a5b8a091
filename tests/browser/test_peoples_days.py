"""A declarant's and an operator's day in a real browser, and every page at every width, for eyes, ears and fingers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from adapters import formats
from gateway.store.statistics import add_counts
from tests.browser.conftest import LISTEN_FOR_VIOLATIONS, WAIT_MS, Served, Visitor
from tests.gateway.query import consortium

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NUMBER = "010120261000000987"
AXE = Path(__file__).parents[2] / ".node/node_modules/axe-core/axe.min.js"
HOSTILE = "<img src=x onerror=\"window.owned='find'\">"


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


def test_a_declarant_mends_a_refused_file_and_gets_its_receipt(person: Visitor, tmp_path: Path) -> None:
    town = person.served.town
    trader = town.member("trader").uscc
    ucr = f"6CN{trader}-CARRIED"
    town.name(ucr, "broker")
    declaration = consortium.declaration(NUMBER)
    signed = town.sign("broker", declaration, ucr).serialize()
    broken, good = tmp_path / "broken.sd-jwt", tmp_path / "good.sd-jwt"
    broken.write_text(signed.replace(".", "!", 1))
    good.write_text(signed + "\n")
    person.enrol("broker", "Chen Jie 陈杰", "read", "submit")
    page = person.page
    page.get_by_role("link", name="My records").click()
    page.locator("#signed-files").set_input_files([broken, good])
    rows = page.locator("#upload tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Not a record")
    expect(rows.nth(1)).to_contain_text("accepted")
    own = page.locator("#own-records tbody tr", has_text="Declaration").last
    with page.expect_download() as saved:
        own.get_by_role("button").click()
    assert saved.value.suggested_filename.endswith(".receipt.jws")
    assert Path(saved.value.path()).read_text().startswith("ey")
    town.cover()
    page.get_by_label("State").select_option("covered")
    expect(page.locator("#own-records tbody")).to_contain_text("covered")


def test_a_declarant_sees_each_fault_at_its_line_and_saves_the_unsigned_record(person: Visitor, tmp_path: Path) -> None:
    sample = (Path(formats.__file__).parent / "ceb/samples/order.xml").read_bytes()
    broken, good = tmp_path / "broken.xml", tmp_path / "good.xml"
    broken.write_bytes(sample.replace(b"goodsValue>", b"goodsValue>x", 1))
    good.write_bytes(sample)
    line = sample[: sample.index(b"goodsValue>")].count(b"\n") + 1
    person.enrol("broker", "Chen Jie 陈杰", "read", "submit")
    page = person.page
    page.get_by_role("link", name="My records").click()
    page.locator("#native-files").set_input_files([broken, good])
    fault = page.locator("#preview tr.severity-H")
    expect(fault).to_contain_text("Order/OrderHead/goodsValue")
    expect(fault.locator("td").first).to_have_text(str(line))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the unsigned record").click()
    unsigned = json.loads(Path(saved.value.path()).read_bytes())
    assert (saved.value.suggested_filename, unsigned["record_type"]) == ("good-0.unsigned.json", "trade.order")


def test_an_officer_reads_statistics_whose_small_counts_are_withheld(person: Visitor) -> None:
    cells = {("release", "office", office, "2031-11", "14"): count for office, count in (("9901", 40), ("9902", 7))}
    cells |= {("release", "office", "9903", "2031-11", "14"): 2, ("lodged", "all", "", "2031-11", ""): 49}
    with person.served.town.gateway.services.store.writing() as connection:
        add_counts(connection, cells)
    person.enrol("customs", "Officer", "read")
    page = person.page
    page.get_by_role("link", name="Statistics").click()
    rows = page.locator("#times tbody tr")
    expect(rows.filter(has_text="9901")).to_contain_text("40")
    expect(rows.filter(has_text="9903")).to_contain_text("withheld")
    expect(rows.filter(has_text="9902")).to_contain_text("withheld")
    with page.expect_download() as saved:
        page.locator("#times").get_by_role("button", name="Export CSV").click()
    assert saved.value.suggested_filename == "statistics-times-2031.csv"
    page.locator("#choice-by").select_option("month")
    expect(page.locator("#times tbody")).to_contain_text("together")


def test_who_may_only_read_is_offered_no_upload_and_no_decision(person: Visitor) -> None:
    person.enrol("broker", "Reader", "read")
    page = person.page
    page.get_by_role("link", name="My records").click()
    expect(page.locator("#own-records")).to_be_visible()
    expect(page.locator("#upload")).to_have_count(0)
    expect(page.get_by_role("link", name="Operate")).to_have_count(0)


def test_an_operator_sees_health_figures_and_what_was_done_and_keeps_webhooks(person: Visitor) -> None:
    person.enrol("gateway", "Keeper", "read", "operate")
    page = person.page
    page.get_by_role("link", name="Operate").click()
    expect(page.locator("#health")).to_contain_text("sealer")
    expect(page.locator("#figures")).to_contain_text("tongguan_outbox_records")
    expect(page.locator("#operator-log")).to_contain_text("start")
    page.get_by_label("Address").fill("https://192.0.2.1/changes")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#webhooks [role=alert], #webhooks tbody tr").first).to_be_visible()


def test_another_members_operator_is_not_told_what_was_done_with_the_gateway(person: Visitor) -> None:
    person.enrol("trader", "Importer", "read", "operate")
    page = person.page
    page.get_by_role("link", name="Operate").click()
    expect(page.locator("#webhooks")).to_be_visible()
    expect(page.locator("#health")).to_contain_text("store")
    expect(page.locator("#operator-log")).to_have_count(0)


def test_a_hostile_text_in_the_box_is_shown_as_text(person: Visitor) -> None:
    person.enrol("customs", "Officer", "read")
    person.find(HOSTILE)
    expect(person.page.locator("#hits h1")).to_contain_text(HOSTILE)
    assert person.page.evaluate("window.owned") is None


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_page_scrolls_sideways_at_any_width(person: Visitor, width: int) -> None:
    page = person.page
    page.set_viewport_size({"width": width, "height": 900})
    person.enrol("customs", "Officer 关员", "read", "dispose", "operate", "administer")
    for address in (
        "",
        "records",
        "chain",
        "batch/0",
        "block/30",
        "people",
        "operate",
        "statistics",
        "find?q=1",
        "nowhere",
    ):
        page.goto(f"{person.served.url}/console/{address}")
        expect(page.locator("main h1").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed in .node")
def test_axe_finds_nothing_serious_or_moderate(person: Visitor) -> None:
    person.enrol("customs", "Officer", "read", "dispose", "operate", "administer")
    page = person.page
    session = page.context.new_cdp_session(page)
    for address in ("", "records", "chain", "batch/0", "people", "operate", "statistics", "find?q=1", "nowhere"):
        page.goto(f"{person.served.url}/console/{address}")
        expect(page.locator("main h1").first).to_be_visible()
        # Past the page's policy, as a debugger does: the page itself may load nothing of the kind.
        session.send("Runtime.evaluate", {"expression": AXE.read_text()})
        found = page.evaluate("axe.run(document).then((run) => run.violations.map((one) => [one.impact, one.id]))")
        assert [one for one in found if one[0] != "minor"] == [], address
