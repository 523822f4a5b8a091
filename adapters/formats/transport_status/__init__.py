"""UN/EDIFACT IFTSTA (D.95B to D.00B): what carriers report of containers and consignments."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.transport_status.reader", Form.EDIFACT),)
FORMATS = (
    NativeFormat(
        "IFTSTA (运输状态报告)",
        "UN/EDIFACT D.99B and D.00B, message IFTSTA (revision 10, 2000-06-28)",
        ("logistics.event",),
        "two messages of carriers that were published",
        "one event a status and container; times of other ports are kept as remarks",
    ),
)
