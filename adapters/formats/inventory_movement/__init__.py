"""HMRC inventory-linking movements (EAL, EDL)."""

from adapters.formats import Form, ReaderModule

MODULES = (
    ReaderModule(
        "adapters.formats.inventory_movement.reader", Form.XML, frozenset({"inventoryLinkingMovementRequest"})
    ),
)
