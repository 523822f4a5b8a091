"""Asking a witness for its cosignature (the log's side of C2SP tlog-witness).

A witness is somebody else's server: its answers are bounded, timed and believed only as far as its key signed them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import httpx

from chain.encoding import JSON_INTEGER_MAX
from chain.errors import TongguanError, shortened
from chain.proof.log_heads import LogHead
from chain.proof.notes import MalformedNote, Note, NoteKey, NoteSignature, format_base64, parse_signatures
from chain.witness.store import origin_hash

ANSWER_BYTES_MAX = 64 << 10
TIMEOUT_S = 5.0
ATTEMPTS_MAX = 3
"""Of one head, where the witness says that it stands at another size than was believed."""
OK, NOT_FOUND, CONFLICT, UNPROCESSABLE = 200, 404, 409, 422


class WitnessFault(TongguanError):
    """A witness did not cosign; says why."""


class WitnessAway(WitnessFault):
    """It cannot be reached, or cannot work now: it is asked again later."""


class WitnessRefuses(WitnessFault):
    """It holds the head to be another history than it cosigned, or does not know the log: a person must look."""


class HeadSource(Protocol):
    """The log as a witness's client needs it: see `chain.witness.checkpoint_log`."""

    @property
    def size(self) -> int: ...
    def consistency_path(self, old_size: int, size: int) -> tuple[bytes, ...]: ...


@dataclass(frozen=True)
class Witness:
    """One witness: its key and where it takes heads (the submission prefix)."""

    key: NoteKey
    url: str


class WitnessClient:
    """One witness as the log asks it; remembers at which size it stands."""

    def __init__(self, witness: Witness, http: httpx.Client | None = None) -> None:
        self.witness = witness
        self._http = http or httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)
        self._size = 0

    def cosign(self, note: Note, log: HeadSource) -> NoteSignature:
        """The witness's cosignature of a head of ours, proved to be its own. Raises WitnessFault."""
        head = LogHead.parse(note.text)
        for _ in range(ATTEMPTS_MAX):
            if self._size > head.size:
                # Either it was shown more than we know, by somebody with our key, or our own log was set back.
                raise WitnessRefuses(
                    f"{self._name} has cosigned {self._size} checkpoints of this log, we have {head.size}"
                )
            proof = "".join(format_base64(part) + "\n" for part in log.consistency_path(self._size, head.size))
            status, answer = self._ask("POST", "add-checkpoint", f"old {self._size}\n{proof}\n{note.format()}".encode())
            if status == CONFLICT:
                self._size = self._parse_size(answer)
            elif status == OK:
                cosignature = self._own_line(note, answer)
                self._size = head.size
                return cosignature
            elif status in (UNPROCESSABLE, NOT_FOUND, 403):
                raise WitnessRefuses(f"{self._name} refuses ({status}): {_quoted(answer)}")
            else:
                raise WitnessAway(f"{self._name} answers {status}: {_quoted(answer)}")
        raise WitnessAway(f"{self._name} says another size each time")

    def find_checkpoint(self, origin: str) -> Note | None:
        """The newest note that it cosigned of a log, unverified; None where there is none. Raises WitnessFault."""
        status, answer = self._ask("GET", f"{origin_hash(origin)}/checkpoint")
        if status == NOT_FOUND:
            return None
        if status != OK:
            raise WitnessAway(f"{self._name} answers {status}: {_quoted(answer)}")
        return Note.parse(answer)

    @property
    def _name(self) -> str:
        return f"witness {self.witness.key.name}"

    def _own_line(self, note: Note, answer: bytes) -> NoteSignature:
        try:
            lines = parse_signatures(answer.decode())
        except (MalformedNote, UnicodeDecodeError) as fault:
            raise WitnessRefuses(f"{self._name} answers no signature lines: {fault}") from None
        for line in lines:
            if self.witness.key.verify(note.text, line):
                return line
        raise WitnessRefuses(f"{self._name} answers with a signature that is not its own of this head")

    def _parse_size(self, answer: bytes) -> int:
        text = answer.decode("ascii", "replace")
        digits = text.removesuffix("\n")
        if not text.endswith("\n") or not digits.isdecimal() or len(digits) > 16 or int(digits) > JSON_INTEGER_MAX:
            raise WitnessRefuses(f"{self._name} answers 409 without a size: {_quoted(answer)}")
        return int(digits)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        url = f"{self.witness.url.rstrip('/')}/{path}"
        answer = bytearray()
        try:
            with self._http.stream(method, url, content=body) as response:
                for chunk in response.iter_bytes():
                    answer += chunk
                    if len(answer) > ANSWER_BYTES_MAX:
                        raise WitnessRefuses(f"{self._name} answers more than {ANSWER_BYTES_MAX} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise WitnessAway(f"{self._name} cannot be reached: {type(fault).__name__} {fault}") from fault
        return response.status_code, bytes(answer)


def _quoted(answer: bytes) -> str:
    return shortened(answer.decode("utf-8", "replace").strip())
