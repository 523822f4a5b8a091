"""The contracts' custom errors as Python errors of the same name, each with its values.

`contracts/src/I*.sol` says when each is raised; a test compares this file with the ABI. Members are texts, accounts
0x-hex, hashes bytes, enumerations numbers as in `chain.members`.
"""

from __future__ import annotations

from chain.errors import LedgerFault


class ContractRefused(LedgerFault):
    """A contract reverted. The base is also raised itself where the revert names no error of ours."""

    def __init__(self, *values: object, **facts: object) -> None:
        names = list(type(self).__annotations__)
        self.facts: dict[str, object] = {**dict(zip(names, values, strict=False)), **facts}
        for name, value in self.facts.items():
            setattr(self, name, value)
        said = ", ".join(f"{name}={_shown(value)}" for name, value in self.facts.items())
        super().__init__(f"the contract refused: {type(self).__name__}({said})")


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


class Panicked(ContractRefused):
    """Solidity's Panic: a fault of the contract itself, never expected."""

    code: int


class RevertedWithReason(ContractRefused):
    """Solidity's Error(string)."""

    reason: str


class RevertedWithoutReason(ContractRefused):
    """A revert without data (arguments that do not decode) or with data that no error of ours has."""

    data: bytes


class NotController(ContractRefused):
    """The account is no active controller of any member."""

    account: str


class NotGovernor(ContractRefused):
    """The member is no active governor."""

    member: str


class NotPermitted(ContractRefused):
    """The caller's member is neither the member concerned nor its active sponsor."""

    caller: str
    member: str


class MalformedUscc(ContractRefused):
    """Not 18 characters of 0-9 and A-Z."""

    uscc: str


class MalformedCustomsCode(ContractRefused):
    """Not 10 characters of 0-9 and A-Z."""

    customs_code: str


class UnknownMember(ContractRefused):
    """No such member was ever admitted."""

    uscc: str


class AlreadyMember(ContractRefused):
    """The member is admitted already."""

    uscc: str


class WrongState(ContractRefused):
    """The member's state (`MemberState`) does not allow this."""

    uscc: str
    state: int


class WrongKind(ContractRefused):
    """The member's kind (`MemberKind`) does not allow this."""

    uscc: str
    kind: int


class UnknownRoles(ContractRefused):
    """Role bits beyond those that exist."""

    roles: int


class RolesBeyondSponsor(ContractRefused):
    """A sponsor gives no role that it does not hold."""

    roles: int
    sponsor_roles: int


class RolesNeedVote(ContractRefused):
    """CUSTOMS and TAX are given by the governors' vote only."""

    roles: int


class CustomsCodeTaken(ContractRefused):
    """Another member holds this customs code."""

    customs_code: str
    member: str


class ZeroAccount(ContractRefused):
    """The zero address is no account."""


class AccountTaken(ContractRefused):
    """The account serves another member, for ever."""

    account: str
    member: str


class AccountUnchanged(ContractRefused):
    """The account stands that way already."""

    account: str
    purposes: int


class ControllerAlreadyAppointed(ContractRefused):
    """The sponsor appoints the first controller only."""

    member: str


class MalformedPublicKey(ContractRefused):
    """Not 64 bytes for ES256 or SM2, or 32 bytes for Ed25519."""

    algorithm: int
    length: int


class KeyTaken(ContractRefused):
    """The key belongs to a member already, for ever."""

    thumbprint: bytes
    member: str


class UnknownKey(ContractRefused):
    """No such key was ever added."""

    thumbprint: bytes


class WrongKeyState(ContractRefused):
    """The key's state (`KeyState`) does not allow this."""

    thumbprint: bytes
    state: int


class TimeOutOfRange(ContractRefused):
    """A compromise is since some time up to now."""

    since: int
    now_seconds: int


class AlreadyCompromised(ContractRefused):
    """Declared compromised before, and this would not move it to an earlier time."""

    thumbprint: bytes
    compromised_since: int


class AlreadyContested(ContractRefused):
    """A compromise is asked for once a key."""

    thumbprint: bytes
    requested_at: int


class NotContested(ContractRefused):
    """No request is open for this key."""

    thumbprint: bytes


class MalformedText(ContractRefused):
    """Not 1 to 32 visible ASCII characters followed by zeros."""

    text: bytes


class MalformedTagKey(ContractRefused):
    """A tag key and its suite are not zero."""

    public_key: bytes
    suite: int


class EpochTooEarly(ContractRefused):
    """An epoch begins at a batch not anchored yet, and after the one before it."""

    first_batch: int
    least: int


class TooManyAuthorities(ContractRefused):
    """The list of authorities holds no more than this."""

    most: int


class LastGovernor(ContractRefused):
    """The last active governor cannot leave."""

    uscc: str


class ThresholdOutOfRange(ContractRefused):
    """The threshold must be from 1 to the number of active governors."""

    threshold: int
    governors: int


class TooManyGovernors(ContractRefused):
    """The registry holds no more governors than this, for ever."""

    most: int


class UnknownAction(ContractRefused):
    """No action of governors."""


class UnknownProposal(ContractRefused):
    """No such proposal."""

    id: int


class ProposalExecuted(ContractRefused):
    """The proposal was executed already."""

    id: int
    executed_block: int


class ProposalLapsed(ContractRefused):
    """The proposal was open up to this block."""

    id: int
    last_block: int


class AlreadyApproved(ContractRefused):
    """The governor approves already."""

    id: int
    governor: str


class NotApproved(ContractRefused):
    """The governor did not approve."""

    id: int
    governor: str


class NotGateway(ContractRefused):
    """The account is no active gateway account of an active member with that role."""

    account: str


class EntriesNotInTransaction(ContractRefused):
    """Anchoring goes by a transaction of the gateway itself, so that everyone finds the entries in it."""

    caller: str


class CountOutOfRange(ContractRefused):
    """A batch has 1 to 2,048 entries."""

    count: int
    most: int


class EntriesLengthMismatch(ContractRefused):
    """The entries are not 48 bytes each."""

    length: int
    expected: int


class AlreadyAnchored(ContractRefused):
    """This very batch stands at `index`: what was sent is safe."""

    index: int


class NotAttester(ContractRefused):
    """The account attests for no active governor."""

    account: str


class CountBeyondBatches(ContractRefused):
    """Fewer batches were anchored."""

    batch_count: int
    batches: int


class CountBehindCheckpoint(ContractRefused):
    """A checkpoint of more batches stands already."""

    batch_count: int
    checkpoint_batch_count: int


class AlreadyAttested(ContractRefused):
    """One vote a governor, count and round."""

    batch_count: int
    governor: str


class BitmapOutOfRange(ContractRefused):
    """A bitmap has 1 to 256 bytes."""

    length: int
    most: int


class AlreadyVotedDrop(ContractRefused):
    """One vote a governor, batch and bitmap."""

    batch: int
    governor: str


class AlreadyDropped(ContractRefused):
    """A quorum dropped exactly these entries before."""

    batch: int
    bitmap_hash: bytes


class OtherLedger(ContractRefused):
    """The registry expects its ledger at another address."""

    expected: str


class UnknownBatch(ContractRefused):
    """No such batch."""

    index: int
    batches: int


class UnknownCheckpoint(ContractRefused):
    """No such checkpoint."""

    index: int
    checkpoints: int


CONTRACT_ERRORS: dict[str, type[ContractRefused]] = {
    kind.__name__: kind
    for kind in ContractRefused.__subclasses__()
    if kind not in (Panicked, RevertedWithReason, RevertedWithoutReason)
}
"""Every custom error of the two contracts by its name."""
