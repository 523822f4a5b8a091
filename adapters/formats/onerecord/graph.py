"""ONE Record objects that stand side by side in an `@graph` (JSON-LD 1.1 §4.9, flattened form) and name each other.

An object that another one names by its address alone is read where it is named, as if it stood there.
"""

from __future__ import annotations

from typing import Final

from adapters.parsing.json_fields import Value
from chain.errors import MalformedMessage

EMBEDDED_MAX: Final = 20_000
"""Objects that are read where others name them; each may be named several times."""
DEPTH_MAX: Final = 8
"""Objects inside each other: waybill, shipment, piece, item, product, ..."""


def embed(objects: list[Value]) -> list[Value]:
    """The objects, each with those that it names inside it; raises `MalformedMessage` where they are too many."""
    named = {
        value["@id"]: value
        for value in objects
        if isinstance(value, dict) and isinstance(value.get("@id"), str) and len(value) > 1
    }
    embedding = _Embedding(named)
    return [embedding.inside(value, ()) for value in objects]


class _Embedding:
    def __init__(self, named: dict[Value, dict[str, Value]]) -> None:
        self.named = named
        self.count = 0

    def inside(self, value: Value, above: tuple[str, ...]) -> Value:
        """The value with what it names, but for the objects that it stands in."""
        if isinstance(value, list):
            return [self._member(item, above) for item in value]
        if not isinstance(value, dict):
            return value
        own = value.get("@id")
        chain = (*above, own) if isinstance(own, str) else above
        return {name: inner if name.startswith("@") else self._member(inner, chain) for name, inner in value.items()}

    def _member(self, value: Value, above: tuple[str, ...]) -> Value:
        if isinstance(value, dict) and set(value) == {"@id"} and isinstance(address := value["@id"], str):
            target = self.named.get(address)
            if target is None or address in above or len(above) >= DEPTH_MAX:
                return value
            self.count += 1
            if self.count > EMBEDDED_MAX:
                raise MalformedMessage("@graph", f"names its own objects at most {EMBEDDED_MAX} times")
            return self.inside(target, above)
        return self.inside(value, above)
