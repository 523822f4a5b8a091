"""What an organisation finds out by itself, from the chain and its own copy of the plan: is this what was agreed?

The trust root is computed anew here, from nothing but the plan and the chain: whoever ran the plan is not believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.errors import Refused
from chain.ledger import ContractAddresses, Expectations, Ledger, calls
from chain.members import NUMBER_POLICIES, AddedBy
from chain.proof.header import Header
from chain.verify.trust_root import LEDGER, REGISTRY, Contract, TrustRoot, ValidatorRange
from scripts.foundation.plan import Founded, Plan, PlanMember
from scripts.foundation.registration import Step, open_steps

if TYPE_CHECKING:
    from web3.providers.base import BaseProvider

TIMEOUT_S = 120.0


class NotAsPlanned(Refused):
    """The chain says something else than the plan, or not yet all of it; names what."""


@dataclass(frozen=True)
class Examination:
    """What was found: the trust root, what differs from the plan (nothing, if all is well), and what is still open."""

    trust_root: TrustRoot
    differences: tuple[str, ...]
    open_steps: tuple[Step, ...]


def connect_to_plan(endpoint: BaseProvider | str, plan: Plan, founded: Founded, *, unsealed: bool = False) -> Ledger:
    """The ledger client for the plan's chain: its id, its block 0 and the contracts' code are compared first.

    Raises WrongChain, ChangedCode, NoProofs, LedgerUnreachable.
    """
    expect = Expectations(plan.content.chain_id, "0x" + plan.content.genesis_hash)
    addresses = ContractAddresses(founded.registry, founded.ledger)
    return Ledger(endpoint, addresses, expect=expect, timeout_s=TIMEOUT_S, unsealed=unsealed)


def examine(ledger: Ledger, plan: Plan) -> Examination:
    """Compares the chain with the plan and computes the trust root."""
    return Examination(
        compute_trust_root(ledger, plan), tuple(_differences(ledger, plan)), tuple(open_steps(ledger, plan))
    )


def require_as_planned(examination: Examination) -> None:
    """Raises NotAsPlanned where the chain differs from the plan or lacks something of it."""
    if examination.differences:
        raise NotAsPlanned(f"the chain is not as planned: {'; '.join(examination.differences)}")
    if examination.open_steps:
        raise NotAsPlanned(f"still open: {'; '.join(step.words for step in examination.open_steps)}")


def compute_trust_root(ledger: Ledger, plan: Plan) -> TrustRoot:
    """The trust root of the plan on this chain: the same bytes at every organisation."""
    validators: tuple[ValidatorRange, ...] = ()
    if not ledger.unsealed:
        genesis = Header.from_rlp(ledger.header_rlp(0))
        validators = (ValidatorRange(0, None, True, tuple(sorted(genesis.extra.validators))),)
    contracts = (
        Contract(REGISTRY, _bytes(ledger.addresses.registry), _bytes(ledger.code_hash("MemberRegistry")), 0, None),
        Contract(LEDGER, _bytes(ledger.addresses.ledger), _bytes(ledger.code_hash("RecordLedger")), 0, None),
    )
    return TrustRoot(
        consortium=bytes.fromhex(plan.content.consortium),
        chain_id=plan.content.chain_id,
        genesis_hash=bytes.fromhex(plan.content.genesis_hash),
        contracts=contracts,
        validators=validators,
        least_votes=plan.least_votes,
        independent_validators=bool(validators) and plan.are_independent_validators(validators[0].addresses),
        independent_attesters=plan.has_independent_attesters,
        predecessor=None,
    )


def _differences(ledger: Ledger, plan: Plan) -> Iterator[str]:
    content = plan.content
    if ledger.consortium.hex() != content.consortium:
        yield f"the contracts' consortium id is {ledger.consortium.hex()}, the plan's {content.consortium}"
    governors = ledger.governors().every_one[: len(plan.governors)]
    if governors != tuple(governor.uscc for governor in plan.governors):
        yield f"the first governors on the chain are {', '.join(governors)}"
    thresholds = ledger.threshold_versions()
    if thresholds[0].threshold != content.threshold:
        yield f"a proposal needed {thresholds[0].threshold} votes from the beginning, {content.threshold} by the plan"
    if ledger.proposal_lifetime_blocks() != content.proposal_lifetime_blocks:
        yield f"a proposal lives {ledger.proposal_lifetime_blocks()} blocks, not {content.proposal_lifetime_blocks}"
    for name, value in sorted(content.policies.items()):
        versions = ledger.policy_versions(name)
        if not versions or versions[0].value.hex() != value:
            what = "number" if name in NUMBER_POLICIES else "file"
            yield f"the policy {name} did not begin with the {what} of the plan"
    tag_key = ledger.tag_key_versions()[0]
    if (tag_key.public_key.hex(), tag_key.suite) != (content.tag_key.public, content.tag_key.suite):
        yield "the first tag key on the chain is another than the plan's"
    for member in plan.members:
        yield from _member_differences(ledger, member)


def _member_differences(ledger: Ledger, member: PlanMember) -> Iterator[str]:
    versions, slug = ledger.member_versions(member.uscc), member.card.slug
    if not versions:
        return
    first = versions[0]
    if (first.roles, first.sponsor) != (member.roles, member.sponsor):
        yield f"{slug} was admitted with roles {first.roles!r} by {first.sponsor or 'the founding'}, not as planned"
    profile = ledger.profile_versions(member.uscc)[0]
    if profile.name_hash != calls.name_hash(member.card.name):
        yield f"{slug} was admitted under another name"
    if (profile.customs_code or "") != member.card.customs_code:
        yield f"{slug} was admitted with the customs code {profile.customs_code}"
    keys = ledger.key_versions(member.card.record_key.thumbprint)
    if keys and keys[0].member != member.uscc:
        yield f"the record key on the card of {slug} was registered by {keys[0].member}"
    if keys and keys[0].added_by is not AddedBy.MEMBER:
        yield f"the record key of {slug} was added by {keys[0].added_by.name.lower()}, not by itself"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
