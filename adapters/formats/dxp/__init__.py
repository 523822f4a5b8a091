"""The e-port's transport envelopes (`DxpMsg`, `DxpMsgSv`)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.dxp.reader", Form.XML, frozenset({"DxpMsg", "DxpMsgSv"})),)
