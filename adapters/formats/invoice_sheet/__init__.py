"""The invoice sheet: a spreadsheet by our own template, as a workbook or saved as CSV, for traders without a system."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule("adapters.formats.invoice_sheet.reader", Form.CSV),
    ReaderModule("adapters.formats.invoice_sheet.workbook", Form.ZIP),
)
FORMATS = (
    NativeFormat(
        "invoice sheet `tongguan-invoice,1` (XLSX, or CSV in UTF-8 or GB18030)",
        "our template, `formats/invoice_sheet/samples/invoice.csv`, `invoice.xlsx`; ECMA-376 (2016) part 1 §18",
        ("tax.invoice",),
        "workbooks that openpyxl and XlsxWriter wrote by the template",
        "the first sheet, as it shows; with hidden rows, columns or errors in cells it is refused",
    ),
)
