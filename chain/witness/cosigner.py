"""What a witness decides: whether a log's new head only adds to the one cosigned before (C2SP tlog-witness).

Order, and what a crash leaves: the head is checked, our cosignature made, the note with both written and flushed, and
only then given out. Killed before the write, nothing was said; killed after it, the log asks again with the same size.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chain.encoding import JSON_INTEGER_MAX
from chain.errors import Refused
from chain.keys import SigningKey
from chain.proof.log_heads import LogHead
from chain.proof.merkle import HASH_BYTES, tree_root, verify_consistency
from chain.proof.notes import KeyType, MalformedNote, Note, NoteKey, NoteSignature, cosign_text, parse_base64
from chain.witness.store import WitnessStore

PROOF_LINES_MAX = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True)
class AddCheckpoint:
    """The body of `add-checkpoint`: what the log believes us to have, the proof from there, and its new head."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    head: LogHead

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """The request; raises `MalformedNote`."""
        first, divider, checkpoint = body.partition(b"\n\n")
        lines = first.decode("ascii", "replace").split("\n")
        old = _OLD.fullmatch(lines[0])
        if not divider or old is None or int(old[1]) > JSON_INTEGER_MAX:
            raise MalformedNote("request", "is “old SIZE”, proof lines, an empty line and a checkpoint")
        if len(lines) - 1 > PROOF_LINES_MAX:
            raise MalformedNote("proof", f"has at most {PROOF_LINES_MAX} lines", value=len(lines) - 1)
        proof = tuple(parse_base64(line, HASH_BYTES, "proof line") for line in lines[1:])
        note = Note.parse(checkpoint)
        request = cls(int(old[1]), proof, note, LogHead.parse(note.text))
        if request.old_size > request.head.size:
            raise MalformedNote("old size", "is not above the checkpoint's size", value=request.old_size)
        return request


class UnknownLog(Refused):
    """The witness does not know this origin."""


class NotTheLogs(Refused):
    """No key of this origin signed the head, or a line that names one is not its signature."""


class OtherSize(Refused):
    """The old size is not that of the newest head cosigned; `size` is."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"the newest head cosigned has size {size}")


class Inconsistent(Refused):
    """The head does not only add to the one cosigned: another history, or a wrong proof."""


class ClockWentBack(Refused):
    """The clock says a time before that of an earlier cosignature: nothing can be dated by it."""


class Cosigner:
    """One witness: its name and key, the logs that it knows, and what it cosigned. Shared between threads."""

    def __init__(
        self,
        name: str,
        key: SigningKey,
        logs: Iterable[NoteKey],
        store: WitnessStore,
        clock: Callable[[], float],
        warn: Callable[[str], None],
    ) -> None:
        self.key = NoteKey(name, KeyType.WITNESS, key.public)
        self._secret = key
        self._logs: dict[str, list[NoteKey]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        self._store = store
        self._clock = clock
        self._warn = warn
        self._lock = threading.Lock()

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that it knows."""
        return tuple(self._logs)

    def add_checkpoint(self, request: AddCheckpoint) -> NoteSignature:
        """Our cosignature of the head, once it is remembered. Raises one of the refusals above."""
        head, note = request.head, request.note
        keys = self._logs.get(head.origin)
        if keys is None:
            raise UnknownLog("this witness does not know that origin")
        by_log = [signature for key in keys if (signature := note.signature_of(key)) is not None]
        if not by_log or any(note.has_wrong_signature_of(key) for key in keys):
            raise NotTheLogs("the checkpoint is not signed by its log")
        with self._lock:
            known = self._store.find(head.origin)
            self._check_growth(request, None if known is None else LogHead.parse(known.text))
            cosignature = cosign_text(note.text, self.key.name, self._secret, self._now(known))
            self._store.save(head.origin, Note(note.text, (*by_log, cosignature)))
        return cosignature

    def find_checkpoint(self, name: str) -> Note | None:
        """The newest note cosigned of the log whose origin has this SHA-256 (hex); None where there is none."""
        return self._store.find_by_hash(name)

    def _check_growth(self, request: AddCheckpoint, known: LogHead | None) -> None:
        head, size = request.head, 0 if known is None else known.size
        if request.old_size != size:
            raise OtherSize(size)
        if head.size == 0 and head.root != tree_root([]):
            raise Inconsistent("the root of no leaves is SHA-256 of nothing")
        if known is None or size == 0:
            is_growth = not request.proof
        else:
            is_growth = verify_consistency(size, known.root, head.size, head.root, request.proof)
        if not is_growth:
            self._warn(f"{head.origin}: a head of size {head.size} does not add to the one of size {size}")
            raise Inconsistent("the checkpoint does not add to the one cosigned before")

    def _now(self, known: Note | None) -> int:
        now = int(self._clock())
        last = None if known is None else known.signature_of(self.key)
        if last is not None and last.time is not None and now < last.time:
            raise ClockWentBack(f"the clock says {now}, and the last cosignature {last.time}")
        return now
