"""Writers of the single window's declaration (`DecMessage`, 报关单, version 4.8) and of customs' reply to it
(`DEC_RESULT`).

Both follow the description in the trade's documents; misspelt element names are the standard's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapters.single_window_mock import numbers
from adapters.single_window_mock.script import Script, elements, money, split

NAMESPACE = "http://www.chinaport.gov.cn/dec"
KG = "035"
"""Kilogram in the customs table of units."""
CHANNELS = {
    "L": "海关已入库",
    "E": "退单:申报要素不完整，请补充型号",
    "G": "接单交单",
    "H": "挂起:转人工审核",
    "C": "查验通知",
    "W": "无纸审结",
    "P": "放行",
    "R": "结关",
    "D": "删单",
}
"""`CHANNEL` of a reply -> the note that goes with it."""


@dataclass(frozen=True)
class Good:
    """Something that firms trade: HS code, name, elements, unit price, unit, net kg a unit, duty and VAT rates."""

    hs: str
    name: str
    model: str
    price: Decimal
    unit: str
    net_kg: Decimal
    duty: Decimal
    vat: Decimal = Decimal("0.13")


@dataclass(frozen=True)
class Item:
    """One item of a declaration, with its taxable value in yuan."""

    number: int
    good: Good
    quantity: int
    value_cny: Decimal

    @property
    def total(self) -> Decimal:
        """Price times quantity in the currency of the invoice."""
        return money(self.good.price * self.quantity)

    @property
    def net_kg(self) -> Decimal:
        """Net weight, kg."""
        return self.good.net_kg * self.quantity

    @property
    def duty(self) -> Decimal:
        """Import duty, yuan."""
        return money(self.value_cny * self.good.duty)

    @property
    def vat(self) -> Decimal:
        """Import VAT, yuan: on value and duty."""
        return money((self.value_cny + self.duty) * self.good.vat)


@dataclass(frozen=True)
class Consignment:
    """The numbers of one declaration, drawn once and used in every message of the story."""

    imported: bool
    customs: str
    entry_id: str
    seq_no: str
    invoice_no: str
    contract_no: str
    currency: str
    fx: Decimal
    """Yuan for one unit of the currency, the month's customs rate."""
    items: tuple[Item, ...]
    packs: int
    gross_kg: Decimal
    overseas: str
    """The foreign party's name."""
    country: str
    """The foreign country, ISO 3166 alpha-3."""

    @property
    def total(self) -> Decimal:
        """Invoice total in its currency."""
        return sum((item.total for item in self.items), Decimal(0))

    @property
    def net_kg(self) -> Decimal:
        """Net weight of all items, kg."""
        return sum((item.net_kg for item in self.items), Decimal(0))


@dataclass(frozen=True)
class Carriage:
    """How the goods travel, as a declaration says it."""

    mode: str
    """Customs code of transport mode: 2 water, 4 road, 5 air."""
    means: str
    voyage: str
    bill: str
    port: str
    """Foreign port, six-character customs code."""
    entry_port: str
    """Port of entry or exit, six-character customs code."""
    containers: tuple[tuple[str, str, Decimal], ...] = ()
    """Container number, size code, tare kg."""


def draw(
    script: Script, goods: Sequence[Good], *, imported: bool, customs: str, packs: int, overseas: str, country: str
) -> Consignment:
    """A consignment of these goods with quantities and numbers from the script's generator; values in US dollars,
    CIF or FOB."""
    random, year = script.random, int(script.local("%Y"))
    fx = Decimal("7.0825")
    quantities = [random.randint(20, 60) * 10 for _ in goods]
    totals = [money(good.price * n) for good, n in zip(goods, quantities, strict=True)]
    values = split(money(sum(totals, Decimal(0)) * fx), totals)
    items = tuple(
        Item(number, good, n, value)
        for number, (good, n, value) in enumerate(zip(goods, quantities, values, strict=True), 1)
    )
    net = sum((item.net_kg for item in items), Decimal(0))
    return Consignment(
        imported=imported,
        customs=customs,
        entry_id=numbers.declaration_number(random, customs, year, imported=imported),
        seq_no=f"{'I' if imported else 'E'}{year}{numbers.digits(random, 13)}",
        invoice_no=f"INV{script.local('%y%m%d')}{script.seed:04d}",
        contract_no=f"HT{script.local('%Y')}{script.seed:06d}",
        currency="USD",
        fx=fx,
        items=items,
        packs=packs,
        gross_kg=net + packs * Decimal("1.5"),
        overseas=overseas,
        country=country,
    )


def dec_message(script: Script, c: Consignment, carriage: Carriage, *, oper_type: str = "C") -> bytes:
    """The declaration as the broker lodges it; the single window has given `SeqNo`, customs has not given `EntryId`."""
    sections = [
        ("DecHead", _head(script, c, carriage)),
        ("DecLists", [("DecList", _item(item, c)) for item in c.items]),
        ("DecContainers", [("Container", _container(box, c)) for box in carriage.containers] or None),
        ("DecFreeTxt", [("VoyNo", carriage.voyage)]),
        (
            "DecSign",
            [
                ("OperType", oper_type),
                ("ICCode", "0000000000000"),
                ("CopCode", script.cast.broker.customs_code),
                ("OperName", script.cast.broker.name),
                ("ClientSeqNo", f"{script.cast.broker.customs_code}{c.entry_id[-9:]}"),
                ("SignDate", script.local("%Y%m%d%H%M%S")),
            ],
        ),
        ("EdocRealation", _attachment(invoice_file(c), "00000001", "S")),
        ("EdocRealation", _attachment(bill_file(carriage), "00000003", "US")),
    ]
    body = elements(sections, indent="  ")
    start = f'<?xml version="1.0" encoding="UTF-8"?>\n<DecMessage Version="4.8" xmlns="{NAMESPACE}">\n'
    return f"{start}{body}</DecMessage>\n".encode()


