"""A witness's folder, and what a governor's folder holds for its notes.

```
WITNESS/witness.json   {"name": …, "logs": [verifier key, …]}
WITNESS/key.pem        its key (encrypted PKCS#8); WITNESS/passphrase opens it, or what TONGGUAN_PASSPHRASE_FILE names
WITNESS/notes/         the newest head cosigned of each log

DIR/witnesses.json     [{"key": verifier key, "url": …}, …]: whom the publishers of this consortium ask
DIR/members/SLUG/notes.pem   a governor's note key;  note-key   its verifier key;  note   the newest note with a quorum
DIR/members/SLUG/checkpoints the log's leaves, derived from the chain
```
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import NotFound, Refused
from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.notes import KeyType, NoteKey
from chain.witness.client import Witness
from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, write_json, write_open, write_private

NOTE_KEY_POLICY = "note-key-"
"""Begins the name of the registry's policy that holds the SHA-256 of a governor's `note-key` file; its USCC follows."""


@dataclass(frozen=True)
class WitnessFolder:
    """Paths and key of one witness."""

    path: Path

    def make(self, name: str) -> NoteKey:
        """A new witness of this name; raises Refused where the folder holds one."""
        if self._settings.exists():
            raise Refused(f"{self.path} holds a witness already: {self.key().name}")
        folder = ConsortiumFolder(self.path)
        secret = SigningKey.generate(KeyAlgorithm.ED25519)
        key = NoteKey(name, KeyType.WITNESS, secret.public)
        write_private(self.path / "key.pem", secret.to_pem(folder.make_passphrase()))
        write_json(self._settings, {"name": name, "logs": []})
        return key

    def trust(self, log: NoteKey) -> None:
        """Cosigns this log's heads from the next start on; raises Refused for a witness's key or a known one."""
        if log.type is not KeyType.LOG:
            raise Refused("that is a witness's key; a log's is wanted", field="verifier key")
        settings = self._read()
        if log.text in settings["logs"]:
            raise Refused(f"{log.name} is trusted already")
        write_json(self._settings, {**settings, "logs": [*settings["logs"], log.text]})

    def logs(self) -> list[NoteKey]:
        """The logs that it trusts."""
        return [NoteKey.parse(text) for text in self._read()["logs"]]

    def secret(self) -> SigningKey:
        """Its key."""
        return SigningKey.load((self.path / "key.pem").read_bytes(), ConsortiumFolder(self.path).passphrase())

    def key(self) -> NoteKey:
        """Its verifier key."""
        return NoteKey(self._read()["name"], KeyType.WITNESS, self.secret().public)

    @property
    def notes(self) -> Path:
        """Where the heads are."""
        return self.path / "notes"

    @property
    def _settings(self) -> Path:
        return self.path / "witness.json"

    def _read(self) -> dict[str, Any]:
        if not self._settings.exists():
            raise BrokenFolder(f"{self.path} holds no witness. Make one: tongguan witness {self.path} --new NAME")
        settings: dict[str, Any] = json.loads(self._settings.read_bytes())
        return settings


@dataclass(frozen=True)
class NotesFolder:
    """What a governor needs to publish its notes."""

    consortium: ConsortiumFolder
    slug: str

    def make_key(self, origin: str) -> NoteKey:
        """A new note key under this origin; raises Refused where there is one: a log keeps its key."""
        if self.key_file.exists():
            raise Refused(f"{self.key_file} stands already: {self.key().name}")
        return self.renew_key(origin)

    def renew_key(self, origin: str) -> NoteKey:
        """A new note key, also where there was one: for a log that begins anew, with the consortium."""
        for file in (self.note, self.leaves):
            file.unlink(missing_ok=True)
        secret = SigningKey.generate(KeyAlgorithm.ED25519)
        key = NoteKey(origin, KeyType.LOG, secret.public)
        self.consortium.save_signing_key(self.slug, "notes.pem", secret)
        write_open(self.key_file, f"{key.text}\n".encode())
        return key

    def key(self) -> NoteKey:
        """Its verifier key; raises NotFound."""
        if not self.key_file.exists():
            raise NotFound("note key of", self.slug)
        return NoteKey.parse(self.key_file.read_text().strip())

    def secret(self) -> SigningKey:
        """Its key."""
        return SigningKey.load((self._folder / "notes.pem").read_bytes(), self.consortium.passphrase())

    @property
    def key_file(self) -> Path:
        """Its verifier key, public; the registry holds the file's SHA-256."""
        return self._folder / "note-key"

    @property
    def note(self) -> Path:
        """The newest note that a quorum cosigned."""
        return self._folder / "note"

    @property
    def leaves(self) -> Path:
        """The log of checkpoints."""
        return self._folder / "checkpoints"

    @property
    def _folder(self) -> Path:
        return self.consortium.member_folder(self.slug)


def default_origin(consortium: bytes, uscc: str) -> str:
    """A governor's origin where it chose none: unique, and no address."""
    return f"tongguan/{consortium.hex()[:16]}/{uscc}"


def witnesses_of(folder: ConsortiumFolder) -> list[Witness]:
    """Whom the publishers ask; none where the file is absent."""
    file = folder.path / "witnesses.json"
    if not file.exists():
        return []
    return [Witness(NoteKey.parse(one["key"]), one["url"]) for one in json.loads(file.read_bytes())]


def add_witness(folder: ConsortiumFolder, witness: Witness) -> None:
    """Asks this witness too; one of the same key gets the new address. Raises Refused for a log's key."""
    if witness.key.type is not KeyType.WITNESS:
        raise Refused("that is a log's key; a witness's is wanted", field="verifier key")
    kept = [one for one in witnesses_of(folder) if one.key.text != witness.key.text]
    listed = [{"key": one.key.text, "url": one.url} for one in (*kept, witness)]
    write_json(folder.path / "witnesses.json", listed)
