"""Fully digital e-invoices (数电票), XML form."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.efapiao.reader", Form.XML, frozenset({"EInvoice"})),)
