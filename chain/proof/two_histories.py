"""The portable proof that two histories were shown: two signed statements that cannot both be of one history.

```
roots     two notes of one origin and one size with different roots
leaves    two notes, of whatever origins, in whose logs different checkpoints stand at one index
headers   two headers of one height, each sealed
```

A file holds the statements and nothing else; the trust root says who may sign them (`chain.verify.histories`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from chain.encoding import Json, base64url, parse_json
from chain.errors import MalformedBundle
from chain.proof.bundle import Bundle
from chain.proof.bundle_reader import parse_bundle
from chain.proof.header import Header
from chain.proof.json_members import Members, base64url_bytes
from chain.proof.log_heads import LEAF_BYTES, LogHead, LogLeaf
from chain.proof.merkle import HASH_BYTES, PATH_LENGTH_MAX
from chain.proof.notes import MalformedNote, Note

FORMAT = "tongguan-two-histories/1"
PROOF_BYTES_MAX = 1 << 20
HEADER_BYTES_MAX = 64 << 10
BEGINNING_BYTES = 100
"""In which a file of this kind names its format."""


class HistoryKind(StrEnum):
    """What contradicts each other."""

    ROOTS = "roots"
    LEAVES = "leaves"
    HEADERS = "headers"


@dataclass(frozen=True)
class ShownHistory:
    """What one of two readers was shown: a note and, where known, a leaf under it; a sealed header. Unverified."""

    note: Note | None = None
    leaf: LogLeaf | None = None
    path: tuple[bytes, ...] = ()
    header: bytes | None = None
    """RLP with its seals."""

    @property
    def head(self) -> LogHead | None:
        """What the note says; MalformedNote where its text is no head."""
        return None if self.note is None else LogHead.parse(self.note.text)


@dataclass(frozen=True)
class TwoHistories:
    """Two statements that contradict each other in this way."""

    consortium: bytes
    kind: HistoryKind
    first: ShownHistory
    second: ShownHistory

    @classmethod
    def parse(cls, content: bytes) -> TwoHistories:
        """The proof in a file; raises MalformedBundle, also where the statements do not contradict each other."""
        if len(content) > PROOF_BYTES_MAX:
            raise MalformedBundle("proof", f"has at most {PROOF_BYTES_MAX} bytes", value=len(content))
        try:
            value = parse_json(content)
        except ValueError as error:
            raise MalformedBundle("proof", str(error)) from None
        proof = Members(value, "proof", ("format", "consortium", "kind", "first", "second"), MalformedBundle)
        proof.text("format", FORMAT, f"must be {FORMAT}")
        kind = HistoryKind(proof.text("kind", "|".join(HistoryKind), "must be roots, leaves or headers"))
        parsed = cls(
            proof.hexadecimal("consortium", 32, prefix=""),
            kind,
            _statement(proof.any("first"), "first", kind),
            _statement(proof.any("second"), "second", kind),
        )
        if find_contradiction(parsed.first, parsed.second) is not kind:
            raise MalformedBundle("proof", f"holds no two {kind} that contradict each other")
        return parsed

    def format(self) -> bytes:
        """The file."""
        members: dict[str, Json] = {
            "format": FORMAT,
            "consortium": self.consortium.hex(),
            "kind": str(self.kind),
            "first": _members(self.first, self.kind),
            "second": _members(self.second, self.kind),
        }
        return (json.dumps(members, ensure_ascii=False, indent=2) + "\n").encode()


def is_two_histories(content: bytes) -> bool:
    """Whether a file says at its beginning that it is such a proof."""
    return FORMAT.encode() in content[:BEGINNING_BYTES]


def shown_by_bundle(bundle: Bundle) -> ShownHistory:
    """What a bundle shows of its history: its header, and its note with the leaf where it has one."""
    header, shown = bundle.header, bundle.cosigned_note
    if shown is None or bundle.checkpoint is None:
        return ShownHistory(header=header.to_rlp())
    leaf = LogLeaf(bundle.checkpoint, header.number, header.block_hash)
    return ShownHistory(shown.note, leaf, shown.path, header.to_rlp())


def shown_in_file(content: bytes) -> ShownHistory:
    """What a reader was shown in a file, be it a bundle or a note; raises MalformedBundle, MalformedNote."""
    return shown_by_bundle(parse_bundle(content)) if content.startswith(b"{") else ShownHistory(Note.parse(content))


def find_two_histories(consortium: bytes, first: ShownHistory, second: ShownHistory) -> TwoHistories | None:
    """The proof that two statements make; None where they can both be of one history."""
    kind = find_contradiction(first, second)
    if kind is None:
        return None
    return TwoHistories(consortium, kind, _only(first, kind), _only(second, kind))


def find_contradiction(first: ShownHistory, second: ShownHistory) -> HistoryKind | None:
    """How two statements contradict each other, were both right; None where they do not.

    Raises MalformedNote or MalformedBundle where one is not well formed.
    """
    if first.header is not None and second.header is not None:
        one, other = Header.from_rlp(first.header), Header.from_rlp(second.header)
        if one.number == other.number and one.block_hash != other.block_hash:
            return HistoryKind.HEADERS
    heads = first.head, second.head
    if heads[0] is None or heads[1] is None:
        return None
    if heads[0].origin == heads[1].origin and heads[0].size == heads[1].size and heads[0].root != heads[1].root:
        return HistoryKind.ROOTS
    if first.leaf is None or second.leaf is None or first.leaf.index != second.leaf.index:
        return None
    return HistoryKind.LEAVES if first.leaf != second.leaf else None


def _only(statement: ShownHistory, kind: HistoryKind) -> ShownHistory:
    """What the contradiction rests on, and nothing else of what was shown."""
    if kind is HistoryKind.HEADERS:
        return ShownHistory(header=statement.header)
    if kind is HistoryKind.ROOTS:
        return ShownHistory(note=statement.note)
    return ShownHistory(statement.note, statement.leaf, statement.path)


def _statement(value: Json, field: str, kind: HistoryKind) -> ShownHistory:
    if kind is HistoryKind.HEADERS:
        header = Members(value, field, ("header",), MalformedBundle)
        return ShownHistory(header=header.base64url("header", most=HEADER_BYTES_MAX))
    with_leaf = kind is HistoryKind.LEAVES
    shown = Members(value, field, ("note", "leaf", "path") if with_leaf else ("note",), MalformedBundle)
    text = shown.any("note")
    try:
        note = Note.parse(text if isinstance(text, str) else "")
        LogHead.parse(note.text)
    except MalformedNote as fault:
        raise MalformedBundle(shown.where("note"), f"{fault.field} {fault.rule}") from None
    if not with_leaf:
        return ShownHistory(note)
    path = shown.array("path", PATH_LENGTH_MAX, lambda item, at: base64url_bytes(item, at, MalformedBundle, HASH_BYTES))
    return ShownHistory(note, LogLeaf.parse(shown.base64url("leaf", LEAF_BYTES)), path)


def _members(statement: ShownHistory, kind: HistoryKind) -> dict[str, Json]:
    if kind is HistoryKind.HEADERS:
        return {"header": base64url(statement.header or b"")}
    members: dict[str, Json] = {"note": "" if statement.note is None else statement.note.format()}
    if kind is HistoryKind.LEAVES and statement.leaf is not None:
        members["leaf"] = base64url(statement.leaf.content)
        members["path"] = [base64url(part) for part in statement.path]
    return members
