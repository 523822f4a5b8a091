"""China's manifests (舱单)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.manifest.reader", Form.XML, frozenset({"Manifest"})),)
FORMATS = (
    NativeFormat(
        "MT1x 原始舱单, MT2x 预配舱单, MT3x 运抵, MT4x, MT5x; ship, air, rail, road",
        "GACC manifest messages (WCO Data Model XML), published description",
        ("logistics.transport_document",),
        "the description only",
    ),
)
