"""Replies to a declaration: `DEC_RESULT`, `DEC_DATA`, `DecImportResponse`."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule(
        "adapters.formats.dec_result.reader", Form.XML, frozenset({"DEC_RESULT", "DEC_DATA", "DecImportResponse"})
    ),
)

DOCUMENT = "published programs of vendors; no public specification"
FORMATS = (
    NativeFormat(
        "`DEC_RESULT`, `DEC_DATA`",
        DOCUMENT,
        ("customs.status",),
        "the descriptions only",
        "about the declaration; `CHANNEL` 1, 2, 3, 7, 9 are technical",
    ),
    NativeFormat(
        "`DecImportResponse`", DOCUMENT, ("customs.status",), "the descriptions only", "about the message, technical"
    ),
)
