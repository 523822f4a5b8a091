"""A folder of native files as a source of messages, the way single-window clients exchange them.

`FILE.envelope.json` beside a file gives its envelope. Without one the member's own words are assumed, with a
message id made from the bytes and no UCRs. With `moves`, an acknowledged file goes to `acknowledged/`, a refused
one to `refused/` with a
`FILE.refusal.json`; without, the folder is only read and the runner's journal alone knows what was done.

A file that a message names (an invoice as PDF) lies beside it and is hashed, never read as a message; it stays where
it is.

Whoever may write into the folder may not reach beyond it: only regular files with no other name are taken, opened
without following links; links, pipes, sockets and devices are refused by their name, and never opened.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import secrets
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from adapters.message import MESSAGE_BYTES_MAX
from adapters.sources.attachment import ATTACHMENT_BYTES_MAX, ATTACHMENT_SUFFIXES, Attachment
from adapters.sources.envelope import ENVELOPE_BYTES_MAX, Envelope, MalformedEnvelope
from adapters.sources.single_window import Message, Page, SingleWindowFault

ENVELOPE_SUFFIX = ".envelope.json"
REFUSAL_SUFFIX = ".refusal.json"
FILES_MAX = 100_000
NAME_BYTES_MAX = 255 - len(ENVELOPE_SUFFIX)
"""Of a file's name: that of its envelope, and of its refusal, must be one that a file can have."""
ACKNOWLEDGED = "acknowledged"
REFUSED = "refused"

