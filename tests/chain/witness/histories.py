"""Ledgers that tell a history of checkpoints, and witnesses to show them to; the wire alone is faked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.testclient import TestClient

from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.notes import KeyType, NoteKey
from chain.witness.checkpoint_log import CheckpointLog
from chain.witness.client import Witness, WitnessClient
from chain.witness.cosigner import Cosigner
from chain.witness.publisher import Publisher
from chain.witness.server import witness_app
from chain.witness.store import WitnessStore
from scripts.witness_folder import WitnessFolder

ORIGIN = "customs.example/checkpoints"
LOG_SECRET = SigningKey.generate(KeyAlgorithm.ED25519)
LOG = NoteKey(ORIGIN, KeyType.LOG, LOG_SECRET.public)
NOW = 1_700_000_000


@dataclass(frozen=True)
class ToldCheckpoint:
    since_block: int


@dataclass
class History:
    """A ledger of nothing but checkpoints; `teller` makes the blocks of one history differ from another's."""

    teller: str = "true"
    tellers: list[str] = field(default_factory=list)
    """Who told each checkpoint."""

    def grow(self, checkpoints: int = 1) -> None:
        self.tellers += [self.teller] * checkpoints

    def fork(self, teller: str = "other") -> History:
        """Another history with the same past."""
        return History(teller, list(self.tellers))

    def checkpoint_count(self, block: int | None = None) -> int:
        return len(self.tellers)

    def checkpoint(self, index: int, block: int | None = None) -> ToldCheckpoint:
        return ToldCheckpoint(10 * index + 3)

    def block_hash(self, number: int) -> str:
        return "0x" + hashlib.sha256(f"{self.tellers[number // 10]} {number}".encode()).hexdigest()


class Outsider:
    """An outside witness with its server, reached without a network."""

    def __init__(self, folder: Path, name: str, log: NoteKey = LOG) -> None:
        self._open(folder / name.replace("/", "-"), name, SigningKey.generate(KeyAlgorithm.ED25519), [log])

    @classmethod
    def of(cls, folder: WitnessFolder) -> Outsider:
        """The witness of a folder that its commands made."""
        made = cls.__new__(cls)
        made._open(folder.notes, folder.key().name, folder.secret(), folder.logs())
        return made

    def _open(self, notes: Path, name: str, secret: SigningKey, logs: list[NoteKey]) -> None:
        self.secret = secret
        self.key = NoteKey(name, KeyType.WITNESS, secret.public)
        self.now = float(NOW)
        self.warnings: list[str] = []
        self.is_away = False
        self.asked = 0
        store = WitnessStore(notes)
        self.cosigner = Cosigner(name, secret, logs, store, lambda: self.now, self.warnings.append)
        self.http: httpx.Client = TestClient(witness_app(self.cosigner))
        self.http.event_hooks = {"request": [self._count]}

    def client(self) -> WitnessClient:
        """A log's new connection to it."""
        return WitnessClient(Witness(self.key, "http://testserver"), self.http)

    def _count(self, request: httpx.Request) -> None:
        self.asked += 1
        if self.is_away:
            raise httpx.ConnectError("connection refused", request=request)


def governor(folder: Path, history: History, outsiders: list[Outsider], quorum: int) -> Publisher:
    """A governor's publisher over a history, with its own files."""
    clients = [outsider.client() for outsider in outsiders]
    log = CheckpointLog(folder / "leaves")
    return Publisher(history, log, ORIGIN, LOG_SECRET, folder / "note", clients, quorum)
