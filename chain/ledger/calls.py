"""Every call that changes the ledger, typed: who may send it and what it does stand in `contracts/src/I*.sol`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from chain.keys import PublicKey
from chain.ledger.abi import Call, encode_call, encode_values
from chain.ledger.types import Founder
from chain.members import KeyAlgorithm, Role

ZERO_ADDRESS = "0x" + "0" * 40


class Action(IntEnum):
    """What governors decide together, numbered as in `IMemberRegistry.Action`."""

    ADMIT_GOVERNOR = 1
    EXPEL = 2
    SUSPEND = 3
    REINSTATE = 4
    SET_THRESHOLD = 5
    SET_GATEWAY = 6
    SET_CONTROLLER = 7
    SET_POLICY = 8
    CHANGE_ROLES = 9
    CHANGE_PROFILE = 10
    ADD_KEY = 11
    COMPROMISE_KEY = 12
    REJECT_COMPROMISE = 13
    ASSIGN = 14
    SET_OPERATOR = 15
    SET_TAG_KEY = 16


PAYLOAD_TYPES: dict[Action, tuple[str, ...]] = {
    Action.ADMIT_GOVERNOR: ("bytes18", "bytes10", "bytes32", "uint16", "address"),
    Action.EXPEL: ("bytes18",),
    Action.SUSPEND: ("bytes18",),
    Action.REINSTATE: ("bytes18",),
    Action.SET_THRESHOLD: ("uint16",),
    Action.SET_GATEWAY: ("address", "bytes18", "bool"),
    Action.SET_CONTROLLER: ("address", "bytes18", "bool"),
    Action.SET_POLICY: ("bytes32", "bytes32"),
    Action.CHANGE_ROLES: ("bytes18", "uint16", "bytes18"),
    Action.CHANGE_PROFILE: ("bytes18", "bytes32", "bytes10"),
    Action.ADD_KEY: ("bytes18", "uint8", "bytes"),
    Action.COMPROMISE_KEY: ("bytes32", "uint40"),
    Action.REJECT_COMPROMISE: ("bytes32",),
    Action.ASSIGN: ("bytes32", "bytes32", "bytes18"),
    Action.SET_OPERATOR: ("bytes18", "bytes32"),
    Action.SET_TAG_KEY: ("bytes32", "uint8", "uint64"),
}
"""What each action's payload encodes, as `IMemberRegistry.Action` names it."""


@dataclass(frozen=True)
class Decision:
    """An action with its payload, to be proposed."""

    action: Action
    payload: bytes


def name_hash(name: str) -> bytes:
    """The hash under which a member's name stands in the registry: SHA-256 of its UTF-8."""
    return hashlib.sha256(name.encode("utf-8")).digest()


def admitting_governor(founder: Founder) -> Decision:
    """A new governor, or a participant or an expelled governor that becomes one."""
    return _decision(Action.ADMIT_GOVERNOR, *founder_values(founder))


def expelling(uscc: str) -> Decision:
    """A member's records count no longer."""
    return _decision(Action.EXPEL, uscc)


def suspending(uscc: str) -> Decision:
    """A member's records do not count until it is reinstated."""
    return _decision(Action.SUSPEND, uscc)


def reinstating(uscc: str) -> Decision:
    """A suspended or expelled member counts again, with the kind and roles it had."""
    return _decision(Action.REINSTATE, uscc)


def setting_threshold(threshold: int) -> Decision:
    """How many approvals execute a proposal from now on."""
    return _decision(Action.SET_THRESHOLD, threshold)


def setting_gateway(account: str, member: str, *, active: bool = True) -> Decision:
    """An account may, or may no longer, anchor for this member (which needs the role GATEWAY)."""
    return _decision(Action.SET_GATEWAY, account, member, active)


def setting_controller(account: str, member: str, *, active: bool = True) -> Decision:
    """An account may, or may no longer, act for this member."""
    return _decision(Action.SET_CONTROLLER, account, member, active)


def setting_policy(name: str, value: bytes | int) -> Decision:
    """Another policy of this name: SHA-256 of its file, or a number."""
    return _decision(Action.SET_POLICY, name, value.to_bytes(32, "big") if isinstance(value, int) else value)


def assigning(register: str, code: str, member: str | None) -> Decision:
    """A register's code is this member's from now on; None releases it."""
    return _decision(Action.ASSIGN, register, code, member or "")


def setting_operator(member: str, scope: str | None) -> Decision:
    """A member operates the single window for UCRs of this scope; None: no longer."""
    return _decision(Action.SET_OPERATOR, member, scope or bytes(32))


def setting_tag_key(public_key: bytes, suite: int, first_batch: int) -> Decision:
    """A new epoch of tags, from a batch on that is not anchored yet."""
    return _decision(Action.SET_TAG_KEY, public_key, suite, first_batch)


def changing_roles(uscc: str, roles: Role, sponsor: str | None) -> Decision:
    """Other roles, and for a participant another (or the same) sponsor; None for a governor."""
    return _decision(Action.CHANGE_ROLES, uscc, int(roles), sponsor or "")


