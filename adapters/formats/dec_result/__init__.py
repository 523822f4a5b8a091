"""Replies to a declaration: `DEC_RESULT`, `DEC_DATA`, `DecImportResponse`."""

from adapters.formats import Form, ReaderModule

MODULES = (
    ReaderModule(
        "adapters.formats.dec_result.reader", Form.XML, frozenset({"DEC_RESULT", "DEC_DATA", "DecImportResponse"})
    ),
)
