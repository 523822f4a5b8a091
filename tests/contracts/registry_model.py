"""The registry as a plain Python program: what each call does and refuses, checks in the contract's order.

A refused call may leave half of its writes behind: whoever runs it keeps a copy, as a transaction does.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field

from chain.ledger import reverts
from chain.ledger.calls import ZERO_ADDRESS, Action
from chain.members import (
    AUTHORITIES_MAX,
    AccountPurpose,
    AccountState,
    AccountVersion,
    AddedBy,
    AssignmentVersion,
    KeyAlgorithm,
    KeyState,
    KeyVersion,
    MemberKind,
    MemberState,
    MemberVersion,
    OperatorVersion,
    PolicyVersion,
    Role,
    TagKeyVersion,
    parse_text,
)
from chain.proof.authorities import AuthorityChange, authorities_for

NO_PURPOSE = AccountPurpose(0)
CODE = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass
class ModelProposal:
    """A proposal with its arguments undecoded by any ABI."""

    action: Action
    arguments: tuple[object, ...]
    since_block: int
    executed_block: int = 0
    approvals: set[str] = field(default_factory=set)


@dataclass
class RegistryModel:
    """State and calls; each call takes the block it stands in and the account that sends it."""

    lifetime_blocks: int
    members: dict[str, list[MemberVersion]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[bytes, list[KeyVersion]] = field(default_factory=lambda: defaultdict(list))
    accounts: dict[str, list[AccountVersion]] = field(default_factory=lambda: defaultdict(list))
    requests: dict[bytes, int] = field(default_factory=dict)
    policies: dict[bytes, list[PolicyVersion]] = field(default_factory=lambda: defaultdict(list))
    assignments: dict[tuple[bytes, bytes], list[AssignmentVersion]] = field(default_factory=lambda: defaultdict(list))
    operators: dict[str, list[OperatorVersion]] = field(default_factory=lambda: defaultdict(list))
    tag_keys: list[TagKeyVersion] = field(default_factory=list)
    authorities: list[AuthorityChange] = field(default_factory=list)
    batches: int = 0
    """How many batches the ledger holds: told from outside."""
    changed_block: int = 0
    now: int = 0
    """Time of the block that the call stands in: told from outside."""
    profiles: dict[str, list[tuple[int, bytes, str]]] = field(default_factory=lambda: defaultdict(list))
    codes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    thresholds: list[tuple[int, int]] = field(default_factory=list)
    ordinals: list[str] = field(default_factory=list)
    active: set[str] = field(default_factory=set)
    attesters: dict[str, str] = field(default_factory=dict)
    had_controller: set[str] = field(default_factory=set)
    proposals: list[ModelProposal] = field(default_factory=list)

    # -- what members and sponsors do alone

    def admit(self, block: int, sender: str, uscc: str, code: str, name_hash: bytes, roles: int) -> None:
        sponsor = self._governor(sender)
        self._require_uscc(uscc)
        if self.members[uscc]:
            raise reverts.AlreadyMember(uscc)
        self._within(roles, sponsor)
        self._no_new_authority(roles, 0)
        self._write_member(block, uscc, MemberState.ACTIVE, MemberKind.PARTICIPANT, roles, sponsor)
        self._write_profile(block, uscc, name_hash, code)

    def appoint_controller(self, block: int, sender: str, uscc: str, account: str) -> None:
        self._sponsored(sender, uscc)
        if uscc in self.had_controller:
            raise reverts.ControllerAlreadyAppointed(uscc)
        self._set_controller(block, account, uscc, True)

    def change_roles(self, block: int, sender: str, uscc: str, roles: int) -> None:
        member = self._sponsored(sender, uscc)
        assert member.sponsor is not None
        self._within(roles, member.sponsor)
        self._no_new_authority(roles, int(member.roles))
        self._write_member(block, uscc, member.state, member.kind, roles, member.sponsor)

    def change_profile(self, block: int, sender: str, uscc: str, name_hash: bytes, code: str) -> None:
        self._sponsored(sender, uscc)
        self._write_profile(block, uscc, name_hash, code)

    def suspend(self, block: int, sender: str, uscc: str) -> None:
        self._sponsored(sender, uscc)
        self._suspend(block, uscc)

    def add_key(self, block: int, sender: str, member: str, algorithm: KeyAlgorithm, raw: bytes) -> None:
        own = self._controller(sender) == member
        if not own:
            self._sponsored(sender, member)
        self._write_key(block, member, algorithm, raw, AddedBy.MEMBER if own else AddedBy.SPONSOR)

    def retire_key(self, block: int, sender: str, thumbprint: bytes) -> None:
        self._own_key(sender, thumbprint)
        self._end_key(block, thumbprint, KeyState.RETIRED, [KeyState.ACTIVE])

    def revoke_key(self, block: int, sender: str, thumbprint: bytes) -> None:
        self._own_key(sender, thumbprint)
        self._end_key(block, thumbprint, KeyState.REVOKED, [KeyState.ACTIVE, KeyState.RETIRED])

    def request_compromise(self, block: int, sender: str, thumbprint: bytes, since: int) -> None:
        self._own_key(sender, thumbprint)
        key = self._key(thumbprint)
        self._past(since)
        if key.state == KeyState.COMPROMISED:
            raise reverts.WrongKeyState(thumbprint, int(key.state))
        if thumbprint in self.requests:
            raise reverts.AlreadyContested(thumbprint, self.requests[thumbprint])
        self.requests[thumbprint] = self.now
        self._push_key(block, thumbprint, key.state, since, True)

    def withdraw_request(self, block: int, sender: str, thumbprint: bytes) -> None:
        self._own_key(sender, thumbprint)
        self._vote_rejection(block, thumbprint)

    def set_controller(self, block: int, sender: str, account: str, active: bool) -> None:
        member = self._controller(sender)
        if self.members[member][-1].state != MemberState.ACTIVE:
            raise reverts.WrongState(member, int(self.members[member][-1].state))
        self._set_controller(block, account, member, active)

    def set_attester(self, block: int, sender: str, account: str) -> None:
        governor = self._governor(sender)
        before = self.attesters.get(governor, ZERO_ADDRESS)
        if account == before:
            raise reverts.AccountUnchanged(account, int(AccountPurpose.ATTESTER))
        if before != ZERO_ADDRESS:
            self._write_account(block, before, governor, AccountPurpose.ATTESTER, False)
        if account != ZERO_ADDRESS:
            self._write_account(block, account, governor, AccountPurpose.ATTESTER, True)
        self.attesters[governor] = account

    # -- what governors do together

    def propose(self, block: int, sender: str, action: Action, arguments: tuple[object, ...]) -> None:
        governor = self._governor(sender)
        proposal = ModelProposal(action, arguments, block)
        self._approve(block, proposal, governor)
        self.proposals.append(proposal)

    def approve(self, block: int, sender: str, proposal_id: int) -> None:
        governor = self._governor(sender)
        proposal = self._open(block, proposal_id)
        if governor in proposal.approvals:
            raise reverts.AlreadyApproved(proposal_id, governor)
        self._approve(block, proposal, governor)

    def withdraw(self, block: int, sender: str, proposal_id: int) -> None:
        governor = self._governor(sender)
        proposal = self._open(block, proposal_id)
        if governor not in proposal.approvals:
            raise reverts.NotApproved(proposal_id, governor)
        proposal.approvals.discard(governor)

    def admit_governor(self, block: int, uscc: str, code: str, name_hash: bytes, roles: int, controller: str) -> None:
        self._require_uscc(uscc)
        last = self.members[uscc][-1] if self.members[uscc] else None
        if last and last.kind == MemberKind.GOVERNOR and last.state != MemberState.EXPELLED:
            raise reverts.AlreadyMember(uscc)
        self._write_member(block, uscc, MemberState.ACTIVE, MemberKind.GOVERNOR, roles, None)
        self._write_profile(block, uscc, name_hash, code)
        self._seat(uscc)
        if not self._purposes(controller, uscc) & AccountPurpose.CONTROLLER:
            self._set_controller(block, controller, uscc, True)

    def _approve(self, block: int, proposal: ModelProposal, governor: str) -> None:
        if len((proposal.approvals | {governor}) & self.active) >= self.thresholds[-1][1]:
            self._execute(block, proposal.action, *proposal.arguments)
            proposal.executed_block = block
        proposal.approvals.add(governor)

    def _execute(self, block: int, action: Action, *a: object) -> None:
        steps = {
            Action.ADMIT_GOVERNOR: self.admit_governor,
            Action.EXPEL: self._expel,
            Action.SUSPEND: self._suspend,
            Action.REINSTATE: self._reinstate,
            Action.SET_THRESHOLD: self._set_threshold,
            Action.SET_GATEWAY: self._vote_gateway,
            Action.SET_CONTROLLER: self._vote_controller,
            Action.SET_POLICY: self._set_policy,
            Action.CHANGE_ROLES: self._vote_roles,
            Action.CHANGE_PROFILE: self._vote_profile,
            Action.ADD_KEY: self._vote_key,
            Action.COMPROMISE_KEY: self._vote_compromise,
            Action.REJECT_COMPROMISE: self._vote_rejection,
            Action.ASSIGN: self._vote_assignment,
            Action.SET_OPERATOR: self._vote_operator,
            Action.SET_TAG_KEY: self._vote_tag_key,
        }
        steps[action](block, *a)  # type: ignore[operator]

    def _expel(self, block: int, uscc: str) -> None:
        member = self._member(uscc)
        if member.state == MemberState.EXPELLED:
            raise reverts.WrongState(uscc, int(member.state))
        self._unseat(uscc)
        self._write_member(block, uscc, MemberState.EXPELLED, member.kind, member.roles, member.sponsor)

    def _suspend(self, block: int, uscc: str) -> None:
        member = self._member(uscc)
        if member.state != MemberState.ACTIVE:
            raise reverts.WrongState(uscc, int(member.state))
        self._unseat(uscc)
        self._write_member(block, uscc, MemberState.SUSPENDED, member.kind, member.roles, member.sponsor)

    def _reinstate(self, block: int, uscc: str) -> None:
        member = self._member(uscc)
        if member.state == MemberState.ACTIVE:
            raise reverts.WrongState(uscc, int(member.state))
        if member.kind == MemberKind.GOVERNOR:
            self._seat(uscc)
        self._write_member(block, uscc, MemberState.ACTIVE, member.kind, member.roles, member.sponsor)

    def _set_threshold(self, block: int, threshold: int) -> None:
        if not 1 <= threshold <= len(self.active):
            raise reverts.ThresholdOutOfRange(threshold, len(self.active))
        self.thresholds.append((block, threshold))
        self.changed_block = block

    def _vote_gateway(self, block: int, account: str, member: str, active: bool) -> None:
        self._member(member)
        self._write_account(block, account, member, AccountPurpose.GATEWAY, active)

    def _vote_controller(self, block: int, account: str, member: str, active: bool) -> None:
        self._member(member)
        self._set_controller(block, account, member, active)

    def _set_policy(self, block: int, name: bytes, value: bytes) -> None:
        self._require_text(name)
        self.policies[name].append(PolicyVersion(block, value))
        self.changed_block = block

    def _vote_assignment(self, block: int, register: bytes, code: bytes, member: str) -> None:
        if member:
            self._member(member)
        self._require_text(register)
        self._require_text(code)
        self.assignments[register, code].append(AssignmentVersion(block, member or None))
        self.changed_block = block

    def _vote_operator(self, block: int, member: str, scope: bytes) -> None:
        self._member(member)
        if any(scope):
            self._require_text(scope)
        self.operators[member].append(OperatorVersion(block, parse_text(scope) or None))
        self.changed_block = block

    def _vote_tag_key(self, block: int, public_key: bytes, suite: int, first_batch: int) -> None:
        if not any(public_key) or suite == 0:
            raise reverts.MalformedTagKey(public_key, suite)
        least = max(self.batches, self.tag_keys[-1].first_batch + 1)
        if first_batch < least:
            raise reverts.EpochTooEarly(first_batch, least)
        self.tag_keys.append(TagKeyVersion(block, first_batch, suite, public_key))
        self.changed_block = block

    def _vote_roles(self, block: int, uscc: str, roles: int, sponsor: str) -> None:
        member = self._member(uscc)
        fits = sponsor == "" if member.kind == MemberKind.GOVERNOR else sponsor in self.active
        if not fits:
            raise reverts.WrongKind(uscc, int(member.kind))
        self._write_member(block, uscc, member.state, member.kind, roles, sponsor or None)

    def _vote_profile(self, block: int, uscc: str, name_hash: bytes, code: str) -> None:
        self._member(uscc)
        self._write_profile(block, uscc, name_hash, code)

    def _vote_key(self, block: int, member: str, algorithm: int, raw: bytes) -> None:
        self._write_key(block, member, KeyAlgorithm(algorithm), raw, AddedBy.GOVERNORS)

    def _vote_compromise(self, block: int, thumbprint: bytes, since: int) -> None:
        key = self._key(thumbprint)
        self._past(since)
        if key.state == KeyState.COMPROMISED and since >= (key.compromised_since or 0):
            raise reverts.AlreadyCompromised(thumbprint, key.compromised_since)
        self._push_key(block, thumbprint, KeyState.COMPROMISED, since, False)

    def _vote_rejection(self, block: int, thumbprint: bytes) -> None:
        key = self._key(thumbprint)
        if not key.contested:
            raise reverts.NotContested(thumbprint)
        self._push_key(block, thumbprint, key.state, 0, False)

    # -- writing facts

    def _write_member(
        self, block: int, uscc: str, state: MemberState, kind: MemberKind, roles: int, sponsor: str | None
    ) -> None:
        if roles >> 10:
            raise reverts.UnknownRoles(roles)
        version = MemberVersion(block, state, kind, Role(roles), sponsor)
        before = self.members[uscc][-1] if self.members[uscc] else None
        listed = is_authority(version)
        if listed is not is_authority(before):
            if listed and len(self.listed()) == AUTHORITIES_MAX:
                raise reverts.TooManyAuthorities(AUTHORITIES_MAX)
            self.authorities.append(AuthorityChange(block, uscc, listed))
        self.members[uscc].append(version)
        self.changed_block = block

    def listed(self) -> frozenset[str]:
        """Who is an authority after the last change."""
        return authorities_for(self.authorities, 1 << 40)

    def _write_profile(self, block: int, uscc: str, name_hash: bytes, code: str) -> None:
        before = self.profiles[uscc][-1][2] if self.profiles[uscc] else ""
        if code != before:
            if code:
                if len(code) != 10 or set(code) - CODE:
                    raise reverts.MalformedCustomsCode(code)
                holder = self.codes[code][-1] if self.codes[code] else ""
                if holder:
                    raise reverts.CustomsCodeTaken(code, holder)
                self.codes[code].append(uscc)
            if before:
                self.codes[before].append("")
        self.profiles[uscc].append((block, name_hash, code))
        self.changed_block = block

    def _write_key(self, block: int, member: str, algorithm: KeyAlgorithm, raw: bytes, added_by: AddedBy) -> None:
        state = self._member(member).state
        if state != MemberState.ACTIVE:
            raise reverts.WrongState(member, int(state))
        thumbprint = thumbprint_of(algorithm, raw)
        if self.keys[thumbprint]:
            raise reverts.KeyTaken(thumbprint, self.keys[thumbprint][0].member)
        self.keys[thumbprint].append(KeyVersion(block, KeyState.ACTIVE, algorithm, added_by, None, member))
        self.changed_block = block

    def _end_key(self, block: int, thumbprint: bytes, state: KeyState, from_states: list[KeyState]) -> None:
        key = self._key(thumbprint)
        if key.state not in from_states:
            raise reverts.WrongKeyState(thumbprint, int(key.state))
        self._push_key(block, thumbprint, state, key.compromised_since or 0, key.contested)

    def _push_key(self, block: int, thumbprint: bytes, state: KeyState, since: int, contested: bool) -> None:
        key = self.keys[thumbprint][-1]
        self.keys[thumbprint].append(
            KeyVersion(block, state, key.algorithm, key.added_by, since or None, key.member, contested)
        )
        self.changed_block = block

    def _set_controller(self, block: int, account: str, member: str, active: bool) -> None:
        self._write_account(block, account, member, AccountPurpose.CONTROLLER, active)
        if active:
            self.had_controller.add(member)

    def _write_account(self, block: int, account: str, member: str, purpose: AccountPurpose, active: bool) -> None:
        if account == ZERO_ADDRESS:
            raise reverts.ZeroAccount()
        if self.accounts[account] and self.accounts[account][-1].member != member:
            raise reverts.AccountTaken(account, self.accounts[account][-1].member)
        before = self._purposes(account, member)
        purposes = before | purpose if active else before & ~purpose
        if purposes == before:
            raise reverts.AccountUnchanged(account, int(before))
        state = AccountState.ACTIVE if purposes else AccountState.REVOKED
        self.accounts[account].append(AccountVersion(block, state, purposes, member))
        self.changed_block = block

    def _purposes(self, account: str, member: str) -> AccountPurpose:
        last = self.accounts[account][-1] if self.accounts[account] else None
        return last.purposes if last and last.member == member else NO_PURPOSE

    # -- who may

    def _seat(self, uscc: str) -> None:
        if uscc not in self.ordinals:
            self.ordinals.append(uscc)
        self.active.add(uscc)

    def _unseat(self, uscc: str) -> None:
        if uscc not in self.active:
            return
        if len(self.active) == 1:
            raise reverts.LastGovernor(uscc)
        threshold = self.thresholds[-1][1]
        if threshold > len(self.active) - 1:
            raise reverts.ThresholdOutOfRange(threshold, len(self.active) - 1)
        self.active.discard(uscc)

    def _member(self, uscc: str) -> MemberVersion:
        if not self.members[uscc]:
            raise reverts.UnknownMember(uscc)
        return self.members[uscc][-1]

    def _controller(self, sender: str) -> str:
        last = self.accounts[sender][-1] if self.accounts[sender] else None
        if last is None or not last.purposes & AccountPurpose.CONTROLLER:
            raise reverts.NotController(sender)
        return last.member

    def _governor(self, sender: str) -> str:
        member = self._controller(sender)
        if member not in self.active:
            raise reverts.NotGovernor(member)
        return member

    def _sponsored(self, sender: str, uscc: str) -> MemberVersion:
        caller = self._controller(sender)
        member = self._member(uscc)
        if member.sponsor != caller or caller not in self.active:
            raise reverts.NotPermitted(caller, uscc)
        if member.state == MemberState.EXPELLED:
            raise reverts.WrongState(uscc, int(member.state))
        return member

    def _within(self, roles: int, sponsor: str) -> None:
        own = int(self.members[sponsor][-1].roles)
        if roles & ~own:
            raise reverts.RolesBeyondSponsor(roles, own)

    def _no_new_authority(self, roles: int, before: int) -> None:
        added = roles & int(Role.CUSTOMS | Role.TAX) & ~before
        if added:
            raise reverts.RolesNeedVote(added)

    def _key(self, thumbprint: bytes) -> KeyVersion:
        if not self.keys[thumbprint]:
            raise reverts.UnknownKey(thumbprint)
        return self.keys[thumbprint][-1]

    def _own_key(self, sender: str, thumbprint: bytes) -> None:
        member = self._key(thumbprint).member
        caller = self._controller(sender)
        if caller != member:
            raise reverts.NotPermitted(caller, member)

    def _past(self, since: int) -> None:
        if not 1 <= since <= self.now:
            raise reverts.TimeOutOfRange(since, self.now)

    def _require_text(self, text: bytes) -> None:
        shown = text.rstrip(b"\0")
        if not shown or not all(0x21 <= byte <= 0x7E for byte in shown):
            raise reverts.MalformedText(text)

    def _require_uscc(self, uscc: str) -> None:
        if len(uscc) != 18 or set(uscc) - CODE:
            raise reverts.MalformedUscc(uscc)

    def _open(self, block: int, proposal_id: int) -> ModelProposal:
        if proposal_id >= len(self.proposals):
            raise reverts.UnknownProposal(proposal_id)
        proposal = self.proposals[proposal_id]
        if proposal.executed_block:
            raise reverts.ProposalExecuted(proposal_id, proposal.executed_block)
        if block > proposal.since_block + self.lifetime_blocks:
            raise reverts.ProposalLapsed(proposal_id, proposal.since_block + self.lifetime_blocks)
        return proposal


def is_authority(version: MemberVersion | None) -> bool:
    """A governor, or who has the role CUSTOMS or TAX, until it is expelled."""
    if version is None or version.state == MemberState.EXPELLED:
        return False
    return version.kind == MemberKind.GOVERNOR or bool(version.roles & (Role.CUSTOMS | Role.TAX))


def thumbprint_of(algorithm: KeyAlgorithm, raw: bytes) -> bytes:
    """RFC 7638, written from the standard."""
    if algorithm in (KeyAlgorithm.ES256, KeyAlgorithm.SM2) and len(raw) == 64:
        jwk = {
            "crv": "P-256" if algorithm == KeyAlgorithm.ES256 else "SM2",
            "kty": "EC",
            "x": _b64(raw[:32]),
            "y": _b64(raw[32:]),
        }
    elif algorithm == KeyAlgorithm.ED25519 and len(raw) == 32:
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": _b64(raw)}
    else:
        raise reverts.MalformedPublicKey(int(algorithm), len(raw))
    return hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).digest()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
