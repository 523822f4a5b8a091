"""ZIP archives from strangers: a few small entries read whole, or one clear error within 0.1 s and 100 MB.

Refused before anything is unpacked: too many entries, an entry that says it is too long or is packed more tightly than
text ever is, entries that are encrypted, or packed by another method than the two of every ZIP. What an entry says of
its length is not believed: unpacking stops at the bound. Nothing is written to disk, so no name can leave its folder.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from adapters.message import MESSAGE_BYTES_MAX
from chain.errors import MalformedMessage

ENTRIES_MAX: Final = 500
"""Files in one archive; an e-invoice in OFD has about 15."""
ENTRY_BYTES_MAX: Final = 4 * 1024 * 1024
"""Bytes of one entry, unpacked."""
TOTAL_BYTES_MAX: Final = 16 * 1024 * 1024
"""Bytes of all entries that are read, unpacked."""
RATIO_MAX: Final = 200
"""Unpacked bytes for a packed one; XML reaches 40, a bomb 1,000."""
_DIRECTORY_LINE: Final = b"PK\x01\x02"
LINES_MAX: Final = 2 * ENTRIES_MAX
"""Marks of a directory's lines in the whole file: an archive inside has its own, and packed bytes may look so."""
NAME_CHARS_MAX: Final = 256
CODE: Final = "0001"
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_CHUNK_BYTES: Final = 64 * 1024
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
)
"""What `zipfile` raises for a file that is broken or asks for what it has not."""


class Archive:
    """An open archive whose directory was found harmless."""

    def __init__(self, message: bytes) -> None:
        """Reads the directory; raises `MalformedMessage` where it is broken or holds what is refused."""
        if len(message) > MESSAGE_BYTES_MAX:
            raise MalformedMessage("archive", f"at most {MESSAGE_BYTES_MAX} bytes", value=len(message), code=CODE)
        # Before the directory is read, which makes an object of each of its lines: 46 bytes become half a kilobyte.
        if (lines := message.count(_DIRECTORY_LINE)) > LINES_MAX:
            raise MalformedMessage("archive", f"holds at most {ENTRIES_MAX} files", value=lines, code=CODE)
        try:
            self._file = zipfile.ZipFile(io.BytesIO(message))
        except _BROKEN as error:
            raise MalformedMessage("archive", "is a whole ZIP file", fix="Send the file again", code=CODE) from error
        self._entries = {entry.filename: entry for entry in self._file.infolist() if _is_file(entry)}
        self._read_bytes = 0
        if len(self._entries) > ENTRIES_MAX:
            raise MalformedMessage("archive", f"holds at most {ENTRIES_MAX} files", value=len(self._entries), code=CODE)
        for entry in self._entries.values():
            _check(entry)

    def names(self) -> tuple[str, ...]:
        """Names of the files, in the order of the directory."""
        return tuple(self._entries)

    def read(self, name: str) -> bytes:
        """One file, unpacked; raises `MalformedMessage` where it is broken or longer than the bounds."""
        entry = self._entries[name]
        content = bytearray()
        # ValueError and OverflowError: offsets of a broken directory, which the library only finds when it seeks.
        try:
            with self._file.open(entry) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    content += chunk
                    self._read_bytes += len(chunk)
                    if len(content) > ENTRY_BYTES_MAX or self._read_bytes > TOTAL_BYTES_MAX:
                        raise MalformedMessage(
                            f"archive/{name[:NAME_CHARS_MAX]}", f"unpacks to at most {ENTRY_BYTES_MAX} bytes", code=CODE
                        )
        except _BROKEN as error:
            raise MalformedMessage(
                f"archive/{name[:NAME_CHARS_MAX]}", "unpacks without a fault", fix="Send the file again", code=CODE
            ) from error
        return bytes(content)

    def named(self, ending: str) -> Iterator[str]:
        """Names of the files with this ending, whatever its case."""
        return (name for name in self._entries if name.lower().endswith(ending))


def _is_file(entry: zipfile.ZipInfo) -> bool:
    return bool(entry.filename) and not entry.filename.endswith("/")


def _check(entry: zipfile.ZipInfo) -> None:
    where = f"archive/{entry.filename[:NAME_CHARS_MAX]}"
    if len(entry.filename) > NAME_CHARS_MAX:
        raise MalformedMessage(where, f"has a name of at most {NAME_CHARS_MAX} characters", code=CODE)
    if entry.flag_bits & _ENCRYPTED:
        raise MalformedMessage(where, "is not encrypted", fix="Send it without a password", code=CODE)
    if entry.compress_type not in _METHODS:
        raise MalformedMessage(where, "is stored or deflated", value=entry.compress_type, code=CODE)
    if entry.file_size > ENTRY_BYTES_MAX:
        raise MalformedMessage(where, f"unpacks to at most {ENTRY_BYTES_MAX} bytes", value=entry.file_size, code=CODE)
    if entry.file_size > RATIO_MAX * max(entry.compress_size, 1) and entry.file_size > _CHUNK_BYTES:
        raise MalformedMessage(where, f"unpacks to at most {RATIO_MAX} times its size", code=CODE)
