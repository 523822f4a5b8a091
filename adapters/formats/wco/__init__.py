"""WCO Data Model 3.6 declarations (DEC) and responses (RES) as HMRC profiles them."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.wco.declaration", Form.XML, frozenset({"MetaData"})),)
