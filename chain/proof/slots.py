"""Which storage slots one header proof must cover, and what their words say: asked and answered by the same derivation.

The gateway computes `required_slots` to ask `eth_getProof` once for each contract; the verifier computes the same from
the bundle, so no slot number is ever read from a bundle.

For each fact of the registry some version indexes are shown, ascending. The last of them is always an empty place:
that is how the newest version is known to be the newest. A pair of neighbours i, i + 1 shows that version i was in
force for every block after `since(i)` up to and including `since(i + 1)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from chain.members import (
    AccountVersion,
    AssignmentVersion,
    AuthorityVersion,
    KeyVersion,
    MemberVersion,
    OperatorVersion,
    PolicyVersion,
    TagKeyVersion,
)
from chain.proof import storage_layout
from chain.proof.storage import Account, MalformedProof, NodeSet, read_slot
from chain.proof.storage_layout import CheckpointWord, DropWord

VERSIONS_MAX = 256
"""Most version indexes shown for one fact."""


class _Version(Protocol):
    @property
    def since_block(self) -> int: ...


T = TypeVar("T")
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
    requests: tuple[bytes, ...] = ()
    """Thumbprints of which it is to be shown when their compromise was asked for."""
    policies: Mapping[str, tuple[int, ...]] | None = None
    """Policy name to version indexes."""
    assignments: Mapping[tuple[str, str], tuple[int, ...]] | None = None
    """(Register, code) to version indexes."""
    operators: Mapping[str, tuple[int, ...]] | None = None
    """USCC to version indexes."""
    tag_keys: tuple[int, ...] = ()
    """Epochs, as version indexes."""
    authorities: tuple[int, ...] = ()
    """Changes of the list of authorities, as version indexes; the newest fixes all."""
    drops: Mapping[int, tuple[int, ...]] | None = None
    """Batch index to numbers of drops, as version indexes."""


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


def newest_of(count: int) -> tuple[int, ...]:
    """Which indexes of so many versions show the newest alone."""
    return (count - 1, count) if count else (0,)


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
    registry = {storage_layout.request_slot(thumbprint) for thumbprint in request.requests}
    for fact in _registry_facts(request):
        registry |= fact.required()
    ledger |= _drops(request).required()
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
class ProvedDrop:
    """What a quorum of governors took out of a batch."""

    since_block: int
    votes: int
    bitmap_hash: bytes
    """keccak-256 of the bitmap."""

    @classmethod
    def parse_words(cls, bitmap_hash: int, word: int) -> ProvedDrop | None:
        """The drop in these two words; None where it was never written."""
        numbers = DropWord.parse_word(word)
        return None if numbers is None else cls(numbers.since_block, numbers.votes, bitmap_hash.to_bytes(32, "big"))


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
    requests: Mapping[bytes, int]
    """Thumbprint to the Unix seconds of its member's request; 0 where there was none."""
    policies: Mapping[str, History[PolicyVersion]]
    assignments: Mapping[tuple[str, str], History[AssignmentVersion]]
    operators: Mapping[str, History[OperatorVersion]]
    tag_keys: History[TagKeyVersion] | None
    """None where no epoch was asked for."""
    authorities: History[AuthorityVersion] | None
    """None where it was not asked for."""
    drops: Mapping[int, History[ProvedDrop]]


