"""A template of ours filled in a spreadsheet and saved as it is: a workbook (XLSX), its first sheet the template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.message import ReadMessage
from adapters.parsing.archive import Archive
from adapters.parsing.workbook import is_workbook, parse_workbook
from chain.errors import MalformedMessage

_LOCAL_HEADER = b"PK\x03\x04"
_FOLDER = b"xl/"
_PEEK_BYTES = 1_024
_TEXTS = ("xl/sharedStrings", "xl/worksheets/")
_PARTS_MAX = 3


@dataclass(frozen=True)
class TemplateWorkbookReader:
    """Reads one template in a workbook; a `Reader`."""

    mark: str
    """What the template's first cell says it is, such as `tongguan-invoice`."""
    read_rows: Callable[[Sequence[Sequence[str]], bytes], ReadMessage]
    """The message of the sheet's rows and of the file that they stand in."""

    @property
    def kind(self) -> str:
        """What messages of this kind are called."""
        return f"{self.mark} (XLSX)"

    def recognises(self, message: bytes) -> bool:
        """Whether a text of the workbook is the template's mark, or it cannot be unpacked; never raises."""
        if not message.startswith(_LOCAL_HEADER):
            return False
        try:
            archive = Archive(message)
            names = [name for name in archive.named(".xml") if name.startswith(_TEXTS)]
            return is_workbook(archive) and any(self.mark.encode() in archive.read(name) for name in names[:_PARTS_MAX])
        except MalformedMessage:
            return _FOLDER in message[:_PEEK_BYTES]  # read and refused with the reason

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return self.read_rows(parse_workbook(Archive(message)), message)
