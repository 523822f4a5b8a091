"""The receipt: a gateway's signed promise that a record is kept and will be anchored in time. One meaning, two forms.

Claims: `iss` the gateway's member, `aud` the consortium, `record_id`, `entries` (every tag in hex with its entry digest
in base64url, in order of the record's UCRs), `accepted_at` and `anchor_by` in Unix seconds.

*Alone*: a compact JWS of `typ` `tongguan-receipt+jwt` whose payload is the claims.

*In a group*: one signature serves up to `GROUP_MAX` records of an upload, and each is told its own part alone,

    JWS ~ leaf ~ index ~ path

where the JWS of `typ` `tongguan-receipts+jwt` says `iss`, `aud`, `accepted_at`, `anchor_by`, the `size` of a Merkle
tree (RFC 9162, `merkle.py`) and its `root` in base64url; the leaf is base64url of the JSON of `record_id` and
`entries`, whose bytes are the tree's leaf; index is its place in decimal; path is base64url of its inclusion path, one
hash after another. What the path shows of the other records are hashes over digests with salts: it tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chain.encoding import Json, base64url, parse_json
from chain.errors import Malformed
from chain.jws import JWS_CHARS_MAX, CompactJws
from chain.keys import PublicKey
from chain.proof import json_members
from chain.proof.json_members import Members
from chain.proof.merkle import HASH_BYTES, leaf_hash, verify_inclusion

RECEIPT_TYP = "tongguan-receipt+jwt"
GROUP_TYP = "tongguan-receipts+jwt"
GROUP_MAX = 2_048
"""Most records that one signature promises for."""

_SHARED = ("iss", "aud", "accepted_at", "anchor_by")
_INDEX = r"0|[1-9][0-9]{0,3}"


class MalformedReceipt(Malformed):
    """A receipt that has neither form, or whose claims are not those of design section 6."""


@dataclass(frozen=True)
class _Place:
    """Where a receipt's own part stands in its group's tree."""

    leaf: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True)
class SignedReceipt:
    """A receipt that is well formed; whether its gateway signed it is for `verify` to say."""

    text: str
    """As it was given out."""
    claims: Mapping[str, Json]
    """As they are said; their values are for the reader to check."""
    _jws: CompactJws
    _place: _Place | None

    @classmethod
    def parse(cls, text: str) -> SignedReceipt:
        """The receipt in a text of either form; raises MalformedJws, MalformedReceipt."""
        if "~" not in text:
            alone = CompactJws.parse(text, typ=RECEIPT_TYP)
            return cls(text, alone.payload, alone, None)
        parts = text.split("~")
        if len(parts) != 4 or len(text) > JWS_CHARS_MAX:
            rule = f"is a JWS, or JWS, leaf, index and path divided by tildes, of at most {JWS_CHARS_MAX} characters"
            raise MalformedReceipt("receipt", rule, value=text)
        jws = CompactJws.parse(parts[0], typ=GROUP_TYP)
        shared = Members({**jws.payload}, "receipt", (*_SHARED, "size", "root"), MalformedReceipt)
        leaf = json_members.base64url_bytes(parts[1], "receipt.leaf", MalformedReceipt, length=None, most=JWS_CHARS_MAX)
        own = Members(_json(leaf), "receipt.leaf", ("record_id", "entries"), MalformedReceipt)
        size = shared.number("size", least=1, most=GROUP_MAX)
        index = int(json_members.text(parts[2], "receipt.index", _INDEX, "is a number", MalformedReceipt))
        path = json_members.base64url_bytes(parts[3], "receipt.path", MalformedReceipt, length=None, most=JWS_CHARS_MAX)
        if len(path) % HASH_BYTES:
            raise MalformedReceipt("receipt.path", f"is hashes of {HASH_BYTES} bytes", value=f"{len(path)} bytes")
        hashes = tuple(path[at : at + HASH_BYTES] for at in range(0, len(path), HASH_BYTES))
        place = _Place(leaf, index, size, hashes, shared.base64url("root", HASH_BYTES))
        return cls(text, {name: shared.value[name] for name in _SHARED} | own.value, jws, place)

    @property
    def kid(self) -> str:
        """The thumbprint of the key that is said to have signed, in base64url."""
        return self._jws.kid

    def verify(self, key: PublicKey) -> bool:
        """Whether this very key signed all that the receipt claims."""
        place = self._place
        if place is not None:
            found = verify_inclusion(leaf_hash(place.leaf), place.index, place.size, place.path, place.root)
            if not found:
                return False
        return self._jws.verify(key)


def group_member(jws: str, leaf: bytes, index: int, path: tuple[bytes, ...]) -> str:
    """The receipt of one record of a group, which is signed in `jws`."""
    return f"{jws}~{base64url(leaf)}~{index}~{base64url(b''.join(path))}"


def _json(leaf: bytes) -> Json:
    try:
        return parse_json(leaf)
    except ValueError as error:
        raise MalformedReceipt("receipt.leaf", str(error)) from None
