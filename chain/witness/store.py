"""A witness's memory: of each log the newest head that it cosigned, one small file each.

The file is the note as the monitoring address serves it: the log's own signature and ours. It is replaced whole and
flushed before the cosignature leaves, so that a witness which was killed never says less than it said. One process
holds the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from chain.errors import StoreFault
from chain.proof.log_heads import LogHead
from chain.proof.notes import Note

_SUFFIX = ".note"


class WitnessStore:
    """The heads of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise StoreFault(f"another witness runs in {folder}: two would cosign behind each other's back") from None

    def find(self, origin: str) -> Note | None:
        """The newest note cosigned of a log; None where there is none. Raises MalformedNote for a damaged file."""
        try:
            return Note.parse(self._file(origin_hash(origin)).read_bytes())
        except FileNotFoundError:
            return None

    def find_by_hash(self, name: str) -> Note | None:
        """As `find`, by the SHA-256 of the origin in hex, of the logs that were cosigned."""
        file = self._file(name)
        return Note.parse(file.read_bytes()) if len(name) == 64 and name.isalnum() and file.exists() else None

    def size(self, origin: str) -> int:
        """How many leaves the newest cosigned head of a log has; 0 where there is none."""
        note = self.find(origin)
        return 0 if note is None else LogHead.parse(note.text).size

    def save(self, origin: str, note: Note) -> None:
        """Returns once the note stands on the disk in the place of the one before."""
        file = self._file(origin_hash(origin))
        replace_file(file, note.format().encode(), 0o600)

    def close(self) -> None:
        """Gives the folder to others."""
        os.close(self._lock)

    def _file(self, name: str) -> Path:
        return self._folder / (name + _SUFFIX)


def origin_hash(origin: str) -> str:
    """The SHA-256 of an origin in hex: its name in the monitoring address."""
    return hashlib.sha256(origin.encode()).hexdigest()


def replace_file(file: Path, content: bytes, mode: int) -> None:
    """Puts the content in the file's place, whole or not at all; returns once it is on the disk."""
    part = file.with_name(file.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
