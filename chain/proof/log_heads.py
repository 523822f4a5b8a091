"""The log of checkpoints and its heads: C2SP checkpoints (tlog-checkpoint v1.0.0) over an RFC 9162 tree.

```
leaf i   index (8 bytes) ‖ block number (8 bytes) ‖ block hash (32 bytes) of the ledger's checkpoint i
head     origin newline ‖ number of leaves newline ‖ root in base64 newline         the text of a signed note
```

A ledger's checkpoint is a vote of governors in a block; the *block* of checkpoint i is the one in which it was reached.
Its hash binds everything under it, the registry included, so that two histories which differ anywhere have different
roots. A head has no extension lines: cosignatures of every kind cover all of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chain.encoding import JSON_INTEGER_MAX
from chain.keys import SigningKey
from chain.proof.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from chain.proof.notes import (
    MalformedNote,
    Note,
    NoteKey,
    NoteSignature,
    format_base64,
    is_key_name,
    parse_base64,
    sign_text,
)

LEAF_BYTES = 48
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True)
class LogLeaf:
    """What the log holds of one checkpoint."""

    index: int
    block: int
    block_hash: bytes

    @classmethod
    def parse(cls, content: bytes) -> LogLeaf:
        """The leaf in its 48 bytes; raises `MalformedNote` for another length."""
        if len(content) != LEAF_BYTES:
            raise MalformedNote("leaf", f"has {LEAF_BYTES} bytes", value=len(content))
        return cls(int.from_bytes(content[:8], "big"), int.from_bytes(content[8:16], "big"), bytes(content[16:]))

    @property
    def content(self) -> bytes:
        """The leaf's 48 bytes."""
        return self.index.to_bytes(8, "big") + self.block.to_bytes(8, "big") + self.block_hash


@dataclass(frozen=True)
class LogHead:
    """A size of the log and its root, as an origin says them."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> LogHead:
        """The head in a note's text; raises `MalformedNote`, also for extension lines."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise MalformedNote("checkpoint", "has three lines: origin, size, root; extension lines are not read")
        origin, size, root = lines[:3]
        if not is_key_name(origin):
            raise MalformedNote("origin", "is a key name: no space, no plus sign", value=origin)
        if not _SIZE.fullmatch(size) or int(size) > JSON_INTEGER_MAX:
            raise MalformedNote("size", f"is a decimal number of at most {JSON_INTEGER_MAX}", value=size)
        return cls(origin, int(size), parse_base64(root, HASH_BYTES, "root"))

    @property
    def text(self) -> str:
        """The note's text."""
        return f"{self.origin}\n{self.size}\n{format_base64(self.root)}\n"

    def sign(self, key: SigningKey) -> Note:
        """The head under its origin's own signature: the key's name is the origin."""
        return Note(self.text, (sign_text(self.text, self.origin, key),))

    def holds(self, leaf: LogLeaf, path: Sequence[bytes]) -> bool:
        """Whether the leaf stands at its own index in this head's tree."""
        return verify_inclusion(leaf_hash(leaf.content), leaf.index, self.size, path, self.root)


@dataclass(frozen=True)
class CosignedHead:
    """A head with the witnesses, of those asked about, that cosigned it."""

    head: LogHead
    cosignatures: tuple[tuple[NoteKey, NoteSignature], ...]
    """Right ones only, one a key, in the keys' order."""
    wrong: tuple[NoteKey, ...]
    """Keys that a line names without being its signature."""


def read_cosigned(note: Note, origins: Sequence[NoteKey], witnesses: Sequence[NoteKey]) -> CosignedHead | None:
    """The head of a note that one of these origins signed, and its right cosignatures; None where no origin did.

    A wrong line is as good as none and is named: were it to spoil a note, taking it away would mend one.
    Raises `MalformedNote` where the note's text is no head.
    """
    head = LogHead.parse(note.text)
    if not any(key.name == head.origin and note.signature_of(key) for key in origins):
        return None
    found = [(key, note.signature_of(key)) for key in witnesses]
    return CosignedHead(
        head,
        tuple((key, signature) for key, signature in found if signature is not None),
        tuple(key for key, signature in found if signature is None and note.has_wrong_signature_of(key)),
    )
