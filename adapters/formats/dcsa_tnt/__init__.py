"""DCSA Track & Trace 2.2 and 3.0."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.dcsa_tnt.reader", Form.JSON),)
