"""Every custom error of the contracts is reached by one call, and comes back as the Python error of its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chain.ledger import Call, Founder, calls, reverts
from chain.ledger.abi import encode_call, snake
from chain.ledger.calls import ZERO_ADDRESS, Action, Decision
from chain.ledger.reverts import CONTRACT_ERRORS, ContractRefused
from chain.ledger.sender import sign_transaction
from chain.members import AUTHORITIES_MAX, KeyAlgorithm, PolicyName, Role
from chain.proof import rlp
from chain.proof.hashes import keccak256
from contracts import artifact
from tests.contracts.engines import GAS, Consortium, Engine, account, uscc

PARTICIPANT, STRANGER = uscc(10), uscc(99)
KEY, REVOKED = b"\x01" * 64, b"\x02" * 64
ROOT = b"\x05" * 32
DROPPED = b"\x80"
HELD_CODE = "4400910000"
GOVERNORS_MAX = 256
FOUNDED_TOGETHER = 16
"""A founding of many is estimated and run at once; each of the others is admitted by a vote of its own."""
SENT_TOGETHER = 40
"""Engines hold so many waiting transactions of one account."""


class Scene:
    """Governors 0 to 2 that decide alone, a broker sponsored by the first, a gateway, two batches, one checkpoint."""

    def __init__(self, engine: Engine) -> None:
        self.consortium = Consortium(engine, threshold=1)
        first, second, _ = self.consortium.controllers
        owner, gateway = account("participant"), account("gateway")
        send = self.consortium.send
        send(calls.admit(PARTICIPANT, "participant", Role.BROKER, HELD_CODE), first)
        send(calls.appoint_controller(PARTICIPANT, owner.address), first)
        send(calls.add_raw_key(PARTICIPANT, KeyAlgorithm.ES256, KEY), owner)
        receipt = send(calls.add_raw_key(PARTICIPANT, KeyAlgorithm.ES256, REVOKED), owner)
        self.revoked = receipt.logs[0].topics[1]
        send(calls.revoke_key(self.revoked), owner)
        receipt = send(calls.add_raw_key(PARTICIPANT, KeyAlgorithm.SM2, KEY), owner)
        self.compromised = receipt.logs[0].topics[1]
        send(calls.request_compromise(self.compromised, 3), owner)
        send(calls.propose(calls.compromising_key(self.compromised, 3)), first)
        send(calls.propose(calls.setting_gateway(gateway.address, uscc(0))), first)
        for number, governor in enumerate((first, second)):
            send(calls.set_attester(account(f"attester {number}").address), governor)
        for count in (1, 2):
            send(calls.anchor(ROOT, count, bytes(48 * count)), gateway)
        for number in (0, 1):
            send(calls.attest(2, ROOT), account(f"attester {number}"))
        send(calls.drop(0, DROPPED), account("attester 0"))
        send(calls.drop(1, DROPPED), account("attester 0"))
        send(calls.drop(1, DROPPED), account("attester 1"))


@pytest.fixture(scope="module")
def scene(engine: Engine) -> Scene:
    return Scene(engine)


def voted(decision: Decision) -> Callable[[Scene], tuple[Call, str]]:
    return lambda scene: (calls.propose(decision), "controller 0")


def called(call: Call, sender: str) -> Callable[[Scene], tuple[Call, str]]:
    return lambda scene: (call, sender)


def decided(action: Action, *values: object) -> Decision:
    return Decision(action, calls.encode_values(calls.PAYLOAD_TYPES[action], *values))


CASES: dict[str, Callable[[Scene], tuple[Call, str]]] = {
    "NotController": called(calls.suspend(PARTICIPANT), "nobody"),
    "NotGovernor": called(calls.set_attester(account("x").address), "participant"),
    "NotPermitted": called(calls.suspend(PARTICIPANT), "controller 1"),
    "MalformedUscc": called(calls.admit("91110000ma00000001", "x", Role.BROKER), "controller 0"),
    "MalformedCustomsCode": called(calls.admit(STRANGER, "x", Role.BROKER, "33009-0000"), "controller 0"),
    "UnknownMember": voted(calls.suspending(STRANGER)),
    "AlreadyMember": called(calls.admit(PARTICIPANT, "x", Role.BROKER), "controller 1"),
    "WrongState": voted(calls.reinstating(PARTICIPANT)),
    "WrongKind": voted(calls.changing_roles(uscc(1), Role.BROKER, uscc(0))),
    "UnknownRoles": voted(decided(Action.CHANGE_ROLES, uscc(1), 1 << 10, "")),
    "RolesBeyondSponsor": called(encode_call("MemberRegistry", "changeRoles", PARTICIPANT, 1 << 10), "controller 0"),
    "CustomsCodeTaken": called(calls.admit(STRANGER, "x", Role.BROKER, HELD_CODE), "controller 1"),
    "ZeroAccount": called(calls.set_controller(ZERO_ADDRESS), "controller 0"),
    "AccountTaken": called(calls.set_controller(account("participant").address), "controller 0"),
    "AccountUnchanged": called(calls.set_controller(account("controller 0").address), "controller 0"),
    "ControllerAlreadyAppointed": called(calls.appoint_controller(PARTICIPANT, account("x").address), "controller 0"),
    "MalformedPublicKey": called(calls.add_raw_key(PARTICIPANT, KeyAlgorithm.ED25519, bytes(31)), "participant"),
    "KeyTaken": called(calls.add_raw_key(PARTICIPANT, KeyAlgorithm.ES256, KEY), "participant"),
    "UnknownKey": called(calls.revoke_key(b"\x77" * 32), "participant"),
    "RolesNeedVote": called(calls.admit(STRANGER, "x", Role.TAX), "controller 0"),
    "WrongKeyState": lambda scene: (calls.retire_key(scene.revoked), "participant"),
    "TimeOutOfRange": lambda scene: (calls.request_compromise(scene.revoked, 1 << 39), "participant"),
    "AlreadyCompromised": lambda scene: (calls.propose(calls.compromising_key(scene.compromised, 3)), "controller 0"),
    "NotContested": lambda scene: (calls.withdraw_request(scene.compromised), "participant"),
    "MalformedText": voted(decided(Action.SET_POLICY, b"a b".ljust(32, b"\0"), bytes(32))),
    "MalformedTagKey": voted(calls.setting_tag_key(bytes(32), 3, 9)),
    "EpochTooEarly": voted(calls.setting_tag_key(b"\x01" * 32, 3, 1)),
    "ThresholdOutOfRange": voted(calls.setting_threshold(4)),
    "UnknownAction": called(encode_call("MemberRegistry", "propose", 0, b""), "controller 0"),
    "UnknownProposal": called(calls.approve(1000), "controller 0"),
    "ProposalExecuted": called(calls.approve(0), "controller 1"),
    "NotGateway": called(calls.anchor(ROOT, 1, bytes(48)), "attester 0"),
    "CountOutOfRange": called(calls.anchor(ROOT, 2049, bytes(48)), "gateway"),
    "EntriesLengthMismatch": called(calls.anchor(ROOT, 2, bytes(95)), "gateway"),
    "AlreadyAnchored": called(calls.anchor(ROOT, 2, bytes(96)), "gateway"),
    "NotAttester": called(calls.attest(1, ROOT), "gateway"),
    "CountBeyondBatches": called(calls.attest(3, ROOT), "attester 0"),
    "CountBehindCheckpoint": called(calls.attest(1, ROOT), "attester 0"),
    "AlreadyAttested": called(calls.attest(2, ROOT), "attester 0"),
    "BitmapOutOfRange": called(calls.drop(0, bytes(257)), "attester 1"),
    "AlreadyVotedDrop": called(calls.drop(0, DROPPED), "attester 0"),
    "AlreadyDropped": called(calls.drop(1, DROPPED), "attester 0"),
    "RevertedWithoutReason": voted(Decision(Action.SUSPEND, b"")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_call_is_refused_with_the_error_of_its_name(scene: Scene, name: str) -> None:
    call, sender = CASES[name](scene)
    outcome = scene.consortium.attempt(call, account(sender))
    assert type(outcome.refusal).__name__ == name


def test_a_batch_anchored_twice_is_told_its_index(scene: Scene) -> None:
    with pytest.raises(reverts.AlreadyAnchored) as refusal:
        scene.consortium.ledger.dry_run(calls.anchor(ROOT, 2, bytes(96)), account("gateway").address)
    assert refusal.value.index == 1


def test_an_unknown_batch_and_checkpoint_are_named(scene: Scene) -> None:
    with pytest.raises(reverts.UnknownBatch):
        scene.consortium.ledger.commitment(2)
    with pytest.raises(reverts.UnknownCheckpoint):
        scene.consortium.ledger.checkpoint(1)


def test_a_proposal_is_approved_once_a_governor_and_withdrawn_only_where_approved(engine: Engine) -> None:
    consortium = Consortium(engine)
    first, second, _ = consortium.controllers
    consortium.send(calls.propose(calls.setting_threshold(1)), first)
    assert isinstance(consortium.attempt(calls.approve(0), first).refusal, reverts.AlreadyApproved)
    assert isinstance(consortium.attempt(calls.withdraw(0), second).refusal, reverts.NotApproved)


def test_a_proposal_lapses_after_its_lifetime(engine: Engine) -> None:
    consortium = Consortium(engine, lifetime_blocks=0)
    first, second, _ = consortium.controllers
    consortium.send(calls.propose(calls.setting_threshold(1)), first)
    refusal = consortium.attempt(calls.approve(0), second).refusal
    assert isinstance(refusal, reverts.ProposalLapsed)
    assert refusal.last_block == consortium.ledger.proposal(0).since_block


def test_the_last_governor_cannot_leave(engine: Engine) -> None:
    consortium = Consortium(engine, governors=1, threshold=1)
    outcome = consortium.attempt(calls.propose(calls.expelling(uscc(0))), consortium.controllers[0])
    assert isinstance(outcome.refusal, reverts.LastGovernor)


@pytest.mark.slow
def test_a_governor_beyond_the_two_hundred_and_fifty_six_ever_seated_is_refused(engine: Engine) -> None:
    consortium = Consortium(engine, governors=FOUNDED_TOGETHER, threshold=1)
    first = consortium.controllers[0]
    admit_governors(consortium, range(FOUNDED_TOGETHER, AUTHORITIES_MAX))
    # No more are listed at once, so each of the others takes the place of one that leaves.
    admit_governors(consortium, range(AUTHORITIES_MAX, GOVERNORS_MAX), leaving=1)
    every_one = consortium.ledger.governors().every_one
    assert len(every_one) == GOVERNORS_MAX
    # Seats are never given again, so that one leaves makes no room for another.
    consortium.send(calls.propose(calls.expelling(every_one[-1])), first)
    refusal = consortium.attempt(calls.propose(admitting(GOVERNORS_MAX)), first).refusal
    assert isinstance(refusal, reverts.TooManyGovernors)
    assert refusal.most == GOVERNORS_MAX
    # The last seat's bit is the word's highest; who sat there takes it again.
    consortium.send(calls.propose(calls.reinstating(every_one[-1])), first)
    assert consortium.ledger.governors().active == (every_one[0], *every_one[1 + GOVERNORS_MAX - AUTHORITIES_MAX :])


def test_a_founding_with_a_threshold_beyond_its_governors_is_refused(engine: Engine) -> None:
    with pytest.raises(reverts.ThresholdOutOfRange):
        Consortium(engine, governors=2, threshold=3)


def test_a_contract_cannot_anchor_where_followers_would_not_find_the_entries(engine: Engine) -> None:
    consortium = Consortium(engine, threshold=1)
    ledger, sender = consortium.ledger, account("contract maker")
    nonce = ledger.next_nonce(sender.address)
    created = keccak256(rlp.encode([bytes.fromhex(sender.address[2:]), rlp.int_to_bytes(nonce)]))[12:]
    consortium.send(calls.propose(calls.setting_gateway("0x" + created.hex(), uscc(0))), consortium.controllers[0])
    call = calls.anchor(ROOT, 1, bytes(48))
    with pytest.raises(reverts.EntriesNotInTransaction):
        ledger._endpoint.request("eth_call", {"from": sender.address, "data": _forwarder(ledger, call)}, "latest")


def test_every_error_of_the_contracts_has_its_python_error_with_the_same_facts() -> None:
    said = {
        entry["name"]: [snake(part["name"]) for part in entry["inputs"]]
        for name in ("MemberRegistry", "RecordLedger")
        for entry in artifact(name).abi
        if entry["type"] == "error"
    }
    # The library's own error where a block number passes 40 bits, in 30,000 years of a block a second.
    del said["SafeCastOverflowedUintDowncast"]
    assert {name: list(kind.__annotations__) for name, kind in CONTRACT_ERRORS.items()} == said
    assert all(issubclass(kind, ContractRefused) for kind in CONTRACT_ERRORS.values())


def test_a_key_is_contested_once_whatever_came_of_it(engine: Engine) -> None:
    consortium = Consortium(engine, threshold=1)
    owner = consortium.controllers[0]
    thumbprint = consortium.send(calls.add_raw_key(uscc(0), KeyAlgorithm.ES256, KEY), owner).logs[0].topics[1]
    requested = consortium.send(calls.request_compromise(thumbprint, 5), owner).block
    consortium.send(calls.propose(calls.rejecting_compromise(thumbprint)), owner)
    refusal = consortium.attempt(calls.request_compromise(thumbprint, 4), owner).refusal
    assert isinstance(refusal, reverts.AlreadyContested)
    assert refusal.requested_at == consortium.ledger.block_timestamp(requested)


def test_a_ledger_is_created_only_where_its_registry_expects_it(engine: Engine) -> None:
    from chain.ledger.abi import encode_constructor

    consortium = Consortium(engine)
    creation = encode_constructor("RecordLedger", consortium.addresses.registry)
    call = {"from": engine.deployer.address, "data": "0x" + creation.hex()}
    with pytest.raises(reverts.OtherLedger) as refusal:
        consortium.ledger._endpoint.request("eth_call", call, "latest")
    assert refusal.value.expected == consortium.addresses.ledger


def test_the_list_of_authorities_holds_one_hundred_and_twenty_eight(engine: Engine) -> None:
    consortium = Consortium(engine, governors=FOUNDED_TOGETHER, threshold=1)
    first = consortium.controllers[0]
    admit_governors(consortium, range(FOUNDED_TOGETHER, AUTHORITIES_MAX))
    refusal = consortium.attempt(calls.propose(admitting(AUTHORITIES_MAX)), first).refusal
    assert isinstance(refusal, reverts.TooManyAuthorities)
    assert refusal.most == AUTHORITIES_MAX == consortium.ledger.authority_versions()[-1].authorities
    # An expelled one makes room; a suspended one does not.
    consortium.send(calls.propose(calls.suspending(uscc(1))), first)
    assert isinstance(
        consortium.attempt(calls.propose(admitting(AUTHORITIES_MAX)), first).refusal, reverts.TooManyAuthorities
    )
    consortium.send(calls.propose(calls.expelling(uscc(1))), first)
    consortium.send(calls.propose(admitting(AUTHORITIES_MAX)), first)


def test_every_policy_of_this_edition_can_be_set_and_any_other(engine: Engine) -> None:
    consortium = Consortium(engine, threshold=1)
    for name in (*PolicyName, "x" * 32):
        consortium.send(calls.propose(calls.setting_policy(name, b"\x0a" * 32)), consortium.controllers[0])
        policy = consortium.ledger.find_policy(name)
        assert policy is not None and policy.value == b"\x0a" * 32


def admitting(number: int) -> Decision:
    return calls.admitting_governor(
        Founder(uscc(number), f"governor {number}", Role.REGULATOR, account(f"controller {number}").address)
    )


def admit_governors(consortium: Consortium, numbers: range, leaving: int | None = None) -> None:
    """Admits governors by a transaction each, before each expelling one from `leaving` on where that is given.

    Many are sent at once, for engines wait a second.
    """
    ledger, first = consortium.ledger, consortium.controllers[0]
    nonce = ledger.next_nonce(first.address)
    waiting: list[str] = []
    decisions: list[Decision] = []
    for place, number in enumerate(numbers):
        if leaving is not None:
            decisions.append(calls.expelling(uscc(leaving + place)))
        decisions.append(admitting(number))
    for place, decision in enumerate(decisions):
        raw = sign_transaction(
            first,
            nonce=nonce + place,
            chain_id=ledger.chain_id,
            gas_price_wei=0,
            gas=GAS,
            to=consortium.addresses.registry,
            data=calls.propose(decision).data,
        )
        waiting.append(ledger.send_raw(raw))
        if len(waiting) == SENT_TOGETHER or place == len(decisions) - 1:
            for tx_hash in waiting:
                ledger.wait(tx_hash)
            waiting.clear()


def _forwarder(ledger: object, call: Call) -> str:
    """Creation code that makes the call itself and reverts with what the call said."""
    target = bytes.fromhex(ledger.addresses.ledger[2:])  # type: ignore[attr-defined]
    size = len(call.data).to_bytes(2, "big")
    head = (
        b"\x61" + size + b"\x60\x35\x60\x00\x39"  # codecopy(0, 0x35, size)
        b"\x60\x00\x60\x00\x61" + size + b"\x60\x00\x60\x00\x73" + target + b"\x5a\xf1"  # call(gas, target, 0, 0, size)
        b"\x3d\x60\x00\x60\x00\x3e\x3d\x60\x00\xfd"  # revert with the returned bytes
    )
    head = head.ljust(0x35, b"\x00")
    assert len(head) == 0x35
    return "0x" + (head + call.data).hex()
