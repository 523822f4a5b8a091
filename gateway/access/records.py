"""What access is decided on: records with where they stand on the chain, the reader, the members."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Protocol

from chain.encoding import Json
from chain.lifecycle import RecordState
from chain.members import Role
from chain.records.base import Reference
from chain.sdjwt import SignedRecord
from gateway.runtime.record_memory import holds_records

DISTRICT_CHARS = 2
OFFICE_CHARS = 4
"""A customs office (关区) has four digits; the first two name its district (直属海关)."""

CONTENTS_KEPT_MAX = 8_192
"""Records whose contents are kept as they were read: a record never changes, and every view asks for them."""


@dataclass(frozen=True)
class HeldRecord:
    """One record as this gateway holds it, with where the entry for the consignment at hand stands on the chain."""

    signed: SignedRecord
    state: RecordState
    batch: int | None = None
    """Index of the batch; None until anchored."""
    position: int | None = None
    """Place of the entry in the batch, from 0."""
    block: int | None = None
    """Number of the block that anchored it."""
    anchored_at: int | None = None
    """That block's time, Unix seconds UTC."""

    @cached_property
    def order(self) -> tuple[int, int, int, str]:
        """Chain order; what is not anchored comes last, by the issuer's own time. Never by arrival."""
        if self.batch is None:
            return (1, self.signed.iat, 0, self.signed.record_id)
        return (0, self.batch, self.position or 0, self.signed.record_id)

    @property
    def is_sole(self) -> bool:
        """Whether the record speaks of one consignment alone."""
        return len(self.signed.sections["ucr"]) == 1

    def one(self, section: str) -> dict[str, Json]:
        """The value of a section that is one object; empty where it is absent or not disclosed."""
        return self._content.heads.get(section) or {}

    def many(self, section: str) -> list[dict[str, Json]]:
        """The objects of a section that lists them; empty where it is absent or not disclosed."""
        return _listed(self._content.values.get(section, ()))

    @property
    def withheld(self) -> tuple[str, ...]:
        """Sections that are withheld, wholly or in part, sorted."""
        return self._content.withheld

    @property
    def shown(self) -> tuple[str, ...]:
        """Sections of which something is disclosed, in the record's order."""
        return self._content.shown

    @cached_property
    def reference_keys(self) -> frozenset[tuple[str, str, str]]:
        """(kind, scope, value) of each disclosed reference, freed of what people write differently."""
        return _reference_keys(self.signed)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """USCCs of the members to whom it gives standing; its `names` are never withheld."""
        return tuple(map(str, self.signed.section("names")))

    @cached_property
    def _content(self) -> _Content:
        return _kept_content(self.signed)


@dataclass(frozen=True)
class _Content:
    """What a record discloses, taken apart once."""

    values: dict[str, tuple[Json, ...]]
    """Section to its disclosed elements."""
    heads: dict[str, dict[str, Json]]
    """Section to its first element, where that is an object."""
    shown: tuple[str, ...]
    withheld: tuple[str, ...]


class _Passing(HeldRecord):
    """A record of which a few sections are looked at, at one time: nothing else of it is read."""

    @cached_property
    def _heads(self) -> dict[str, dict[str, Json]]:
        return {}

    def one(self, section: str) -> dict[str, Json]:
        head = self._heads.get(section)
        if head is None:
            found = self.signed.section(section)
            head = self._heads[section] = found[0] if found and isinstance(found[0], dict) else {}
        return head

    def many(self, section: str) -> list[dict[str, Json]]:
        return _listed(self.signed.section(section))


