"""Field tables of what enterprises lodge for import: CEB311, 411, 511, 513, 621, 623, 625, 711; and of the tax bill.

Source: GACC message specification 2022-05, tables 3-3, 3-10, 3-17, 3-24, 3-31, 3-38, 3-45, 3-52, 3-59, 3-62, against
the import XSD of the same edition. Where the two differ, the wider one counts and both spellings are read. Dates are
Beijing time; amounts in `currency`; weights in kg. Notation: `notation`.
"""

from __future__ import annotations

from typing import Final

from adapters.formats.ceb.layout import Layout, table

LODGED = """
guid C36 yes
appType 1|2|3 yes
appTime T14 yes
appStatus 2 yes
"""
"""The four fields that open whatever an enterprise lodges; `appStatus` 1, a draft, is not looked into."""

LINES_UNBOUNDED_MAX: Final = 20_000
"""Lines of a list that the XSD leaves unbounded (CEB507, 509, 607, 701, 711, 792): as many as fit into 10 MB."""

CEB311: Final = Layout(
    "311",
    "Order",
    table(
        LODGED
        + """
orderType I yes
orderNo C..60 yes
ebpCode C..18 yes
ebpName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
goodsValue N19,5 yes
freight N19,5 yes
discount N19,5 yes
taxTotal N19,5 yes
acturalPaid N19,5 yes
currency a3 yes
buyerRegNo C..60 yes
buyerName C..60 yes
buyerTelephone C..30 no
buyerIdType C1 yes
buyerIdNumber C..60 yes
payCode C..18 no
payName C..100 no
payTransactionId C..60 no
batchNumbers C..100 no
consignee C..100 yes
consigneeTelephone C..50 yes
consigneeAddress C..200 yes
consigneeDistrict/consigneeDitrict C6 no
note C..1000 no
"""
    ),
    head="OrderHead",
    line="OrderList",
    lines=table(
        """
gnum N4>0 yes
itemNo C..30 no
itemName C..250 yes
gmodel C..510 yes
itemDescribe C..1000 no
barCode C..50 no
unit a3 yes
qty N19,5>0 yes
price N19,5 yes
totalPrice N19,5 yes
currency a3 yes
country a3 yes
note C..1000 no
"""
    ),
    drafts=True,
)

CEB411: Final = Layout(
    "411",
    "Payment",
    table(
        LODGED
        + """
payCode C..18 yes
payName C..100 yes
payTransactionId C..60 yes
orderNo C..60 yes
ebpCode C..18 yes
ebpName C..100 yes
payerIdType C1 yes
payerIdNumber C..60 yes
payerName C..60 yes
telephone C..60 no
amountPaid N19,5 yes
currency a3 yes
payTime T14 yes
note C..1000 no
"""
    ),
    head="PaymentHead",
    drafts=True,
)

CEB511: Final = Layout(
    "511",
    "Logistics",
    table(
        LODGED
        + """
logisticsCode C..18 yes
logisticsName C..100 yes
logisticsNo C..60 yes
billNo C..37 no
orderNo C..60 no
freight N19,5 yes
insuredFee N19,5 yes
currency a3 yes
weight N19,5>0 yes
packNo N9>0 yes
goodsInfo C..200 no
consingee/consignee C..100 yes
consigneeAddress C..200 yes
consigneeTelephone C..50 yes
note C..1000 no
"""
    ),
    head="LogisticsHead",
    drafts=True,
)

CEB513: Final = Layout(
    "513",
    "LogisticsStatus",
    table(
        LODGED
        + """
logisticsCode C..18 yes
logisticsName C..100 yes
logisticsNo C..60 yes
logisticsStatus C1 yes
logisticsTime T14 yes
note C..1000 no
"""
    ),
    drafts=True,
)

