"""China's manifests (舱单)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.manifest.reader", Form.XML, frozenset({"Manifest"})),)
