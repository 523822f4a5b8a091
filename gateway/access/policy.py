"""The view policy: who sees which sections of which records, from one readable file; the default is no.

`view-policy.json` says role × condition × record type → sections; its first lines explain its words. It is read
strictly (an unknown role, type, section, condition or member is a fault, since a slip of the pen must not withhold or
show anything by chance), and its SHA-256 over the file's bytes must be the registry's VIEW_POLICY hash: a gateway whose
file grants more than the members agreed to does not serve.

No I/O but `ViewPolicy.load`; conditions come in as facts about one reader and one consignment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import get_args

from chain.encoding import Json, parse_json_object
from chain.erasures import KEPT_SECTIONS
from chain.errors import Malformed, TongguanError
from chain.members import Role
from chain.records import RECORD_TYPES
from chain.records.base import ReferenceKind

POLICY_FORMAT = "tongguan-view-policy/1"
POLICY_FILE = Path(__file__).with_name("view-policy.json")
"""The policy that a new consortium starts with."""

POLICY_BYTES_MAX = 262_144
MEMBERS = frozenset({"format", "about", "grants", "only_when_sole", "lookups", "statistics"})
"""What a policy file may say; `statistics` may be left out, and nobody reads them then."""
EVERY_MEMBER = "MEMBER"
"""Stands for every member, whatever its roles."""

ALWAYS_SHOWN = KEPT_SECTIONS
"""Sections shown to whoever may see the consignment: entries rest on `ucr` (of which the element for this consignment
alone is shown), who has standing follows from `names` and `mandate`, and what is gone from `erasure`."""


class MalformedPolicy(Malformed):
    """A view policy file that breaks its format."""


class UnagreedPolicy(TongguanError):
    """The policy file is not the one whose hash the members agreed on: the gateway does not serve."""

    def __init__(self, own: bytes, agreed: bytes | None) -> None:
        self.own = own
        self.agreed = agreed
        said = "there is none" if agreed is None else f"it is {agreed.hex()}"
        super().__init__(
            f"the view policy file has hash {own.hex()}, but on the chain {said}. Use the agreed file, or have the "
            "governors agree on this one"
        )


class Condition(StrEnum):
    """Under which condition a grant holds for a reader."""

    ALWAYS = "always"
    ISSUER = "issuer"
    PARTY = "party"
    DISTRICT = "district"
    SPONSOR = "sponsor"


@dataclass(frozen=True)
class Grant:
    """One line of the policy."""

    role: str
    condition: Condition
    type_pattern: str
    """A record type, `family.*` or `*`."""
    patterns: tuple[str, ...]
    """Section names, `*`, and `!name` for those taken out."""

    def covers(self, record_type: str, section: str) -> bool:
        """Whether it grants that section of that type."""
        if not _matches(self.type_pattern, record_type) or f"!{section}" in self.patterns:
            return False
        return section in self.patterns or "*" in self.patterns

    def __str__(self) -> str:
        return f"{self.role} / {self.condition} / {self.type_pattern}"


class Cause(StrEnum):
    """Why a section is withheld."""

    NO_GRANT = "no-grant"
    CONDITION = "condition"
    OTHER_CONSIGNMENTS = "other-consignments"


@dataclass(frozen=True)
class SectionVerdict:
    """Whether one section is seen, and why."""

    seen: bool
    grants: tuple[Grant, ...]
    """The lines that grant it; or, where it is withheld, the lines that would, were their condition met."""
    sole_only: bool = False
    """Withheld because the record speaks of other consignments too."""

    @property
    def cause(self) -> Cause | None:
        """Why it is withheld; None where it is seen."""
        if self.seen:
            return None
        if self.sole_only:
            return Cause.OTHER_CONSIGNMENTS
        return Cause.CONDITION if self.grants else Cause.NO_GRANT

    def reason(self) -> str:
        """One sentence."""
        named = "; ".join(map(str, self.grants))
        match self.cause:
            case None:
                return f"granted by {named}"
            case Cause.OTHER_CONSIGNMENTS:
                return "withheld: the record speaks of other consignments too"
            case Cause.CONDITION:
                return f"withheld: would be granted by {named}"
            case Cause.NO_GRANT:
                return "withheld: no line of the policy grants it to any of the reader's roles"


@dataclass(frozen=True)
class ViewPolicy:
    """The policy in force. Make one with `parse` or `load`."""

    grants: tuple[Grant, ...]
    only_when_sole: frozenset[str]
    lookups: Mapping[tuple[str, Condition], frozenset[str]]
    digest: bytes
    """SHA-256 of the file's bytes: what stands on the chain."""
    statistics: frozenset[str] = frozenset()
    """Roles that may read the statistics of all consignments together."""
    _granted_names: dict[tuple[int, frozenset[Condition], str], frozenset[str]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _verdicts: dict[tuple[int, frozenset[Condition], str, str, bool], SectionVerdict] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def load(cls, path: Path = POLICY_FILE) -> ViewPolicy:
        """The policy in the file; raises MalformedPolicy."""
        return cls.parse(path.read_bytes())

    @classmethod
    def parse(cls, said: bytes) -> ViewPolicy:
        """The policy in a file's bytes; raises MalformedPolicy naming the member and the rule."""
        if len(said) > POLICY_BYTES_MAX:
            raise MalformedPolicy("view policy", f"has at most {POLICY_BYTES_MAX} bytes", value=len(said))
        try:
            members = parse_json_object(said)
        except ValueError as error:
            raise MalformedPolicy("view policy", str(error)) from None
        if strange := members.keys() - MEMBERS:
            raise MalformedPolicy(min(strange), "is no member of a view policy")
        if members.get("format") != POLICY_FORMAT:
            raise MalformedPolicy("format", f"is {POLICY_FORMAT}", value=members.get("format"))
        return cls(
            grants=tuple(_grants(members.get("grants"))),
            only_when_sole=frozenset(_section_names("only_when_sole", members.get("only_when_sole"))),
            lookups=dict(_lookups(members.get("lookups"))),
            digest=sha256(said).digest(),
            statistics=frozenset(_role_list("statistics", members.get("statistics", []))),
        )

    def require_agreed(self, agreed: bytes | None) -> None:
        """Raises UnagreedPolicy unless `agreed` (the registry's VIEW_POLICY hash) is this file's."""
        if agreed != self.digest:
            raise UnagreedPolicy(self.digest, agreed)

    def sections(
        self, roles: Role, conditions: Collection[Condition], record_type: str, names: Iterable[str], *, sole: bool
    ) -> frozenset[str]:
        """Which of the sections a reader with these roles sees of such a record while these conditions hold."""
        granted = self._granted(roles, frozenset(conditions), record_type)
        beyond = frozenset(conditions) & {Condition.ISSUER, Condition.ALWAYS}
        unconditional = granted if sole else self._granted(roles, beyond, record_type)
        return frozenset(
            name
            for name in names
            if name in ALWAYS_SHOWN
            or (name in granted and (sole or name not in self.only_when_sole or name in unconditional))
        )

    def verdict(
        self, roles: Role, conditions: Collection[Condition], record_type: str, section: str, *, sole: bool
    ) -> SectionVerdict:
        """As `sections`, for one section, with the lines of the policy that decide it; remembered."""
        key = (int(roles), frozenset(conditions), record_type, section, sole)
        known = self._verdicts.get(key)
        if known is None:
            known = self._verdicts[key] = self._decided(roles, conditions, record_type, section, sole=sole)
        return known

    def _decided(
        self, roles: Role, conditions: Collection[Condition], record_type: str, section: str, *, sole: bool
    ) -> SectionVerdict:
        held = _role_names(roles)
        fitting = [g for g in self.grants if g.role in held and g.covers(record_type, section)]
        met = tuple(g for g in fitting if g.condition in conditions)
        seen = section in self.sections(roles, conditions, record_type, [section], sole=sole)
        if seen or not met:
            return SectionVerdict(seen, met or tuple(fitting))
        return SectionVerdict(False, met, sole_only=True)

    def may_see_consignment(self, roles: Role, conditions: Collection[Condition]) -> bool:
        """Whether such a reader learns that the consignment exists, and each record's existence, issuer and type.

        Issuing a record is not enough: else anyone could look by speaking of somebody's goods.
        """
        held = _role_names(roles)
        beyond_own = set(conditions) - {Condition.ISSUER}
        return any(g.role in held and g.condition in beyond_own for g in self.grants)

    def shows_at_large(self, roles: Role, sections: Collection[str]) -> bool:
        """Whether such a reader sees one of these sections of some record type, whoever's goods they are."""
        at_large = frozenset({Condition.ALWAYS})
        return any(self._granted(roles, at_large, one) & frozenset(sections) for one in RECORD_TYPES)

    def may_look_up(self, roles: Role, conditions: Collection[Condition], kind: str) -> bool:
        """Whether such a reader may learn which consignment a number of this kind belongs to."""
        return any(
            kind in self.lookups.get((role, condition), ()) for role in _role_names(roles) for condition in conditions
        )

    def may_read_statistics(self, roles: Role) -> bool:
        """Whether such a reader may read the statistics, which tell of all consignments and of none."""
        return not self.statistics.isdisjoint(_role_names(roles))

    def _granted(self, roles: Role, conditions: frozenset[Condition], record_type: str) -> frozenset[str]:
        """Names of all sections of that type that the policy grants; remembered, since few combinations ever occur."""
        key = (int(roles), conditions, record_type)
        known = self._granted_names.get(key)
        if known is None:
            held = _role_names(roles)
            met = [one for one in self.grants if one.role in held and one.condition in conditions]
            names = type_sections(record_type)
            known = frozenset(name for name in names if any(grant.covers(record_type, name) for grant in met))
            self._granted_names[key] = known
        return known


@lru_cache(maxsize=512)
def _role_names(roles: Role) -> frozenset[str]:
    return frozenset({EVERY_MEMBER, *(str(role.name) for role in Role if role in roles)})


def type_sections(record_type: str) -> tuple[str, ...]:
    """The names of all sections that a record of that type may have, in their order; empty for an unknown type."""
    model = RECORD_TYPES.get(record_type)
    return () if model is None else tuple(model.model_fields)


def _grants(said: Json) -> Iterable[Grant]:
    for role, by_condition in _object("grants", said).items():
        _known("grants", role, {EVERY_MEMBER, *(str(one.name) for one in Role)})
        for condition, by_type in _object(f"grants.{role}", by_condition).items():
            _known(f"grants.{role}", condition, set(Condition))
            for pattern, sections in _object(f"grants.{role}.{condition}", by_type).items():
                at = f"grants.{role}.{condition}.{pattern}"
                types = [one for one in RECORD_TYPES if _matches(pattern, one)]
                if not types:
                    raise MalformedPolicy(at, "is no record type", value=pattern)
                names = tuple(_texts(at, sections))
                _check_patterns(at, names, {s for one in types for s in type_sections(one)})
                yield Grant(role, Condition(condition), pattern, names)


def _check_patterns(at: str, names: tuple[str, ...], known: set[str]) -> None:
    for name in names:
        if name != "*" and name.removeprefix("!") not in known:
            raise MalformedPolicy(at, "names sections that records of this type can have", value=name)
        if name.startswith("!") and "*" not in names:
            raise MalformedPolicy(at, "takes out of * only", value=name)


def _lookups(said: Json) -> Iterable[tuple[tuple[str, Condition], frozenset[str]]]:
    kinds = set(get_args(ReferenceKind))
    for role, by_condition in _object("lookups", said).items():
        _known("lookups", role, {EVERY_MEMBER, *(str(one.name) for one in Role)})
        for condition, names in _object(f"lookups.{role}", by_condition).items():
            at = f"lookups.{role}.{condition}"
            _known(f"lookups.{role}", condition, {Condition.ALWAYS, Condition.PARTY, Condition.DISTRICT})
            for name in (listed := _texts(at, names)):
                _known(at, name, kinds)
            yield (role, Condition(condition)), frozenset(listed)


def _role_list(at: str, said: Json) -> list[str]:
    names = _texts(at, said)
    for name in names:
        _known(at, name, {EVERY_MEMBER, *(str(one.name) for one in Role)})
    return names


def _section_names(at: str, said: Json) -> list[str]:
    known = {section for one in RECORD_TYPES for section in type_sections(one)}
    names = _texts(at, said)
    for name in names:
        _known(at, name, known)
    return names


def _object(at: str, said: Json) -> dict[str, Json]:
    if not isinstance(said, dict):
        raise MalformedPolicy(at, "is an object")
    return said


def _texts(at: str, said: Json) -> list[str]:
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise MalformedPolicy(at, "is a list of names")
    names = [str(one) for one in said]
    if len(set(names)) != len(names):
        raise MalformedPolicy(at, "names each once")
    return names


def _known(at: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise MalformedPolicy(at, f"has members among {', '.join(sorted(known))}", value=name)


def _matches(pattern: str, record_type: str) -> bool:
    if pattern.endswith("*"):
        return record_type.startswith(pattern[:-1])
    return pattern == record_type
