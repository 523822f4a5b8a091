"""IATA ONE Record (JSON-LD)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.onerecord.reader", Form.JSON),)
