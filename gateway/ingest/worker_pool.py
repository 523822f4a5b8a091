"""Verifier processes: what examining an upload costs is spent beside the gateway's own process, on every core.

Each is fed over a socket pair with chunks of lines and answers with rows that only have to be written. A process knows
the gateway's keys, and nothing of store or network. Frames are a length of four bytes and, towards the verifier, a
pickle (only ever from its parent); back comes MessagePack read into fixed shapes, so that a verifier that hostile input
took over could send wrong rows, but nothing that runs here.

A verifier that dies is started again and its chunk given to it once more; a chunk that kills two is refused. One that
does not answer in time is killed. They end when the gateway does, also where it is killed: their socket closes.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import queue
import secrets
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from chain.errors import Malformed, MalformedRecord, TongguanError
from chain.keys import SigningKey
from gateway.ingest.pipeline import Candidate, Preparer, ReceiptTerms, Rejection, ValidationContext
from gateway.ingest.validation import RecordValidator
from gateway.membership.registry import Snapshot
from gateway.runtime import allocator
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.records import NewRecord
from gateway.store.vault import DataKeys, Vault

ANSWER_TIMEOUT_S = 60.0
"""A chunk takes a second; what takes so long hangs."""
STOP_TIMEOUT_S = 5.0

_LENGTH = struct.Struct(">I")
_log = logging.getLogger("gateway.ingest.worker_pool")


class _Told(msgspec.Struct, frozen=True, array_like=True, tag="unfit"):
    """An `Rejection` on its way."""

    record_id: str
    family: str
    slug: str
    field: str
    text: str
    value: str | None
    fix: str
    code: str
    retry_after_s: float | None


@dataclass(frozen=True)
class WorkerSetup:
    """What a verifier needs to know, once."""

    examiner: RecordValidator
    data_keys: DataKeys
    promise: ReceiptTerms
    key_pem: bytes
    key_passphrase: bytes

    @classmethod
    def of(cls, preparer: Preparer, data_keys: DataKeys) -> WorkerSetup:
        """What makes another process prepare as this preparer does."""
        passphrase = secrets.token_hex(16).encode()
        pem = preparer.signer.to_pem(passphrase)
        return cls(preparer.examiner, data_keys, preparer.promise, pem, passphrase)

    def preparer(self) -> Preparer:
        """The preparer in that process."""
        signer = SigningKey.load(self.key_pem, self.key_passphrase)
        return Preparer(self.examiner, Vault(self.data_keys), signer, self.promise)


@dataclass(frozen=True)
class _Job:
    lines: Sequence[bytes]
    registry: Snapshot | None
    """None: the one that was sent last."""
    block: int
    batch_count: int
    now_s: float
    refusal: bytes | None


class WorkerPool:
    """A pool of verifier processes, started by the first upload; shared between threads."""

    def __init__(self, setup: WorkerSetup, count: int) -> None:
        self._all = [_Verifier(setup) for _ in range(count)]
        self._idle: queue.LifoQueue[_Verifier] = queue.LifoQueue()
        for verifier in self._all:
            self._idle.put(verifier)
        self._stopped = False
        self.restarts = 0
        """How many died or hung since start."""

    def stop(self) -> None:
        """Ends the processes; chunks in hand are answered first."""
        self._stopped = True
        ended: list[_Verifier] = []
        for _ in self._all:
            with contextlib.suppress(queue.Empty):
                ended.append(self._idle.get(timeout=STOP_TIMEOUT_S))
                ended[-1].stop()
        # Back in the pool, so that whoever still waits for one is told that the gateway stops, and does not hang.
        for verifier in ended:
            self._idle.put(verifier)

    def fault(self) -> str:
        """What is wrong with the processes, for `/readyz`; empty where nothing is."""
        dead = sum(one.has_ended() for one in self._all)
        return f"{dead} of {len(self._all)} verifier processes ended" if dead else ""

    def prepare(self, lines: Sequence[bytes], against: ValidationContext | TongguanError) -> list[Candidate]:
        """The offer of each line, as `Preparer.prepare_lines` makes it."""
        verifier = self._idle.get()
        try:
            if self._stopped:
                raise GatewayRefusal("store", "the gateway stops", retry_after_s=STOP_TIMEOUT_S)
            for _ in range(2):
                try:
                    return verifier.prepare(lines, against)
                except (OSError, EOFError, msgspec.MsgspecError) as fault:
                    _log.error("a verifier process died or hung, another is started: %s", type(fault).__name__)
                    self.restarts += 1
                    verifier.stop()
        finally:
            self._idle.put(verifier)
        # Not examined here instead: what killed two of them would kill the gateway.
        return [Rejection("", TongguanError("a fault of the gateway")) for _ in lines]


class _Verifier:
    """One process, seen from the gateway; used by one thread at a time."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._knows: Snapshot | None = None

    def stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is None:
            return
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def has_ended(self) -> bool:
        return (process := self._process) is not None and process.poll() is not None

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "gateway.ingest.worker_pool", str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        ours.settimeout(ANSWER_TIMEOUT_S)
        self._knows = None
        _send(ours, pickle.dumps(self._setup))
        return ours

    def prepare(self, lines: Sequence[bytes], against: ValidationContext | TongguanError) -> list[Candidate]:
        if self._socket is None:
            self._socket = self._started()
        _send(self._socket, pickle.dumps(self._job(lines, against), pickle.HIGHEST_PROTOCOL))
        told = _ANSWER.decode(_receive(self._socket))
        if len(told) != len(lines):
            raise EOFError
        return [one if isinstance(one, NewRecord) else Rejection(one.record_id, _error(one)) for one in told]

    def _job(self, lines: Sequence[bytes], against: ValidationContext | TongguanError) -> _Job:
        if isinstance(against, TongguanError):
            return _Job(lines, None, 0, 0, 0.0, _TELL(_told(Rejection("", against))))
        snapshot, known = against.snapshot, self._knows
        same = known is not None and known.members is snapshot.members and known.keys is snapshot.keys
        self._knows = snapshot
        sent = None if same else snapshot
        return _Job(lines, sent, snapshot.block, against.batch_count, against.now_s, None)


