"""Export rebate declarations (出口退税)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.export_rebate.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "export rebate declaration 出口退税",
        "a form of our own with the official field names",
        ("tax.rebate",),
        "own examples",
        "JSON with the official field names",
    ),
)
