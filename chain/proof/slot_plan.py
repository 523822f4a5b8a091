"""What one header proof must cover so that a bundle of some records can be made: which versions of which facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chain.encoding import parse_base64url
from chain.members import CodeRegister, PolicyName
from chain.proof.authorities import AuthorityChange
from chain.proof.batch import BatchFacts
from chain.proof.bundle import POLICIES, Kind, ShownReceipt
from chain.proof.offices import UNKNOWN_OFFICE, offices_of
from chain.proof.slots import SlotRequest, newest_of, version_indexes
from chain.sdjwt import SignedRecord
from chain.standing import PARTIES_TYPE

T = TypeVar("T", bound=Any)


@dataclass(frozen=True)
class Place:
    """Where one entry of a record stands."""

    tag: bytes
    ucr_digest: bytes
    batch: int
    position: int
    is_number: bool = False
    """As `ProvedEntry.is_number`."""


@dataclass(frozen=True)
class RecordToShow:
    """A record with just the disclosures to show, and its entries to prove."""

    signed: SignedRecord
    places: tuple[Place, ...]


@dataclass(frozen=True)
class RegistryView:
    """What a builder must know of the registry under the header: the blocks of *all* versions of each fact, in order.

    Each callable gives the `since_block`s of one fact; of a fact without versions none.
    """

    keys: Callable[[bytes], Sequence[int]]
    """By thumbprint."""
    members: Callable[[str], Sequence[int]]
    """By USCC."""
    accounts: Callable[[bytes], Sequence[int]]
    """By address."""
    policies: Callable[[str], Sequence[int]]
    """By name."""
    operators: Callable[[str], Sequence[int]]
    """By USCC."""
    assignments: Callable[[tuple[str, str]], Sequence[int]]
    """By register and code."""
    is_contested: Callable[[bytes], bool]
    """Whether the newest version of the key of this thumbprint is contested."""
    epochs: int
    """How many tag keys there are."""
    authorities: tuple[AuthorityChange, ...]
    """Every change of the list."""


@dataclass(frozen=True)
class NewestCheckpoint:
    """Which checkpoint is the newest under the header, and in which block its quorum was reached."""

    index: int
    since_block: int


def plan_slots(
    kind: Kind,
    records: Iterable[RecordToShow],
    batches: Mapping[int, BatchFacts],
    checkpoint: NewestCheckpoint | None,
    registry: RegistryView,
    *,
    receipts: Iterable[ShownReceipt] = (),
    bare_batches: Collection[int] = (),
) -> SlotRequest:
    """What one header proof must cover for these records, and thus which versions of each fact.

    `bare_batches` are shown for their block and time alone: the first under the header that the checkpoint does not
    cover tells up to which block everything is covered, that of an entry without its record how old the entry is.
    """
    keys: dict[bytes, set[int]] = {}
    members: dict[str, set[int]] = {}
    shown = {}
    used = set(bare_batches)
    recorded: set[int] = set()
    operators: dict[str, set[int]] = {}
    offices: dict[tuple[str, str], set[int]] = {}
    for record in records:
        signed = record.signed
        shown[signed.record_id] = signed
        blocks = {batches[place.batch].block for place in record.places}
        used |= {place.batch for place in record.places}
        recorded |= blocks
        keys.setdefault(parse_base64url(signed.kid), set()).update(blocks)
        members.setdefault(signed.iss, set()).update(blocks)
        if kind is Kind.CONSIGNMENT and signed.vct == PARTIES_TYPE:
            operators.setdefault(signed.iss, set()).update(blocks)
        if kind is Kind.CONSIGNMENT:
            for office in offices_of(signed):
                if office != UNKNOWN_OFFICE:
                    offices.setdefault((str(CodeRegister.CUSTOMS_OFFICE), office), set())
    gateways: dict[bytes, set[int]] = {}
    for index in used:
        gateways.setdefault(batches[index].gateway, set()).add(batches[index].block)
    for receipt in receipts:
        keys.setdefault(parse_base64url(receipt.receipt.kid), set())
        # All of them: a gateway that lost its role still owes what it promised before.
        gateway = str(receipt.receipt.claims.get("iss"))
        members.setdefault(gateway, set()).update(since + 1 for since in registry.members(gateway))
        # All of its issuer's too: a key or membership that had ended meanwhile excuses the gateway.
        key, issuer = _signer_of(receipt, shown)
        keys.setdefault(key, set()).update(since + 1 for since in registry.keys(key))
        members.setdefault(issuer, set()).update(since + 1 for since in registry.members(issuer))
    reached = set() if checkpoint is None else {checkpoint.since_block}
    policy_blocks = {PolicyName.LEAST_VOTES: reached}
    return SlotRequest(
        batches=tuple(sorted(used)),
        checkpoint=None if checkpoint is None else checkpoint.index,
        keys=_versions(registry.keys, keys),
        members=_versions(registry.members, members),
        accounts=_versions(registry.accounts, gateways),
        requests=tuple(sorted(key for key in keys if registry.is_contested(key))),
        policies=_versions(
            registry.policies, {name: policy_blocks.get(PolicyName(name), recorded) for name in POLICIES[kind]}
        ),
        operators=_versions(registry.operators, operators),
        # Competence is by the block of the customs record that names, and any may be one.
        assignments=_versions(registry.assignments, dict.fromkeys(offices, recorded)),
        tag_keys=tuple(range(registry.epochs + 1)),
        authorities=newest_of(len(registry.authorities)) if kind is Kind.CONSIGNMENT else (),
    )


def _versions(since_blocks: Callable[[T], Sequence[int]], wanted: Mapping[T, set[int]]) -> dict[T, tuple[int, ...]]:
    return {name: version_indexes(since_blocks(name), wanted[name]) for name in sorted(wanted)}


def _signer_of(receipt: ShownReceipt, shown: Mapping[str, SignedRecord]) -> tuple[bytes, str]:
    """Whose key (its thumbprint) and membership a receipt's record rests on."""
    record = receipt.record or shown[str(receipt.receipt.claims["record_id"])]
    return parse_base64url(record.kid), record.iss
