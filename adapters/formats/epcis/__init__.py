"""GS1 EPCIS 2.0 (JSON-LD)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.epcis.reader", Form.JSON),)
