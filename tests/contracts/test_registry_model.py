"""The registry does what a plain Python model says, for any calls by anybody, and keeps its invariants after each."""

from __future__ import annotations

import copy
from typing import Any

import hypothesis.strategies as st
import pytest
from eth_account.signers.local import LocalAccount
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from chain.ledger import Call, calls, reverts
from chain.ledger.abi import decode_event, encode_call, encode_values, snake
from chain.ledger.calls import PAYLOAD_TYPES, ZERO_ADDRESS, Action
from chain.members import (
    AccountPurpose,
    KeyAlgorithm,
    MemberState,
    PolicyVersion,
    TagKeyVersion,
    format_text,
    parse_text,
)
from chain.proof.authorities import authority_log
from tests.contracts.engines import MACHINE_SETTINGS, Consortium, Engine, account, uscc
from tests.contracts.registry_model import RegistryModel, thumbprint_of

LIFETIME_BLOCKS = 12
ACCOUNTS: list[LocalAccount] = [account(f"controller {i}") for i in range(7)]
BY_ADDRESS = {one.address.lower(): one for one in ACCOUNTS}
KEYS = [(KeyAlgorithm.ES256, bytes([i]) * 64) for i in range(1, 4)] + [
    (KeyAlgorithm.ED25519, b"\x07" * 32),
    (KeyAlgorithm.SM2, b"\x01" * 64),
]


# The first three are governors with their controllers: drawn more often, so that many calls get somewhere.
senders = st.sampled_from([a.address.lower() for a in (*ACCOUNTS[:3], *ACCOUNTS[:3], *ACCOUNTS)])
addresses = st.sampled_from([ZERO_ADDRESS, *BY_ADDRESS])
usccs = st.sampled_from([uscc(i) for i in range(6)])
any_uscc = st.one_of(usccs, st.just("91110000ma00000009"))
codes = st.sampled_from(["", "1100910000", "2200910000", "3300910000", "33009a0000"])
roles = st.one_of(st.integers(0, 1023), st.just(1023), st.just(1024))
keys = st.one_of(st.sampled_from(KEYS), st.just((KeyAlgorithm.ED25519, b"\x01" * 31)))
thumbprints = st.sampled_from([*(thumbprint_of(*key) for key in KEYS), b"\x09" * 32])
hashes = st.sampled_from([b"\x11" * 32, b"\x22" * 32])
texts = st.sampled_from([format_text("view"), format_text("0100"), format_text("x" * 32)])
no_texts = st.sampled_from([bytes(32), *(text.ljust(32, b"\0") for text in (b"a b", b"a\0b", b"\xd0\x90"))])
any_text = st.one_of(texts, texts, no_texts)
ago = st.one_of(st.integers(0, 40), st.just(-3), st.just(10**10))
"""How many seconds before the newest block."""

decisions: st.SearchStrategy[tuple[Action, tuple[Any, ...]]] = st.one_of(
    st.tuples(st.just(Action.ADMIT_GOVERNOR), st.tuples(any_uscc, codes, hashes, roles, addresses)),
    st.tuples(st.sampled_from([Action.EXPEL, Action.SUSPEND, Action.REINSTATE]), st.tuples(usccs)),
    st.tuples(st.just(Action.SET_THRESHOLD), st.tuples(st.integers(0, 4))),
    st.tuples(st.sampled_from([Action.SET_GATEWAY, Action.SET_CONTROLLER]), st.tuples(addresses, usccs, st.booleans())),
    st.tuples(st.just(Action.SET_POLICY), st.tuples(any_text, hashes)),
    st.tuples(st.just(Action.CHANGE_ROLES), st.tuples(usccs, roles, st.one_of(st.just(""), usccs))),
    st.tuples(st.just(Action.CHANGE_PROFILE), st.tuples(usccs, hashes, codes)),
    st.tuples(st.just(Action.ADD_KEY), st.tuples(usccs, keys).map(lambda t: (t[0], int(t[1][0]), t[1][1]))),
    st.tuples(st.just(Action.COMPROMISE_KEY), st.tuples(thumbprints, ago)),
    st.tuples(st.just(Action.REJECT_COMPROMISE), st.tuples(thumbprints)),
    st.tuples(st.just(Action.ASSIGN), st.tuples(any_text, any_text, st.one_of(st.just(""), usccs))),
    st.tuples(st.just(Action.SET_OPERATOR), st.tuples(usccs, st.one_of(any_text, st.just(bytes(32))))),
    st.tuples(
        st.just(Action.SET_TAG_KEY),
        st.tuples(st.one_of(hashes, st.just(bytes(32))), st.integers(0, 4), st.integers(0, 20)),
    ),
)


