"""UBL 2.0 to 2.4 Waybill and WeightStatement (OASIS)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.ubl_waybill.reader", Form.XML, frozenset({"Waybill", "WeightStatement"})),)
