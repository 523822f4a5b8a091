"""Cross-border retail import (supervision mode 9610): order, payment and waybill, the list, customs' replies, the
tax bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from adapters.single_window_mock import ceb, numbers
from adapters.single_window_mock.roles import Cast, Party
from adapters.single_window_mock.script import Script, Story, money, split

CUSTOMS = "0101"
"""Customs of Beijing capital airport."""
RETAIL_SHARE = Decimal("0.7")
"""Cross-border retail pays 70 % of VAT and consumption tax, and no duty, within the limits (domain 3.1)."""
REPLIES = {
    "3": "发送海关成功",
    "100": "海关退单:商品规格型号申报不详",
    "120": "海关入库",
    "300": "人工审核",
    "399": "海关审结",
    "500": "查验",
    "700": "退运",
    "800": "放行",
    "899": "结关",
}
"""CEB622 `returnStatus` -> the words that go with it."""


@dataclass(frozen=True)
class Ware:
    """Something that people order from abroad: HS code, names, price in yuan, net kg a piece, VAT and consumption
    tax rates."""

    hs: str
    name: str
    model: str
    price: Decimal
    net_kg: Decimal
    country: str
    vat: Decimal = Decimal("0.13")
    consumption: Decimal = Decimal(0)


WARES = (
    Ware("3304990039", "面霜", "50毫升/瓶|雪花秀牌", Decimal("268.00"), Decimal("0.12"), "133"),
    Ware("1901101000", "婴幼儿配方奶粉", "900克/罐|爱他美牌|3段", Decimal("179.00"), Decimal("0.90"), "304"),
    Ware("9619001100", "婴儿纸尿裤", "L码54片/包|花王牌", Decimal("99.00"), Decimal("2.10"), "116"),
    Ware("2106909090", "复合维生素片", "120片/瓶|善存牌", Decimal("128.00"), Decimal("0.25"), "502"),
    Ware(
        "2204210000",
        "红葡萄酒",
        "750毫升/瓶|酒精度13%",
        Decimal("158.00"),
        Decimal("1.20"),
        "305",
        consumption=Decimal("0.10"),
    ),
    Ware("8516310000", "吹风机", "1600W|戴森牌|HD08", Decimal("1399.00"), Decimal("0.80"), "132"),
    Ware("6402200000", "塑料拖鞋", "42码|橡塑底", Decimal("89.00"), Decimal("0.40"), "116"),
    Ware("9102110000", "石英手表", "电子指示|卡西欧牌", Decimal("499.00"), Decimal("0.15"), "116"),
)


@dataclass(frozen=True)
class Line:
    """One line of the order: what, how many, its share of freight, and the taxes on it."""

    ware: Ware
    count: int
    freight: Decimal

    @property
    def total(self) -> Decimal:
        """Price times count, yuan."""
        return self.ware.price * self.count

    @property
    def value(self) -> Decimal:
        """Taxable value: price and its share of freight."""
        return self.total + self.freight

    @property
    def consumption_tax(self) -> Decimal:
        """Consumption tax due, after the retail share."""
        return money(self._full_consumption_tax * RETAIL_SHARE)

    @property
    def vat(self) -> Decimal:
        """VAT due, after the retail share; its base holds the full consumption tax."""
        return money((self.value + self._full_consumption_tax) * self.ware.vat * RETAIL_SHARE)

    @property
    def _full_consumption_tax(self) -> Decimal:
        return self.value / (1 - self.ware.consumption) * self.ware.consumption


class Parcel:
    """All numbers of one parcel, and each message about it."""

    def __init__(self, script: Script, lines_count: int | None = None) -> None:
        """Draws the goods and every number from the script's generator."""
        random, cast = script.random, script.cast
        self.script = script
        self.cast = cast
        self.day = script.local("%Y%m%d")
        self.order_no = f"TG{self.day}{script.seed:06d}{numbers.digits(random, 4)}"
        self.payment_no = f"{self.day}{numbers.digits(random, 20)}"
        self.waybill_no = f"SF{numbers.digits(random, 13)}"
        self.bill_no = numbers.air_waybill(random).replace("-", "")
        self.cop_no = f"BG{self.day}{script.seed:06d}{numbers.digits(random, 3)}"
        self.pre_no = f"B{self.day}{numbers.digits(random, 9)}"
        self.invt_no = numbers.declaration_number(random, CUSTOMS, int(self.day[:4]), imported=True)
        self.flight = f"CA{random.randint(900, 999)}"
        self.buyer = random.choice(("王芳", "李明", "张伟", "刘洋", "陈静", "赵磊"))
        self.buyer_id = numbers.resident_id(random)
        self.telephone = f"1390000{numbers.digits(random, 4)}"
        count = lines_count or random.randint(1, 3)
        freight = Decimal(random.randint(15, 60))
        wares = [random.choice(WARES) for _ in range(count)] if count > len(WARES) else random.sample(WARES, count)
        counts = [random.randint(1, 2) for _ in wares]
        shares = split(freight, [ware.price * n for ware, n in zip(wares, counts, strict=True)])
        self.freight = freight
        self.lines = [Line(ware, n, share) for ware, n, share in zip(wares, counts, shares, strict=True)]
        self.net_kg = sum((line.ware.net_kg * line.count for line in self.lines), Decimal(0))
        self.gross_kg = self.net_kg + Decimal("0.35")
        self.carried_kg = self.gross_kg
        self.goods_value = sum((line.total for line in self.lines), Decimal(0))
        self.vat = sum((line.vat for line in self.lines), Decimal(0))
        self.consumption_tax = sum((line.consumption_tax for line in self.lines), Decimal(0))
        self.tax = self.vat + self.consumption_tax
        self.paid = self.goods_value + self.freight + self.tax

    def order(self) -> bytes:
        """CEB311, said by the trader."""
        s, trader, bank = self.script, self.cast.trader, self.cast.bank
        head = [
            *ceb.opening(s),
            ("orderType", "I"),
            ("orderNo", self.order_no),
            *coded("ebp", trader),
            *coded("ebc", trader),
            ("goodsValue", self.goods_value),
            ("freight", self.freight),
            ("discount", "0"),
            ("taxTotal", self.tax),
            ("acturalPaid", self.paid),
            ("currency", ceb.CNY),
            ("buyerRegNo", f"U{self.telephone[-8:]}"),
            *self._buyer(),
            *coded("pay", bank),
            ("payTransactionId", self.payment_no),
            ("consignee", self.buyer),
            ("consigneeTelephone", self.telephone),
            ("consigneeAddress", "北京市朝阳区建国路88号"),
            ("consigneeDistrict", "110105"),
        ]
        lines = [
            [
                ("gnum", number),
                ("itemNo", f"SKU{line.ware.hs}"),
                ("itemName", line.ware.name),
                ("gmodel", line.ware.model),
                ("unit", "007"),
                ("qty", line.count),
                ("price", line.ware.price),
                ("totalPrice", line.total),
                ("currency", ceb.CNY),
                ("country", line.ware.country),
            ]
            for number, line in enumerate(self.lines, 1)
        ]
        body = ceb.entity("Order", "OrderHead", head, "OrderList", lines)
        return ceb.message(s, "CEB311Message", [body], trader)

    def payment(self) -> bytes:
        """CEB411, said by the bank."""
        s, trader, bank = self.script, self.cast.trader, self.cast.bank
        head = [
            *ceb.opening(s),
            *coded("pay", bank),
            ("payTransactionId", self.payment_no),
            ("orderNo", self.order_no),
            *coded("ebp", trader),
            ("payerIdType", 1),
            ("payerIdNumber", self.buyer_id),
            ("payerName", self.buyer),
            ("telephone", self.telephone),
            ("amountPaid", self.paid),
            ("currency", ceb.CNY),
            ("payTime", s.local("%Y%m%d%H%M%S")),
        ]
        return ceb.message(s, "CEB411Message", [ceb.entity("Payment", "PaymentHead", head)], bank)

    def waybill(self) -> bytes:
        """CEB511, said by the carrier."""
        s, carrier = self.script, self.cast.carrier
        head = [
            *ceb.opening(s),
            *coded("logistics", carrier),
            ("logisticsNo", self.waybill_no),
            ("billNo", self.bill_no),
            ("orderNo", self.order_no),
            ("freight", self.freight),
            ("insuredFee", "0"),
            ("currency", ceb.CNY),
            ("weight", self.carried_kg),
            ("packNo", 1),
            ("goodsInfo", "、".join(line.ware.name for line in self.lines)),
            ("consignee", self.buyer),
            ("consigneeAddress", "北京市朝阳区建国路88号"),
            ("consigneeTelephone", self.telephone),
        ]
        return ceb.message(s, "CEB511Message", [ceb.entity("Logistics", "LogisticsHead", head)], carrier)

    def declaration(self, app_type: int = 1) -> bytes:
        """CEB621, said by the broker; a change or deletion names the numbers that customs gave."""
        s, trader, carrier, broker = self.script, self.cast.trader, self.cast.carrier, self.cast.broker
        known = app_type != 1
        head = [
            *ceb.opening(s, app_type),
            ("orderNo", self.order_no),
            *coded("ebp", trader),
            *coded("ebc", trader),
            ("logisticsNo", self.waybill_no),
            *coded("logistics", carrier),
            ("copNo", self.cop_no),
            ("preNo", self.pre_no if known else None),
            ("assureCode", trader.customs_code),
            ("invtNo", self.invt_no if known else None),
            ("ieFlag", "I"),
            ("declTime", s.local("%Y%m%d")),
            ("customsCode", CUSTOMS),
            ("portCode", CUSTOMS),
            ("ieDate", self.day),
            ("buyerIdType", 1),
            ("buyerIdNumber", self.buyer_id),
            ("buyerName", self.buyer),
            ("buyerTelephone", self.telephone),
            ("consigneeAddress", "北京市朝阳区建国路88号"),
            *coded("agent", broker),
            ("tradeMode", "9610"),
            ("trafMode", "5"),
            ("trafNo", self.flight),
            ("voyageNo", self.day),
            ("billNo", self.bill_no),
            ("country", self.lines[0].ware.country),
            ("freight", self.freight),
            ("insuredFee", "0"),
            ("currency", ceb.CNY),
            ("wrapType", "2"),
            ("packNo", 1),
            ("grossWeight", self.gross_kg),
            ("netWeight", self.net_kg),
        ]
        body = ceb.entity("Inventory", "InventoryHead", head, "InventoryList", self._declared_lines())
        return ceb.message(s, "CEB621Message", [body], broker, signed=True)

    def reply(self, status: str) -> bytes:
        """CEB622, said by customs: its own numbers only, and the declarant's `copNo`."""
        s, trader = self.script, self.cast.trader
        decided = len(status) == 3
        fields = [
            ("guid", numbers.guid(s.random)),
            ("customsCode", CUSTOMS),
            ("ebpCode", trader.customs_code),
            ("ebcCode", trader.customs_code),
            ("agentCode", self.cast.broker.customs_code),
            ("copNo", self.cop_no),
            ("preNo", self.pre_no),
            ("invtNo", self.invt_no if decided and status not in ("100",) else None),
            ("returnStatus", status),
            ("returnTime", ceb.reply_time(s)),
            ("returnInfo", REPLIES[status]),
        ]
        return ceb.message(s, "CEB622Message", [ceb.flat("InventoryReturn", fields)])

    def tax_bill(self) -> bytes:
        """CEB816, said by customs: knows the list by its number only."""
        s, trader = self.script, self.cast.trader
        head = [
            ("guid", numbers.guid(s.random)),
            ("returnTime", ceb.reply_time(s)),
            ("invtNo", self.invt_no),
            ("taxNo", f"{self.invt_no}-L01"),
            ("customsTax", "0"),
            ("valueAddedTax", self.vat),
            ("consumptionTax", self.consumption_tax),
            ("status", 1),
            ("assureCode", trader.customs_code),
            ("ebcCode", trader.customs_code),
            ("logisticsCode", self.cast.carrier.customs_code),
            ("agentCode", self.cast.broker.customs_code),
            ("customsCode", CUSTOMS),
        ]
        lines = [
            [
                ("gnum", number),
                ("gcode", line.ware.hs),
                ("taxPrice", line.value),
                ("customsTax", "0"),
                ("valueAddedTax", line.vat),
                ("consumptionTax", line.consumption_tax),
            ]
            for number, line in enumerate(self.lines, 1)
        ]
        return ceb.message(s, "CEB816Message", [ceb.entity("Tax", "TaxHeadRd", head, "TaxListRd", lines)])

    def delivered(self) -> bytes:
        """CEB513, said by the carrier: the buyer signed for the parcel."""
        s, carrier = self.script, self.cast.carrier
        fields = [
            *ceb.opening(s),
            *coded("logistics", carrier),
            ("logisticsNo", self.waybill_no),
            ("logisticsStatus", "S"),
            ("logisticsTime", s.local("%Y%m%d%H%M%S")),
        ]
        return ceb.message(s, "CEB513Message", [ceb.flat("LogisticsStatus", fields)], carrier)

    def _declared_lines(self) -> list[list[tuple[str, object]]]:
        return [
            [
                ("gnum", number),
                ("itemNo", f"SKU{line.ware.hs}"),
                ("itemName", line.ware.name),
                ("gcode", line.ware.hs),
                ("gname", line.ware.name),
                ("gmodel", line.ware.model),
                ("country", line.ware.country),
                ("currency", ceb.CNY),
                ("qty", line.count),
                ("unit", "007"),
                ("qty1", line.ware.net_kg * line.count),
                ("unit1", "035"),
                ("price", line.ware.price),
                ("totalPrice", line.total),
            ]
            for number, line in enumerate(self.lines, 1)
        ]

    def _buyer(self) -> list[tuple[str, object]]:
        return [
            ("buyerName", self.buyer),
            ("buyerTelephone", self.telephone),
            ("buyerIdType", 1),
            ("buyerIdNumber", self.buyer_id),
        ]


