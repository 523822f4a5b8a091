"""Field tables of what customs and the e-port answer: every reply (回执), the summary result 792, the format error 900.

Source: GACC message specification 2022-05, chapters 2 and 3, compared with both XSDs. A reply repeats the numbers by
which its own message is known; the document and the XSDs differ in which of them are mandatory, so here only those are
that the reply cannot be understood without. Beijing time. Notation: `notation`.
"""

from __future__ import annotations

from adapters.formats.ceb.layout import Layout, table
from adapters.formats.ceb.tables import LINES_UNBOUNDED_MAX

_REPLY = """
guid C36 yes
returnStatus C..10 yes
returnTime T17 yes
returnInfo C..1000 no
"""

_LIST_NUMBERS = """
customsCode d4 no
ebpCode C..18 no
ebcCode C..18 no
agentCode C..18 no
copNo C..30 yes
preNo C..18 no
invtNo C..20 no
"""


def _reply(number: str, entity: str, rows: str) -> Layout:
    return Layout(number, entity, table(_REPLY + rows))


_OWN_NUMBERS = "agentCode C..18 yes\ncopNo C..30 yes\npreNo C..18 no\ninvtNo C..20 no"
_ORDER = "ebpCode C..18 yes\nebcCode C..18 yes\norderNo C..60 yes"
_WAYBILL = "logisticsCode C..18 yes\nlogisticsNo C..80 yes"

CEB312 = _reply("312", "OrderReturn", _ORDER)
CEB412 = _reply("412", "PaymentReturn", "payCode C..18 yes\npayTransactionId C..60 yes")
CEB512 = _reply("512", "LogisticsReturn", _WAYBILL)
CEB514 = _reply("514", "LogisticsStatusReturn", f"{_WAYBILL}\nlogisticsStatus C1 yes")
CEB622 = _reply("622", "InventoryReturn", _LIST_NUMBERS)
CEB624 = _reply("624", "InvtCancelReturn", _LIST_NUMBERS)
CEB626 = _reply("626", "InvtRefundReturn/InvtRefoundReturn", _LIST_NUMBERS)
CEB712 = _reply(
    "712",
    "DeliveryReturn",
    "customsCode d4 no\noperatorCode C..18 no\ncopNo C..20 no\npreNo C..18 no\nrkdNo C..18 no",
)

CEB304 = _reply("304", "OrderReturn", _ORDER)
CEB404 = _reply("404", "ReceiptsReturn", "ebcCode C..18 yes\norderNo C..60 yes\npayNo C..60 no")
CEB506 = _reply("506", "LogisticsReturn", _WAYBILL)
CEB508 = _reply(
    "508",
    "ArrivalReturn",
    "operatorCode C..18 yes\nlogisticsCode C..18 yes\npreNo C..18 no\ncopNo C..30 yes\nbillNo C..37 no\nmsgSeqNo N9 no",
)
CEB510 = _reply("510", "DepartureReturn", "logisticsCode C..18 yes\ncopNo C..30 yes\npreNo C..18 no\nmsgSeqNo N9 no")
CEB604 = _reply(
    "604",
    "InventoryReturn",
    f"{_OWN_NUMBERS}\nebcCode C..18 no\nebpCode C..18 no\norderNo C..60 no\nstatisticsFlag C1 no",
)
CEB606 = _reply("606", "InvtCancelReturn", _OWN_NUMBERS)
CEB608 = _reply(
    "608",
    "WayBillReturn",
    "agentCode C..18 yes\nlogisticsCode C..18 yes\ncopNo C..30 yes\npreNo C..18 no\nbillNo C..37 no\nmsgSeqNo N9 no",
)
CEB214 = _reply(
    "214",
    "RefundReturn/InvtRefundReturn",
    "ebpCode C..18 no\nebcCode C..18 no\nagentCode C..18 yes\ncoElNo C..30 yes\npreNo C..18 no\ninvtNo C..20 yes",
)
CEB216 = _reply(
    "216",
    "InvtRefundDetailReturn",
    f"operatorCode C..18 yes\n{_WAYBILL}\ncoElNo C..30 yes\npreNo C..18 no",
)
CEB702 = _reply(
    "702",
    "SummaryReturn",
    "agentCode C..18 yes\nebcCode C..18 no\ncopNo C..30 yes\npreNo C..18 no\nsumNo C..18 no\nmsgSeqNo N9 no",
)

CEB792 = Layout(
    "792",
    "SummaryResult",
    table(
        """
guid C36 yes
customsCode d4 yes
sumNo C..18 yes
opDate T17 yes
declSeqNo C..18 yes
decTmpNo C18 no
decPreNo C18 no
entryId C18 no
decState C..3 yes
agentCode C..18 yes
agentName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
declagAgentCode/declAgentCode C..18 yes
declAgentName C..100 yes
grossWeight N19,5 yes
netWeight N19,5 yes
msgCount N9>0 yes
msgSeqNo N9>0 yes
note C..1000 no
"""
    ),
    head="SummaryResultHead",
    line="SummaryResultList",
    lines=table(
        """
invtNo C..20 yes
logisticsNo C..32 yes
gseqno N5 yes
gnum N5 no
gcode d10 no
"""
    ),
    lines_min=0,
    lines_max=LINES_UNBOUNDED_MAX,
    numbered=False,
)

CEB900 = Layout(
    "900",
    "MessageReturn",
    table(
        """
guid C36 yes
returnStatus C..10 yes
returnInfo C..5000 no
returnTime C..50 yes
oriCopMsgId C..255 no
oriMessageType C..15 no
oriBizMessage C..10000000 no
"""
    ),
)
