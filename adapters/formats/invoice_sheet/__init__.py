"""The invoice sheet: a spreadsheet by our own template, saved as CSV, for traders without a system."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.invoice_sheet.reader", Form.CSV),)
FORMATS = (
    NativeFormat(
        "invoice sheet `tongguan-invoice,1` (CSV, UTF-8 or GB18030)",
        "our template, `formats/invoice_sheet/samples/invoice.csv`",
        ("tax.invoice",),
        "our own files only",
        "saved from a spreadsheet as CSV; a workbook (XLSX) is not read",
    ),
)
