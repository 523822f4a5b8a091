"""The form that asks to change or cancel a declaration (`DecModMessage`, 修撤单)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.dec_mod.reader", Form.XML, frozenset({"DecModMessage"})),)
