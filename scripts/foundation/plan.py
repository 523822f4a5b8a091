"""The plan of a consortium: its members' cards, how governors vote, policies, and the chain that it is founded on.

A plan is a folder that is handed round whole, by mail or on a stick; none of it is secret:

```
PLAN/plan.json              as `Plan`, at most 4 MB
PLAN/view-policy.json ...   each file that a policy of the plan is the hash of
PLAN/approvals/SLUG.jws     a governor's signature over the plan's digest
PLAN/founded.json           where the contracts stand: written when the plan was run
PLAN/minutes.md             one page: who, what, when, and the fingerprints
```

The digest is SHA-256 of `plan.json`'s members in RFC 8785 order without spaces, so that its layout does not matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chain.encoding import parse_json_object
from chain.errors import Malformed
from chain.identifiers import Uscc
from chain.jws import CompactJws, MalformedJws, sign_compact
from chain.keys import SigningKey
from chain.members import NUMBER_POLICIES, PolicyName, Role
from chain.records import RECORD_RULES, RECORD_RULES_FILE, parse_record_rules
from chain.rule_tables import tables_for
from chain.rules.pack import pack_text
from gateway.access.policy import POLICY_FILE
from gateway.replication.policy import REPLICATION_POLICY_FILE
from scripts.consortium_folder import BrokenFolder, write_json, write_open
from scripts.foundation.card import Card
from scripts.witness_folder import NOTE_KEY_POLICY

PLAN_FORMAT = "tongguan-plan/1"
APPROVAL_TYPE = "tongguan-plan-approval+jws"
PLAN_BYTES_MAX = 4 * 1024 * 1024
FILE_BYTES_MAX = 1024 * 1024
MEMBERS_MAX = 1_000
PROPOSAL_LIFETIME_BLOCKS = 100_000
POLICY_FILES: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    PolicyName.VIEW: ("view-policy.json", POLICY_FILE.read_bytes),
    PolicyName.RECORD_RULES: ("record-rules.json", RECORD_RULES_FILE.read_bytes),
    PolicyName.RULE_PACK: ("rule-pack.json", lambda: pack_text(tables_for(None).roots).encode()),
    PolicyName.REPLICATION: ("replication-policy.json", REPLICATION_POLICY_FILE.read_bytes),
}
"""Policies that every plan has: the name of the file in the plan's folder, and what it holds unless told otherwise."""

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}\z")]


class MalformedPlan(Malformed):
    """The plan's file, a card in it or one of its approvals is not right; names which."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PlannedMember(_Strict):
    """A member to be: its card's text, the roles that it is given, and who sponsors it (None: it governs)."""

    card: str
    roles: Annotated[list[str], Field(min_length=1)]
    sponsor: Uscc | None


class PlannedTagKey(_Strict):
    """The first tag key (VRF): its public part, and the secret part sealed to each member that runs a gateway."""

    suite: int
    public: Hex32
    sealed: dict[str, str]


class PlannedCode(_Strict):
    """A code that is a member's from the beginning, e.g. a customs office or an air waybill prefix."""

    register_name: str
    code: str
    member: Uscc


class PlannedOperator(_Strict):
    """A member that operates a single window for UCRs of a scope."""

    member: Uscc
    scope: str


class PlanContent(_Strict):
    """What `plan.json` says."""

    format: Literal["tongguan-plan/1"]
    consortium: Hex32
    chain_id: Annotated[int, Field(ge=1)]
    genesis_hash: Hex32
    threshold: Annotated[int, Field(ge=1)]
    proposal_lifetime_blocks: Annotated[int, Field(ge=1)]
    policies: dict[str, Hex32]
    tag_key: PlannedTagKey
    members: Annotated[list[PlannedMember], Field(min_length=1, max_length=MEMBERS_MAX)]
    codes: list[PlannedCode]
    operators: list[PlannedOperator]


@dataclass(frozen=True)
class PlanMember:
    """A member to be, with its card read."""

    card: Card
    roles: Role
    sponsor: str | None

    @property
    def uscc(self) -> str:
        """Its unified social credit code."""
        return self.card.uscc


