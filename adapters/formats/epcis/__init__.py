"""GS1 EPCIS 2.0 (JSON-LD)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.epcis.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "JSON-LD documents with events and corrections",
        "GS1 EPCIS 2.0",
        ("logistics.event",),
        "the standard's examples",
    ),
)
