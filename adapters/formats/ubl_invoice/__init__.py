"""UBL 2.1 to 2.4 commercial invoices (OASIS)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.ubl_invoice.reader", Form.XML, frozenset({"Invoice"})),)
FORMATS = (NativeFormat("Invoice", "OASIS UBL 2.1 to 2.4", ("tax.invoice",), "the standard's example"),)
