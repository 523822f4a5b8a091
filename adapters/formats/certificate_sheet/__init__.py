"""The certificate sheet: a certificate of origin in a spreadsheet by our own template, as a workbook or as CSV."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule("adapters.formats.certificate_sheet.reader", Form.CSV),
    ReaderModule("adapters.formats.certificate_sheet.workbook", Form.ZIP),
)
FORMATS = (
    NativeFormat(
        "certificate sheet `tongguan-certificate,1` 原产地证书表 (XLSX, or CSV in UTF-8 or GB18030)",
        "our template, `formats/certificate_sheet/samples/certificate.csv`; fields of RCEP Annex 3B",
        ("trade.certificate",),
        "own examples",
        "what is printed on the paper; nothing proves its stamp",
    ),
)
