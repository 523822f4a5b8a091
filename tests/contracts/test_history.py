"""What the registry said for block N is proved from the newest state alone, by words that nothing overwrites."""

from __future__ import annotations

import os

import pytest

from chain.ledger import calls
from chain.members import (
    AddedBy,
    KeyAlgorithm,
    KeyState,
    KeyVersion,
    MemberKind,
    MemberState,
    MemberVersion,
    find_in_force,
)
from chain.proof.batch import BATCH_ENTRIES_MAX, ENTRY_BYTES
from chain.proof.storage_layout import (
    CheckpointWord,
    account_slot,
    checkpoint_slots,
    commitment_slot,
    key_slot,
    member_slot,
    policy_slots,
    profile_slots,
)
from tests.contracts.engines import Consortium, account, uscc
from tests.contracts.registry_model import thumbprint_of

RAW = b"\x21" * 64
THUMBPRINT = thumbprint_of(KeyAlgorithm.ES256, RAW)


def words(consortium: Consortium, address: str, slots: list[int]) -> list[int]:
    answer = consortium.ledger.proof(address, slots, consortium.ledger.head().number)
    return [answer.storage[slot][0] for slot in slots]


def key_words(consortium: Consortium, count: int) -> list[KeyVersion | None]:
    slots = [key_slot(THUMBPRINT, i) for i in range(count)]
    return [KeyVersion.parse_word(word) for word in words(consortium, consortium.addresses.registry, slots)]


def test_a_key_revoked_now_was_in_force_for_its_record_then(consortium: Consortium) -> None:
    owner = consortium.controllers[0]
    added = consortium.send(calls.add_raw_key(uscc(0), KeyAlgorithm.ES256, RAW), owner).block
    record_block = consortium.send(calls.set_attester(account("any").address), owner).block
    revoked = consortium.send(calls.revoke_key(THUMBPRINT), owner).block
    first, second, third = key_words(consortium, 3)
    assert first == KeyVersion(added, KeyState.ACTIVE, KeyAlgorithm.ES256, AddedBy.MEMBER, None, uscc(0))
    assert second == KeyVersion(revoked, KeyState.REVOKED, KeyAlgorithm.ES256, AddedBy.MEMBER, None, uscc(0))
    assert third is None, "nothing after the last version: an absence that a proof shows too"
    assert find_in_force([first, second], record_block) == first


def test_a_key_declared_compromised_since_before_a_record_says_so_without_rewriting(consortium: Consortium) -> None:
    owner = consortium.controllers[0]
    added = consortium.send(calls.add_raw_key(uscc(0), KeyAlgorithm.ES256, RAW), owner).block
    consortium.send(calls.revoke_key(THUMBPRINT), owner)
    declared = consortium.send(calls.revoke_key(THUMBPRINT, added + 1), owner).block
    first, second, third = key_words(consortium, 3)
    assert first is not None and first.state == KeyState.ACTIVE and first.compromised_since is None
    assert second is not None and second.compromised_since is None
    assert third == KeyVersion(declared, KeyState.REVOKED, KeyAlgorithm.ES256, AddedBy.MEMBER, added + 1, uscc(0))


def test_each_member_account_policy_and_profile_stands_where_proofs_look_for_it(consortium: Consortium) -> None:
    consortium.ledger.decide(calls.suspending(uscc(2)), consortium.controllers[:2])
    slots = [member_slot(uscc(2), i) for i in range(3)]
    found = [MemberVersion.parse_word(word) for word in words(consortium, consortium.addresses.registry, slots)]
    assert found[:2] == list(consortium.ledger.member_versions(uscc(2)))
    assert found[1] is not None and (found[1].kind, found[1].state) == (MemberKind.GOVERNOR, MemberState.SUSPENDED)
    assert found[2] is None
    controller = consortium.controllers[0].address
    policy, profile = policy_slots(1, 0), profile_slots(uscc(0), 0)
    slots = [account_slot(bytes.fromhex(controller[2:]), 0), *policy, *profile]
    account_word, policy_hash, policy_block, name_hash, code = words(consortium, consortium.addresses.registry, slots)
    assert account_word != 0
    assert policy_hash == int.from_bytes(b"\x01" * 32, "big") and policy_block > 0
    assert name_hash == int.from_bytes(calls.name_hash("governor 0"), "big")
    assert code & (1 << 80) - 1 == int.from_bytes(b"1100910000", "big")


def test_commitments_and_checkpoints_stand_where_proofs_look_for_them(consortium: Consortium) -> None:
    gateway = account("gateway")
    consortium.ledger.decide(calls.setting_gateway(gateway.address, uscc(0)), consortium.controllers[:2])
    entries = os.urandom(ENTRY_BYTES)
    block = consortium.send(calls.anchor(b"\x05" * 32, 1, entries), gateway).block
    for number in range(2):
        attester = account(f"attester {number}")
        consortium.send(calls.set_attester(attester.address), consortium.controllers[number])
        reached = consortium.send(calls.attest(1, b"\x06" * 32), attester).block
    root_slot, word_slot = checkpoint_slots(0)
    commitment, root, word = words(consortium, consortium.addresses.ledger, [commitment_slot(0), root_slot, word_slot])
    assert commitment == int.from_bytes(consortium.ledger.commitment(0), "big")
    assert root == int.from_bytes(b"\x06" * 32, "big")
    assert CheckpointWord.parse_word(word) == CheckpointWord(1, 2, 0, reached)
    assert next(iter(consortium.ledger.batches(0, from_block=block))).entries == entries


@pytest.mark.parametrize("spare", [-1, 1, ENTRY_BYTES, -ENTRY_BYTES])
@pytest.mark.parametrize("count", [1, 2, BATCH_ENTRIES_MAX - 1, BATCH_ENTRIES_MAX])
def test_entries_of_any_other_length_than_their_count_says_are_refused(
    anchoring: Consortium, count: int, spare: int
) -> None:
    from chain.ledger.reverts import EntriesLengthMismatch

    entries = bytes(count * ENTRY_BYTES + spare)
    with pytest.raises(EntriesLengthMismatch) as refusal:
        anchoring.ledger.dry_run(calls.anchor(bytes(32), count, entries), account("gateway").address)
    assert (refusal.value.length, refusal.value.expected) == (len(entries), count * ENTRY_BYTES)
