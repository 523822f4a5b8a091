"""Field tables of what follows an export: returned goods (CEB213, 215) and the summary of lists (CEB701).

Source: GACC message specification 2022-05, tables 2-59, 2-66, 2-73, against the export XSD of the same edition (the
wider one counts, both spellings are read). Beijing time. Notation: `notation`.
"""

from __future__ import annotations

from adapters.formats.ceb.layout import Layout, table
from adapters.formats.ceb.tables import LINES_UNBOUNDED_MAX, LODGED

CEB213 = Layout(
    "213",
    "InvtRefund",
    table(
        LODGED
        + """
customsCode d4 yes
loctNo C..10 no
ebpCode C..18 yes
ebpName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
logisticsNo C..80 yes
logisticsCode C..18 yes
logisticsName C..100 yes
coElNo C..30 yes
preNo C..18 no
invtNo C..20 yes
tradeMode d4 no
agentCode C..18 yes
agentName C..100 yes
billNo C..37 yes
ieFlag I|E yes
trafMode C1 yes
trafName C..100 yes
portCode d4 yes
reason C..1000 yes
country a3 yes
voyageNo C..32 yes
note C..1000 no
"""
    ),
    head="InvtRefundHead",
    line="InvtRefundList",
    lines=table(
        """
gnum N4>0 yes
gcode hs10 yes
gname C..250 yes
gmodel C..250 yes
qty N19,5>0 yes
qty1 N19,5>0 yes
unit a3 yes
unit1 a3 yes
qty2 N19,5 no
unit2 a3 no
note C..500 no
"""
    ),
    lines_max=100,
    drafts=True,
)

CEB215 = Layout(
    "215",
    "InvtRefundDetail",
    table(
        LODGED
        + """
customsCode d4 yes
operatorCode C..18 yes
operatorName C..100 yes
logisticsCode C..18 yes
logisticsName C..100 yes
logisticsNo C..80 yes
invtNo C..20 no
coElNo C..20 yes
preNo C..18 no
billNo C..37 yes
ieFlag I|E yes
trafMode C1 yes
trafName C..100 yes
voyageNo C..32 yes
location C..250 no
note C..250 no
"""
    ),
    drafts=True,
)

CEB701 = Layout(
    "701",
    "SummaryApply",
    table(
        LODGED
        + """
customsCode d4 yes
copNo C..30 yes
preNo C..18 no
sumNo C..18 no
agentCode C..18 yes
agentName C..100 yes
ebcCode C..18 yes
ebcName C..100 yes
declagAgentCode/declAgentCode C..18 yes
declAgentName C..100 yes
startTime T14 no
endTime T14 no
loctNo C..10 no
summaryFlag 1|2 yes
itemNameFlag C1 no
msgCount N9>0 yes
msgSeqNo N9>0 yes
note C..1000 no
"""
    ),
    head="SummaryApplyHead",
    line="SummaryApplyList",
    lines=table("invtNo C..20 yes"),
    lines_min=0,
    lines_max=LINES_UNBOUNDED_MAX,
    drafts=True,
    signed=True,
)
