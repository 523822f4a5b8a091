"""UBL 2.0 to 2.4 Waybill and WeightStatement (OASIS)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule("adapters.formats.ubl_waybill.reader", Form.XML, frozenset({"Waybill"})),
    ReaderModule("adapters.formats.ubl_waybill.weights", Form.XML, frozenset({"WeightStatement"})),
)

DOCUMENT = "OASIS UBL 2.0 to 2.4"
FORMATS = (
    NativeFormat("Waybill", DOCUMENT, ("logistics.transport_document",), "the standard's example"),
    NativeFormat("WeightStatement", DOCUMENT, ("logistics.weight",), "the standard's example"),
)
