"""UN/EDIFACT IFTMIN: what a shipper or forwarder asks the carrier to carry."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.transport_instruction.reader", Form.EDIFACT),)
FORMATS = (
    NativeFormat(
        "IFTMIN (运输指示)",
        "UN/EDIFACT D.21A, message IFTMIN (segment table, code lists 1001, 3035, 3227, 6313), read from D.95B on",
        ("logistics.transport_document",),
        "the description only",
        "what is asked for, not what was carried: kind `other`, so that no rule takes it for a bill",
    ),
)
