"""DCSA Bill of Lading 3.0: the transport document."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.dcsa_ebl.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "Transport Document (bill of lading, sea waybill)",
        "DCSA Bill of Lading 3.0.0, `EBL_v3.0.0.yaml`",
        ("logistics.transport_document",),
        "the standard's example",
        "a draft is acknowledged; a voided document amends",
    ),
)