def issued_text(signed: SignedRecord) -> str:
    """The record's `iat` as UTC text."""
    return datetime.fromtimestamp(signed.iat, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def passing(signed: SignedRecord, reference_keys: frozenset[tuple[str, str, str]]) -> HeldRecord:
    """A record that is looked at once, as intake does: nothing of it is kept in memory."""
    held = _Passing(signed, RecordState.ACCEPTED)
    held.__dict__["reference_keys"] = reference_keys
    return held


@holds_records
@lru_cache(maxsize=CONTENTS_KEPT_MAX)
def _kept_content(signed: SignedRecord) -> _Content:
    return _taken_apart(signed)


def _taken_apart(signed: SignedRecord) -> _Content:
    values = {name: signed.section(name) for name in signed.sections}
    heads = {name: found[0] for name, found in values.items() if found and isinstance(found[0], dict)}
    withheld = sorted(name for name, found in values.items() if len(found) < len(signed.sections[name]))
    return _Content(values, heads, tuple(name for name, found in values.items() if found), tuple(withheld))


def _listed(values: tuple[Json, ...]) -> list[dict[str, Json]]:
    listed = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
    return [one for one in listed if isinstance(one, dict)]


@holds_records
@lru_cache(maxsize=CONTENTS_KEPT_MAX)
def _reference_keys(signed: SignedRecord) -> frozenset[tuple[str, str, str]]:
    listed = _listed(signed.section("references"))
    return frozenset(Reference.model_validate(one).key for one in listed)


@dataclass(frozen=True)
class Reader:
    """Who asks, as the registry says at the head block."""

    member: str
    """USCC."""
    roles: Role
    customs_code: str = ""
    """Registration code with customs, 10 characters; empty where it has none."""
    kid: str = ""
    """Thumbprint of the key that it proved."""
    offices: frozenset[str] = frozenset()
    """Customs offices that the registry gives to it, 4 digits each."""
    operator: str = ""
    """Pseudonym of the one of the member's people who asks; empty where its key does."""

    @property
    def districts(self) -> frozenset[str]:
        """Customs districts (直属海关), two digits each, in which it may be competent."""
        if Role.CUSTOMS not in self.roles:
            return frozenset()
        own = [self.customs_code] if self.customs_code else []
        return frozenset(office[:DISTRICT_CHARS] for office in (*own, *self.offices))


class Directory(Hashable, Protocol):
    """The members, as the registry says at the head block: as whom they spoke, not whether they may act now."""

    def roles(self, member: str) -> Role:
        """The roles of a member, also of one that was suspended or expelled with them; none for a stranger."""
        ...

    def sponsor(self, member: str) -> str | None:
        """Who sponsors it, active or not; None for a governor or a stranger."""
        ...

    def customs_code(self, member: str) -> str:
        """Its registration code with customs; empty where it has none."""
        ...

    def member_of(self, customs_code: str) -> str | None:
        """The member with that customs code."""
        ...

    def is_member(self, uscc: str) -> bool:
        """Whether it is, or was, a member."""
        ...

    def is_authority(self, member: str, block: int | None) -> bool:
        """Whether it stood on the list of authorities for a block; None: for the next one."""
        ...

    def is_governor(self, member: str, block: int | None) -> bool:
        """Whether it governed for a block; None: for the next one."""
        ...

    def is_operator(self, member: str, ucr: str, block: int | None) -> bool:
        """Whether it operated the single window for this UCR in a block; None: in the next one."""
        ...

    def is_competent(self, member: str, offices: Collection[str], block: int | None) -> bool:
        """Whether the registry gave one of these customs offices, 4 digits each, to this member for a block."""
        ...

    def oversees(self, member: str, offices: Collection[str]) -> bool:
        """Whether this member of customs sees what is declared at one of these customs offices."""
        ...

    def is_compromised(self, kid: str, at: int | None) -> bool:
        """Whether the governors voted that this key was in a stranger's hands at a time; None: now."""
        ...

    def free_speakers(self, ucr: str) -> frozenset[str]:
        """Whoever may count in a consignment unnamed: authorities of any time."""
        ...

    def records_max(self, block: int | None) -> int:
        """How many records one issuer might say of one UCR, under the rules of a block; None: of the next one."""
        ...