NOT_A_FILE = "is no regular file of one name: links, pipes, sockets and devices are not taken"

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
        self._move(envelope, ACKNOWLEDGED)

    def refuse(self, envelope: Envelope, code: str, reason: str) -> None:
        """See `Source`."""
        path = self._files.get(envelope.id)
        moved = self._move(envelope, REFUSED)
        if moved is not None:
            self._note_refusal(moved, code, reason)
        elif not self._moves and path is not None and path.is_file():
            self._note_beside(path, code, reason)

    def find_name(self, envelope: Envelope) -> str | None:
        """The file that the message came in; None where it was not seen since the start."""
        path = self._files.get(envelope.id)
        return None if path is None else path.name

    def hash_attachment(self, name: str) -> Attachment:
        """The SHA-256 of the file of that name beside the messages, or why it has none; nothing is followed."""
        if name in ("", ".", "..") or any(mark in name for mark in "/\\\0"):
            return Attachment(reason="is no plain file name")
        try:
            body, modified_s = _read_regular(self.path / name, ATTACHMENT_BYTES_MAX + 1)
        except FileNotFoundError:
            return Attachment(reason="is not beside the message")
        except MalformedEnvelope:
            return Attachment(reason=NOT_A_FILE)
        except OSError as error:
            return Attachment(reason=f"cannot be read: {error.strerror}")
        if len(body) > ATTACHMENT_BYTES_MAX:
            return Attachment(reason=f"is longer than {ATTACHMENT_BYTES_MAX} bytes", size=len(body))
        if self._quiet_s and modified_s > self._clock() - self._quiet_s:
            return Attachment(reason="was still being written when the message was read", size=len(body))
        return Attachment(hashlib.sha256(body).hexdigest(), size=len(body))

    def _listing(self) -> list[Path]:
        latest = self._clock() - self._quiet_s
        try:
            with os.scandir(self.path) as entries:
                files = [
                    self.path / entry.name
                    for entry in entries
                    if not entry.is_dir(follow_symlinks=False)
                    and entry.name not in (ACKNOWLEDGED, REFUSED)
                    and not entry.name.startswith(".")
                    and not entry.name.endswith((ENVELOPE_SUFFIX, REFUSAL_SUFFIX, ".tmp", ".part"))
                    and not entry.name.lower().endswith(ATTACHMENT_SUFFIXES)
                    and (self._quiet_s == 0 or entry.stat(follow_symlinks=False).st_mtime <= latest)
                ]
        except OSError as error:
            raise SingleWindowFault(f"the folder {self.path} cannot be listed: {error}") from error
        if len(files) > FILES_MAX:
            raise SingleWindowFault(f"the folder {self.path} holds more than {FILES_MAX} files")
        return sorted(files)

    def _read(self, path: Path) -> Message | None:
        if not path.name.isprintable():
            # What it is called is told on terminals and in logs: it must not steer the one or forge lines of the other.
            self._leave_out(path, MalformedEnvelope("file", "has a name of characters that print"))
            return None
        if len(os.fsencode(path.name)) > NAME_BYTES_MAX:
            self._leave_out(path, MalformedEnvelope("file", f"has a name of at most {NAME_BYTES_MAX} bytes"))
            return None
        try:
            # A file over the limit is cut to one byte more than it: the reader refuses it without our holding it all.
            body, modified_s = _read_regular(path, MESSAGE_BYTES_MAX + 1)
            envelope, has_envelope = self._envelope(path, body, modified_s)
        except FileNotFoundError:
            return None  # taken away since the folder was listed
        except OSError as error:
            # One file that we may not read, or that its disk does not give, holds up no other; it is looked at again.
            _log.warning("%s cannot be read: %s", path.name, error.strerror)
            return None
        except MalformedEnvelope as error:
            self._leave_out(path, error)
            return None
        if not self._is_mine(envelope, body, has_envelope=has_envelope):
            return None
        self._files[envelope.id] = path
        return Message(envelope, body, path.name)

    def _leave_out(self, path: Path, error: MalformedEnvelope) -> None:
        """A file whose envelope cannot be read is refused like a message, and holds up no other."""
        name = path.name if path.name.isprintable() else path.name.encode("unicode_escape").decode()
        reason = f"{name}: {error}"
        _log.error("refused: %s", reason)
        if self._moves:
            try:
                self._note_refusal(self._move_file(path, REFUSED), error.code, reason)
                return
            except SingleWindowFault as fault:
                _log.warning("it stays where it is: %s", fault)
        self._settled.add(_version(path))

    def _is_mine(self, envelope: Envelope, body: bytes, *, has_envelope: bool) -> bool:
        """In a folder shared by several members: an envelope names the sender, else the words themselves tell."""
        if self._accepts is None:
            return True
        return envelope.sender == self.sender if has_envelope else self._accepts(body)

    def _envelope(self, path: Path, body: bytes, modified_s: float) -> tuple[Envelope, bool]:
        """The file's envelope, and whether one stands beside it."""
        name = path.name + ENVELOPE_SUFFIX
        try:
            beside, _ = _read_regular(path.with_name(name), ENVELOPE_BYTES_MAX + 1)
            return Envelope.parse_bytes(beside), True
        except FileNotFoundError:
            pass
        except MalformedEnvelope as error:
            raise MalformedEnvelope(f"{name}: {error.field}", error.rule, value=error.value) from None
        sent_at = datetime.fromtimestamp(modified_s, UTC)
        digest = hashlib.sha256(body).hexdigest()
        envelope = Envelope(
            id=f"file-{digest[:32]}",
            kind=path.suffix.lstrip(".").upper() or "FILE",
            sender=self.sender,
            sent_at=f"{sent_at:%Y-%m-%dT%H:%M:%SZ}",
        )
        return envelope, False

    def _move(self, envelope: Envelope, place: str) -> Path | None:
        path = self._files.get(envelope.id)
        if path is None or not path.is_file() or path.is_symlink():
            return None
        if not self._moves:
            self._settled.add(_version(path))
            return None
        return self._move_file(path, place)

    def _move_file(self, path: Path, place: str) -> Path:
        """Moves the file, whatever it is, and its envelope by their names; nothing is followed."""
        target = self.path / place
        try:
            into = _open_folder(target)
            try:
                beside = path.name + ENVELOPE_SUFFIX
                if len(os.fsencode(path.name)) <= NAME_BYTES_MAX:
                    with contextlib.suppress(FileNotFoundError):
                        os.rename(self.path / beside, beside, dst_dir_fd=into)
                os.rename(path, path.name, dst_dir_fd=into)
            finally:
                os.close(into)
        except OSError as error:
            raise SingleWindowFault(f"{path.name} cannot be moved to {place}: {error.strerror}") from error
        return target / path.name

    def _note_beside(self, path: Path, code: str, reason: str) -> None:
        """The refusal beside its file; a folder that we may only read goes without."""
        try:
            self._note_refusal(path, code, reason)
        except SingleWindowFault as fault:
            _log.warning("no refusal beside %s: %s", path.name, fault)

    def _note_refusal(self, moved: Path, code: str, reason: str) -> None:
        note = json.dumps({"code": code, "reason": reason}, ensure_ascii=False, indent=1).encode()
        name = moved.name + REFUSAL_SUFFIX
        if len(os.fsencode(moved.name)) > NAME_BYTES_MAX:
            name = hashlib.sha256(os.fsencode(moved.name)).hexdigest() + REFUSAL_SUFFIX
        try:
            into = _open_folder(moved.parent)
            try:
                # A new file of a name that nobody can foresee, which then takes the place of whatever stands there.
                fresh = f".{secrets.token_hex(8)}.tmp"
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                with os.fdopen(os.open(fresh, flags, 0o600, dir_fd=into), "wb") as file:
                    file.write(note)
                os.rename(fresh, name, src_dir_fd=into, dst_dir_fd=into)
            finally:
                os.close(into)
        except OSError as error:
            raise SingleWindowFault(f"the refusal of {moved.name} cannot be written: {error.strerror}") from error


def _read_regular(path: Path, bytes_max: int) -> tuple[bytes, float]:
    """What a regular file of one name holds, up to so many bytes, and when it was changed.

    Raises MalformedEnvelope for anything else, by its name alone, and OSError.
    """
    try:
        # Not to block: opening a pipe would wait for its writer.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EMLINK):
            raise MalformedEnvelope("file", NOT_A_FILE) from None
        raise
    with os.fdopen(file, "rb") as opened:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise MalformedEnvelope("file", NOT_A_FILE)
        return opened.read(bytes_max), found.st_mtime


def _open_folder(path: Path) -> int:
    """A folder of ours, made where it is absent; never one that a link leads to."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _version(path: Path) -> tuple[Path, int]:
    try:
        return path, path.lstat().st_mtime_ns
    except OSError as error:
        raise SingleWindowFault(f"{path} cannot be read: {error.strerror}") from error
