"""Which consignments an entity speaks of: what the envelope says, else what the gateway knows by its references."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from adapters.message import Entity
from adapters.sources.envelope import UCRS_PER_ENTITY_MAX, Envelope
from chain.errors import Malformed
from chain.identifiers import Ucr
from chain.records import Record, Reference

Assign = Callable[[str, Sequence[Mapping[str, str]]], str]
"""Record type and references -> the UCR that the single window assigns to those goods."""

MISSING_SHOWN_MAX = 5
"""How many references without a consignment a reason names."""


class NotYet(Exception):
    """The consignment or the amended record is not known yet."""


class Knows(Protocol):
    """What is needed of the gateway."""

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        """The UCRs that this reference belongs to; empty where none is known yet."""


class Placing:
    """Finds UCRs; asks the gateway once for each reference until `forget`."""

    def __init__(self, gateway: Knows, assign: Assign | None = None) -> None:
        """With `assign`, goods that nobody knows get a UCR of the single window; without, they are waited for."""
        self._gateway = gateway
        self._assign = assign
        self._known: dict[tuple[str, str, str, str], list[str]] = {}

    def forget(self) -> None:
        """What the gateway answered no longer counts: in the next round it may know more."""
        self._known.clear()

    def find_ucrs(self, envelope: Envelope, entity: Entity, record: Record) -> tuple[Ucr, ...]:
        """The consignments of the entity; raises `NotYet`, and `Malformed` where they are too many for one record.

        The envelope speaks of whole entities: each part of a long list is said of all that it names. Without it, the
        references of an entity that is `many` are taken together, and all of them must be known.
        """
        given = envelope.ucrs.get(entity.ordinal if entity.part_of is None else entity.part_of)
        if given:
            return tuple(map(Ucr.parse, given))
        if record.ucr:
            return record.ucr
        return self._of_all(entity, record) if entity.many else self._of_any(entity, record)

    def _of_all(self, entity: Entity, record: Record) -> tuple[Ucr, ...]:
        found: dict[str, None] = {}
        missing: list[Reference] = []
        for reference in entity.lookup:
            ucrs = self._ask(reference)
            found.update(dict.fromkeys(ucrs))
            if not ucrs:
                missing.append(reference)
        if missing and self._assign is None:
            raise NotYet(f"no consignment is known yet by {_listed(missing)}")
        if missing and self._assign is not None:
            found.update(dict.fromkeys(self._assign(record.TYPE, [_plain(one)]) for one in missing))
        return _parsed(list(found))

    def _of_any(self, entity: Entity, record: Record) -> tuple[Ucr, ...]:
        for reference in entity.lookup:
            if ucrs := self._ask(reference):
                return _parsed(ucrs)
        if self._assign is not None and record.references:
            return (Ucr.parse(self._assign(record.TYPE, [_plain(r) for r in (*entity.lookup, *record.references)])),)
        raise NotYet(f"no consignment is known yet by {_listed(entity.lookup)}")

    def _ask(self, reference: Reference) -> list[str]:
        asked = (str(reference.kind), reference.value, reference.scope, reference.on)
        if asked not in self._known:
            self._known[asked] = self._gateway.references(*asked)
        return self._known[asked]


def _parsed(ucrs: Sequence[str]) -> tuple[Ucr, ...]:
    if len(ucrs) > UCRS_PER_ENTITY_MAX:
        raise Malformed("ucr", f"a record speaks of at most {UCRS_PER_ENTITY_MAX} UCRs", value=len(ucrs))
    return tuple(map(Ucr.parse, ucrs))


def _listed(references: Sequence[Reference]) -> str:
    shown = ", ".join(f"{r.kind} {r.value}" for r in references[:MISSING_SHOWN_MAX]) or "nothing"
    return shown + (f" and {len(references) - MISSING_SHOWN_MAX} more" if len(references) > MISSING_SHOWN_MAX else "")


def _plain(reference: Reference) -> dict[str, str]:
    return {"kind": str(reference.kind), "scope": reference.scope, "value": reference.value}
