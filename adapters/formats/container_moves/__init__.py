"""UN/EDIFACT COARRI and CODECO (D.95B)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.container_moves.reader", Form.EDIFACT),)
FORMATS = (
    NativeFormat(
        "COARRI, CODECO",
        "UN/EDIFACT D.95B",
        ("logistics.event",),
        "COARRI: a real terminal's file; CODECO: the description only",
    ),
)