@dataclass(frozen=True)
class Plan:
    """A plan that was read and checked: every card is signed, every sponsor is a governor, every number is once."""

    content: PlanContent
    members: tuple[PlanMember, ...]

    @classmethod
    def parse(cls, text: bytes) -> Plan:
        """The plan in this text; raises MalformedPlan, MalformedCard."""
        if len(text) > PLAN_BYTES_MAX:
            raise MalformedPlan("plan", f"has at most {PLAN_BYTES_MAX} bytes", value=len(text))
        try:
            content = PlanContent.model_validate(parse_json_object(text))
        except ValidationError as fault:
            first = fault.errors()[0]
            raise MalformedPlan(".".join(str(part) for part in first["loc"]) or "plan", first["msg"]) from fault
        except ValueError as fault:
            raise MalformedPlan("plan", f"must be one JSON object: {fault}") from fault
        plan = cls(content, tuple(_member(member, place) for place, member in enumerate(content.members)))
        plan._check()
        return plan

    @property
    def governors(self) -> tuple[PlanMember, ...]:
        """Those who vote, in the order of their ordinals."""
        return tuple(member for member in self.members if member.sponsor is None)

    @property
    def gateways(self) -> tuple[PlanMember, ...]:
        """Members whose gateway account may anchor."""
        return tuple(member for member in self.members if member.card.find_account("gateway"))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the plan in its canonical form, hex: what governors approve."""
        return sha256(_canonical(self.content)).hexdigest()

    @property
    def least_votes(self) -> int:
        """Fewest attestations of a checkpoint."""
        return int(self.content.policies[PolicyName.LEAST_VOTES], 16)

    @property
    def has_independent_attesters(self) -> bool:
        """Whether every governor's attester key lies with an organisation of its own."""
        holders = [member.card.holder for member in self.governors]
        return len(holders) > 1 and len(set(holders)) == len(holders)

    def are_independent_validators(self, addresses: tuple[bytes, ...]) -> bool:
        """Whether each of these validators (20 bytes) is on a card, and no organisation holds two of them."""
        holders = {
            bytes.fromhex(member.card.keys.validator.address[2:]): member.card.holder
            for member in self.members
            if member.card.keys.validator
        }
        known = [holders[address] for address in addresses if address in holders]
        return len(known) == len(addresses) > 1 and len(set(known)) == len(known)

    def find_member(self, uscc: str) -> PlanMember | None:
        """The member of this number; None where the plan has none."""
        return next((member for member in self.members if member.uscc == uscc), None)

    def _check(self) -> None:
        _check_once("uscc", [member.uscc for member in self.members])
        _check_once("slug", [member.card.slug for member in self.members])
        accounts = [account.address for member in self.members for account in member.card.keys.accounts.values()]
        _check_once("account", accounts)
        _check_once("record key", [member.card.record_key.kid for member in self.members])
        governors = {member.uscc: member.roles for member in self.governors}
        for place, member in enumerate(self.members):
            where = f"members[{place}]"
            if member.card.governor != (member.sponsor is None):
                raise MalformedPlan(f"{where}.sponsor", "is there for a participant, and for nobody else")
            if member.sponsor is not None and member.sponsor not in governors:
                raise MalformedPlan(f"{where}.sponsor", "must be a governor of this plan", value=member.sponsor)
            if member.sponsor is not None and member.roles & ~governors[member.sponsor]:
                raise MalformedPlan(f"{where}.roles", "must lie within the sponsor's own", value=member.card.slug)
            if member.card.find_account("gateway") and Role.GATEWAY not in member.roles:
                raise MalformedPlan(f"{where}.roles", "of a member with a gateway account must hold GATEWAY")
        if not 1 <= self.content.threshold <= len(governors):
            raise MalformedPlan("threshold", f"must be 1 to {len(governors)}", value=self.content.threshold)
        for name in (*POLICY_FILES, PolicyName.LEAST_VOTES):
            if name not in self.content.policies:
                raise MalformedPlan(f"policies.{name}", "must be there")
        note_keys = {
            NOTE_KEY_POLICY + governor.uscc: note_key_digest(governor.card.keys.note)
            for governor in self.governors
            if governor.card.keys.note
        }
        named_notes = {name: value for name, value in self.content.policies.items() if name.startswith(NOTE_KEY_POLICY)}
        if named_notes != note_keys:
            raise MalformedPlan(
                "policies", f"{NOTE_KEY_POLICY}USCC must be the hash of the note key on each governor's card"
            )
        if not 1 <= self.least_votes <= len(governors):
            raise MalformedPlan("policies.least-votes", f"must be 1 to {len(governors)}", value=self.least_votes)
        numbers = {member.uscc for member in self.members}
        named = [*(code.member for code in self.content.codes), *(op.member for op in self.content.operators)]
        if strangers := set(named) - numbers:
            raise MalformedPlan("codes and operators", "must name members of the plan", value=sorted(strangers)[0])
        if set(self.content.tag_key.sealed) != {member.uscc for member in self.gateways}:
            raise MalformedPlan("tag_key.sealed", "must be sealed to every member with a gateway, and to nobody else")


@dataclass(frozen=True)
class Founded:
    """Where a plan's contracts stand: `founded.json`."""

    plan: str
    """The plan's digest."""
    registry: str
    ledger: str
    """Addresses, 0x-hex."""