class RegistryMachine(RuleBasedStateMachine):
    """Sends each call to the contract and to the model, and compares refusals, then facts."""

    engine: Engine

    @initialize(threshold=st.integers(1, 3))
    def found(self, threshold: int) -> None:
        self.consortium = Consortium(self.engine, threshold=threshold, lifetime_blocks=LIFETIME_BLOCKS)
        self.ledger = self.consortium.ledger
        self.model = RegistryModel(LIFETIME_BLOCKS)
        versions = self.ledger.threshold_versions()
        self.first_block = versions[0].since_block
        for founder in self.consortium.founding.founders:
            name_hash = self.ledger.profile_versions(founder.uscc)[0].name_hash
            self.model.admit_governor(
                self.first_block,
                founder.uscc,
                founder.customs_code,
                name_hash,
                int(founder.roles),
                founder.controller.lower(),
            )
        self.model.thresholds.append((self.first_block, threshold))
        for name, value in self.consortium.founding.policies.items():
            self.model.policies[format_text(name)].append(PolicyVersion(self.first_block, value))
        founding = self.consortium.founding
        self.model.tag_keys.append(TagKeyVersion(self.first_block, 0, founding.tag_suite, founding.tag_key))
        self.model.changed_block = self.first_block
        self.touched: set[object] = set()
        # Keys are there from the beginning, else few calls on keys would meet one.
        for number, key in enumerate(KEYS[:3]):
            self.add_key(ACCOUNTS[number % 2].address.lower(), uscc(number % 2), key)

    def both(self, call: Call, method: str, sender: str, *arguments: object) -> None:
        """Sends the call, runs the model on a copy, and compares what each says."""
        outcome = self.consortium.attempt(call, BY_ADDRESS[sender])
        trial = copy.deepcopy(self.model)
        trial.now = self.ledger.block_timestamp(outcome.block)
        try:
            getattr(trial, method)(outcome.block, sender, *arguments)
        except reverts.ContractRefused as refusal:
            assert outcome.refusal is not None, f"the model refuses with {refusal}, the contract does not"
            assert type(outcome.refusal) is type(refusal)
            assert outcome.refusal.facts == refusal.facts
            return
        assert outcome.refusal is None, f"the contract refuses with {outcome.refusal}, the model does not"
        self.model = trial

    @rule(sender=senders, one=any_uscc, code=codes, name_hash=hashes, role=roles)
    def admit(self, sender: str, one: str, code: str, name_hash: bytes, role: int) -> None:
        call = encode_call("MemberRegistry", "admit", one, code, name_hash, role)
        self.both(call, "admit", sender, one, code, name_hash, role)

    @rule(sender=senders, one=usccs, subject=addresses)
    def appoint_controller(self, sender: str, one: str, subject: str) -> None:
        call = encode_call("MemberRegistry", "appointController", one, subject)
        self.both(call, "appoint_controller", sender, one, subject)

    @rule(sender=senders, one=usccs, role=roles)
    def change_roles(self, sender: str, one: str, role: int) -> None:
        self.both(encode_call("MemberRegistry", "changeRoles", one, role), "change_roles", sender, one, role)

    @rule(sender=senders, one=usccs, name_hash=hashes, code=codes)
    def change_profile(self, sender: str, one: str, name_hash: bytes, code: str) -> None:
        call = encode_call("MemberRegistry", "changeProfile", one, name_hash, code)
        self.both(call, "change_profile", sender, one, name_hash, code)

    @rule(sender=senders, one=usccs)
    def suspend(self, sender: str, one: str) -> None:
        self.both(encode_call("MemberRegistry", "suspend", one), "suspend", sender, one)

    @rule(sender=senders, one=usccs, key=keys)
    def add_key(self, sender: str, one: str, key: tuple[KeyAlgorithm, bytes]) -> None:
        call = encode_call("MemberRegistry", "addKey", one, int(key[0]), key[1])
        self.both(call, "add_key", sender, one, *key)

    def someone(self, sender: str, thumbprint: bytes, by_owner: bool) -> str:
        """The sender, or a controller of the key's member where it has one."""
        member = self.model.keys[thumbprint][-1].member if self.model.keys[thumbprint] else None
        owners = [
            address
            for address, versions in self.model.accounts.items()
            if versions and versions[-1].member == member and versions[-1].purposes & AccountPurpose.CONTROLLER
        ]
        return owners[0] if owners and by_owner else sender

    @rule(
        sender=senders,
        thumbprint=thumbprints,
        function=st.sampled_from(["retireKey", "revokeKey", "withdrawRequest"]),
        by_owner=st.booleans(),
    )
    def end_key(self, sender: str, thumbprint: bytes, function: str, by_owner: bool) -> None:
        sender = self.someone(sender, thumbprint, by_owner)
        self.both(encode_call("MemberRegistry", function, thumbprint), snake(function), sender, thumbprint)

    @rule(sender=senders, thumbprint=thumbprints, ago_s=ago, by_owner=st.booleans())
    def request_compromise(self, sender: str, thumbprint: bytes, ago_s: int, by_owner: bool) -> None:
        sender = self.someone(sender, thumbprint, by_owner)
        since = self.seconds(ago_s)
        call = encode_call("MemberRegistry", "requestCompromise", thumbprint, since)
        self.both(call, "request_compromise", sender, thumbprint, since)

    @rule(thumbprint=thumbprints, ago_s=ago, rejects=st.booleans())
    def vote_on_a_key(self, thumbprint: bytes, ago_s: int, rejects: bool) -> None:
        """Every governor approves, one after another, until it is decided."""
        action = Action.REJECT_COMPROMISE if rejects else Action.COMPROMISE_KEY
        arguments = (thumbprint,) if rejects else (thumbprint, self.seconds(ago_s))
        call = encode_call("MemberRegistry", "propose", int(action), encode_values(PAYLOAD_TYPES[action], *arguments))
        proposal_id = len(self.model.proposals)
        for number, controller in enumerate(ACCOUNTS[:3]):
            sender = controller.address.lower()
            if number == 0:
                self.both(call, "propose", sender, action, arguments)
            elif len(self.model.proposals) > proposal_id and not self.model.proposals[proposal_id].executed_block:
                self.both(encode_call("MemberRegistry", "approve", proposal_id), "approve", sender, proposal_id)

    def seconds(self, ago_s: int) -> int:
        """So many seconds before the newest block, as far as there were any."""
        return max(0, self.ledger.head().timestamp - ago_s)

    @rule(sender=st.sampled_from([ACCOUNTS[0].address.lower()]))
    def anchor(self, sender: str) -> None:
        """A batch more, where this account may anchor: an epoch of tags begins at one that is not anchored yet."""
        if self.ledger.find_gateway_member(sender) is not None:
            root = self.model.batches.to_bytes(32, "big")
            self.consortium.send(calls.anchor(root, 1, bytes(48)), BY_ADDRESS[sender])
            self.model.batches += 1

    @rule(sender=senders, subject=addresses, active=st.booleans())
    def set_controller(self, sender: str, subject: str, active: bool) -> None:
        call = encode_call("MemberRegistry", "setController", subject, active)
        self.both(call, "set_controller", sender, subject, active)

    @rule(sender=senders, subject=addresses)
    def set_attester(self, sender: str, subject: str) -> None:
        self.both(encode_call("MemberRegistry", "setAttester", subject), "set_attester", sender, subject)

    @rule(sender=senders, decision=decisions)
    def propose(self, sender: str, decision: tuple[Action, tuple[Any, ...]]) -> None:
        action, arguments = decision
        if action is Action.COMPROMISE_KEY:
            arguments = (arguments[0], self.seconds(arguments[1]))
        payload = encode_values(PAYLOAD_TYPES[action], *arguments)
        call = encode_call("MemberRegistry", "propose", int(action), payload)
        self.both(call, "propose", sender, action, arguments)

    @rule(sender=senders, back=st.integers(0, 4))
    def approve(self, sender: str, back: int) -> None:
        proposal_id = max(0, len(self.model.proposals) - back)
        self.both(encode_call("MemberRegistry", "approve", proposal_id), "approve", sender, proposal_id)

    @rule(sender=senders, back=st.integers(0, 3))
    def withdraw(self, sender: str, back: int) -> None:
        proposal_id = max(0, len(self.model.proposals) - back)
        self.both(encode_call("MemberRegistry", "withdraw", proposal_id), "withdraw", sender, proposal_id)

    @invariant()
    def governors_are_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        found = self.ledger.governors()
        assert list(found.every_one) == self.model.ordinals
        assert set(found.active) == self.model.active
        assert 1 <= self.model.thresholds[-1][1] <= len(found.active)

    @invariant()
    def no_key_has_two_members_and_nothing_of_it_is_overwritten(self) -> None:
        if not hasattr(self, "model"):
            return
        for thumbprint, versions in self.model.keys.items():
            assert list(self.ledger.key_versions(thumbprint)) == versions
            assert len({version.member for version in versions}) <= 1

    @invariant()
    def an_executed_proposal_executes_never_again(self) -> None:
        if not hasattr(self, "model"):
            return
        # Those that a rule can reach now; all of them are compared at the end.
        for number in range(max(0, len(self.model.proposals) - 5), len(self.model.proposals)):
            assert (self.ledger.proposal(number).executed_block or 0) == self.model.proposals[number].executed_block

    def teardown(self) -> None:
        """Compares every fact, by calls and by events, once a run."""
        if not hasattr(self, "model"):
            return
        model, ledger = self.model, self.ledger
        for one, members in model.members.items():
            if len(one) == 18:
                assert list(ledger.member_versions(one)) == members
                said = [(p.since_block, p.name_hash, p.customs_code or "") for p in ledger.profile_versions(one)]
                assert said == model.profiles[one]
        for thumbprint, keys in model.keys.items():
            assert list(ledger.key_versions(thumbprint)) == keys
            assert len({key.member for key in keys}) <= 1
        for address, accounts in model.accounts.items():
            assert list(ledger.account_versions(address)) == accounts
        for thumbprint in model.keys:
            assert ledger.find_request_time(thumbprint) == model.requests.get(thumbprint)
        self.check_voted_facts()
        for code, holders in model.codes.items():
            assert (ledger.find_customs_code_holder(code) or "") == (holders[-1] if holders else "")
        assert [(v.since_block, v.threshold) for v in ledger.threshold_versions()] == model.thresholds
        for governor in model.ordinals:
            assert (ledger.attester_of(governor) or ZERO_ADDRESS) == model.attesters.get(governor, ZERO_ADDRESS)
        for number, proposal in enumerate(model.proposals):
            found = ledger.proposal(number)
            assert (found.executed_block or 0) == proposal.executed_block
            assert set(found.approvals) == proposal.approvals
        told = ledger.members(from_block=self.first_block)
        assert {one: list(m.versions) for one, m in told.items()} == {k: v for k, v in model.members.items() if v}
        self.check_executions()

    def check_voted_facts(self) -> None:
        """What governors agreed on, by calls and by events; the newest log fixes every change of the authorities."""
        model, ledger = self.model, self.ledger
        events = ledger.voted_facts(from_block=self.first_block)
        by_name = {parse_text(name): tuple(versions) for name, versions in model.policies.items() if versions}
        assert events.policies == by_name
        assert {name: ledger.policy_versions(name) for name in by_name} == by_name
        codes = {(parse_text(r), parse_text(c)): tuple(v) for (r, c), v in model.assignments.items() if v}
        assert events.assignments == codes
        assert {name: ledger.assignment_versions(*name) for name in codes} == codes
        operators = {member: tuple(versions) for member, versions in model.operators.items() if versions}
        assert events.operators == operators
        assert {member: ledger.operator_versions(member) for member in operators} == operators
        assert events.tag_keys == ledger.tag_key_versions() == tuple(model.tag_keys)
        assert events.authorities == tuple(model.authorities)
        logs = [version.log for version in ledger.authority_versions()]
        assert logs == [authority_log(model.authorities[: n + 1]) for n in range(len(model.authorities))]
        assert ledger.authority_versions()[-1].authorities == len(model.listed())
        assert ledger.changed_block() == model.changed_block

    def check_executions(self) -> None:
        """No proposal executed twice, and an expelled governor is not among the active."""
        executed = [
            event.values["id"]
            for log in self.ledger.logs("MemberRegistry", [], self.first_block, self.ledger.head().number)
            if (event := decode_event("MemberRegistry", log)) is not None and event.name == "Executed"
        ]
        assert len(executed) == len(set(executed))
        for governor in self.model.ordinals:
            is_active = self.model.members[governor][-1].state == MemberState.ACTIVE
            assert is_active == (governor in self.model.active)


@pytest.mark.slow
def test_the_registry_equals_its_model_through_any_two_hundred_calls(engine: Engine) -> None:
    machine = type("Machine", (RegistryMachine,), {"engine": engine})
    run_state_machine_as_test(machine, settings=MACHINE_SETTINGS)
