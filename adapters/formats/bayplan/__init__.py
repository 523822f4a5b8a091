"""UN/EDIFACT BAPLIE: which containers stand where on a ship."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.bayplan.reader", Form.EDIFACT),)
FORMATS = (
    NativeFormat(
        "BAPLIE (船图)",
        "UN/EDIFACT D.95B (SMDG user manual BAPLIE 2.1.1, 2007) and D.21A, message BAPLIE",
        ("logistics.event",),
        "the description only",
        "one event a container on board; it is no loading: its code is the message's own, empty cells leave no record",
    ),
)
