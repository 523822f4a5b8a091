"""Fields and codes of the bonded systems' messages, as a broker's published program lists and comments them.

Spellings are the interface's own: `BussinessData`, `DelcareFlag`, `CommonResponeMessage`, `rvsngdEtpsSccd` beside
`rcvgdEtpsno`. What is lodged writes names with a capital (`BondInvtNo`), what customs answers with a small letter.
"""

from __future__ import annotations

from typing import Final

from chain.records.scalars import Function
from chain.records.sections import DeclarationState, PartyRole

FUNCTIONS: Final[dict[str, Function]] = {"1": "new", "2": "change", "3": "delete"}
"""`dclTypecd`: 1 to register, 2 to change, 3 to delete or void."""
DRAFT: Final = "0"
"""`DelcareFlag` 0 is kept by the single window, 1 is declared."""

LIST_PARTIES: Final[tuple[tuple[PartyRole, str, str, str], ...]] = (
    ("trader", "bizopEtpsSccd", "bizopEtpsno", "bizopEtpsNm"),
    ("owner", "rvsngdEtpsSccd", "rcvgdEtpsno", "rcvgdEtpsNm"),
    ("agent", "dclEtpsSccd", "dclEtpsno", "dclEtpsNm"),
    ("entry_company", "inputCreditCode", "inputCode", "inputName"),
    ("other", "rltEntryBizopEtpsSccd", "rltEntryBizopEtpsno", "rltEntryBizopEtpsNm"),
    ("other", "rltEntryRvsngdEtpsSccd", "rltEntryRcvgdEtpsno", "rltEntryRcvgdEtpsNm"),
    ("other", "rltEntryDclEtpsSccd", "rltEntryDclEtpsno", "rltEntryDclEtpsNm"),
    ("other", "corrEntryDclEtpsSccd", "corrEntryDclEtpsNo", "corrEntryDclEtpsNm"),
)
"""Role -> social credit code, customs code and name: 经营企业, 收发货(加工)企业, 申报企业, 录入单位, and the companies
of the declaration that the list is related to."""
PASS_PARTIES: Final[tuple[tuple[PartyRole, str, str, str], ...]] = (
    ("area_operator", "areainEtpsSccd", "areainEtpsno", "areainEtpsNm"),
    ("agent", "dclEtpsSccd", "dclEtpsno", "dclEtpsNm"),
    ("entry_company", "inputSccd", "inputCode", "inputName"),
)
"""As `LIST_PARTIES`, of a pass: 区内企业, 申报企业, 录入单位."""

LIST_FLAGS: Final = (
    *("invtType", "bondInvtTypecd", "listType", "mtpckEndprdMarkcd", "dclcusFlag", "dclcusTypecd", "genDecFlag"),
    *("decType", "vrfdedMarkcd", "vrfdedModecd", "invtIochkptStucd", "passportUsedTypeCd", "passportUsedTypecd"),
    *("entryStucd", "needEntryModified", "duCode", "chgTmsCnt"),
)
"""Marks of a list, each kept as a code in a list named after its field."""
PASS_FLAGS: Final = ("passportTypecd", "bindTypecd", "emapvMarkcd", "logisticsStucd", "ownerSystem", "chgTmsCnt")
"""Marks of a pass: kind of pass (1 enter before declaring, 2 and 3 first and second line, 4 undeclared, 5 registered, 6
empty vehicle), how vehicles and lists are bound ..."""

LIST_REPEATED: Final = (
    *("putrecNo", "rltPutrecNo", "impexpPortcd", "impexpMarkcd", "supvModecd", "trspModecd", "stshipTrsarvNatcd"),
    *("prevdTime", "entryDclTime", "dclTypecd", "levyBlAmt", "applyNo"),
)
"""What an answer repeats of the list, kept likewise."""
PASS_REPEATED: Final = (
    *("dclTypecd", "ioTypecd", "rltTbTypecd", "vehicleIcNo", "vehicleWt", "vehicleFrameNo", "vehicleFrameWt"),
    *("totalWt", "passCollectWt", "wtError", "passID", "secdPassId", "passTime", "secdPassTime", "col1"),
)
"""What an answer repeats of the pass, or measured at the gate (passCollectWt 卡口地磅采集重量), kept likewise."""

LIST_STATES: Final[dict[str, tuple[DeclarationState | None, str]]] = {
    "0": ("ACCEPTED", "passed 审核通过"),
    "1": (None, "declared 申报"),
    "2": ("REJECTED", "returned 退单"),
    "3": ("WITHDRAWN", "deleted 删单"),
}
"""`invtStucd` 清单状态代码 -> state of the list (None: kept) and meaning."""
PASS_STATES: Final = {
    "0": "applied for 已申请",
    "1": "approved 已审批",
    "2": "passed the gate 已过卡",
    "3": "passed the first gate 已过一卡",
    "4": "passed the second gate 已过二卡",
    "5": "deleted 已删除",
    "6": "voided 已作废",
}
"""`stucd` 状态代码 of a pass."""
RELATED_LIST: Final = "1"
RELATED_BILL: Final = "3"
"""`rltTbTypecd`: 1 verification list, 2 in and out note of a warehouse, 3 bill of lading."""

IGNORED: Final = {
    "DelcareFlag": "read as whether the message is a draft",
    "PassportSeqNo": "the line's place in the pass, which is kept",
    "EnvelopInfo": "the envelope of the exchange; its id and sender are read",
    "PocketInfo": "how the exchange divides answers",
    "SignedInfo": "a signature stands in the message's bytes, whose hash the record keeps",
    "SignatureValue": "a signature stands in the message's bytes, whose hash the record keeps",
    "KeyInfo": "a signature stands in the message's bytes, whose hash the record keeps",
    "dclErConc": "names the applicant and a telephone: personal, and of no use to others",
    "DclErConc": "names the applicant and a telephone: personal, and of no use to others",
    "icCardNo": "the card with which a person signed",
    "IcCardNo": "the card with which a person signed",
    "OperCusRegCode": "the card's company, named again as the one that declares",
    "SasPassportDt": "the goods of the pass, which its own message lists",
    "SasPassportRlt": "the numbers that rltNo lists",
    "SysId": "which of the customs' systems takes the message",
}
"""Element -> why it is left out."""
