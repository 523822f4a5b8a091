"""China's customs declaration (`DecMessage`, 报关单), editions 3.1 to 5.0."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.dec_message.reader", Form.XML, frozenset({"DecMessage", "ImportMessage"})),)
FORMATS = (
    NativeFormat(
        "`DecMessage`, plain, in `ImportMessage` or in `DxpMsg`",
        "GACC announcement 2018 No. 67, editions 3.1, 4.8 and 5.0",
        ("customs.declaration",),
        "the descriptions only",
        "`OperType` G is a draft. On export, origin and destination are swapped back",
    ),
)
