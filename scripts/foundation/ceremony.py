"""The ceremony's steps: drafting a plan from cards, running it once it is approved, and what each organisation keeps.

Keys never leave their folder. Who could abuse it: whoever drafts can leave somebody out or seal the tag secret to
itself alone (each governor reads the plan before it signs; a check says where sealing differs); whoever runs can deploy
other contracts (every organisation compares the chain with its own copy of the plan); all governors together decide
anyway; a stranger has no part, since every card, approval and account proves itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chain.errors import Refused
from chain.ledger import Founder, Founding, deploy
from chain.ledger.endpoint import Endpoint
from chain.members import NUMBER_POLICIES, PolicyName
from chain.proof.vrf import SECRET_BYTES, SUITE, VrfSecretKey
from scripts.foundation.card import Card
from scripts.foundation.plan import (
    PLAN_FORMAT,
    POLICY_FILES,
    PROPOSAL_LIFETIME_BLOCKS,
    Founded,
    MalformedPlan,
    Plan,
    PlanFolder,
    note_key_digest,
)
from scripts.foundation.tag_secret import seal_tag_secret
from scripts.witness_folder import NOTE_KEY_POLICY

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3.providers.base import BaseProvider

TIMEOUT_S = 120.0


class PlanNotApproved(Refused):
    """Governors have not approved this very plan yet; names them."""


@dataclass(frozen=True)
class Draft:
    """What whoever drafts a plan says beyond the cards."""

    threshold: int | None = None
    """None: more than half of the governors."""
    least_votes: int | None = None
    """None: as the threshold."""
    sponsors: Mapping[str, str] = field(default_factory=dict)
    """Slug of a participant to the slug of its sponsor; needed for each where there is more than one governor."""
    policy_files: Mapping[str, Path] = field(default_factory=dict)
    """Policy name to its file; what is not named takes the example."""
    codes: Sequence[tuple[str, str, str]] = ()
    """Register, code, slug."""
    operators: Sequence[tuple[str, str]] = ()
    """Slug, scope."""


def majority(governors: int) -> int:
    """More than half of the governors."""
    return governors // 2 + 1


def draft_plan(
    folder: PlanFolder, cards: Sequence[str], endpoint: BaseProvider | str, draft: Draft, consortium: bytes = b""
) -> Plan:
    """Writes a new plan of these cards for the chain behind the endpoint; raises MalformedPlan, MalformedCard."""
    parsed = [Card.parse(text) for text in cards]
    numbers = {card.slug: card.uscc for card in parsed}
    governors = [card for card in parsed if card.governor]
    if not governors:
        raise MalformedPlan("cards", "must hold a governor's", fix="tongguan org new ... --governor")
    threshold = draft.threshold or majority(len(governors))
    texts = {name: example() for name, (_, example) in POLICY_FILES.items() if name not in draft.policy_files}
    texts |= {name: file.read_bytes() for name, file in draft.policy_files.items()}
    policies = {str(name): sha256(text).hexdigest() for name, text in texts.items() if name not in NUMBER_POLICIES}
    policies[PolicyName.LEAST_VOTES] = f"{draft.least_votes or threshold:064x}"
    policies |= {NOTE_KEY_POLICY + card.uscc: note_key_digest(card.keys.note) for card in governors if card.keys.note}
    chosen = (consortium or secrets.token_bytes(32)).hex()
    chain = Endpoint(endpoint, TIMEOUT_S)
    content: dict[str, Any] = {
        "format": PLAN_FORMAT,
        "consortium": chosen,
        "chain_id": chain.quantity("eth_chainId"),
        "genesis_hash": _genesis_hash(chain),
        "threshold": threshold,
        "proposal_lifetime_blocks": PROPOSAL_LIFETIME_BLOCKS,
        "policies": policies,
        "tag_key": _tag_key(parsed, chosen),
        "members": [
            {"card": text.strip(), "roles": card.roles, "sponsor": _sponsor(card, governors, numbers, draft.sponsors)}
            for text, card in sorted(zip(cards, parsed, strict=True), key=lambda pair: not pair[1].governor)
        ],
        "codes": [
            {"register_name": register, "code": code, "member": _number(slug, numbers)}
            for register, code, slug in draft.codes
        ],
        "operators": [{"member": _number(slug, numbers), "scope": scope} for slug, scope in draft.operators],
    }
    return folder.write(content, {name: text for name, text in texts.items() if name not in NUMBER_POLICIES})


def run_plan(
    folder: PlanFolder, plan: Plan, endpoint: BaseProvider | str, deployer: LocalAccount, say: Callable[[str], None]
) -> Founded:
    """Deploys the contracts of an approved plan, once. Raises PlanNotApproved, MalformedPlan, ContractRefused."""
    if founded := folder.find_founded(plan):
        say(f"this plan was run already: MemberRegistry {founded.registry}")
        return founded
    approved = folder.approvers(plan)
    missing = [governor.card.slug for governor in plan.governors if governor.card.slug not in approved]
    if missing:
        raise PlanNotApproved(f"the plan is not approved by {', '.join(missing)}: tongguan found approve {folder.path}")
    chain = Endpoint(endpoint, TIMEOUT_S)
    if chain.quantity("eth_chainId") != plan.content.chain_id or _genesis_hash(chain) != plan.content.genesis_hash:
        raise MalformedPlan("genesis_hash", "is of another chain than the one behind this endpoint")
    addresses = deploy(endpoint, deployer, _founding(plan), timeout_s=TIMEOUT_S)
    founded = Founded(plan.digest, addresses.registry.lower(), addresses.ledger.lower())
    folder.write_founded(founded)
    say(f"contracts: MemberRegistry {founded.registry}, RecordLedger {founded.ledger}")
    return founded


def _founding(plan: Plan) -> Founding:
    content = plan.content
    return Founding(
        consortium=bytes.fromhex(content.consortium),
        founders=tuple(
            Founder(
                governor.uscc, governor.card.name, governor.roles, governor.card.controller, governor.card.customs_code
            )
            for governor in plan.governors
        ),
        threshold=content.threshold,
        policies={name: bytes.fromhex(value) for name, value in content.policies.items()},
        tag_key=bytes.fromhex(content.tag_key.public),
        tag_suite=content.tag_key.suite,
        proposal_lifetime_blocks=content.proposal_lifetime_blocks,
    )


def _tag_key(cards: Sequence[Card], consortium: str) -> dict[str, Any]:
    secret = VrfSecretKey(secrets.token_bytes(SECRET_BYTES))
    sealed = {}
    for card in cards:
        if card.find_account("gateway"):
            if card.keys.exchange is None:
                raise MalformedPlan(f"cards.{card.slug}.keys.exchange", "is needed for a member with a gateway")
            exchange = bytes.fromhex(card.keys.exchange)
            sealed[str(card.uscc)] = seal_tag_secret(secret, exchange, consortium, card.uscc)
    return {"suite": SUITE, "public": secret.public.raw.hex(), "sealed": sealed}


def _sponsor(
    card: Card, governors: Sequence[Card], numbers: Mapping[str, str], sponsors: Mapping[str, str]
) -> str | None:
    if card.governor:
        return None
    if card.slug in sponsors:
        return _number(sponsors[card.slug], numbers)
    if len(governors) == 1:
        return governors[0].uscc
    raise MalformedPlan(f"sponsor of {card.slug}", "must be said", fix=f"--sponsor {card.slug}=GOVERNOR")


def _number(slug: str, numbers: Mapping[str, str]) -> str:
    if slug not in numbers:
        raise MalformedPlan("slug", f"is on no card; there are {', '.join(sorted(numbers))}", value=slug)
    return numbers[slug]


def _genesis_hash(chain: Endpoint) -> str:
    block = chain.block(0)
    if block is None:
        raise MalformedPlan("genesis_hash", "the endpoint has no block 0")
    return str(block["hash"]).removeprefix("0x").lower()
