"""What a batch is made of: tags, entries, the batch id and the commitment (design section 5).

    y            = VRF output of "ucr" 0x00 UCR; access records: of "access" 0x00 UCR        (`chain.proof.vrf`)
    lane tag     = SHA-256(0x03 ‖ y)[0..8) ‖ SHA-256(0x03 ‖ y ‖ issuer's USCC)[0..8)
    entry digest = SHA-256(0x02 ‖ record digest ‖ ucr digest ‖ SHA-256(signature))
    entry        = lane tag ‖ entry digest, 48 bytes
    number tag   = SHA-256(0x04 ‖ VRF output of "invoice" 0x00 maker 0x00 number)[0..16)
    its digest   = SHA-256(0x05 ‖ record digest ‖ digest of the reference that says it ‖ SHA-256(signature))
    batch id     = keccak256(abi.encode(root, count, keccak256(entries), gateway))
    commitment   = keccak256(abi.encode(consortium, index, root, count, keccak256(entries), gateway, block, timestamp))

`abi.encode` of these static types is the plain concatenation of 32-byte words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chain.encoding import parse_base64url
from chain.errors import Malformed
from chain.proof.hashes import keccak256, sha256
from chain.proof.merkle import tree_root

TAG_BYTES = 16
PREFIX_BYTES = 8
"""How much of a lane tag names the consignment; the rest names the issuer."""
DIGEST_BYTES = 32
ENTRY_BYTES = TAG_BYTES + DIGEST_BYTES
ADDRESS_BYTES = 20
USCC_CHARS = 18
BATCH_ENTRIES_MAX = 2048
"""So that the anchoring transaction stays below 128 KiB, the largest that common engines take."""


class MalformedEntries(Malformed):
    """A batch's entries are not 1 to `BATCH_ENTRIES_MAX` entries of 48 bytes."""


class Purpose(StrEnum):
    """What the lanes of a VRF output are for; each purpose has its own input, so that none is taken for another's."""

    UCR = "ucr"
    """What was said of a consignment."""
    ACCESS = "access"
    """Who read a consignment."""
    INVOICE = "invoice"
    """In which consignments an invoice number of its maker was used."""

    def vrf_input(self, name: str) -> bytes:
        """The input of the VRF for what bears this name: a UCR, or `OwnNumber.name`."""
        parts = (name[:USCC_CHARS], name[USCC_CHARS + 1 :]) if self is Purpose.INVOICE else (name,)
        return b"\x00".join(part.encode("utf-8") for part in (self.value, *parts))

    def prefix(self, y: bytes) -> bytes:
        """What every tag under this VRF output begins with, 8 bytes."""
        return number_tag(y)[:PREFIX_BYTES] if self is Purpose.INVOICE else lane_prefix(y)


class Anchorable(Protocol):
    """What an entry is made of: `chain.sdjwt.SignedRecord`."""

    @property
    def digest(self) -> bytes: ...
    @property
    def jwt(self) -> str: ...


def lane_prefix(y: bytes) -> bytes:
    """The first 8 bytes of every lane tag under this VRF output: all lanes of a consignment are neighbours."""
    return sha256(b"\x03" + y)[:PREFIX_BYTES]


def lane_tag(y: bytes, issuer: str) -> bytes:
    """The 16-byte tag of the lane in which this issuer's records stand under this VRF output."""
    return lane_prefix(y) + sha256(b"\x03" + y + issuer.encode("utf-8"))[:PREFIX_BYTES]


def entry_digest(record: Anchorable, ucr_digest: bytes) -> bytes:
    """What binds a record, signature included, to one of its `ucr` elements (its disclosure digest).

    The signature is inside, so that nothing can be signed after it was anchored.
    """
    return _bound(b"\x02", record, ucr_digest)


def number_tag(y: bytes) -> bytes:
    """The 16-byte tag under which all uses of a maker's number stand; nothing links it to a consignment's lanes."""
    return sha256(b"\x04" + y)[:TAG_BYTES]


def number_digest(record: Anchorable, reference_digest: bytes) -> bytes:
    """What binds a record, signature included, to the `references` element that says its number."""
    return _bound(b"\x05", record, reference_digest)


def _bound(domain: bytes, record: Anchorable, element: bytes) -> bytes:
    signature = parse_base64url(record.jwt.rpartition(".")[2])
    return sha256(domain + _exact(record.digest, DIGEST_BYTES) + _exact(element, DIGEST_BYTES) + sha256(signature))


def entry(tag: bytes, digest: bytes) -> bytes:
    """The 48 bytes that the chain carries for one UCR of one record."""
    return _exact(tag, TAG_BYTES) + _exact(digest, DIGEST_BYTES)


def split_entries(entries: bytes) -> list[bytes]:
    """The entries of a batch's calldata, in order. Raises MalformedEntries where their number or length is wrong."""
    count, rest = divmod(len(entries), ENTRY_BYTES)
    if rest or not 1 <= count <= BATCH_ENTRIES_MAX:
        raise MalformedEntries(
            "entries", f"must be 1 to {BATCH_ENTRIES_MAX} entries of {ENTRY_BYTES} bytes", value=len(entries)
        )
    return [entries[i : i + ENTRY_BYTES] for i in range(0, len(entries), ENTRY_BYTES)]


def entries_root(entries: Sequence[bytes]) -> bytes:
    """The RFC 9162 root over the 48-byte entries, in order."""
    return tree_root([_exact(one, ENTRY_BYTES) for one in entries])


@dataclass(frozen=True)
class BatchFacts:
    """What the chain says of one batch: everything that its commitment commits to."""

    index: int
    """Place in the ledger, from 0."""
    root: bytes
    """RFC 9162 root over the entries, 32 bytes."""
    count: int
    """How many entries, 1 to `BATCH_ENTRIES_MAX`."""
    entries_hash: bytes
    """keccak-256 of the entries' bytes as they stood in calldata."""
    gateway: bytes
    """Address of the account that anchored it, 20 bytes."""
    block: int
    """Number of the block that anchored it."""
    timestamp: int
    """That block's time, Unix seconds UTC."""

    def commitment(self, consortium: bytes) -> bytes:
        """The word that the ledger of this consortium (32 bytes) keeps for ever at this batch's index."""
        return keccak256(
            _exact(consortium, 32)
            + _word(self.index)
            + _exact(self.root, 32)
            + _word(self.count)
            + _exact(self.entries_hash, 32)
            + _address_word(self.gateway)
            + _word(self.block)
            + _word(self.timestamp)
        )

    def batch_id(self) -> bytes:
        """The id under which anchoring the same batch twice reverts."""
        return batch_id(self.root, self.count, self.entries_hash, self.gateway)


def batch_id(root: bytes, count: int, entries_hash: bytes, gateway: bytes) -> bytes:
    """keccak256(abi.encode(root, count, keccak256(entries), gateway))."""
    return keccak256(_exact(root, 32) + _word(count) + _exact(entries_hash, 32) + _address_word(gateway))


def commitment(consortium: bytes, facts: BatchFacts) -> bytes:
    """The commitment of `facts` in the ledger of this consortium."""
    return facts.commitment(consortium)


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _address_word(address: bytes) -> bytes:
    return bytes(12) + _exact(address, ADDRESS_BYTES)


def _exact(content: bytes, length: int) -> bytes:
    if len(content) != length:
        raise ValueError(f"{length} bytes are expected, got {len(content)}")
    return content
