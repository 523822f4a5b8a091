"""Every call that changes the ledger, typed: who may send it and what it does stand in `contracts/src/I*.sol`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from chain.keys import PublicKey
from chain.ledger.abi import Call, encode_call, encode_values
from chain.ledger.types import Founder
from chain.members import KeyAlgorithm, PolicyKind, Role

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
    REVOKE_KEY = 12


PAYLOAD_TYPES: dict[Action, tuple[str, ...]] = {
    Action.ADMIT_GOVERNOR: ("bytes18", "bytes10", "bytes32", "uint16", "address"),
    Action.EXPEL: ("bytes18",),
    Action.SUSPEND: ("bytes18",),
    Action.REINSTATE: ("bytes18",),
    Action.SET_THRESHOLD: ("uint16",),
    Action.SET_GATEWAY: ("address", "bytes18", "bool"),
    Action.SET_CONTROLLER: ("address", "bytes18", "bool"),
    Action.SET_POLICY: ("uint8", "bytes32"),
    Action.CHANGE_ROLES: ("bytes18", "uint16", "bytes18"),
    Action.CHANGE_PROFILE: ("bytes18", "bytes32", "bytes10"),
    Action.ADD_KEY: ("bytes18", "uint8", "bytes"),
    Action.REVOKE_KEY: ("bytes32", "uint40"),
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


def setting_policy(kind: PolicyKind, digest: bytes) -> Decision:
    """Another view policy or other record rules, by SHA-256 of the file."""
    return _decision(Action.SET_POLICY, int(kind), digest)


def changing_roles(uscc: str, roles: Role, sponsor: str | None) -> Decision:
    """Other roles, and for a participant another (or the same) sponsor; None for a governor."""
    return _decision(Action.CHANGE_ROLES, uscc, int(roles), sponsor or "")


def changing_profile(uscc: str, name: str, customs_code: str = "") -> Decision:
    """Another name or customs code."""
    return _decision(Action.CHANGE_PROFILE, uscc, name_hash(name), customs_code)


def adding_key(member: str, key: PublicKey) -> Decision:
    """A signing key for a member, marked for ever as added by the governors."""
    return _decision(Action.ADD_KEY, member, int(key.algorithm), key.to_bytes())


def revoking_key(thumbprint: bytes, compromised_since: int | None = None) -> Decision:
    """A key counts no longer; with a block, it is declared compromised since then."""
    return _decision(Action.REVOKE_KEY, thumbprint, compromised_since or 0)


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


def revoke_key(thumbprint: bytes, compromised_since: int | None = None) -> Call:
    """A key, by its member's controller or its sponsor's; with a block, it is declared compromised since then."""
    return encode_call("MemberRegistry", "revokeKey", thumbprint, compromised_since or 0)


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
