"""HMRC inventory-linking movements (EAL, EDL)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule(
        "adapters.formats.inventory_movement.reader", Form.XML, frozenset({"inventoryLinkingMovementRequest"})
    ),
)
FORMATS = (
    NativeFormat("EAL, EAA, EDL", "HMRC inventory-linking movement requests", ("logistics.event",), "HMRC's examples"),
)
