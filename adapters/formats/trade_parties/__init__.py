"""Who takes part in a consignment, as its owner or the single window says it."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.trade_parties.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "parties of a consignment 参与方声明",
        "a form of our own",
        ("trade.parties",),
        "own examples",
        "gives the members that it names standing",
    ),
)
