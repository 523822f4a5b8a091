"""China's manifests (舱单)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.manifest.reader", Form.XML, frozenset({"Manifest"})),)
FORMATS = (
    NativeFormat(
        "MT1401 原始舱单, MT2401 预配舱单",
        "GACC manifest messages (WCO Data Model XML), published description",
        ("logistics.transport_document",),
        "the description only",
    ),
)
