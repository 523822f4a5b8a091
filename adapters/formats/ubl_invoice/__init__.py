"""UBL 2.1 to 2.4 commercial invoices (OASIS)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.ubl_invoice.reader", Form.XML, frozenset({"Invoice"})),)
