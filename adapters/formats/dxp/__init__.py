"""The e-port's transport envelopes (`DxpMsg`, `DxpMsgSv`)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.dxp.reader", Form.XML, frozenset({"DxpMsg", "DxpMsgSv"})),)
FORMATS = (
    NativeFormat(
        "`DxpMsg`, `DxpMsgSv`",
        "published programs of vendors; no public specification",
        (),
        "the descriptions only",
        "an envelope: becomes what the message inside becomes",
    ),
)