@dataclass(frozen=True)
class PlanFolder:
    """Paths of one plan."""

    path: Path

    @property
    def plan_file(self) -> Path:
        """The plan itself."""
        return self.path / "plan.json"

    @property
    def minutes(self) -> Path:
        """One page for the file."""
        return self.path / "minutes.md"

    def read(self) -> Plan:
        """The plan, with every policy's file compared with its hash; raises MalformedPlan, BrokenFolder."""
        try:
            plan = Plan.parse(self.plan_file.read_bytes())
        except FileNotFoundError as error:
            fix = f"Make one: tongguan found plan {self.path} --card FILE ..."
            raise BrokenFolder(f"{self.path} holds no plan (no plan.json). {fix}") from error
        for name, value in plan.content.policies.items():
            if has_file(name) and sha256(self.policy_text(name)).hexdigest() != value:
                raise MalformedPlan(f"policies.{name}", f"is not the hash of {self.policy_file(name).name}")
        if parse_record_rules(self.policy_text(PolicyName.RECORD_RULES)) != dict(RECORD_RULES):
            raise MalformedPlan("policies.record-rules", "are other rules than this version of the software knows")
        return plan

    def policy_file(self, name: str) -> Path:
        """The file that a policy is the hash of."""
        return self.path / (POLICY_FILES[name][0] if name in POLICY_FILES else f"{name}.json")

    def policy_text(self, name: str) -> bytes:
        """The content of a policy's file; raises BrokenFolder where it is missing or too long."""
        file = self.policy_file(name)
        try:
            content = file.read_bytes()
        except FileNotFoundError as error:
            raise BrokenFolder(f"{file} is missing: it is a part of the plan") from error
        if len(content) > FILE_BYTES_MAX:
            raise BrokenFolder(f"{file} is longer than {FILE_BYTES_MAX} bytes")
        return content

    def write(self, content: Mapping[str, Any], policy_texts: Mapping[str, bytes]) -> Plan:
        """Writes a new plan, checked first; raises MalformedPlan, and BrokenFolder where the folder holds one."""
        if self.plan_file.exists():
            raise BrokenFolder(f"{self.path} holds a plan already; nothing was changed")
        plan = Plan.parse(json.dumps(dict(content)).encode())
        for name, text in policy_texts.items():
            write_open(self.policy_file(name), text)
        write_json(self.plan_file, plan.content.model_dump(mode="json"))
        return plan

    def approve(self, plan: Plan, slug: str, key: SigningKey) -> Path:
        """Writes a governor's approval; the key must be the one on its card, else MalformedPlan."""
        governor = next((member for member in plan.governors if member.card.slug == slug), None)
        if governor is None:
            raise MalformedPlan("approval", f"{slug} is no governor of this plan")
        if governor.card.record_key != key.public:
            raise MalformedPlan("approval", f"the record key of {slug} is not the one on its card in the plan")
        file = self.path / "approvals" / f"{slug}.jws"
        text = sign_compact({"typ": APPROVAL_TYPE}, {"plan": plan.digest}, key)
        write_open(file, text.encode() + b"\n")
        return file

    def approvers(self, plan: Plan) -> dict[str, str]:
        """Governors that approved this very plan, slug to USCC; MalformedPlan for an approval that is not one."""
        approved = {}
        for governor in plan.governors:
            file = self.path / "approvals" / f"{governor.card.slug}.jws"
            if not file.exists():
                continue
            try:
                jws = CompactJws.parse(file.read_text().strip(), typ=APPROVAL_TYPE)
            except (MalformedJws, UnicodeDecodeError) as fault:
                raise MalformedPlan(f"approvals/{file.name}", f"is no approval: {fault}") from fault
            if not jws.verify(governor.card.record_key):
                raise MalformedPlan(f"approvals/{file.name}", f"is not signed by the key on the card of {file.stem}")
            if jws.payload != {"plan": plan.digest}:
                fix = "Show its governor the plan and ask for a new approval"
                raise MalformedPlan(f"approvals/{file.name}", "approves another plan than this one", fix=fix)
            approved[governor.card.slug] = governor.uscc
        return approved

    def write_founded(self, founded: Founded) -> None:
        """Says where the contracts stand."""
        content = {"plan": founded.plan, "registry": founded.registry, "ledger": founded.ledger}
        write_json(self.path / "founded.json", content)

    def find_founded(self, plan: Plan) -> Founded | None:
        """Where the contracts stand; None before the plan was run. Raises MalformedPlan where it is another plan's."""
        file = self.path / "founded.json"
        if not file.exists():
            return None
        try:
            founded = Founded(**json.loads(file.read_bytes()))
        except (ValueError, TypeError) as fault:
            raise MalformedPlan("founded.json", "must have plan, registry and ledger") from fault
        if founded.plan != plan.digest:
            raise MalformedPlan("founded.json", "is of another plan")
        return founded


def has_file(name: str) -> bool:
    """Whether a policy is the hash of a file of the plan: not a number, and not the hash of what stands on a card."""
    return name not in NUMBER_POLICIES and not name.startswith(NOTE_KEY_POLICY)


def note_key_digest(verifier_key: str) -> str:
    """SHA-256, hex, of the file that holds a governor's verifier key: the value of its policy."""
    return sha256(f"{verifier_key}\n".encode()).hexdigest()


def _member(member: PlannedMember, place: int) -> PlanMember:
    roles = Role(0)
    for name in member.roles:
        if name not in Role.__members__:
            raise MalformedPlan(f"members[{place}].roles", f"there are {', '.join(Role.__members__)}", value=name)
        roles |= Role[name]
    return PlanMember(Card.parse(member.card), roles, member.sponsor)


def _check_once(what: str, values: list[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise MalformedPlan("members", f"two cards have the same {what}", value=value)
        seen.add(value)


def _canonical(content: PlanContent) -> bytes:
    members = content.model_dump(mode="json")
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
