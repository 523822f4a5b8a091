"""Whom a record names: the members among its parties and the makers of its numbers, so that they get standing.

A record about several consignments names nobody: its names would hold for all of them, and tell each reader of the
others'. Companies are known by their USCC, or by their customs code where the registry maps it to a member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from chain.identifiers import CustomsCode, Uscc
from chain.records import Record
from chain.sdjwt import NAMES_MAX

REFRESH_S: Final = 60.0
"""How old the list of members may be when a customs code is not in it."""
MEMBERS_MAX: Final = 100_000
"""Most members that are kept."""
NAMING_NOBODY: Final = frozenset({"customs.request"})
"""Types whose names give no standing."""


class StandingNames:
    """Finds whom records name; asks the gateway for the members' customs codes."""

    def __init__(self, gateway: object, clock: Callable[[], float]) -> None:
        self._list_members: Callable[[], Iterator[Mapping[str, Any]]] | None = getattr(gateway, "members", None)
        self._clock = clock
        self._by_code: dict[str, str] = {}
        self._listed_at: float | None = None

    def find(self, record: Record, own: str) -> tuple[str, ...]:
        """The USCCs that the record is to name, each once, without its issuer's own."""
        if len(record.ucr) != 1 or record.TYPE in NAMING_NOBODY:
            return ()
        named = (uscc for uscc in self._candidates(record) if uscc != own)
        return tuple(dict.fromkeys(islice(named, NAMES_MAX * 4)))[:NAMES_MAX]

    def _candidates(self, record: Record) -> Iterator[str]:
        for party in getattr(record, "parties", ()):
            if party.uscc is not None:
                yield party.uscc
            elif party.customs_code is not None and (member := self._find_member(party.customs_code)):
                yield member
        for reference in record.references:
            if Uscc.is_valid(reference.scope):
                yield reference.scope
            elif CustomsCode.is_valid(reference.scope) and (member := self._find_member(reference.scope)):
                yield member

    def _find_member(self, customs_code: str) -> str | None:
        if customs_code not in self._by_code and self._list_members is not None:
            now = self._clock()
            if self._listed_at is None or now - self._listed_at >= REFRESH_S:
                members = islice(self._list_members(), MEMBERS_MAX)
                self._by_code = {str(one["customs_code"]): str(one["uscc"]) for one in members if one["customs_code"]}
                self._listed_at = now
        return self._by_code.get(customs_code)
