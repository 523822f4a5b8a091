"""What a bundle shows of outsiders: a note with cosignatures, the path from its header's checkpoint, time stamps."""

from __future__ import annotations

from dataclasses import dataclass

from chain.encoding import Json, base64url
from chain.errors import MalformedBundle
from chain.proof.json_members import Members, base64url_bytes
from chain.proof.log_heads import LogHead
from chain.proof.merkle import HASH_BYTES, PATH_LENGTH_MAX
from chain.proof.notes import NOTE_BYTES_MAX, MalformedNote, Note
from chain.proof.time_stamps import STAMP_BYTES_MAX, STAMPS_MAX

COSIGNED_NOTE = "cosigned_note"
"""The bundle's one member that may be absent."""
_NAMES = ("note", "path", "stamps")


@dataclass(frozen=True)
class ShownNote:
    """A note and how the header's checkpoint stands in its log."""

    note: Note
    head: LogHead
    path: tuple[bytes, ...]
    """From the leaf of the header's checkpoint to the head's root."""
    stamps: tuple[bytes, ...] = ()
    """RFC 3161 answers (DER) whose imprint is the SHA-256 of the note."""

    @classmethod
    def parse(cls, value: Json, field: str) -> ShownNote:
        """The member of a bundle; raises MalformedBundle."""
        shown = Members(value, field, _NAMES, MalformedBundle)
        content = shown.base64url("note", most=NOTE_BYTES_MAX)
        try:
            note = Note.parse(content)
            head = LogHead.parse(note.text)
        except MalformedNote as fault:
            raise MalformedBundle(shown.where("note"), f"{fault.field} {fault.rule}", value=fault.value) from None
        return cls(
            note,
            head,
            shown.array(
                "path", PATH_LENGTH_MAX, lambda item, at: base64url_bytes(item, at, MalformedBundle, HASH_BYTES)
            ),
            shown.array(
                "stamps", STAMPS_MAX, lambda item, at: base64url_bytes(item, at, MalformedBundle, most=STAMP_BYTES_MAX)
            ),
        )

    def members(self) -> dict[str, Json]:
        """The member as `parse` reads it."""
        return {
            "note": base64url(self.note.format().encode()),
            "path": [base64url(part) for part in self.path],
            "stamps": [base64url(stamp) for stamp in self.stamps],
        }
