"""Which outsiders a trust root demands: the logs' keys, the witnesses' keys, how many of them, time-stamp roots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chain.encoding import Json, base64url
from chain.errors import MalformedTrustRoot
from chain.proof.json_members import Members, ascending, base64url_bytes
from chain.proof.log_heads import CosignedHead, read_cosigned
from chain.proof.notes import KeyType, MalformedNote, Note, NoteKey
from chain.proof.time_stamps import ROOTS_MAX, MalformedCertificate, parse_root

ORIGINS_MAX = 256
"""As many as there can be governors."""
WITNESSES_MAX = 64
ROOT_BYTES_MAX = 8 << 10
_NAMES = ("origins", "keys", "quorum", "time_stamp_roots")


@dataclass(frozen=True)
class WitnessPolicy:
    """What a note needs to be believed."""

    origins: tuple[NoteKey, ...]
    """The governors' logs; the note may be of any of them."""
    keys: tuple[NoteKey, ...]
    """The witnesses."""
    quorum: int
    """How many of them must have cosigned."""
    time_stamp_roots: tuple[bytes, ...] = ()
    """Certificates (DER) that time-stamp authorities stand under; none where stamps are not asked for."""

    @classmethod
    def parse(cls, value: Json, field: str) -> WitnessPolicy:
        """The policy in a trust root's member; raises MalformedTrustRoot."""
        policy = Members(value, field, _NAMES, MalformedTrustRoot)
        origins = policy.array("origins", ORIGINS_MAX, lambda item, at: _key(item, at, KeyType.LOG), least=1)
        keys = policy.array("keys", WITNESSES_MAX, lambda item, at: _key(item, at, KeyType.WITNESS), least=1)
        for name, listed in (("origins", origins), ("keys", keys)):
            _require_order(listed, policy.where(name))
        _require_distinct((*origins, *keys), field)
        return cls(
            origins,
            keys,
            policy.number("quorum", least=1, most=len(keys)),
            policy.array("time_stamp_roots", ROOTS_MAX, _root),
        )

    def members(self) -> dict[str, Json]:
        """The member as `parse` reads it."""
        return {
            "origins": [key.text for key in self.origins],
            "keys": [key.text for key in self.keys],
            "quorum": self.quorum,
            "time_stamp_roots": [base64url(root) for root in self.time_stamp_roots],
        }

    def read(self, note: Note) -> CosignedHead | None:
        """The head that one of the origins signed, with these witnesses' cosignatures; None where none did.

        Raises MalformedNote where the text is no head.
        """
        return read_cosigned(note, self.origins, self.keys)


def _key(value: Json, field: str, kind: KeyType) -> NoteKey:
    if not isinstance(value, str):
        raise MalformedTrustRoot(field, "must be a verifier key")
    try:
        key = NoteKey.parse(value)
    except MalformedNote as fault:
        raise MalformedTrustRoot(field, f"{fault.field} {fault.rule}", value=value) from None
    if key.type is not kind:
        raise MalformedTrustRoot(field, f"must be a verifier key of type {int(kind)}", value=value)
    return key


def _require_order(keys: Sequence[NoteKey], field: str) -> None:
    ascending(keys, lambda key: key.text.encode(), field, MalformedTrustRoot)


def _require_distinct(keys: Sequence[NoteKey], field: str) -> None:
    """One public key under two names would count as two, or be its own witness."""
    if len({key.public.raw for key in keys}) < len(keys):
        raise MalformedTrustRoot(field, "must hold no public key twice, under whatever name")


def _root(value: Json, field: str) -> bytes:
    root = base64url_bytes(value, field, MalformedTrustRoot, most=ROOT_BYTES_MAX)
    try:
        parse_root(root)
    except MalformedCertificate as fault:
        raise MalformedTrustRoot(field, fault.rule) from None
    return root
