"""The record ledger does what a plain Python model says, for any anchoring and attesting by anybody."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from chain.ledger import Call, calls, reverts
from chain.proof.batch import BATCH_ENTRIES_MAX, ENTRY_BYTES
from chain.proof.hashes import keccak256
from tests.contracts.engines import MACHINE_SETTINGS, Consortium, Engine, account, uscc

GOVERNORS = 4
GATEWAYS = [account("gateway 0"), account("gateway 1")]
ATTESTERS = [account(f"attester {i}") for i in range(GOVERNORS)]
SENDERS = {one.address.lower(): one for one in (*GATEWAYS, *ATTESTERS, account("nobody"))}


@dataclass
class ModelCheckpoint:
    """A checkpoint."""

    root: bytes
    count: int
    votes: int
    dissent: int
    since_block: int
    round: int = 0


@dataclass
class LedgerModel:
    """Batches, votes and checkpoints; who may is told from outside."""

    batch_ids: list[tuple[bytes, int, bytes, str]] = field(default_factory=list)
    votes: dict[tuple[int, int], dict[str, bytes]] = field(default_factory=dict)
    """By (count, round): each governor's root."""
    registry_changed: int = 0
    """The last block that changed the registry: told from outside."""
    drop_votes: dict[tuple[int, bytes], set[str]] = field(default_factory=dict)
    drops: dict[int, list[tuple[bytes, int, int]]] = field(default_factory=dict)
    """By batch: bitmap, votes, block."""
    checkpoints: list[ModelCheckpoint] = field(default_factory=list)

    def anchor(self, gateways: set[str], sender: str, root: bytes, count: int, entries: bytes) -> None:
        if sender not in gateways:
            raise reverts.NotGateway(sender)
        if not 1 <= count <= BATCH_ENTRIES_MAX:
            raise reverts.CountOutOfRange(count, BATCH_ENTRIES_MAX)
        if len(entries) != count * ENTRY_BYTES:
            raise reverts.EntriesLengthMismatch(len(entries), count * ENTRY_BYTES)
        batch = (root, count, entries, sender)
        if batch in self.batch_ids:
            raise reverts.AlreadyAnchored(self.batch_ids.index(batch))
        self.batch_ids.append(batch)

    def attest(self, block: int, seats: dict[str, str], active: set[str], sender: str, count: int, root: bytes) -> None:
        governor = seats.get(sender)
        if governor is None or governor not in active:
            raise reverts.NotAttester(sender)
        if not 1 <= count <= len(self.batch_ids):
            raise reverts.CountBeyondBatches(count, len(self.batch_ids))
        last = self.checkpoints[-1] if self.checkpoints else None
        if last and count < last.count:
            raise reverts.CountBehindCheckpoint(count, last.count)
        stands = last is not None and count == last.count
        reopened = last is not None and stands and self.registry_changed >= last.since_block
        number = last.round + reopened if last is not None and stands else 0
        votes = self.votes.setdefault((count, number), {})
        if governor in votes:
            raise reverts.AlreadyAttested(count, governor)
        votes[governor] = root
        if last and stands and not reopened:
            last.votes += root == last.root
            last.dissent += root != last.root
            return
        said = [r for g, r in votes.items() if g in active]
        if 2 * said.count(root) > len(active):
            agreed = said.count(root)
            self.checkpoints.append(ModelCheckpoint(root, count, agreed, len(said) - agreed, block, number))

    def drop(self, block: int, seats: dict[str, str], active: set[str], sender: str, batch: int, bitmap: bytes) -> None:
        governor = seats.get(sender)
        if governor is None or governor not in active:
            raise reverts.NotAttester(sender)
        if batch >= len(self.batch_ids):
            raise reverts.UnknownBatch(batch, len(self.batch_ids))
        if not 1 <= len(bitmap) <= BATCH_ENTRIES_MAX // 8:
            raise reverts.BitmapOutOfRange(len(bitmap), BATCH_ENTRIES_MAX // 8)
        drops = self.drops.setdefault(batch, [])
        if bitmap in [dropped for dropped, _, _ in drops]:
            raise reverts.AlreadyDropped(batch, keccak256(bitmap))
        votes = self.drop_votes.setdefault((batch, bitmap), set())
        if governor in votes:
            raise reverts.AlreadyVotedDrop(batch, governor)
        votes.add(governor)
        if 2 * len(votes & active) > len(active):
            drops.append((bitmap, len(votes & active), block))


class LedgerMachine(RuleBasedStateMachine):
    """Sends each call to the contract and to the model, and compares refusals, then what stands."""

    engine: Engine

    @initialize()
    def found(self) -> None:
        self.consortium = Consortium(self.engine, governors=GOVERNORS, threshold=1)
        self.ledger = self.consortium.ledger
        self.model = LedgerModel()
        self.active = {uscc(i) for i in range(GOVERNORS)}
        self.seats = {ATTESTERS[i].address.lower(): uscc(i) for i in range(GOVERNORS)}
        self.gateways = {GATEWAYS[0].address.lower()}
        self.seen: list[bytes] = []
        for i in range(GOVERNORS):
            self.consortium.send(calls.set_attester(ATTESTERS[i].address), self.consortium.controllers[i])
        self.decide(calls.setting_gateway(GATEWAYS[0].address, uscc(0)))

    def decide(self, decision: calls.Decision) -> None:
        """A decision by the first governor that is active."""
        first = min(self.active)
        self.consortium.send(calls.propose(decision), self.consortium.controllers[int(first[10:])])

    def both(self, call: Call, sender: str, method: str, *arguments: object) -> None:
        """Sends the call, runs the model on a copy, and compares what each says."""
        outcome = self.consortium.attempt(call, SENDERS[sender])
        trial = copy.deepcopy(self.model)
        # The registry as the call met it; nothing that this machine sends changes it in the same block.
        trial.registry_changed = self.ledger.changed_block()
        # The gateways act for governor 0: while it is suspended, neither of them may anchor.
        gateways = self.gateways if uscc(0) in self.active else set()
        given = (gateways,) if method == "anchor" else (outcome.block, self.seats, self.active)
        try:
            getattr(trial, method)(*given, sender, *arguments)
        except reverts.ContractRefused as refusal:
            assert outcome.refusal is not None, f"the model refuses with {refusal}, the contract does not"
            assert (type(outcome.refusal), outcome.refusal.facts) == (type(refusal), refusal.facts)
            return
        assert outcome.refusal is None, f"the contract refuses with {outcome.refusal}, the model does not"
        self.model = trial

    @rule(
        sender=st.sampled_from([*SENDERS][:2] * 3 + [*SENDERS]),
        root=st.binary(min_size=1, max_size=1),
        count=st.sampled_from([0, 1, 1, 1, 2, 2, 3, BATCH_ENTRIES_MAX + 1]),
        spare=st.sampled_from([0, 0, 0, 0, 0, -1, 1]),
    )
    def anchor(self, sender: str, root: bytes, count: int, spare: int) -> None:
        entries = bytes(max(0, min(count, 4) * ENTRY_BYTES + spare))
        call = calls.anchor(root * 32, count, entries)
        self.both(call, sender, "anchor", root * 32, count, entries)

    @rule(
        sender=st.sampled_from([*SENDERS][2:6] * 3 + [*SENDERS]),
        back=st.sampled_from([0, 0, 0, 1, 2, -1]),
        root=st.sampled_from([b"\x01" * 32, b"\x01" * 32, b"\x02" * 32]),
    )
    def attest(self, sender: str, back: int, root: bytes) -> None:
        count = max(0, len(self.model.batch_ids) - back)
        self.both(calls.attest(count, root), sender, "attest", count, root)

    @rule(
        sender=st.sampled_from([*SENDERS][2:6] * 3 + [*SENDERS]),
        back=st.sampled_from([1, 1, 1, 2, 0]),
        bitmap=st.sampled_from([b"\x80", b"\x80", b"\xc0", b"", bytes(257)]),
    )
    def drop(self, sender: str, back: int, bitmap: bytes) -> None:
        batch = max(0, len(self.model.batch_ids) - back)
        self.both(calls.drop(batch, bitmap), sender, "drop", batch, bitmap)

    @rule(number=st.integers(0, GOVERNORS - 1))
    def suspend_or_reinstate(self, number: int) -> None:
        one = uscc(number)
        if one in self.active and len(self.active) > 1:
            self.decide(calls.suspending(one))
            self.active.discard(one)
        elif one not in self.active:
            self.decide(calls.reinstating(one))
            self.active.add(one)

    @rule(number=st.integers(0, 1))
    def appoint_or_dismiss_gateway(self, number: int) -> None:
        address = GATEWAYS[number].address.lower()
        self.decide(calls.setting_gateway(address, uscc(0), active=address not in self.gateways))
        self.gateways ^= {address}

    @invariant()
    def a_commitment_never_changes(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.ledger.batch_count() == len(self.model.batch_ids)
        if len(self.seen) < len(self.model.batch_ids):
            self.seen.append(self.ledger.commitment(len(self.seen)))
        # The newest ones after each step, all of them at the end.
        first = max(0, len(self.seen) - 3)
        assert [self.ledger.commitment(index) for index in range(first, len(self.seen))] == self.seen[first:]

    def teardown(self) -> None:
        """Compares every batch and checkpoint once a run."""
        if not hasattr(self, "model"):
            return
        found = [self.ledger.checkpoint(i) for i in range(self.ledger.checkpoint_count())]
        said = [ModelCheckpoint(c.root, c.batch_count, c.votes, c.dissent, c.since_block, c.round) for c in found]
        assert said == self.model.checkpoints
        assert [(c.count, c.round) for c in said] == sorted({(c.count, c.round) for c in said})
        assert [self.ledger.commitment(i) for i in range(len(self.seen))] == self.seen
        first_block = self.ledger.threshold_versions()[0].since_block
        batches = list(self.ledger.batches(0, from_block=first_block))
        assert [(b.root, b.count, b.entries, b.gateway) for b in batches] == self.model.batch_ids
        assert [b.commitment for b in batches] == self.seen
        dropped: dict[int, list[tuple[bytes, int, int]]] = {}
        for drop in self.ledger.drops(from_block=first_block):
            dropped.setdefault(drop.batch, []).append((drop.bitmap, drop.votes, drop.block))
            assert drop.number == len(dropped[drop.batch]) - 1
        assert dropped == {batch: drops for batch, drops in self.model.drops.items() if drops}
        for batch in batches:
            assert self.ledger.find_batch_index(batch.batch_id) == batch.index


@pytest.mark.slow
def test_the_record_ledger_equals_its_model_through_any_two_hundred_calls(engine: Engine) -> None:
    machine = type("Machine", (LedgerMachine,), {"engine": engine})
    run_state_machine_as_test(machine, settings=MACHINE_SETTINGS)