CEB621: Final = Layout(
    "621",
    "Inventory",
    table(
        LODGED
        + """
orderNo C..60 yes
ebpCode C..18 yes
ebpName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
logisticsNo C..60 yes
logisticsCode C..18 yes
logisticsName C..100 yes
copNo C..20 no
preNo C18 no
assureCode C..30 yes
emsNo C..30 no
invtNo C18 no
ieFlag I|E yes
declTime T8 yes
customsCode d4 yes
portCode d4 yes
ieDate T8 no
buyerIdType C1 yes
buyerIdNumber C..60 yes
buyerName C..60 yes
buyerTelephone C..30 yes
consigneeAddress C..200 yes
agentCode C..18 yes
agentName C..100 yes
areaCode C..18 no
areaName C..100 no
tradeMode d4 yes
trafMode C1 yes
trafNo C..100 no
voyageNo C..32 no
billNo C..37 no
loctNo C..10 no
licenseNo C..19 no
country a3 yes
freight N19,5 yes
insuredFee N19,5 yes
currency a3 yes
wrapType C1 no
packNo N9>0 yes
grossWeight N19,5>0 yes
netWeight N19,5>0 yes
note C..1000 no
"""
    ),
    head="InventoryHead",
    line="InventoryList",
    lines=table(
        """
gnum N4>0 yes
itemRecordNo C..30 no
itemNo C..30 no
itemName C..250 no
gcode hs10 yes
gname C..250 yes
gmodel C..510 yes
barCode C..50 no
country a3 yes
tradeCountry a3 no
currency a3 yes
qty N19,5>0 yes
qty1 N19,5>0 yes
qty2 N19,5 no
unit a3 yes
unit1 a3 yes
unit2 a3 no
price N19,5 yes
totalPrice N19,5 yes
note C..1000 no
"""
    ),
    drafts=True,
    signed=True,
)

_ABOUT_A_LIST = """
customsCode d4 yes
orderNo C..60 yes
ebpCode C..18 yes
ebpName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
logisticsNo C..60 yes
logisticsCode C..18 yes
logisticsName C..100 yes
copNo C..20 no
preNo C18 no
invtNo C18 yes
buyerIdType C1 yes
buyerIdNumber C..60 yes
buyerName C..60 yes
buyerTelephone C..30 yes
agentCode C..18 yes
agentName C..100 yes
reason C..1000 yes
note C..1000 no
"""

CEB623: Final = Layout("623", "InvtCancel", table(LODGED + _ABOUT_A_LIST), drafts=True, signed=True)

CEB625: Final = Layout(
    "625",
    "InvtRefund/InvtRefound",
    table(LODGED + _ABOUT_A_LIST),
    head="InvtRefundHead",
    line="InvtRefundList",
    lines=table(
        """
gnum N4>0 yes
gcode hs10 yes
gname C..250 yes
qty N19,5>0 yes
unit a3 yes
note C..1000 no
"""
    ),
    drafts=True,
    signed=True,
)

CEB711: Final = Layout(
    "711",
    "Delivery",
    table(
        LODGED
        + """
customsCode d4 yes
copNo C..20 no
preNo C18 no
rkdNo C..18 no
operatorCode C..18 yes
operatorName C..100 yes
ieFlag I|E yes
trafMode C1 yes
trafNo C..100 yes
voyageNo C..32 yes
billNo C..37 yes
logisticsCode C..18 yes
logisticsName C..100 yes
unloadLocation C..100 no
note C..1000 no
"""
    ),
    head="DeliveryHead",
    line="DeliveryList",
    lines=table(
        """
gnum N9>0 yes
logisticsNo C..60 yes
note C..1000 no
"""
    ),
    lines_max=LINES_UNBOUNDED_MAX,
    drafts=True,
    signed=True,
)

CEB816: Final = Layout(
    "816",
    "Tax",
    table(
        """
guid C36 yes
returnTime T17 yes
invtNo C..18 yes
taxNo C..50 yes
customsTax N19,5 yes
valueAddedTax N19,5 yes
consumptionTax N19,5 yes
status 1|2|3 yes
entDutyNo C..50 no
note C..1000 no
assureCode C..64 no
ebcCode C..64 no
logisticsCode C..64 no
agentCode C..18 no
customsCode d4 no
orderNo C..60 no
logisticNo/logisticsNo C..60 no
"""
    ),
    head="TaxHeadRd",
    line="TaxListRd",
    lines=table(
        """
gnum N5>0 yes
gcode hs10 yes
taxPrice N19,5 yes
customsTax N19,5 yes
valueAddedTax N19,5 yes
consumptionTax N19,5 yes
"""
    ),
)

CEB818: Final = Layout(
    "818",
    "Tax",
    table(
        """
guid C36 yes
returnTime T17 yes
invtNo C..18 yes
taxNo C..50 yes
status 1|2|3 yes
entDutyNo C..50 no
assureCode C..64 no
"""
    ),
    head="TaxHeadStatus",
)