def changing_profile(uscc: str, name: str, customs_code: str = "") -> Decision:
    """Another name or customs code."""
    return _decision(Action.CHANGE_PROFILE, uscc, name_hash(name), customs_code)


def adding_key(member: str, key: PublicKey) -> Decision:
    """A signing key for a member, marked for ever as added by the governors."""
    return _decision(Action.ADD_KEY, member, int(key.algorithm), key.to_bytes())


def compromising_key(thumbprint: bytes, since_s: int) -> Decision:
    """A key leaked: nothing counts that it signed in batches of this time (Unix seconds) or later."""
    return _decision(Action.COMPROMISE_KEY, thumbprint, since_s)


def rejecting_compromise(thumbprint: bytes) -> Decision:
    """A member's open request to declare its key compromised ends."""
    return _decision(Action.REJECT_COMPROMISE, thumbprint)


def propose(decision: Decision) -> Call:
    """By a governor's controller; its approval counts at once."""
    return encode_call("MemberRegistry", "propose", int(decision.action), decision.payload)


def approve(proposal_id: int) -> Call:
    """By a governor's controller; executes at the threshold."""
    return encode_call("MemberRegistry", "approve", proposal_id)


def withdraw(proposal_id: int) -> Call:
    """By a governor's controller that approved."""
    return encode_call("MemberRegistry", "withdraw", proposal_id)


def admit(uscc: str, name: str, roles: Role, customs_code: str = "") -> Call:
    """A new participant, by its sponsor's controller."""
    return encode_call("MemberRegistry", "admit", uscc, customs_code, name_hash(name), int(roles))


def appoint_controller(uscc: str, account: str) -> Call:
    """A participant's first controller account, by its sponsor's controller."""
    return encode_call("MemberRegistry", "appointController", uscc, account)


def change_roles(uscc: str, roles: Role) -> Call:
    """A participant's roles, by its sponsor's controller."""
    return encode_call("MemberRegistry", "changeRoles", uscc, int(roles))


def change_profile(uscc: str, name: str, customs_code: str = "") -> Call:
    """A participant's name and customs code, by its sponsor's controller."""
    return encode_call("MemberRegistry", "changeProfile", uscc, name_hash(name), customs_code)


def suspend(uscc: str) -> Call:
    """A participant, by its sponsor's controller."""
    return encode_call("MemberRegistry", "suspend", uscc)


def add_key(member: str, key: PublicKey) -> Call:
    """A signing key, by the member's controller or its sponsor's (then marked so for ever)."""
    return encode_call("MemberRegistry", "addKey", member, int(key.algorithm), key.to_bytes())


def add_raw_key(member: str, algorithm: KeyAlgorithm, public_key: bytes) -> Call:
    """As `add_key`, with the bytes as they are: for tests of what the contract refuses."""
    return encode_call("MemberRegistry", "addKey", member, int(algorithm), public_key)


def retire_key(thumbprint: bytes) -> Call:
    """Ends a key in good order, by its member's controller: what it signed before stays as good as it was."""
    return encode_call("MemberRegistry", "retireKey", thumbprint)


def revoke_key(thumbprint: bytes) -> Call:
    """Revokes a key from now on, by its member's controller."""
    return encode_call("MemberRegistry", "revokeKey", thumbprint)


def request_compromise(thumbprint: bytes, since_s: int) -> Call:
    """Asks the governors to declare a key compromised since a time (Unix seconds), by its member's controller."""
    return encode_call("MemberRegistry", "requestCompromise", thumbprint, since_s)


def withdraw_request(thumbprint: bytes) -> Call:
    """Takes an open request back, by the key's member's controller."""
    return encode_call("MemberRegistry", "withdrawRequest", thumbprint)


def set_controller(account: str, *, active: bool = True) -> Call:
    """A controller account of the sender's own member."""
    return encode_call("MemberRegistry", "setController", account, active)


def set_attester(account: str | None) -> Call:
    """The one attester account of the sender's governor; None for none."""
    return encode_call("MemberRegistry", "setAttester", account or ZERO_ADDRESS)


def anchor(root: bytes, count: int, entries: bytes) -> Call:
    """A batch, by a gateway account."""
    return encode_call("RecordLedger", "anchor", root, count, entries)


def attest(batch_count: int, root: bytes) -> Call:
    """A governor's word on the index root over the first `batch_count` batches, by its attester account."""
    return encode_call("RecordLedger", "attest", batch_count, root)


def drop(batch: int, bitmap: bytes) -> Call:
    """A governor's word that nobody can open these entries of a batch, by its attester account."""
    return encode_call("RecordLedger", "drop", batch, bitmap)


def founder_values(founder: Founder) -> tuple[str, str, bytes, int, str]:
    """A founder as the contract's struct takes it."""
    return (
        founder.uscc,
        founder.customs_code,
        name_hash(founder.name),
        int(founder.roles),
        founder.controller.lower(),
    )


def _decision(action: Action, *values: object) -> Decision:
    return Decision(action, encode_values(PAYLOAD_TYPES[action], *values))
