"""Fully digital e-invoices (数电票), XML form."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.efapiao.reader", Form.XML, frozenset({"EInvoice"})),)
FORMATS = (
    NativeFormat("数电票 XML", "published description of the XML form", ("tax.invoice",), "the description only"),
)