def dec_result(script: Script, c: Consignment, channel: str) -> bytes:
    """Customs' reply: knows the declaration by its two numbers only."""
    fields = [
        ("CUS_CIQ_NO", c.seq_no),
        ("ENTRY_ID", c.entry_id),
        ("NOTICE_DATE", script.local("%Y-%m-%dT%H:%M:%S")),
        ("CHANNEL", channel),
        ("NOTE", CHANNELS[channel]),
        ("CUSTOM_MASTER", c.customs),
        ("I_E_DATE", script.local("%Y%m%d")),
        ("D_DATE", script.local("%Y%m%d")),
    ]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<DEC_RESULT>\n{elements(fields, indent="  ")}</DEC_RESULT>\n'.encode()
    )


def _head(script: Script, c: Consignment, carriage: Carriage) -> list[tuple[str, object]]:
    trader, broker = script.cast.trader, script.cast.broker
    day = script.local("%Y%m%d")
    foreign = "OverseasConsignorEname" if c.imported else "OverseasConsigneeEname"
    return [
        ("SeqNo", c.seq_no),
        ("IEFlag", "I" if c.imported else "E"),
        ("EntryType", "M"),
        ("Type", "Z"),
        ("DeclTrnRel", "0"),
        ("CustomMaster", c.customs),
        ("IEPort", c.customs),
        *(("TradeCode", trader.customs_code), ("TradeCoScc", trader.uscc), ("TradeName", trader.name)),
        *(("OwnerCode", trader.customs_code), ("OwnerCodeScc", trader.uscc), ("OwnerName", trader.name)),
        *(("AgentCode", broker.customs_code), ("AgentCodeScc", broker.uscc), ("AgentName", broker.name)),
        *(("CopCode", broker.customs_code), ("CopCodeScc", broker.uscc), ("CopName", broker.name)),
        (foreign, c.overseas),
        ("TradeMode", "0110"),
        ("CutMode", "101"),
        ("TrafMode", carriage.mode),
        ("TrafName", carriage.means),
        ("BillNo", carriage.bill),
        ("ContrNo", c.contract_no),
        ("TradeCountry", c.country),
        ("TradeAreaCode", c.country),
        ("DistinatePort", carriage.port),
        ("DespPortCode", carriage.port),
        ("EntyPortCode", carriage.entry_port),
        ("TransMode", "1" if c.imported else "3"),
        ("PackNo", c.packs),
        ("WrapType", "22"),
        ("GrossWet", c.gross_kg),
        ("NetWt", c.net_kg),
        ("MarkNo", "N/M"),
        ("PromiseItmes", "00099"),
        ("ChkSurety", "0"),
        ("TaxAaminMark", "0"),
        ("IEDate", day),
        ("DespDate", day if c.imported else None),
    ]


def _item(item: Item, c: Consignment) -> list[tuple[str, object]]:
    # On export the two country fields change places: OriginCountry holds the destination (domain 1.1).
    origin, destination = (c.country, "CHN")
    return [
        ("GNo", item.number),
        ("CodeTS", item.good.hs),
        ("CiqCode", "999"),
        ("GName", item.good.name),
        ("GModel", item.good.model),
        ("GQty", item.quantity),
        ("GUnit", item.good.unit),
        ("FirstQty", item.net_kg),
        ("FirstUnit", KG),
        ("DeclPrice", f"{item.good.price:.4f}"),
        ("DeclTotal", item.total),
        ("TradeCurr", c.currency),
        ("OriginCountry", origin),
        ("DestinationCountry", destination),
        ("DistrictCode", "11059"),
        ("DutyMode", "1"),
    ]


def _container(box: tuple[str, str, Decimal], c: Consignment) -> list[tuple[str, object]]:
    number, size, tare = box
    return [
        ("ContainerId", number),
        ("ContainerMd", size),
        ("ContainerWt", tare),
        ("GoodsNo", ",".join(str(item.number) for item in c.items)),
        ("LclFlag", "0"),
    ]


def _attachment(name: str, code: str, form: str) -> list[tuple[str, object]]:
    return [("EdocID", name), ("EdocCode", code), ("EdocFomatType", form), ("OpNote", "")]


def invoice_file(c: Consignment) -> str:
    """The name under which the broker attaches the trader's invoice, the very file that the trader sent."""
    return f"{c.invoice_no}.xml"


def bill_file(carriage: Carriage) -> str:
    """The name under which the broker attaches the bill as it was scanned."""
    return f"{carriage.bill}.pdf"


def attach_papers(script: Script, c: Consignment, carriage: Carriage, invoice: bytes) -> None:
    """The files that the declaration names: the trader's invoice as it was sent, and a scan of the bill."""
    script.attach(script.cast.broker, invoice_file(c), invoice)
    page = f"%PDF-1.4\n% scan of {carriage.bill}, {c.packs} packages\n%%EOF\n"
    script.attach(script.cast.broker, bill_file(carriage), page.encode())
