"""Field tables of China's declaration message (`DecMessage`, 报关单, 3.1 to 5.0) and of customs' results.

Source: GACC announcement 2018 No. 67 (报关单电子报文格式) as described by those who lodge it; no stranger's real file
was at hand. Misspelt names (`GrossWet`, `PromiseItmes`, `DistinatePort`, `TaxAaminMark`, `EdocRealation`,
`EdocFomatType`) are the standard's own. Weights in kg. A field that no table names is left alone, since the editions
differ. Notation: `notation`.

Every field has one place. Several have another name beside their own, which programs of brokers write: those stand
behind a slash.
"""

from __future__ import annotations

from typing import Final, Literal

DEC_NAMESPACE: Final = "http://www.chinaport.gov.cn/dec"

DEC_HEAD: Final = """
SeqNo C..18 no
PreEntryId C..18 no
EntryId entry no
IEFlag I|E yes
EntryType C1 no
Type C..7 no
DeclTrnRel C1 no
CustomMaster d4 yes
IEPort d4 yes
TradeCode/TradeCo C..18 no
TradeCoScc C..18 no
TradeName C..100 yes
OwnerCode C..18 no
OwnerCodeScc C..18 no
OwnerName C..100 no
AgentCode C..18 yes
AgentCodeScc C..18 no
AgentName C..100 yes
CopCode C..18 no
CopCodeScc C..18 no
CopName C..100 no
OverseasConsignorCode C..50 no
OverseasConsignorCname C..150 no
OverseasConsignorEname C..150 no
OverseasConsignorAddr C..200 no
OverseasConsigneeCode C..50 no
OverseasConsigneeCname C..150 no
OverseasConsigneeEname C..400 no
OverseasConsigneeAddr C..200 no
DomesticConsigneeEname C..400 no
TradeMode d4 yes
CutMode C..3 no
TrafMode C1 yes
TrafName C..50 no
BillNo C..37 no
ContrNo C..32 no
LicenseNo C..20 no
ManualNo C..12 no
TradeCountry a3 yes
TradeAreaCode a3 no
DistinatePort/DestinatePort C..8 no
DespPortCode C..8 no
EntyPortCode/EntryPortCode C..8 no
TransMode C1 yes
FeeMark 1|2|3 no
FeeRate N19,5 no
FeeCurr a3 no
InsurMark 1|3 no
InsurRate N19,5 no
InsurCurr a3 no
OtherMark 1|3 no
OtherRate -N19,5 no
OtherCurr a3 no
PackNo N9>0 yes
WrapType C..2 no
GrossWet/GrossWt N19,5>0 yes
NetWt/NetWet N19,5>0 yes
MarkNo C..1000 no
NoteS/Notes C..1000 no
GoodsPlace C..100 no
PromiseItmes/PromiseItems C..50 no
ChkSurety C1 no
TaxAaminMark/TaxAdminMark C1 no
IEDate T8 no
DespDate T8 no
CmplDschrgDt T8 no
"""

DEC_LIST: Final = """
GNo N4>0 yes
ContrItem C..19 no
CodeTS/CodeTs hs10 yes
CiqCode C..20 no
GName C..255 yes
GModel C..1000 no
GQty N19,5>0 yes
GUnit a3 yes
FirstQty N19,5 no
FirstUnit a3 no
SecondQty N19,5 no
SecondUnit a3 no
DeclPrice N19,5 yes
DeclTotal N19,5 yes
TradeCurr a3 yes
OriginCountry a3 yes
DestinationCountry a3 no
OrigPlaceCode C..6 no
DistrictCode C..5 no
DutyMode C1 no
RcepOrigPlaceCode C..50 no
"""

SUMMARY_NEEDS: Final = frozenset({"IEFlag", "CustomMaster"})
"""What a summary declaration (概要申报) or a draft must say of itself: the rest comes with the second step, or on the
single window's page (GACC announcement 2019 No. 127: nine items, the tariff code of six digits)."""
SUMMARY_ITEM_NEEDS: Final = frozenset({"GNo"})

KINDS: Final = {
    "ML": "备案清单",
    "SD": "属地报关",
    "LY": "两单一审备案清单",
    "CL": "汇总征税",
    "SS": "属地申报属地验放",
    "MT": "多式联运",
    "ZB": "自主报税",
    "SW": "税单无纸化",
    "SZ": "水运中转普通报关单",
    "SM": "水运中转保税",
    "SL": "水运中转",
    "SY": "口岸清关",
    "CX": "出口双标",
    "Z": "自报自缴",
}
"""`Type`, positions 1 and 2: kind of declaration (单据类型)."""
STAGES: Final[dict[str, Literal["whole", "summary", "complete"]]] = {
    "": "whole",
    "0": "whole",
    "5": "summary",
    "6": "complete",
}
"""`Type`, position 3: one step, 概要申报, 完整申报."""
PORT_GROUP: Final = "Z"
"""`Type`, position 7: 组合港."""

