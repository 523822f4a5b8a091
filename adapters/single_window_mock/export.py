"""Export by air with rebate: purchase invoice (数电票), export invoice, declaration, carriage, customs' replies,
the rebate."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from html import escape

from adapters.single_window_mock import commerce, numbers
from adapters.single_window_mock.air import AirConsignment, happens, reply
from adapters.single_window_mock.declaration import Consignment, Good, attach_papers, dec_message
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.script import Script, Story, money

GOODS = (
    Good("8481804090", "黄铜球阀", "控制流体|黄铜制|DN25", Decimal("6.4000"), "007", Decimal("0.380"), Decimal(0)),
    Good("8467299000", "手持电动工具", "电动扳手|18V", Decimal("48.0000"), "001", Decimal("1.900"), Decimal(0)),
)
REBATE_RATE = Decimal("0.13")
MARGIN = Decimal("0.85")
"""The goods were bought for this share of their FOB value."""


def export_rebate(cast: Cast, seed: int, started_at: datetime) -> Story:
    """Valves and tools flown out: bought, declared, released, departed, closed, and the tax office confirms the
    rebate."""
    script = Script("export_rebate", "E", cast, seed, started_at)
    goods = AirConsignment(
        script, GOODS, imported=False, foreign="KANSAI TRADING CO LTD", country="JPN", airports=("PEK", "KIX")
    )
    c = goods.consignment
    script.send(cast.trader, "EInvoice", purchase_invoice(script, c))
    script.later(days=2)
    invoice = commerce.ubl_invoice(script, c)
    script.send(cast.trader, "UBL Invoice", invoice)
    attach_papers(script, c, goods.carriage, invoice)
    script.later(hours=2)
    script.send(cast.broker, "DecMessage", dec_message(script, c, goods.carriage))
    reply(script, c, "L", hours=0.1)
    script.later(hours=1)
    script.send(cast.carrier, "Waybill", goods.waybill())
    happens(script, goods, "RCS", hours=1)
    reply(script, c, "P", hours=1)
    happens(script, goods, "DEP", hours=6)
    reply(script, c, "R", hours=30)
    script.later(days=20)
    script.send(cast.tax, "ExportRebate", rebate_declaration(script, c), named=False)
    return script.story()


def purchase_invoice(script: Script, c: Consignment) -> bytes:
    """The fully digital VAT invoice (数电票) by which the trader bought the goods."""
    trader, random = script.cast.trader, script.random
    rows = [(item, money(item.value_cny * MARGIN)) for item in c.items]
    taxes = [money(net * item.good.vat) for item, net in rows]
    net, tax = sum((net for _, net in rows), Decimal(0)), sum(taxes, Decimal(0))
    number = f"{script.local('%y')}112{numbers.digits(random, 15)}"
    lines = "".join(
        "<IssuItemInformation>"
        f"<ItemName>*机械*{escape(item.good.name)}</ItemName><SpecMod>{escape(item.good.model)}</SpecMod><MeaUnits>件</MeaUnits>"
        f"<Quantity>{item.quantity}</Quantity><Amount>{net_of}</Amount><TaxRate>{item.good.vat}</TaxRate>"
        f"<ComTaxAm>{tax_of}</ComTaxAm></IssuItemInformation>"
        for (item, net_of), tax_of in zip(rows, taxes, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<EInvoice>'
        f"<Header><EIid>{number}</EIid><InherentLabel><GeneralOrSpecialVAT><LabelCode>01</LabelCode></GeneralOrSpecialVAT>"
        "</InherentLabel></Header><EInvoiceData>"
        f"<SellerInformation><SellerIdNum>{numbers.uscc(random)}</SellerIdNum><SellerName>华北机械制造有限公司</SellerName>"
        "</SellerInformation>"
        f"<BuyerInformation><BuyerIdNum>{trader.uscc}</BuyerIdNum><BuyerName>{escape(trader.name)}</BuyerName></BuyerInformation>"
        f"<BasicInformation><TotalAmWithoutTax>{net}</TotalAmWithoutTax><TotalTaxAm>{tax}</TotalTaxAm>"
        f"<TotalTax-includedAmount>{net + tax}</TotalTax-includedAmount>"
        f"<RequestTime>{script.local('%Y-%m-%d %H:%M:%S')}</RequestTime></BasicInformation>{lines}</EInvoiceData>"
        f"<TaxSupervisionInfo><InvoiceNumber>{number}</InvoiceNumber>"
        f"<IssueTime>{script.local('%Y-%m-%d %H:%M:%S')}</IssueTime></TaxSupervisionInfo></EInvoice>\n"
    ).encode()


def rebate_declaration(script: Script, c: Consignment) -> bytes:
    """The export rebate declaration, said by the tax office: knows the declaration and its items by their numbers."""
    trader = script.cast.trader
    rows = [
        {
            "sbxh": item.number,
            "ckfph": c.invoice_no,
            "ckbgdh": f"{c.entry_id}0{item.number:02d}",
            "dlckhwzmhm": "",
            "ckrq": script.local("%Y-%m-%d"),
            "cksp_dm": item.good.hs,
            "jldw": item.good.unit,
            "cksl": f"{item.quantity}.000000",
            "cjbz": c.currency,
            "cjzj": f"{item.total}",
            "hl": f"{c.fx:.6f}",
            "rmblaj": f"{item.value_cny}",
            "mylaj": f"{item.total}",
            "zssl": f"{item.good.vat}",
            "tsl": f"{REBATE_RATE}",
            "mdtse": f"{money(item.value_cny * REBATE_RATE)}",
            "mdtsbdmzhdkse": f"{money(item.value_cny * (item.good.vat - REBATE_RATE))}",
        }
        for item in c.items
    ]
    value = {
        "format": "export-rebate-declarations/1",
        "nsrsbh": trader.uscc,
        "nsrmc": trader.name,
        "ssq": script.local("%Y-%m"),
        "sbpc": "001",
        "sbsj": script.local("%Y-%m-%dT%H:%M:%S+08:00"),
        "mx": rows,
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
