"""DCSA Arrival Notice 1.0: when a carrier expects a bill's goods at the port of discharge."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.dcsa_arrival.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "Arrival Notice (到货通知)",
        "DCSA Arrival Notice 1.0.0, `an-v1.0.0-openapi.yaml`",
        ("logistics.event",),
        "the standard's examples",
        "the ship's arrival for a bill, expected or actual as it says; charges and free time are remarks",
    ),
)
