"""UBL 2.1 to 2.4 invoices and credit notes (OASIS)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.ubl_invoice.reader", Form.XML, frozenset({"Invoice", "CreditNote"})),)
FORMATS = (
    NativeFormat("Invoice", "OASIS UBL 2.1 to 2.4", ("tax.invoice",), "the standard's example"),
    NativeFormat("CreditNote", "OASIS UBL 2.1 to 2.4", ("tax.invoice",), "the description only"),
)
