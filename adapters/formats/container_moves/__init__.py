"""UN/EDIFACT COARRI and CODECO (D.95B)."""

from adapters.formats import Form, ReaderModule

MODULES = (ReaderModule("adapters.formats.container_moves.reader", Form.EDIFACT),)
