"""Field tables of what enterprises lodge for export: CEB303, 403, 505, 507, 509, 603, 605, 607.

Source: GACC message specification 2022-05, chapter 2, tables 2-3 to 2-73, against the export XSD of the same edition
(the wider one counts, both spellings are read). Beijing time; weights in kg. Notation: `notation`.
"""

from __future__ import annotations

from adapters.formats.ceb.layout import Layout, table
from adapters.formats.ceb.tables import LINES_UNBOUNDED_MAX, LODGED

CEB303 = Layout(
    "303",
    "Order",
    table(
        LODGED
        + """
orderType E|B|W yes
orderNo C..60 yes
ebpCode C..18 yes
ebpName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
goodsValue N19,5 yes
freight N19,5 yes
currency a3 yes
note C..1000 no
"""
    ),
    head="OrderHead",
    line="OrderList",
    lines=table(
        """
gnum N5>0 yes
itemNo C..30 yes
itemName C..250 yes
itemDescribe C..1000 no
barCode C..50 no
unit a3 yes
currency a3 yes
qty N19,5>0 yes
price N19,5 yes
totalPrice N19,5 yes
note C..1000 no
"""
    ),
    lines_max=100,
    drafts=True,
)

CEB403 = Layout(
    "403",
    "Receipts",
    table(
        LODGED
        + """
ebpCode C..18 yes
ebpName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
orderNo C..60 yes
payCode C..18 no
payName C..100 yes
payNo C..60 no
charge N19,5 yes
currency a3 yes
accountingDate T14 yes
note C..1000 no
"""
    ),
    drafts=True,
)

CEB505 = Layout(
    "505",
    "Logistics",
    table(
        LODGED
        + """
logisticsCode C..18 yes
logisticsName C..100 yes
logisticsNo C..32 yes
freight N19,5 yes
insuredFee N19,5 yes
currency a3 yes
grossWeight N19,5>0 yes
packNo N9>0 yes
goodsInfo C..200 yes
ebcCode C..18 no
ebcName C..100 no
ebcTelephone C..50 no
note C..1000 no
"""
    ),
    drafts=True,
)

CEB507 = Layout(
    "507",
    "Arrival",
    table(
        LODGED
        + """
customsCode d4 yes
copNo C..30 yes
preNo C18 no
operatorCode C..18 yes
operatorName C..100 yes
loctNo C..10 no
ieFlag I|E yes
trafMode C1 yes
billNo C..37 no
domesticTrafNo C..100 yes
logisticsCode C..18 yes
logisticsName C..100 yes
msgCount N9>0 yes
msgSeqNo N9>0 yes
note C..1000 no
"""
    ),
    head="ArrivalHead",
    line="ArrivalList",
    lines=table(
        """
gnum N5>0 yes
logisticsNo C..32 yes
totalPackageNo C..37 no
note C..1000 no
"""
    ),
    lines_min=0,
    lines_max=LINES_UNBOUNDED_MAX,
    drafts=True,
)

CEB509 = Layout(
    "509",
    "Departure",
    table(
        LODGED
        + """
customsCode d4 yes
copNo C..30 yes
preNo C18 no
logisticsCode C..18 yes
logisticsName C..100 yes
trafMode C1 yes
trafName C..100 no
voyageNo C..32 no
billNo C..37 no
leaveTime T14 yes
msgCount N9>0 yes
msgSeqNo N9>0 yes
note C..1000 no
"""
    ),
    head="DepartureHead",
    line="DepartureList",
    lines=table(
        """
gnum N5>0 yes
totalPackageNo C..37 no
logisticsNo C..32 yes
note C..1000 no
"""
    ),
    lines_max=LINES_UNBOUNDED_MAX,
    drafts=True,
    signed=True,
)

CEB603 = Layout(
    "603",
    "Inventory",
    table(
        LODGED
        + """
customsCode d4 yes
ebpCode C..18 yes
ebpName C..100 yes
orderNo C..60 yes
logisticsCode C..18 yes
logisticsName C..100 yes
logisticsNo C..32 yes
copNo C..30 yes
preNo C18 no
invtNo C..20 no
ieFlag I|E yes
portCode d4 yes
ieDate T8 yes
statisticsFlag A|B yes
agentCode C..18 yes
agentName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
ownerCode C..18 yes
ownerName C..100 yes
iacCode C..18 no
iacName C..100 no
emsNo C..30 no
tradeMode d4 yes
trafMode C1 yes
trafName C..100 no
voyageNo C..32 no
billNo C..37 no
totalPackageNo C..37 no
loctNo C..10 no
licenseNo C..19 no
country a3 yes
POD C..4 yes
freight N19,5 yes
fCurrency a3 yes
fFlag 1|2|3 yes
insuredFee N19,5 yes
iCurrency a3 yes
iFlag 1|2|3 yes
wrapType C1 yes
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
gnum N5>0 yes
itemNo C..20 yes
itemRecordNo C..30 no
itemName C..250 no
gcode hs10 yes
gname C..250 yes
gmodel C..250 yes
barCode C..50 yes
country a3 yes
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
    lines_max=100,
    drafts=True,
    signed=True,
)

CEB605 = Layout(
    "605",
    "InvtCancel",
    table(
        LODGED
        + """
customsCode d4 yes
copNo C..30 yes
preNo C18 no
invtNo C..20 yes
reason C..1000 yes
agentCode C..18 yes
agengName/agentName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
note C..1000 no
"""
    ),
    drafts=True,
    signed=True,
)

CEB607 = Layout(
    "607",
    "WayBill",
    table(
        LODGED
        + """
customsCode d4 yes
copNo C..30 yes
preNo C18 no
agentCode C..18 yes
agentName C..100 yes
loctNo C..10 no
trafMode C1 yes
trafName C..100 yes
voyageNo C..32 yes
billNo C..37 yes
domesticTrafNo C..100 no
grossWeight N19,5>0 yes
logisticsCode C..18 yes
logisticsName C..100 yes
msgCount N9>0 yes
msgSeqNo N9>0 yes
note C..1000 no
"""
    ),
    head="WayBillHead",
    line="WayBillList",
    lines=table(
        """
gnum N5>0 yes
totalPackageNo C..60 no
logisticsNo C..32 yes
invtNo C..20 no
note C..1000 no
"""
    ),
    lines_max=LINES_UNBOUNDED_MAX,
    drafts=True,
    signed=True,
)
