"""Export rebate declarations (出口退税)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.export_rebate.reader", Form.JSON),)
