"""A folder of native files as a source of messages, the way single-window clients exchange them.

`FILE.envelope.json` beside a file gives its envelope. Without one the member's own words are assumed, with a
message id made from the bytes and no UCRs. With `moves`, an acknowledged file goes to `acknowledged/`, a refused
one to `refused/` with a
`FILE.refusal.json`; without, the folder is only read and the runner's journal alone knows what was done.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from adapters.message import MESSAGE_BYTES_MAX
from adapters.sources.envelope import Envelope, MalformedEnvelope
from adapters.sources.single_window import Message, Page, SingleWindowFault

ENVELOPE_SUFFIX = ".envelope.json"
REFUSAL_SUFFIX = ".refusal.json"
FILES_MAX = 100_000

_log = logging.getLogger("adapters.sources.folder")


class Folder:
    """The files of one folder, by name; a file that is still being written waits until it is `quiet_s` old."""

    def __init__(
        self,
        path: Path,
        sender: str,
        *,
        moves: bool = False,
        quiet_s: float = 0.0,
        accepts: Callable[[bytes], bool] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`sender` is the member's USCC; `accepts` makes the folder a shared one: files whose envelope names another
        member are left to it, and so are loose files of which `accepts` says that they are not this member's words."""
        self.path = path
        self.sender = sender
        self._moves = moves
        self._quiet_s = quiet_s
        self._accepts = accepts
        self._clock = clock
        self._files: dict[str, Path] = {}
        # Without `moves` the file stays where it is; a second word about it in one run would never end.
        self._settled: set[tuple[Path, int]] = set()

    def fetch(self, after: int = 0, limit: int = 100) -> Page:
        """See `Source`; the cursor counts files by name, so a pass from 0 sees every file."""
        files = self._listing()
        chosen = files[after : after + limit]
        open_files = [path for path in chosen if not self._settled or _version(path) not in self._settled]
        messages = [message for path in open_files if (message := self._read(path)) is not None]
        return Page(tuple(messages), after + len(chosen))

    def acknowledge(self, envelope: Envelope) -> None:
        """See `Source`."""
        self._move(envelope, "acknowledged")

    def refuse(self, envelope: Envelope, code: str, reason: str) -> None:
        """See `Source`."""
        moved = self._move(envelope, "refused")
        if moved is not None:
            self._note_refusal(moved, code, reason)

    def find_name(self, envelope: Envelope) -> str | None:
        """The file that the message came in; None where it was not seen since the start."""
        path = self._files.get(envelope.id)
        return None if path is None else path.name

    def _listing(self) -> list[Path]:
        latest = self._clock() - self._quiet_s
        try:
            files = [
                path
                for path in self.path.iterdir()
                if path.is_file()
                and not path.name.startswith(".")
                and not path.name.endswith((ENVELOPE_SUFFIX, REFUSAL_SUFFIX, ".tmp", ".part"))
                and (self._quiet_s == 0 or path.stat().st_mtime <= latest)
            ]
        except OSError as error:
            raise SingleWindowFault(f"the folder {self.path} cannot be listed: {error}") from error
        if len(files) > FILES_MAX:
            raise SingleWindowFault(f"the folder {self.path} holds more than {FILES_MAX} files")
        return sorted(files)

    def _read(self, path: Path) -> Message | None:
        try:
            # A file over the limit is cut to one byte more than it: the reader refuses it without our holding it all.
            with path.open("rb") as file:
                body = file.read(MESSAGE_BYTES_MAX + 1)
            envelope = self._envelope(path, body)
        except OSError as error:
            raise SingleWindowFault(f"{path} cannot be read: {error}") from error
        except MalformedEnvelope as error:
            self._leave_out(path, error)
            return None
        if self._accepts is not None and not self._is_mine(path, envelope, body):
            return None
        self._files[envelope.id] = path
        return Message(envelope, body)

    def _leave_out(self, path: Path, error: MalformedEnvelope) -> None:
        """A file whose envelope cannot be read is refused like a message, and holds up no other."""
        reason = f"{path.name}{ENVELOPE_SUFFIX}: {error}"
        _log.error("refused: %s", reason)
        if self._moves:
            self._note_refusal(self._move_file(path, "refused"), error.code, reason)
        else:
            self._settled.add(_version(path))

    def _is_mine(self, path: Path, envelope: Envelope, body: bytes) -> bool:
        """In a folder shared by several members: an envelope names the sender, else the words themselves tell."""
        if path.with_name(path.name + ENVELOPE_SUFFIX).is_file():
            return envelope.sender == self.sender
        return self._accepts is None or self._accepts(body)

    def _envelope(self, path: Path, body: bytes) -> Envelope:
        beside = path.with_name(path.name + ENVELOPE_SUFFIX)
        if beside.is_file():
            return Envelope.parse_bytes(beside.read_bytes())
        sent_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        digest = hashlib.sha256(body).hexdigest()
        return Envelope(
            id=f"file-{digest[:32]}",
            kind=path.suffix.lstrip(".").upper() or "FILE",
            sender=self.sender,
            sent_at=f"{sent_at:%Y-%m-%dT%H:%M:%SZ}",
        )

    def _move(self, envelope: Envelope, place: str) -> Path | None:
        path = self._files.get(envelope.id)
        if path is None or not path.is_file():
            return None
        if not self._moves:
            self._settled.add(_version(path))
            return None
        return self._move_file(path, place)

    def _move_file(self, path: Path, place: str) -> Path:
        target = self.path / place
        target.mkdir(exist_ok=True)
        beside = path.with_name(path.name + ENVELOPE_SUFFIX)
        if beside.is_file():
            beside.replace(target / beside.name)
        return path.replace(target / path.name)

    def _note_refusal(self, moved: Path, code: str, reason: str) -> None:
        note = json.dumps({"code": code, "reason": reason}, ensure_ascii=False, indent=1)
        moved.with_name(moved.name + REFUSAL_SUFFIX).write_text(note, encoding="utf-8")


def _version(path: Path) -> tuple[Path, int]:
    try:
        return path, path.stat().st_mtime_ns
    except OSError as error:
        raise SingleWindowFault(f"{path} cannot be read: {error}") from error
