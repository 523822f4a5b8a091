"""Where a fully digital invoice (数电票 XML) may say what, and what of it is left out.

Source: 电子凭证会计数据标准 (数电票), 2023 trial edition, as published element lists and those who send it describe it.
Paths are below `EInvoice`; the first that has a text counts.
"""

from __future__ import annotations

from typing import Final

NUMBER: Final = ("TaxSupervisionInfo/InvoiceNumber", "Header/EIid")
ISSUED: Final = ("TaxSupervisionInfo/IssueTime", "EInvoiceData/BasicInformation/RequestTime")
NOTE: Final = (
    "EInvoiceData/AdditionalInformation/Remark",
    "EInvoiceData/Remark",
    "EInvoiceData/BasicInformation/Remark",
)
"""备注: where exporters write the numbers of declaration and contract."""
KIND: Final = ("Header/InherentLabel/GeneralOrSpecialVAT/LabelCode",)
ISSUE: Final = ("Header/InherentLabel/InIssuType/LabelCode",)
"""是否蓝字发票标志: Y blue, N red."""
TYPE: Final = ("Header/InherentLabel/EInvoiceType/LabelCode",)
CORRECTED: Final = ("OriginalInvoiceCode", "OriginalInvoiceNumber", "BlueInvoiceNumber")
"""Inside `SpecificInformation/RedEInvoice`: the blue invoice that a red one reverses."""
CONFIRMATION: Final = ("CreditNoteNumber", "RedConfirmationNumber")
"""Inside `SpecificInformation/RedEInvoice`: number of the confirmation sheet (红字发票信息确认单)."""

KINDS: Final = {"01": "special VAT invoice", "02": "general invoice"}
ISSUES: Final = {"Y": "blue (original) invoice", "N": "red-letter invoice"}

IGNORED: Final = {
    "EInvoiceTag": "which schema the file follows",
    "Version": "which schema the file follows",
    "LabelName": "the name of a label that its code says",
    "EIid": "repeats the invoice's number",
    "RequestTime": "when the invoice was asked for; IssueTime says when it was issued",
    "TotalTax-includedAmountInChinese": "repeats the total in words",
    "TotaltaxIncludedAmount": "the line's amount and tax together",
    "Drawer": "the person who wrote the invoice: personal, of no use beside seller and buyer",
    "SellerBankName": "how it is paid, not what was sold",
    "SellerBankAccNum": "how it is paid, not what was sold",
    "BuyerBankName": "how it is paid, not what was sold",
    "BuyerBankAccNum": "how it is paid, not what was sold",
    "SellerAuthentication": "how the seller was let in",
    "TaxBureauCode": "which office keeps the invoice; its number says the province",
    "TaxBureauName": "which office keeps the invoice",
    "BuyerHandlingName": "the person who handled it: personal",
    "BuyerHandlingIdNum": "the person who handled it: personal",
}
"""Element -> why it is left out. Whatever else is not read becomes a remark."""
