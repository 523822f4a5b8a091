"""A governor's notes: signs the head of the log of checkpoints, collects cosignatures, lays the note down for others.

Order, and what a crash leaves: leaves are read and flushed, the head signed, each witness asked, and the note written
in the old one's place once a quorum cosigned it. A head follows from the leaves alone, so that signing it again says
the same; a log whose past changed is not signed (`OtherHistory`). The note in place is the newest with a quorum: a
witness that is away delays nobody while others are enough. Its time stamp follows, where an authority is named.

A head for which the quorum was not reached is given up when the log grows: witnesses go on from where they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from chain.back_off import BackOff
from chain.errors import StoreFault
from chain.keys import SigningKey
from chain.proof.log_heads import LogHead
from chain.proof.notes import KeyType, MalformedNote, Note, NoteKey, NoteSignature
from chain.witness.checkpoint_log import CheckpointLedger, CheckpointLog, OtherHistory
from chain.witness.client import WitnessAway, WitnessClient, WitnessFault
from chain.witness.stamps import NoteStamps
from chain.witness.store import replace_file

WITNESSES_MAX = 32
PAUSE = BackOff(first_s=1.0, max_s=60.0)
"""Between two questions to a witness that did not cosign."""
NOTE_MODE = 0o644


@dataclass(frozen=True)
class Published:
    """What one step did."""

    size: int
    cosigned_by: tuple[str, ...]
    """Names of the witnesses of the newest head."""
    is_written: bool
    """Whether the note in place was replaced."""
    faults: tuple[str, ...] = ()
    """Why a witness did not cosign when it was asked last, of those that did not."""


@dataclass
class _Turn:
    """One witness and when it is asked next."""

    client: WitnessClient
    failures: int = 0
    not_before_s: float = 0.0
    fault: str = ""
    """Why it did not cosign when it was asked last."""


class Publisher:
    """The notes of one origin."""

    def __init__(
        self,
        ledger: CheckpointLedger,
        log: CheckpointLog,
        origin: str,
        key: SigningKey,
        file: Path,
        witnesses: Sequence[WitnessClient],
        quorum: int,
        stamps: NoteStamps | None = None,
    ) -> None:
        if len(witnesses) > WITNESSES_MAX or not 0 <= quorum <= len(witnesses):
            raise MalformedNote("quorum", f"is at most the number of witnesses, of which there are {WITNESSES_MAX}")
        self.key = NoteKey(origin, KeyType.LOG, key.public)
        self._ledger = ledger
        self._log = log
        self._secret = key
        self._file = file
        self._turns = [_Turn(client) for client in witnesses]
        self._quorum = quorum
        self._stamps = stamps
        self._note = self._placed_note()
        self._threads = ThreadPoolExecutor(max(1, len(witnesses)), thread_name_prefix="witness")

    def step(self, now_s: float) -> Published:
        """Reads new checkpoints, signs the newest head and asks the witnesses that have not cosigned it.

        Raises OtherHistory, and what the ledger raises. What a witness or an authority does wrong is told, not
        raised.
        """
        done = self._publish(now_s)
        placed = None if self._stamps is None else self._placed_note()
        if self._stamps is None or placed is None:
            return done
        fault = self._stamps.step(placed.format().encode(), now_s)
        return replace(done, faults=(*done.faults, fault)) if fault else done

    def _publish(self, now_s: float) -> Published:
        self._log.catch_up(self._ledger)
        self._require_own_past()
        if self._log.size == 0:
            return Published(0, (), False)
        text = self._log.head(self.key.name).text
        if self._note is None or self._note.text != text:
            self._note = self._log.head(self.key.name).sign(self._secret)
        due = [turn for turn in self._turns if self._is_due(turn, now_s)]
        signatures = self._collect(self._note, due, now_s)
        faults = tuple(turn.fault for turn in self._turns if turn.fault)
        grown = self._note.with_signatures(signatures)
        names = tuple(turn.client.witness.key.name for turn in self._turns if self._has_cosigned(grown, turn))
        is_new = grown.format() != self._note.format() or not self._is_placed(grown)
        self._note = grown
        if is_new and len(names) >= self._quorum:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._file, grown.format().encode(), NOTE_MODE)
            return Published(self._log.size, names, True, faults)
        return Published(self._log.size, names, False, faults)

    def close(self) -> None:
        """Waits for the questions that are under way."""
        self._threads.shutdown()
        if self._stamps is not None:
            self._stamps.close()

    def _collect(self, note: Note, due: Sequence[_Turn], now_s: float) -> list[NoteSignature]:
        signatures = []
        asked = [(turn, self._threads.submit(turn.client.cosign, note, self._log)) for turn in due]
        for turn, answer in asked:
            try:
                signatures.append(answer.result())
            except WitnessFault as fault:
                turn.failures += 1
                turn.not_before_s = now_s + PAUSE.pause_s(turn.failures)
                turn.fault = str(fault) if isinstance(fault, WitnessAway) else f"ALARM: {fault}"
            else:
                turn.failures, turn.fault = 0, ""
        return signatures

    def _is_due(self, turn: _Turn, now_s: float) -> bool:
        return now_s >= turn.not_before_s and not (self._note and self._has_cosigned(self._note, turn))

    @staticmethod
    def _has_cosigned(note: Note, turn: _Turn) -> bool:
        return note.signature_of(turn.client.witness.key) is not None

    def _is_placed(self, note: Note) -> bool:
        placed = self._placed_note()
        return placed is not None and placed.format() == note.format()

    def _placed_note(self) -> Note | None:
        try:
            note = Note.parse(self._file.read_bytes())
        except FileNotFoundError:
            return None
        if note.signature_of(self.key) is None:
            raise StoreFault(f"{self._file} holds a note that this key did not sign: name another file, or remove it")
        return note

    def _require_own_past(self) -> None:
        """Raises OtherHistory where the log does not lead to the note that was laid down before."""
        if self._note is None:
            return
        placed = LogHead.parse(self._note.text)
        if placed.size > self._log.size or self._log.head(placed.origin, placed.size) != placed:
            raise OtherHistory(f"the note signed at size {placed.size} has another root")


def warn_once(warn: Callable[[str], None]) -> Callable[[Sequence[str]], None]:
    """Tells each fault when it begins, not at every step that it lasts."""
    lasting: set[str] = set()

    def tell(faults: Sequence[str]) -> None:
        for fault in faults:
            if fault not in lasting:
                warn(fault)
        lasting.clear()
        lasting.update(faults)

    return tell
