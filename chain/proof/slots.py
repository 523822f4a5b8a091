"""Which storage slots one header proof must cover, and what their words say: asked and answered by the same derivation.

The gateway computes `required_slots` to ask `eth_getProof` once for each contract; the verifier computes the same from
the bundle, so no slot number is ever read from a bundle.

For each key, member and account some version indexes are shown, ascending. The last of them is always an empty place:
that is how the newest version is known to be the newest. A pair of neighbours i, i + 1 shows that version i was in
force for every block after `since(i)` up to and including `since(i + 1)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from chain.members import AccountVersion, KeyVersion, MemberVersion
from chain.proof import storage_layout
from chain.proof.storage import Account, MalformedProof, NodeSet, read_slot
from chain.proof.storage_layout import CheckpointWord

VERSIONS_MAX = 256
"""Most version indexes shown for one key, member or account."""


class _Version(Protocol):
    @property
    def since_block(self) -> int: ...


V = TypeVar("V", bound=_Version)


@dataclass(frozen=True)
class SlotRequest:
    """Which facts of the two contracts are to be proved."""

    batches: tuple[int, ...] = ()
    """Indexes of batches whose commitments are needed."""
    checkpoint: int | None = None
    """Index of the newest checkpoint; None where there is none yet."""
    keys: Mapping[bytes, tuple[int, ...]] | None = None
    """Thumbprint (32 bytes) to version indexes, as `version_indexes` gives them."""
    members: Mapping[str, tuple[int, ...]] | None = None
    """USCC to version indexes."""
    accounts: Mapping[bytes, tuple[int, ...]] | None = None
    """Account address (20 bytes) to version indexes."""


def version_indexes(since_blocks: Sequence[int], blocks: Iterable[int]) -> tuple[int, ...]:
    """Which versions must be shown to prove what was in force for each of `blocks`, and which one is the newest.

    `since_blocks` are those of *all* versions that stand in storage under the header, in order.
    """
    newest = len(since_blocks)
    shown = {newest} | ({newest - 1} if newest else set())
    for block in blocks:
        after = sum(1 for since in since_blocks if since < block)
        shown |= {after} | ({after - 1} if after else set())
    return tuple(sorted(shown))


def required_slots(request: SlotRequest) -> dict[str, list[int]]:
    """The slots to prove, ascending, by contract: `registry` and `ledger`."""
    ledger = {storage_layout.batch_count_slot()}
    ledger |= {storage_layout.commitment_slot(index) for index in request.batches}
    if request.checkpoint is None:
        ledger.add(storage_layout.checkpoint_slots(0)[1])
    else:
        ledger |= {
            *storage_layout.checkpoint_slots(request.checkpoint),
            storage_layout.checkpoint_slots(request.checkpoint + 1)[1],
        }
    registry = {storage_layout.key_slot(key, i) for key, shown in (request.keys or {}).items() for i in shown}
    registry |= {storage_layout.member_slot(uscc, i) for uscc, shown in (request.members or {}).items() for i in shown}
    registry |= {storage_layout.account_slot(at, i) for at, shown in (request.accounts or {}).items() for i in shown}
    return {"registry": sorted(registry), "ledger": sorted(ledger)}


@dataclass(frozen=True)
class History(Generic[V]):
    """The shown versions of one fact; None marks the place that is proved empty."""

    shown: Mapping[int, V | None]

    def in_force(self, block: int) -> V | None:
        """The version in force for `block`, None where there was none yet; MalformedProof where that is not shown."""
        first = self.shown.get(0, ...)
        if first is None or (first is not ... and first.since_block >= block):
            return None
        for index, version in self.shown.items():
            if version is None or version.since_block >= block or index + 1 not in self.shown:
                continue
            following = self.shown[index + 1]
            if following is None or following.since_block >= block:
                return version
        raise MalformedProof("versions", f"do not show which was in force for block {block}")

    @cached_property
    def newest(self) -> V | None:
        """The last version, None where there is none at all; MalformedProof where that is not shown."""
        last = max(self.shown)
        if self.shown[last] is not None or (last and self.shown.get(last - 1) is None):
            raise MalformedProof("versions", "do not show which is the newest")
        return self.shown[last - 1] if last else None


@dataclass(frozen=True)
class StateWords:
    """What the requested slots hold under one state root."""

    batch_count: int
    commitments: Mapping[int, int]
    checkpoint_root: bytes
    checkpoint: CheckpointWord | None
    later_checkpoint: bool
    keys: Mapping[bytes, History[KeyVersion]]
    members: Mapping[str, History[MemberVersion]]
    accounts: Mapping[bytes, History[AccountVersion]]


def read_words(request: SlotRequest, registry: Account, ledger: Account, nodes: NodeSet) -> StateWords:
    """Every requested word. Raises MalformedProof where a node is missing, a word makes no sense, or the newest version
    of a fact is not shown to be the newest.
    """
    root_slot, word_slot = storage_layout.checkpoint_slots(request.checkpoint or 0)
    is_none = request.checkpoint is None
    following = word_slot if is_none else storage_layout.checkpoint_slots((request.checkpoint or 0) + 1)[1]

    def histories(
        wanted: Mapping[T, tuple[int, ...]] | None,
        slot: Callable[[T, int], int],
        parse: Callable[[int], V | None],
    ) -> dict[T, History[V]]:
        def history(name: T, shown: tuple[int, ...]) -> History[V]:
            found: dict[int, V | None] = {}
            # From the newest down: no version lies beyond it, so a list longer than the registry's ends at its first.
            for i in reversed(shown):
                found[i] = _parsed(parse, read_slot(registry.storage_root, slot(name, i), nodes))
                if (found[i] is None) is not (i == shown[-1]):
                    break
            one = History(dict(sorted(found.items())))
            _ = one.newest
            return one

        return {name: history(name, shown) for name, shown in (wanted or {}).items()}

    return StateWords(
        batch_count=read_slot(ledger.storage_root, storage_layout.batch_count_slot(), nodes),
        commitments={
            index: read_slot(ledger.storage_root, storage_layout.commitment_slot(index), nodes)
            for index in request.batches
        },
        checkpoint_root=bytes(32) if is_none else read_slot(ledger.storage_root, root_slot, nodes).to_bytes(32, "big"),
        checkpoint=None if is_none else CheckpointWord.parse_word(read_slot(ledger.storage_root, word_slot, nodes)),
        later_checkpoint=read_slot(ledger.storage_root, following, nodes) != 0,
        keys=histories(request.keys, storage_layout.key_slot, KeyVersion.parse_word),
        members=histories(request.members, storage_layout.member_slot, MemberVersion.parse_word),
        accounts=histories(request.accounts, storage_layout.account_slot, AccountVersion.parse_word),
    )


T = TypeVar("T")


def _parsed(parse: Callable[[int], V | None], word: int) -> V | None:
    try:
        return parse(word)
    except ValueError as fault:
        raise MalformedProof("storage word", f"is no version that this registry writes: {fault}") from fault
