"""Which earlier record an amendment replaces: the last one of its kind about its numbers that was lodged before it.

Messages come late, doubled and in any order. An amendment waits while an earlier statement that is in the journal is
not signed yet. One that comes after a later one was signed replaces what stood before it, never the later one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from adapters.message import Entity
from adapters.runner.journal import Journal, JournalMessage
from adapters.runner.ucr_resolution import NotYet
from chain.identifiers import Ucr
from chain.records import Record, Reference
from chain.sdjwt import SignedRecord

STATEMENT_NUMBERS: Final = ("declaration", "pre", "cop", "tax_bill")
"""Kinds of reference that name one statement; an order or a container may have several over time."""
WAITING_MAX = 1_000
"""Earlier statements that are looked at before an amendment is signed."""

Key = tuple[str, str, str]


def reference_key(reference: Reference, part: int) -> Key:
    """As the journal keeps it: all parts of a long list share their numbers, and each amends its own like."""
    kind, scope, value = reference.key
    return (f"{kind}/{part}" if part else kind), scope, value


class Amending:
    """Finds what an entity amends, in one member's journal."""

    def __init__(self, journal: Journal, read: Callable[[JournalMessage, int], Entity]) -> None:
        """`read` gives a message's entity by its ordinal."""
        self._journal = journal
        self._read = read

    def find(self, message: JournalMessage, entity: Entity, record: Record) -> str | None:
        """The id of the record that the entity's replaces; None where it replaces none. Raises `NotYet`."""
        if entity.amends is None:
            return None
        # The first statement may not have known the number that customs gave since: any of its numbers will do.
        numbers = [entity.amends, *_statement_numbers(entity, record)]
        if self._waits_for(message, entity, record, numbers):
            raise NotYet(f"an earlier {record.TYPE} about {_said(entity.amends)} is not signed yet")
        if (found := self._spoken(message, record, numbers, entity.part)) is not None:
            return found
        if (
            entity.part
            and self._spoken(message, record, numbers, 0) is not None
            and not self._journal.waits_before(record.TYPE, message.place)
        ):
            return None  # the list has grown: what it says now has more parts than what it said before
        raise NotYet(f"no {record.TYPE} about {_said(entity.amends)} was signed here yet that this one could amend")

    def find_ucrs(self, record_id: str) -> tuple[Ucr, ...]:
        """The consignments of a record that was signed here; none where it was signed elsewhere."""
        text = self._journal.find_signed(record_id)
        return () if text is None else tuple(map(Ucr.parse, map(str, SignedRecord.parse(text).section("ucr"))))

    def _spoken(self, message: JournalMessage, record: Record, numbers: Sequence[Reference], part: int) -> str | None:
        lodged = message.envelope.sent_at
        keys = [reference_key(number, part) for number in numbers]
        return self._journal.find_spoken(record.TYPE, keys, lodged)

    def _waits_for(self, message: JournalMessage, entity: Entity, record: Record, numbers: Sequence[Reference]) -> bool:
        """Whether an entity lodged before this one, of its kind and about one of its numbers, is not signed yet."""
        keys = {reference_key(number, entity.part) for number in numbers}
        waiting = self._journal.waiting_before(record.TYPE, message.envelope.sent_at, message.place, WAITING_MAX)
        for place, ordinal in waiting:
            earlier = self._read(self._journal.get_message(place), ordinal)
            if earlier.record is not None and keys & {
                reference_key(number, earlier.part) for number in earlier.record.references
            }:
                return True
        return False


def _statement_numbers(entity: Entity, record: Record) -> Iterator[Reference]:
    return (one for one in (*entity.lookup, *record.references) if one.kind in STATEMENT_NUMBERS)


def _said(reference: Reference) -> str:
    return f"{reference.kind} {reference.value}"
