"""DCSA Verified Gross Mass 1.0."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.dcsa_vgm.reader", Form.JSON),)
