"""Cosigned notes as this gateway collects them: the newest that a quorum cosigned goes into its bundles.

Sources are files and addresses of governors' notes. Nothing of them is believed but what the trust root's keys signed,
and a note counts only where its root is that of the log which this gateway derives from the chain itself: one that a
quorum cosigned and that is of another log is another history, and is shouted. A time stamp that stands beside a note,
under the same name and `.tsr`, is shown where it holds by the trust root's authorities.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from chain.errors import Malformed
from chain.proof.log_heads import CosignedHead
from chain.proof.notes import NOTE_BYTES_MAX, Note
from chain.proof.shown_note import ShownNote
from chain.proof.time_stamps import StampsUnread, WrongStamp, verify_stamp
from chain.proof.witness_policy import WitnessPolicy
from chain.witness.checkpoint_log import CheckpointLedger, CheckpointLog
from chain.witness.stamps import STAMP_SUFFIX

FETCH_TIMEOUT_S = 3.0
PAUSE_S = 2.0
"""Between two looks at the sources for whoever asks, and for a stamp that is not there yet."""
NOTE_TRIES_MAX = 40
NOTE_WAIT_S = 0.1
"""Witnesses are asked right after a checkpoint and answer within a second as a rule."""
_log = logging.getLogger("gateway.query.cosigned_notes")


class CosignedNotes:
    """The newest usable note; shared between threads."""

    def __init__(
        self,
        policy: WitnessPolicy,
        ledger: CheckpointLedger,
        log: CheckpointLog,
        sources: Sequence[str],
        fetch: Callable[[str], bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._ledger = ledger
        self._checkpoints = log
        self._sources = sources
        self._fetch = fetch or _fetch
        self._clock = clock
        self._newest: tuple[Note, CosignedHead] | None = None
        self._source = ""
        """Where the newest note was found."""
        self._stamps: tuple[bytes, ...] = ()
        self._looked_s = self._looked_for_stamp_s = float("-inf")
        self._told: dict[str, str] = {}
        self._lock = threading.Lock()

    def find(self, checkpoint: int) -> ShownNote | None:
        """The note with the path from this checkpoint; None while no note with a quorum holds it.

        The sources are read where the note at hand does not hold it. Raises OtherHistory, and what the ledger raises.
        """
        with self._lock:
            if not self._holds(checkpoint):
                self._read_sources()
            if self._newest is None or not self._holds(checkpoint):
                return None
            note, cosigned = self._newest
            self._read_stamp(note)
            path = self._checkpoints.inclusion_path(checkpoint, cosigned.head.size)
            return ShownNote(note, cosigned.head, path, self._stamps)

    def newest(self) -> tuple[Note, tuple[bytes, ...]] | None:
        """The newest usable note and its time stamps (DER), for whoever asks; None while there is none.

        However often it is asked, the sources are read once in `PAUSE_S`. Raises OtherHistory, and what the ledger
        raises.
        """
        with self._lock:
            if self._clock() >= self._looked_s + PAUSE_S:
                self._looked_s = self._clock()
                self._read_sources()
            if self._newest is None:
                return None
            note = self._newest[0]
            self._read_stamp(note)
            return note, self._stamps

    def await_note(
        self, checkpoint: int, sleep: Callable[[float], None], is_vain: Callable[[], bool]
    ) -> ShownNote | None:
        """As `find`, asked again for a while; None where witnesses take longer, or waiting became vain."""
        for _ in range(NOTE_TRIES_MAX):
            note = self.find(checkpoint)
            if note is not None or is_vain():
                return note
            sleep(NOTE_WAIT_S)
        return self.find(checkpoint)

    def _holds(self, checkpoint: int) -> bool:
        return self._newest is not None and self._newest[1].head.size > checkpoint

    def _read_sources(self) -> None:
        while self._checkpoints.catch_up(self._ledger):
            pass
        for source in self._sources:
            self._tell(source, self._take(source))

    def _take(self, source: str) -> str:
        """Keeps what a source shows where it is newer or better cosigned; else why it is of no use."""
        try:
            note = Note.parse(self._fetch(source))
            cosigned = self._policy.read(note)
        except (OSError, httpx.HTTPError, httpx.InvalidURL) as fault:
            return f"cannot be read: {type(fault).__name__}"
        except Malformed as fault:
            return f"is no note: {fault}"
        if cosigned is None:
            return "is signed by no log of the trust root"
        if len(cosigned.cosignatures) < self._policy.quorum:
            return f"has {len(cosigned.cosignatures)} of {self._policy.quorum} cosignatures"
        if cosigned.head.size > self._checkpoints.size:
            return ""  # our node is behind; it is read again
        if self._checkpoints.head(cosigned.head.origin, cosigned.head.size) != cosigned.head:
            return f"ALARM: {cosigned.head.origin} shows another history of {cosigned.head.size} checkpoints"
        if self._is_better(cosigned):
            self._newest, self._source, self._stamps = (note, cosigned), source, ()
            self._looked_for_stamp_s = float("-inf")
        return ""

    def _read_stamp(self, note: Note) -> None:
        """Keeps the stamp beside the newest note once it is there and holds; a note is of use without one."""
        if not self._policy.time_stamp_roots or self._stamps or self._clock() < self._looked_for_stamp_s + PAUSE_S:
            return
        self._looked_for_stamp_s = self._clock()
        source = self._source + STAMP_SUFFIX
        try:
            stamp = self._fetch(source)
            verify_stamp(stamp, note.format().encode(), self._policy.time_stamp_roots)
        except (OSError, httpx.HTTPError, httpx.InvalidURL):
            return  # there is none yet, or never: notes need no stamp
        except (WrongStamp, StampsUnread) as fault:
            self._tell(source, str(fault))
        else:
            self._tell(source, "")
            self._stamps = (stamp,)

    def _is_better(self, cosigned: CosignedHead) -> bool:
        if self._newest is None:
            return True
        held = self._newest[1]
        return (cosigned.head.size, len(cosigned.cosignatures)) > (held.head.size, len(held.cosignatures))

    def _tell(self, source: str, fault: str) -> None:
        """Tells a source's fault when it changes, not at every look."""
        if fault and self._told.get(source) != fault:
            _log.warning("notes at %s: %s", source, fault)
        self._told[source] = fault


def _fetch(source: str) -> bytes:
    """At most a note's bytes and one more, so that the parser refuses what is longer."""
    if not source.startswith(("http://", "https://")):
        with Path(source).open("rb") as file:
            return file.read(NOTE_BYTES_MAX + 1)
    content = bytearray()
    with httpx.stream("GET", source, timeout=FETCH_TIMEOUT_S, follow_redirects=False) as response:
        response.raise_for_status()
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > NOTE_BYTES_MAX:
                break
    return bytes(content)