IGNORED: Final = {
    "OperType": "read as what the message does",
    "EdocFomatType": "in which format the attached file is",
    "EdocOpId": "who attached the file: personal",
    "Sign": "the signature is in the message's bytes, whose hash the record keeps",
    "Certificate": "the signature is in the message's bytes, whose hash the record keeps",
    "ICCode": "the number of the card that signed: personal",
    "OperName": "the person who signed: personal",
    "DecSign/CopCode": "repeats who wrote it in (DecHead/CopCode)",
    "TypistNo": "the person who wrote it: personal",
    "InputerName": "the person who wrote it: personal",
    "DeclareName": "the person who declares: personal",
    "SWImpHead": "the wrapper's own fields",
    "NoOtherPack": "that there is no other packing",
    "DecUser": "the person who uses the goods: personal",
    "AgentLinkMan": "the person to ask: personal",
    "AgentLinkMAIL": "the person to ask: personal",
    "AgentLinkPHONE": "the person to ask: personal",
    "OwnerLinkMan": "the person to ask: personal",
    "OwnerLinkMAIL": "the person to ask: personal",
    "OwnerLinkPHONE": "the person to ask: personal",
    "InputerNameMAIL": "the person who wrote it: personal",
    "InputerNamePHONE": "the person who wrote it: personal",
}
"""Element -> why it is left out. Whatever else is not read becomes a remark."""

CONTAINER: Final = """
ContainerId C..11 yes
ContainerMd C..3 no
ContainerWt N19,5 no
GoodsNo C..255 no
LclFlag C1 no
GoodsContaWt N19,5 no
"""

ORIGIN_CERTIFICATE: Final = "Y"
"""`DocuCode` of a certificate of origin under a trade agreement (原产地证明)."""
NO_ORIGIN_CERTIFICATE: Final = "XJE00000"
"""`CertCode` behind the agreement's code of goods whose value needs no certificate: many declarations write it."""

LICENSE_DOCU: Final = """
DocuCode C..8 yes
CertCode C..50 yes
"""

GOODS_LIMIT: Final = """
LicTypeCode C..5 yes
LicenceNo C..40 no
LicWrtofDetailNo C..5 no
LicWrtofQty N19,5 no
LicWrtofQtyUnit C..3 no
"""

FREE_TEXT: Final = """
RelId C..18 no
RelManNo C..12 no
BonNo C..32 no
VoyNo C..32 no
"""

ACCESS: Final = """
TransitionApply C1 no
TransitionSite C..11 no
ConditionalLiftoffApply C1 no
PortDestMergeCheckApply C1 no
"""
"""两段准入 (DecTpAccessType): what is applied for; 1 ticked, 0 or empty not. As published programs print the table."""
ACCESS_NAMES: Final = ("DecTpAccessType", "DecTpAccess")
"""Names under which programs write it."""
APPLIED: Final = {
    "TransitionApply": ("cn-transition", "转场申请"),
    "ConditionalLiftoffApply": ("cn-conditional-lift-off", "附条件提离申请"),
    "PortDestMergeCheckApply": ("cn-merged-inspection", "口岸与目的地合并检查申请"),
}
"""Field -> system and name of the flag that says that it is applied for. Customs' own word alone allows it."""

OTHER_PACK: Final = """
PackQty N19,5 no
PackType C..6 yes
"""

EDOC_GROUPS: Final = ("", "EdocRealations", "DecEdocs")
"""Where `EdocRealation` stands: in the message itself, or in a group of its own."""
CONTAINER_NAMES: Final = ("Container", "DecContainer")
LICENCE_NAMES: Final = ("LicenseDocu", "DecLicenseDocu")
"""Elements of one container, of one accompanying document: programs of brokers write the second name."""

SIGN: Final = """
OperType A|B|C|D|E|G yes
ClientSeqNo C..50 no
ICCode C..20 no
OperName C..100 no
SignDate C..32 no
"""

ATTACHMENT: Final = """
EdocID C..128 yes
EdocCode C..8 yes
EdocFomatType C..2 no
"""

DEC_RESULT: Final = """
CUS_CIQ_NO C..18 no
ENTRY_ID C..18 no
NOTICE_DATE C..30 no
CHANNEL C..3 yes
NOTE C..2000 no
CUSTOM_MASTER d4 no
I_E_DATE C..19 no
D_DATE C..19 no
DECL_PORT C..4 no
AGENT_NAME C..100 no
TRADE_CO C..18 no
BILL_NO C..37 no
TRAF_MODE C1 no
VOYAGE_NO C..32 no
PACK_NO N9 no
NET_WT N19,5 no
GROSS_WT N19,5 no
"""

DEC_MOD: Final = """
DecModSeqNo C..32 no
Version C..16 no
DecModType 1|2 yes
EntryId entry yes
CustomsCode d4 no
TradeCode C..18 no
TradeName C..256 no
AgentCode C..18 no
AgentName C..256 no
DecModNote C..2000 no
CheckMark C..16 no
DecSeqNo C..18 no
Sign C..4000 no
SignTime C..32 no
IeFlag I|E no
OperType C..16 no
IcCode C..64 no
EntOpName C..64 no
EntOpTele C..64 no
FeedDept C..64 no
TradeCreditCode C..18 no
AgentCreditCode C..18 no
"""
"""Head of the form that asks to change or cancel a declaration (修撤单)."""

DEC_MOD_ITEM: Final = """
No N9 no
FieldCode C..64 yes
FieldName C..256 no
OldValue C..2000 no
NewValue C..2000 no
OldName C..256 no
NewName C..256 no
"""
"""One field that is to change."""
