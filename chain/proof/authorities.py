"""Who was an authority in which block: a list of changes, fixed by one hash in the registry.

The registry keeps, for each change, `log = keccak256(abi.encode(log before, member, listed, block))`, the first one
after 32 zero bytes. So the newest log proves the whole list of changes, and from it follow the authorities of any block
and everyone who was one ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chain.members import USCC_BYTES
from chain.proof.hashes import keccak256

AUTHORITY_CHANGES_MAX = 4_096
"""Most changes that a reader takes from a stranger; 128 authorities, each coming and going sixteen times."""


@dataclass(frozen=True)
class AuthorityChange:
    """A member that came on the list of authorities, or went off it, in a block."""

    block: int
    member: str
    listed: bool


def authority_log(changes: Sequence[AuthorityChange]) -> bytes:
    """The log that the registry holds after these changes, 32 bytes."""
    log = bytes(32)
    for change in changes:
        member = change.member.encode("ascii")
        if len(member) != USCC_BYTES:
            raise ValueError(f"{USCC_BYTES} characters are expected, got {change.member!r}")
        words = (log, member.ljust(32, b"\0"), change.listed.to_bytes(32, "big"), change.block.to_bytes(32, "big"))
        log = keccak256(b"".join(words))
    return log


def authorities_for(changes: Sequence[AuthorityChange], block: int) -> frozenset[str]:
    """Who was listed for `block`: by the changes of blocks before it."""
    listed: set[str] = set()
    for change in changes:
        if change.block >= block:
            break
        (listed.add if change.listed else listed.discard)(change.member)
    return frozenset(listed)


def authorities_up_to(changes: Sequence[AuthorityChange], block: int) -> frozenset[str]:
    """Everyone who was listed for any block up to `block`."""
    return frozenset(change.member for change in changes if change.listed and change.block < block)
