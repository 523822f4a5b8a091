"""UN/EDIFACT COPARN: orders to release or accept containers, and advice of their coming."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.container_order.reader", Form.EDIFACT),)
FORMATS = (
    NativeFormat(
        "COPARN (放箱与订舱通知)",
        "UN/EDIFACT D.21A, message COPARN, with ITIGG's document codes of D.95B (SMDG user manual COPARN, 2016)",
        ("logistics.event",),
        "the description only, and a published example of a release order",
        "an order is an event asked for (`REQ`), an advice a planned one (`PLN`); no rule takes either for the move",
    ),
)