def run(channel: socket.socket) -> None:
    """A verifier's life: takes chunks and answers them until the gateway closes its end."""
    with contextlib.suppress(EOFError, OSError):
        setup: WorkerSetup = pickle.loads(_receive(channel))  # noqa: S301 - from our parent alone
        preparer = setup.preparer()
        allocator.settle()
        known = Snapshot(0)
        while True:
            job: _Job = pickle.loads(_receive(channel))  # noqa: S301 - from our parent alone
            known = job.registry or replace(known, block=job.block or known.block)
            against: ValidationContext | TongguanError = ValidationContext(known, job.batch_count, job.now_s)
            if job.refusal is not None:
                against = _error(_TOLD.decode(job.refusal))
            offers = preparer.prepare_lines(job.lines, against)
            _send(channel, _TELL([one if isinstance(one, NewRecord) else _told(one) for one in offers]))


def _told(unfit: Rejection) -> _Told:
    error = unfit.error
    said: dict[str, Any] = {name: getattr(error, name, "") or "" for name in ("field", "fix", "code")}
    slug = error.kind.slug if isinstance(error, GatewayRefusal) else ""
    text = str(getattr(error, "reason", "") or getattr(error, "rule", "") or error)
    value = getattr(error, "value", None)
    family = next((one.__name__ for one in _FAMILIES if isinstance(error, one)), "")
    retry_after_s = getattr(error, "retry_after_s", None)
    return _Told(unfit.record_id, family, slug, text=text, value=value, retry_after_s=retry_after_s, **said)


def _error(told: _Told) -> TongguanError:
    if told.family == "GatewayRefusal":
        return GatewayRefusal(told.slug, told.text, field=told.field, fix=told.fix, retry_after_s=told.retry_after_s)
    if told.family:
        family = MalformedRecord if told.family == "MalformedRecord" else Malformed
        return family(told.field, told.text, value=told.value, fix=told.fix, code=told.code)
    return TongguanError(told.text)


_FAMILIES = (GatewayRefusal, MalformedRecord, Malformed)
_TELL = msgspec.msgpack.Encoder().encode
_TOLD = msgspec.msgpack.Decoder(_Told)
_ANSWER = msgspec.msgpack.Decoder(list[NewRecord | _Told])


def _send(channel: socket.socket, content: bytes) -> None:
    channel.sendall(_LENGTH.pack(len(content)))
    channel.sendall(content)


def _receive(channel: socket.socket) -> bytearray:
    return _exactly(channel, _LENGTH.unpack(_exactly(channel, _LENGTH.size))[0])


def _exactly(channel: socket.socket, count: int) -> bytearray:
    content = bytearray(count)
    view, at = memoryview(content), 0
    while at < count:
        got = channel.recv_into(view[at:])
        if not got:
            raise EOFError
        at += got
    return content


if __name__ == "__main__":
    from gateway.ingest import worker_pool

    # The gateway's end closes when it stops. A signal to the whole group is for the gateway to answer, which still
    # needs the chunks in hand.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker_pool.run(socket.socket(fileno=int(sys.argv[1])))
