"""The members of one registry snapshot, as views ask for them: as whom they spoke, and for which block."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from chain.encoding import parse_base64url
from chain.members import CodeRegister, KeyState, MemberKind, PolicyName, Role, find_in_force
from chain.standing import RECORDS_MAX
from gateway.access.records import DISTRICT_CHARS
from gateway.membership.registry import Snapshot


class RegistryDirectory:
    """The members of one registry snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def is_of(self, snapshot: Snapshot) -> bool:
        """Whether it still tells what this snapshot does."""
        return self._snapshot.members is snapshot.members and self._snapshot.block == snapshot.block

    # -- members ---------------------------------------------------------------------------------------------------

    def is_member(self, uscc: str) -> bool:
        """Whether it is, or was, a member."""
        return uscc in self._snapshot.members

    def roles(self, member: str) -> Role:
        """A member's roles for the next block, also of one suspended or expelled with them; none for a stranger.

        Its words stay those of customs, a carrier and so on. Who may act is asked of `Snapshot.get_active_member`.
        """
        found = self._snapshot.members.get(member)
        version = find_in_force(found.versions, self._next) if found else None
        return Role(0) if version is None else version.roles

    def sponsor(self, member: str) -> str | None:
        """Who sponsors it by its newest version, active or not; None for a governor or a stranger."""
        found = self._snapshot.members.get(member)
        return found.versions[-1].sponsor if found and found.versions else None

    def sponsored_by(self, member: str) -> frozenset[str]:
        """The members that it sponsors."""
        return self._by_sponsor.get(member, frozenset())

    def customs_code(self, member: str) -> str:
        """Its registration code with customs; empty where it has none."""
        found = self._snapshot.members.get(member)
        return (found.profiles[-1].customs_code or "") if found and found.profiles else ""

    def member_of(self, customs_code: str) -> str | None:
        """The member with that customs code."""
        return self._by_code.get(customs_code)

    def is_compromised(self, kid: str, at: int | None) -> bool:
        """Whether the governors voted that this key was in a stranger's hands at a time (Unix seconds); None: now."""
        key = self._snapshot.keys.get(parse_base64url(kid))
        newest = key.versions[-1] if key and key.versions else None
        if newest is None or newest.state is not KeyState.COMPROMISED:
            return False
        return at is None or newest.compromised_since is None or at >= newest.compromised_since

    # -- whose word counts -----------------------------------------------------------------------------------------

    def is_governor(self, member: str, block: int | None) -> bool:
        """Whether it governed for a block; None: for the next one."""
        known = self._snapshot.members.get(member)
        version = find_in_force(known.versions, self._next if block is None else block) if known else None
        return version is not None and version.kind is MemberKind.GOVERNOR

    def is_authority(self, member: str, block: int | None) -> bool:
        """Whether it stood on the list of authorities for a block; None: for the next one."""
        listed = False
        for since, is_listed in self._authority_changes.get(member, ()):
            if since >= (self._next if block is None else block):
                break
            listed = is_listed
        return listed

    def is_operator(self, member: str, ucr: str, block: int | None) -> bool:
        """Whether it operated the single window for this UCR in a block; None: in the next one."""
        versions = self._snapshot.operators.get(member)
        version = find_in_force(versions, self._next if block is None else block) if versions else None
        return version is not None and _is_in_scope(ucr, version.scope)

    def is_competent(self, member: str, offices: Collection[str], block: int | None) -> bool:
        """Whether the registry gave one of these customs offices to this member for a block: then it names freely."""
        return any(self._holder(office, block) == member for office in offices)

    def oversees(self, member: str, offices: Collection[str]) -> bool:
        """Whether this member of customs sees what is declared at one of these offices.

        An office is its member's by the registry; one that the registry gives to nobody is theirs whose own
        registration code is of its district (直属海关).
        """
        if not offices or Role.CUSTOMS not in self.roles(member):
            return False
        district = self.customs_code(member)[:DISTRICT_CHARS]
        holders = {office: self._holder(office) for office in offices}
        return any(
            holder == member or (holder is None and bool(district) and office.startswith(district))
            for office, holder in holders.items()
        )

    def free_speakers(self, ucr: str) -> frozenset[str]:
        """Whoever may count in a consignment unnamed: authorities of any time; operators are heard as such alone."""
        return self._authorities

    def records_max(self, block: int | None) -> int:
        """How many records one issuer might say of one UCR, under the rules of a block; None: of the next one."""
        versions = self._snapshot.policies.get(PolicyName.LANE_RECORDS_MAX)
        version = find_in_force(versions, self._next if block is None else block) if versions else None
        return RECORDS_MAX if version is None else version.number

    # -- whose numbers ---------------------------------------------------------------------------------------------

    def offices_of(self, member: str) -> frozenset[str]:
        """The customs offices that the registry gives to a member."""
        return self.codes_of(member, CodeRegister.CUSTOMS_OFFICE)

    def codes_of(self, member: str, register: CodeRegister) -> frozenset[str]:
        """The codes of a register that are the member's for the next block."""
        codes = self._codes_by_member.get(member, ())
        return frozenset(code for name, code in codes if name == register)

    # --------------------------------------------------------------------------------------------------------------

    @property
    def _next(self) -> int:
        return self._snapshot.block + 1

    def _holder(self, office: str, block: int | None = None) -> str | None:
        versions = self._snapshot.assignments.get((CodeRegister.CUSTOMS_OFFICE, office))
        version = find_in_force(versions, self._next if block is None else block) if versions else None
        return None if version is None else version.member

    @cached_property
    def _by_sponsor(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for uscc in self._snapshot.members:
            found.setdefault(self.sponsor(uscc) or "", set()).add(uscc)
        return {sponsor: frozenset(members) for sponsor, members in found.items() if sponsor}

    @cached_property
    def _by_code(self) -> dict[str, str]:
        found = self._snapshot.members.items()
        return {one.customs_code: uscc for uscc, m in found for one in m.profiles[-1:] if one.customs_code}

    @cached_property
    def _authority_changes(self) -> dict[str, list[tuple[int, bool]]]:
        changes: dict[str, list[tuple[int, bool]]] = {}
        for change in self._snapshot.authorities:
            changes.setdefault(change.member, []).append((change.block, change.listed))
        return changes

    @cached_property
    def _authorities(self) -> frozenset[str]:
        return frozenset(self._authority_changes)

    @cached_property
    def _codes_by_member(self) -> dict[str, list[tuple[str, str]]]:
        codes: dict[str, list[tuple[str, str]]] = {}
        for (register, code), versions in self._snapshot.assignments.items():
            version = find_in_force(versions, self._next)
            if version is not None and version.member is not None:
                codes.setdefault(version.member, []).append((register, code))
        return codes


def _is_in_scope(ucr: str, scope: str | None) -> bool:
    """Whether an operator's scope takes a UCR in: what begins after the digit of the year, or `*` for all."""
    return scope is not None and (scope == "*" or ucr[1:].startswith(scope))
