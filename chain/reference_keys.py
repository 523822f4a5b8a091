"""What two references are compared by, freed of what people write differently. Standard library alone."""

from __future__ import annotations

from typing import Final

_OF_TRANSPORT: Final = frozenset({"transport_document", "master_bill", "container"})
_DROPPED: Final = str.maketrans("", "", " -_")


def reference_key(kind: str, scope: str, value: str) -> tuple[str, str, str]:
    """Kind, scope and value of a reference: in capitals; numbers of transport without spaces, hyphens and `_`."""
    value = value.upper()
    # A scope is an identifier, a type of text of its own, which encoders of plain data refuse.
    return kind, str(scope), value.translate(_DROPPED) if kind in _OF_TRANSPORT else value
