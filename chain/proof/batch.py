"""What a batch is made of: tags, entries, the batch id and the commitment (design section 5).

    tag          = first 16 bytes of HMAC-SHA-256(tag key, UCR)        access records: of "access" 0x00 UCR
    entry digest = SHA-256(0x02 ‖ record digest ‖ ucr digest)          entry = tag ‖ entry digest, 48 bytes
    batch id     = keccak256(abi.encode(root, count, keccak256(entries), gateway))
    commitment   = keccak256(abi.encode(consortium, index, root, count, keccak256(entries), gateway, block, timestamp))

`abi.encode` of these static types is the plain concatenation of 32-byte words.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from chain.errors import Malformed
from chain.proof.hashes import keccak256, sha256
from chain.proof.merkle import tree_root

TAG_BYTES = 16
DIGEST_BYTES = 32
ENTRY_BYTES = TAG_BYTES + DIGEST_BYTES
ADDRESS_BYTES = 20
BATCH_ENTRIES_MAX = 2048
"""So that the anchoring transaction stays below 128 KiB, the largest that common engines take."""


class MalformedEntries(Malformed):
    """A batch's entries are not 1 to `BATCH_ENTRIES_MAX` entries of 48 bytes."""


def tag(tag_key: bytes, ucr: str) -> bytes:
    """The 16-byte tag under which records of the consignment `ucr` are filed in the epoch of `tag_key`."""
    return hmac.digest(tag_key, ucr.encode("utf-8"), "sha256")[:TAG_BYTES]


def access_tag(tag_key: bytes, ucr: str) -> bytes:
    """The 16-byte tag under which reads of the consignment `ucr` are filed in the epoch of `tag_key`."""
    return hmac.digest(tag_key, b"access\x00" + ucr.encode("utf-8"), "sha256")[:TAG_BYTES]


def entry_digest(record_digest: bytes, ucr_digest: bytes) -> bytes:
    """What binds a record (SHA-256 of its JWS signing input) to one of its `ucr` elements (its disclosure digest)."""
    return sha256(b"\x02" + _exact(record_digest, DIGEST_BYTES) + _exact(ucr_digest, DIGEST_BYTES))


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
