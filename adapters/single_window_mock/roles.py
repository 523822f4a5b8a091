"""Who plays which part in a story: the consortium's members by role, from their `member.json` files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chain.errors import Malformed

PARTS: Mapping[str, str] = {
    "trader": "TRADER",
    "broker": "BROKER",
    "customs": "CUSTOMS",
    "carrier": "CARRIER",
    "terminal": "TERMINAL",
    "bank": "BANK",
    "tax": "TAX",
}
"""Part in a story -> the role that its member must hold."""

_STAND_INS: Mapping[str, str] = {"terminal": "carrier", "bank": "customs", "tax": "customs"}
"""A part that no member holds is played by another whose role may say the same record types, where there is one."""


class MalformedMember(Malformed):
    """A member.json file that names no member: file, field and rule."""


@dataclass(frozen=True)
class Party:
    """One member as a native message names it."""

    uscc: str
    """Unified social credit code, 18 characters (GB 32100)."""
    customs_code: str
    """Customs registration code, 10 characters."""
    name: str
    """Registered name, as it stands in declarations."""


@dataclass(frozen=True)
class Cast:
    """The members who play in every story."""

    trader: Party
    broker: Party
    customs: Party
    carrier: Party
    terminal: Party
    bank: Party
    tax: Party

    @classmethod
    def of_members(cls, members: Iterable[Mapping[str, object]]) -> Cast:
        """The cast chosen from decoded member.json files: by slug where one is named like the part, else by role.

        Raises `MalformedMember` where a part cannot be filled.
        """
        ordered = sorted(members, key=lambda member: str(member.get("slug", "")))
        chosen: dict[str, Party] = {}
        for part, role in PARTS.items():
            fitting = [member for member in ordered if _holds(member, role)]
            fitting.sort(key=lambda member: (member.get("slug") != part, len(_roles(member))))
            if fitting:
                chosen[part] = _party(fitting[0])
        for part, other in _STAND_INS.items():
            if part not in chosen and other in chosen:
                chosen[part] = chosen[other]
        missing = [part for part in PARTS if part not in chosen]
        if missing:
            raise MalformedMember("members", f"no member holds the role {PARTS[missing[0]]} for the part {missing[0]}")
        return cls(**chosen)

    @classmethod
    def read(cls, folder: Path) -> Cast:
        """The cast from a consortium's `members` folder (`<slug>/member.json`); raises `MalformedMember`."""
        found: list[Mapping[str, object]] = []
        for path in sorted(folder.glob("*/member.json")):
            try:
                member = json.loads(path.read_bytes())
            except ValueError as error:
                raise MalformedMember(str(path), "is not JSON") from error
            if not isinstance(member, dict):
                raise MalformedMember(str(path), "must be a JSON object")
            found.append(member)
        return cls.of_members(found)


def _roles(member: Mapping[str, object]) -> tuple[str, ...]:
    roles = member.get("roles", ())
    return tuple(str(role).upper() for role in roles) if isinstance(roles, list | tuple) else ()


def _holds(member: Mapping[str, object], role: str) -> bool:
    return role in _roles(member)


def _party(member: Mapping[str, object]) -> Party:
    for field in ("uscc", "customs_code", "name"):
        if not isinstance(member.get(field), str) or not member[field]:
            raise MalformedMember(field, "must be a text in every member.json", value=member.get("slug"))
    return Party(uscc=str(member["uscc"]), customs_code=str(member["customs_code"]), name=str(member["name"]))
