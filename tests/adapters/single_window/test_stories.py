"""The stories hold together: check digits, sums and tax formulas are right, and the same seed gives the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import stdnum.cn.uscc
import stdnum.imo
from lxml import etree

from adapters.single_window_mock import numbers
from adapters.single_window_mock.load import consignments
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.stories import STORIES
from tests.samples import samples_dir

STARTED = datetime(2026, 3, 2, 1, tzinfo=UTC)
CEB = "{http://www.chinaport.gov.cn/ceb}"


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_story_is_the_same_bytes_every_time(name: str, cast: Cast) -> None:
    assert STORIES[name](cast, 3, STARTED) == STORIES[name](cast, 3, STARTED)


@pytest.mark.parametrize("name", sorted(STORIES))
def test_two_seeds_are_two_consignments(name: str, cast: Cast) -> None:
    first, second = STORIES[name](cast, 3, STARTED), STORIES[name](cast, 4, STARTED)
    assert not set(first.ucrs) & set(second.ucrs)
    assert not {m.envelope.id for m in first.messages} & {m.envelope.id for m in second.messages}


@pytest.mark.parametrize("name", sorted(STORIES))
def test_messages_are_told_in_the_order_of_the_clock(name: str, cast: Cast) -> None:
    times = [message.envelope.sent_at for message in STORIES[name](cast, 1, STARTED).messages]
    assert times == sorted(times)


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_story_has_messages_without_a_ucr_and_opens_with_one_that_has_it(name: str, cast: Cast) -> None:
    messages = STORIES[name](cast, 1, STARTED).messages
    assert messages[0].envelope.ucrs
    assert any(not message.envelope.ucrs for message in messages)


@pytest.mark.samples
@pytest.mark.parametrize("name", sorted(STORIES))
def test_every_cross_border_message_fits_the_official_schema(name: str, cast: Cast) -> None:
    folder = samples_dir() / "ceb" / "xsd"
    schemas = [etree.XMLSchema(etree.parse(str(folder / f"{way}-202205.xsd"))) for way in ("import", "export")]
    for seed in range(1, 6):
        for message in STORIES[name](cast, seed, STARTED).messages:
            if message.envelope.kind.startswith("CEB"):
                root = etree.fromstring(message.body)
                assert any(schema.validate(root) for schema in schemas), schemas[0].error_log


def test_drawn_numbers_pass_their_check_digits() -> None:
    random = numbers.seeded("check digits")
    for _ in range(300):
        stdnum.cn.uscc.validate(numbers.uscc(random))
        stdnum.imo.validate(numbers.imo_number(random))
        serial = numbers.air_waybill(random).split("-")[1]
        assert int(serial[:7]) % 7 == int(serial[7])
    assert numbers.container(random).startswith("COSU")


def test_the_list_adds_up_to_the_order_the_payment_and_the_tax_bill(cast: Cast) -> None:
    for seed in range(1, 30):
        messages = STORIES["parcel"](cast, seed, STARTED).messages
        by_kind = {m.envelope.kind: etree.fromstring(m.body) for m in messages if m.envelope.kind.startswith("CEB")}
        order, declared, bill = by_kind["CEB311"], by_kind["CEB621"], by_kind["CEB816"]
        assert _sum(declared, "InventoryList", "totalPrice") == _one(order, "goodsValue")
        assert _one(by_kind["CEB411"], "amountPaid") == _one(order, "acturalPaid")
        assert _one(order, "acturalPaid") == sum(_one(order, name) for name in ("goodsValue", "freight", "taxTotal"))
        assert _sum(declared, "InventoryList", "qty1") == _one(declared, "netWeight")
        assert _one(declared, "grossWeight") == _one(by_kind["CEB511"], "weight")
        assert _sum(bill, "TaxListRd", "valueAddedTax") == _one(bill, "valueAddedTax")
        assert _one(order, "taxTotal") == _one(bill, "valueAddedTax") + _one(bill, "consumptionTax")


def test_items_of_a_declaration_add_up_to_its_head(cast: Cast) -> None:
    name = "{http://www.chinaport.gov.cn/dec}"
    for seed in range(1, 30):
        messages = STORIES["air_import"](cast, seed, STARTED).messages
        root = next(etree.fromstring(m.body) for m in messages if m.envelope.kind == "DecMessage")
        net = sum(Decimal(str(e.text)) for e in root.iter(f"{name}FirstQty"))
        head_net, gross = (Decimal(str(root.findtext(f".//{name}{field}"))) for field in ("NetWt", "GrossWet"))
        assert net == head_net < gross


def test_a_load_consignment_is_the_same_whatever_range_it_is_drawn_in(cast: Cast) -> None:
    alone = next(consignments(cast, 5, 1, STARTED))
    among = list(consignments(cast, 1, 5, STARTED))[4]
    assert alone == among


def _one(root: etree._Element, field: str) -> Decimal:
    return Decimal(str(root.findtext(f".//{CEB}{field}")))


def _sum(root: etree._Element, line: str, field: str) -> Decimal:
    return sum((Decimal(str(e.findtext(f"{CEB}{field}"))) for e in root.iter(f"{CEB}{line}")), Decimal(0))
