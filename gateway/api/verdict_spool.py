"""What was answered and not read yet: some of it in memory, the rest in a file, so that no client has to read first.

A client that writes its whole upload before it reads one verdict would else wait for a gateway that waits for it. The
file has no name, is its owner's alone, and is gone with the upload, however that ends.
"""

from __future__ import annotations

import tempfile
from collections import deque
from pathlib import Path
from typing import IO

SPOOL_MEMORY_BYTES_MAX = 256 * 1024
"""Of one upload."""
SPOOL_BYTES_MAX = 2 << 30
"""Of all uploads, on disk. Beyond it uploads are held back at their sockets until somebody reads."""
PART_BYTES = 64 * 1024


class SpoolRoom:
    """How much all spools of one gateway hold."""

    def __init__(self, folder: Path | None = None, bytes_max: int = SPOOL_BYTES_MAX) -> None:
        """`folder` holds the files; None: where the system keeps passing ones."""
        self.folder = folder
        self.bytes_max = bytes_max
        self.bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be spooled now."""
        return self.bytes >= self.bytes_max


class VerdictSpool:
    """The bytes of one upload that were answered and not read yet, first in, first out. For one event loop."""

    def __init__(self, room: SpoolRoom) -> None:
        self._room = room
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._file: IO[bytes] | None = None
        self._file_read = self._file_written = 0

    @property
    def length(self) -> int:
        """How many bytes wait to be read."""
        return self._memory_bytes + self._file_written - self._file_read

    def put(self, content: bytes) -> None:
        """Adds to the end; raises OSError where the disk is full."""
        if not content:
            return
        # Once some of it stands in the file, what comes later must stand behind it.
        if self._file_written == self._file_read and self._memory_bytes + len(content) <= SPOOL_MEMORY_BYTES_MAX:
            self._memory.append(content)
            self._memory_bytes += len(content)
        else:
            file = self._file or self._opened()
            file.seek(self._file_written)
            file.write(content)
            self._file_written += len(content)
        self._room.bytes += len(content)

    def take(self) -> bytes:
        """Some bytes from the beginning; empty where there are none."""
        if self._memory:
            part = self._memory.popleft()
            self._memory_bytes -= len(part)
        elif self._file is not None and self._file_read < self._file_written:
            self._file.seek(self._file_read)
            part = self._file.read(min(PART_BYTES, self._file_written - self._file_read))
            self._file_read += len(part)
            if self._file_read == self._file_written:
                self._file.truncate(0)
                self._file_read = self._file_written = 0
        else:
            return b""
        self._room.bytes -= len(part)
        return part

    def close(self) -> None:
        """Lets go of everything."""
        self._room.bytes -= self.length
        self._memory.clear()
        self._memory_bytes = self._file_read = self._file_written = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> IO[bytes]:
        if self._room.folder is not None:
            self._room.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=self._room.folder)  # noqa: SIM115 - closed with the spool
        return self._file
