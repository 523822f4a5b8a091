"""What the plan wants of the chain, and who still has to send it: each organisation sends its own part.

Nobody can send for another: a participant is admitted by its sponsor's controller, a key is added by its own member's,
a gateway's account needs the governors' votes. So `register_own` looks at the chain, sends what the accounts at hand
may send and is not done yet, and tells what waits for whom. It may be killed anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.ledger import Call, Ledger, calls
from chain.members import AccountPurpose, AccountState, KeyState, MemberState
from scripts.foundation.plan import Plan, PlanMember

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

WAIT_S = 120.0
ROUNDS_MAX = 12
"""Far more than the four that one step's waiting for another takes."""


@dataclass(frozen=True)
class Step:
    """One thing that the chain does not say yet: in words, and the calls that may bring it about, by sender's USCC."""

    words: str
    calls: Mapping[str, Call]
    """Each of these members' controllers may send its call; empty while another step must come first."""


def open_steps(ledger: Ledger, plan: Plan) -> list[Step]:
    """Every step of the plan that is still to be done, in the order in which steps depend on each other."""
    return list(_Chain(ledger, plan).open_steps())


def register_own(ledger: Ledger, plan: Plan, accounts: Mapping[str, LocalAccount]) -> list[Step]:
    """Sends all that these controllers (by USCC) may send; returns what is still open. Raises the contract's error."""
    for _ in range(ROUNDS_MAX):
        steps = open_steps(ledger, plan)
        sendable = [call for step in steps if (call := _find_sendable(step, accounts))]
        if not sendable:
            return steps
        _send_wave(ledger, sendable)
    return open_steps(ledger, plan)


def _find_sendable(step: Step, accounts: Mapping[str, LocalAccount]) -> tuple[Call, LocalAccount] | None:
    """The step's call by the first of these controllers that may send it."""
    return next(((call, accounts[uscc]) for uscc, call in step.calls.items() if uscc in accounts), None)


def _send_wave(ledger: Ledger, wave: Iterable[tuple[Call, LocalAccount]]) -> None:
    """All of one wave at once, each sender's in order, then all are waited for."""
    nonces: dict[str, int] = {}
    sent = []
    for call, account in wave:
        nonce = nonces.get(account.address, -1)
        nonce = ledger.next_nonce(account.address) if nonce < 0 else nonce
        sent.append(ledger.send_raw(ledger.prepare(call, account, nonce)))
        nonces[account.address] = nonce + 1
    for tx_hash in sent:
        ledger.wait(tx_hash, WAIT_S)


class _Chain:
    """The chain as it stands now, beside the plan."""

    def __init__(self, ledger: Ledger, plan: Plan) -> None:
        self._ledger = ledger
        self._plan = plan
        self._members = ledger.members()
        self._facts = ledger.voted_facts()
        self._proposals = [ledger.proposal(number) for number in range(ledger.proposal_count())]
        self._governors = [governor.uscc for governor in plan.governors]

    def open_steps(self) -> Iterator[Step]:
        for member in self._plan.members:
            if member.sponsor is not None:
                yield from self._admission(member)
            yield from self._own(member)
        for member in self._plan.gateways:
            account = member.card.find_account("gateway")
            if account and not self._serves(account, AccountPurpose.GATEWAY, member.uscc):
                words = f"governors vote for the gateway account of {member.card.slug}"
                yield self._vote(words, calls.setting_gateway(account, member.uscc), ready=self._is_active(member.uscc))
        for code in self._plan.content.codes:
            versions = self._facts.assignments.get((code.register_name, code.code), ())
            if not versions or versions[-1].member != code.member:
                words = f"governors give {code.register_name} {code.code} to {self._slug(code.member)}"
                decision = calls.assigning(code.register_name, code.code, code.member)
                yield self._vote(words, decision, ready=self._is_active(code.member))
        for operator in self._plan.content.operators:
            scopes = self._facts.operators.get(operator.member, ())
            if not scopes or scopes[-1].scope != operator.scope:
                words = f"governors make {self._slug(operator.member)} operator for UCRs of {operator.scope}"
                decision = calls.setting_operator(operator.member, operator.scope)
                yield self._vote(words, decision, ready=self._is_active(operator.member))

    def _admission(self, member: PlanMember) -> Iterator[Step]:
        card, sponsor = member.card, str(member.sponsor)
        admitted = member.uscc in self._members
        if not admitted:
            call = calls.admit(member.uscc, card.name, member.roles, card.customs_code)
            yield Step(f"{self._slug(sponsor)} admits {card.slug}", {sponsor: call})
        if not self._serves(card.controller, AccountPurpose.CONTROLLER, member.uscc):
            call = calls.appoint_controller(member.uscc, card.controller)
            yield Step(
                f"{self._slug(sponsor)} appoints the controller of {card.slug}", {sponsor: call} if admitted else {}
            )

    def _own(self, member: PlanMember) -> Iterator[Step]:
        card = member.card
        controls = self._serves(card.controller, AccountPurpose.CONTROLLER, member.uscc)
        attester = card.find_account("attester")
        if attester and not self._serves(attester, AccountPurpose.ATTESTER, member.uscc):
            call = calls.set_attester(attester)
            yield Step(f"{card.slug} sets its attester account", {member.uscc: call} if controls else {})
        keys = self._ledger.key_versions(card.record_key.thumbprint)
        if not keys or keys[-1].state is not KeyState.ACTIVE:
            call = calls.add_key(member.uscc, card.record_key)
            yield Step(f"{card.slug} adds its record key", {member.uscc: call} if controls and not keys else {})

    def _vote(self, words: str, decision: calls.Decision, *, ready: bool) -> Step:
        if not ready:
            return Step(words, {})
        for proposal in self._proposals:
            is_same = (proposal.action, proposal.payload) == (int(decision.action), decision.payload)
            if is_same and proposal.executed_block is None and self._is_alive(proposal.since_block):
                call = calls.approve(proposal.id)
                return Step(words, dict.fromkeys((g for g in self._governors if g not in proposal.approvals), call))
        return Step(words, dict.fromkeys(self._governors, calls.propose(decision)))

    def _is_alive(self, since_block: int) -> bool:
        return self._ledger.block_number() <= since_block + self._plan.content.proposal_lifetime_blocks

    def _serves(self, account: str, purpose: AccountPurpose, uscc: str) -> bool:
        versions = self._ledger.account_versions(account)
        if not versions:
            return False
        newest = versions[-1]
        return newest.member == uscc and newest.state is AccountState.ACTIVE and purpose in newest.purposes

    def _is_active(self, uscc: str) -> bool:
        member = self._members.get(uscc)
        return member is not None and member.versions[-1].state is MemberState.ACTIVE

    def _slug(self, uscc: str) -> str:
        member = self._plan.find_member(uscc)
        return member.card.slug if member else uscc
