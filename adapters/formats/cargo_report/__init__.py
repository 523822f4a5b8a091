"""UN/EDIFACT CUSCAR: the carrier's report of its cargo to customs."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.cargo_report.reader", Form.EDIFACT),)
FORMATS = (
    NativeFormat(
        "CUSCAR (海关货物申报)",
        "UN/EDIFACT D.21A, message CUSCAR (segment table, code lists 1001, 3035, 3227, 6313), read from D.95B on",
        ("logistics.transport_document",),
        "the description only",
        "one record a bill; a container is a bill's where SGP says so, or where it is the only bill",
    ),
)
