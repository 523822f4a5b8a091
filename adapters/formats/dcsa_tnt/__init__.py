"""DCSA Track & Trace 2.2 and 3.0."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.dcsa_tnt.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "Track & Trace events", "DCSA Track & Trace 2.2 and 3.0", ("logistics.event",), "the standard's examples"
    ),
)