def lodge(script: Script, parcel: Parcel) -> None:
    """The opening of every parcel story: order, payment, waybill, list, and that the list reached customs."""
    cast = script.cast
    script.send(cast.trader, "CEB311", parcel.order())
    script.later(minutes=2)
    script.send(cast.bank, "CEB411", parcel.payment())
    script.later(hours=3)
    script.send(cast.carrier, "CEB511", parcel.waybill())
    script.later(hours=9)
    script.send(cast.broker, "CEB621", parcel.declaration())
    script.later(minutes=1)
    script.send(cast.customs, "CEB622", parcel.reply("3"), named=False)


def reply(script: Script, parcel: Parcel, status: str, *, minutes: float) -> None:
    """Customs' next word on the list."""
    script.later(minutes=minutes)
    script.send(script.cast.customs, "CEB622", parcel.reply(status), named=False)


def parcel(cast: Cast, seed: int, started_at: datetime) -> Story:
    """A parcel from abroad: ordered, paid, carried, declared, accepted, assessed, released, taxed, closed,
    delivered."""
    script = Script("parcel", "P", cast, seed, started_at)
    goods = Parcel(script)
    lodge(script, goods)
    for status, minutes in (("120", 1), ("399", 4), ("800", 6)):
        reply(script, goods, status, minutes=minutes)
    script.later(hours=1)
    script.send(cast.customs, "CEB816", goods.tax_bill(), named=False)
    script.later(days=1)
    script.send(cast.carrier, "CEB513", goods.delivered(), named=False)
    reply(script, goods, "899", minutes=600)
    return script.story()


def coded(name: str, party: Party) -> list[tuple[str, object]]:
    """An enterprise as CEB names it: `<name>Code` and `<name>Name`."""
    return [(f"{name}Code", party.customs_code), (f"{name}Name", party.name)]
