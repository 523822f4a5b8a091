"""The certificate sheet as it is: a workbook (XLSX) whose first sheet is our template."""

from __future__ import annotations

from adapters.formats.certificate_sheet import tables
from adapters.formats.certificate_sheet.reader import KIND, read_rows
from adapters.message import ReadMessage
from adapters.parsing.archive import Archive
from adapters.parsing.workbook import is_workbook, parse_workbook
from chain.errors import MalformedMessage

_LOCAL_HEADER = b"PK\x03\x04"
_FOLDER = b"xl/"
_PEEK_BYTES = 1_024


class CertificateWorkbookReader:
    """`tongguan-certificate,1` in a workbook."""

    kind = f"{KIND} (XLSX)"

    def recognises(self, message: bytes) -> bool:
        """Whether a text of the workbook is the template's mark, or it cannot be unpacked; never raises."""
        if not message.startswith(_LOCAL_HEADER):
            return False
        try:
            archive = Archive(message)
            names = [name for name in archive.named(".xml") if name.startswith(("xl/sharedStrings", "xl/worksheets/"))]
            return is_workbook(archive) and any(tables.MARK.encode() in archive.read(name) for name in names[:3])
        except MalformedMessage:
            return _FOLDER in message[:_PEEK_BYTES]  # read and refused with the reason

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_rows(parse_workbook(Archive(message)), message)


READERS = (CertificateWorkbookReader(),)
