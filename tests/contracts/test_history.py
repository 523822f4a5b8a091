"""What the registry said for block N is proved from the newest state alone, by words that nothing overwrites."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

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
from chain.proof.authorities import authority_log
from chain.proof.batch import BATCH_ENTRIES_MAX, ENTRY_BYTES
from chain.proof.hashes import keccak256
from chain.proof.slots import History, ProvedDrop, SlotRequest, StateWords, read_words, required_slots
from chain.proof.storage import MalformedProof, NodeSet, read_account
from chain.proof.storage_layout import (
    CheckpointWord,
    account_slot,
    changed_block_slot,
    checkpoint_slots,
    commitment_slot,
    key_slot,
    member_slot,
    policy_slots,
    profile_slots,
    request_slot,
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


def test_what_became_of_a_key_is_added_to_its_versions_and_rewrites_none(consortium: Consortium) -> None:
    owner, key = (
        consortium.controllers[0],
        KeyVersion(0, KeyState.ACTIVE, KeyAlgorithm.ES256, AddedBy.MEMBER, None, uscc(0)),
    )
    added = consortium.send(calls.add_raw_key(uscc(0), KeyAlgorithm.ES256, RAW), owner).block
    requested = consortium.send(calls.request_compromise(THUMBPRINT, 77), owner).block
    retired = consortium.send(calls.retire_key(THUMBPRINT), owner).block
    consortium.ledger.decide(calls.compromising_key(THUMBPRINT, 78), consortium.controllers[:2])
    voted = consortium.ledger.head().number
    assert key_words(consortium, 5) == [
        replace(key, since_block=added),
        replace(key, since_block=requested, compromised_since=77, contested=True),
        replace(key, since_block=retired, state=KeyState.RETIRED, compromised_since=77, contested=True),
        replace(key, since_block=voted, state=KeyState.COMPROMISED, compromised_since=78),
        None,
    ]
    (asked,) = words(consortium, consortium.addresses.registry, [request_slot(THUMBPRINT)])
    assert asked == consortium.ledger.block_timestamp(requested)


def test_all_that_governors_agree_on_stands_where_proofs_look_for_it(anchoring: Consortium) -> None:
    consortium, ledger, governors = anchoring, anchoring.ledger, anchoring.controllers[:2]
    # One batch, so that the count is no zero word: the tag key's vote reads it, and Anvil then proves it as stored.
    anchoring.send(calls.anchor(os.urandom(32), 1, bytes(48)), account("gateway"))
    for decision in (
        calls.setting_policy("replication", b"\x0b" * 32),
        calls.assigning("customs-office", "0100", uscc(1)),
        calls.assigning("customs-office", "0100", None),
        calls.setting_operator(uscc(2), "CN"),
        calls.setting_tag_key(b"\x0c" * 32, 3, 7),
        calls.expelling(uscc(2)),
    ):
        ledger.decide(decision, governors)
    request = SlotRequest(
        policies={"replication": (0, 1), "view": (0, 1), "retention": (0,)},
        assignments={("customs-office", "0100"): (0, 1, 2)},
        operators={uscc(2): (0, 1), uscc(1): (0,)},
        tag_keys=(0, 1, 2),
        authorities=(3, 4),
    )
    facts = proved_words(consortium, request)
    assert shown(facts.policies["replication"]) == [*ledger.policy_versions("replication"), None]
    assert shown(facts.policies["view"]) == [*ledger.policy_versions("view"), None]
    assert shown(facts.policies["retention"]) == [None]
    assert shown(facts.assignments["customs-office", "0100"]) == [
        *ledger.assignment_versions("customs-office", "0100"),
        None,
    ]
    assert shown(facts.operators[uscc(2)]) == [*ledger.operator_versions(uscc(2)), None]
    assert shown(facts.operators[uscc(1)]) == [None]
    assert facts.tag_keys is not None and shown(facts.tag_keys) == [*ledger.tag_key_versions(), None]
    assert facts.authorities is not None and facts.authorities.newest == ledger.authority_versions()[-1]
    changes = ledger.voted_facts().authorities
    assert facts.authorities.newest.log == authority_log(changes)
    assert [(change.member, change.listed) for change in changes] == [
        (uscc(0), True),
        (uscc(1), True),
        (uscc(2), True),
        (uscc(2), False),
    ]
    (changed,) = words(consortium, consortium.addresses.registry, [changed_block_slot()])
    assert changed == ledger.changed_block() == ledger.head().number
    with pytest.raises(MalformedProof, match="newest"):
        proved_words(consortium, SlotRequest(authorities=(2, 3)))


def test_what_was_dropped_stands_where_proofs_look_for_it(anchoring: Consortium) -> None:
    first = anchoring.ledger.batch_count()
    anchoring.send(calls.anchor(os.urandom(32), 1, bytes(48)), account("gateway"))
    for number in range(2):
        anchoring.send(calls.set_attester(account(f"dropper {number}").address), anchoring.controllers[number])
        block = anchoring.send(calls.drop(first, b"\x80"), account(f"dropper {number}")).block
    facts = proved_words(anchoring, SlotRequest(drops={first: (0, 1)}))
    assert shown(facts.drops[first]) == [ProvedDrop(block, 2, keccak256(b"\x80")), None]
    (drop,) = [drop for drop in anchoring.ledger.drops() if drop.batch == first]
    assert (drop.number, drop.bitmap, drop.votes, drop.block) == (0, b"\x80", 2, block)
    votes = anchoring.ledger.drop_votes(first)
    assert [vote.governor for vote in votes] == [uscc(0), uscc(1)]


def shown(history: History[Any]) -> list[Any]:
    """The versions of a history in order, with the empty place."""
    return list(history.shown.values())


def proved_words(consortium: Consortium, request: SlotRequest) -> StateWords:
    """What these slots hold under the newest header, proved by the trie's nodes alone."""
    ledger = consortium.ledger
    number = ledger.head().number
    state_root = ledger.head().state_root
    accounts, given = [], []
    for contract, slots in required_slots(request).items():
        address = getattr(consortium.addresses, contract)
        answer = ledger.proof(address, slots, number)
        given += [*answer.account_nodes, *(node for _, nodes in answer.storage.values() for node in nodes)]
    nodes = NodeSet.of(dict.fromkeys(given))
    for address in (consortium.addresses.registry, consortium.addresses.ledger):
        account_ = read_account(state_root, bytes.fromhex(address[2:]), nodes)
        assert account_ is not None
        accounts.append(account_)
    return read_words(request, accounts[0], accounts[1], nodes)


def test_each_member_account_policy_and_profile_stands_where_proofs_look_for_it(consortium: Consortium) -> None:
    consortium.ledger.decide(calls.suspending(uscc(2)), consortium.controllers[:2])
    slots = [member_slot(uscc(2), i) for i in range(3)]
    found = [MemberVersion.parse_word(word) for word in words(consortium, consortium.addresses.registry, slots)]
    assert found[:2] == list(consortium.ledger.member_versions(uscc(2)))
    assert found[1] is not None and (found[1].kind, found[1].state) == (MemberKind.GOVERNOR, MemberState.SUSPENDED)
    assert found[2] is None
    controller = consortium.controllers[0].address
    policy, profile = policy_slots("view", 0), profile_slots(uscc(0), 0)
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