@dataclass(frozen=True)
class _Fact(Generic[T, V]):
    """One kind of fact that is asked for: which versions of which names, where they stand, what their words say.

    The last of a version's words is the one that is zero exactly where the version was never written.
    """

    wanted: Mapping[T, tuple[int, ...]]
    slots: Callable[[T, int], tuple[int, ...]]
    parse: Callable[..., V | None]

    def required(self) -> set[int]:
        """The slots of all that is wanted; of an empty place only the word that shows it empty."""
        required: set[int] = set()
        for name, shown in self.wanted.items():
            required |= {slot for index in shown[:-1] for slot in self.slots(name, index)}
            required |= {self.slots(name, index)[-1] for index in shown[-1:]}
        return required

    def read(self, storage_root: bytes, nodes: NodeSet) -> dict[T, History[V]]:
        """What stands in those slots; MalformedProof where the newest version is not shown to be the newest."""
        return {name: self._history(name, shown, storage_root, nodes) for name, shown in self.wanted.items()}

    def _history(self, name: T, shown: tuple[int, ...], storage_root: bytes, nodes: NodeSet) -> History[V]:
        versions: dict[int, V | None] = {}
        # From the newest down: no version lies beyond it, so a list longer than the registry's ends at its first.
        for index in reversed(shown):
            *value_slots, marker_slot = self.slots(name, index)
            marker = read_slot(storage_root, marker_slot, nodes)
            if index == shown[-1] and marker:
                raise MalformedProof("versions", "do not show which is the newest")
            if not marker:
                versions[index] = None
                if index != shown[-1]:
                    break
                continue
            values = [read_slot(storage_root, slot, nodes) for slot in value_slots]
            versions[index] = self._parsed([*values, marker])
        history = History(dict(sorted(versions.items())))
        _ = history.newest
        return history

    def _parsed(self, words: list[int]) -> V | None:
        try:
            return self.parse(*words)
        except ValueError as fault:
            raise MalformedProof("storage word", f"is no version that this registry writes: {fault}") from fault


def _registry_facts(request: SlotRequest) -> tuple[_Fact[Any, Any], ...]:
    """Keys, members, accounts, policies, assignments, operators, tag keys, authorities, as `StateWords` has them."""
    layout = storage_layout
    return (
        _Fact(request.keys or {}, lambda key, i: (layout.key_slot(key, i),), KeyVersion.parse_word),
        _Fact(request.members or {}, lambda uscc, i: (layout.member_slot(uscc, i),), MemberVersion.parse_word),
        _Fact(request.accounts or {}, lambda at, i: (layout.account_slot(at, i),), AccountVersion.parse_word),
        _Fact(request.policies or {}, layout.policy_slots, PolicyVersion.parse_words),
        _Fact(
            request.assignments or {},
            lambda name, i: (layout.assignment_slot(*name, i),),
            AssignmentVersion.parse_word,
        ),
        _Fact(request.operators or {}, layout.operator_slots, OperatorVersion.parse_words),
        _Fact(_only(request.tag_keys), lambda _, i: layout.tag_key_slots(i), TagKeyVersion.parse_words),
        _Fact(_only(request.authorities), lambda _, i: layout.authority_slots(i), AuthorityVersion.parse_words),
    )


def _drops(request: SlotRequest) -> _Fact[int, ProvedDrop]:
    return _Fact(request.drops or {}, storage_layout.drop_slots, ProvedDrop.parse_words)


def _only(shown: tuple[int, ...]) -> dict[None, tuple[int, ...]]:
    return {None: shown} if shown else {}


def read_words(request: SlotRequest, registry: Account, ledger: Account, nodes: NodeSet) -> StateWords:
    """Every requested word. Raises MalformedProof where a node is missing, a word makes no sense, or the newest version
    of a fact is not shown to be the newest.
    """
    root_slot, word_slot = storage_layout.checkpoint_slots(request.checkpoint or 0)
    is_none = request.checkpoint is None
    following = word_slot if is_none else storage_layout.checkpoint_slots((request.checkpoint or 0) + 1)[1]
    histories = [fact.read(registry.storage_root, nodes) for fact in _registry_facts(request)]
    keys, members, accounts, policies, assignments, operators, tag_keys, authorities = histories
    return StateWords(
        batch_count=read_slot(ledger.storage_root, storage_layout.batch_count_slot(), nodes),
        commitments={
            index: read_slot(ledger.storage_root, storage_layout.commitment_slot(index), nodes)
            for index in request.batches
        },
        checkpoint_root=bytes(32) if is_none else read_slot(ledger.storage_root, root_slot, nodes).to_bytes(32, "big"),
        checkpoint=None if is_none else CheckpointWord.parse_word(read_slot(ledger.storage_root, word_slot, nodes)),
        later_checkpoint=read_slot(ledger.storage_root, following, nodes) != 0,
        keys=keys,
        members=members,
        accounts=accounts,
        requests={
            thumbprint: read_slot(registry.storage_root, storage_layout.request_slot(thumbprint), nodes)
            for thumbprint in request.requests
        },
        policies=policies,
        assignments=assignments,
        operators=operators,
        tag_keys=tag_keys.get(None),
        authorities=authorities.get(None),
        drops=_drops(request).read(ledger.storage_root, nodes),
    )
