"""Numbers of one consignment that another one bears too, for the rules: the same box, invoice, tax bill, declaration.

Only kinds that the reader may look up at large are asked for, and only of consignments that it may see is it told
whether they are open. The answer names no other consignment: who may know it asks by the number, and that is logged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chain.rules.customs_status import FINAL_STATES
from chain.rules.frame import NOWHERE, Elsewhere, SharedNumber
from gateway.access.policy import Condition
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.declarations import declaration_threads
from gateway.consignment.view import Sight
from gateway.query.reader_context import ReaderContext
from gateway.store.references import NumberQuery, OtherStatement, find_other_statements

KINDS: Final = {
    "container": "container",
    "declaration": "declaration",
    "invoice": "invoice",
    "tax_bill": "certificate",
    "transport_document": "transport_document",
}
"""Kind of reference to the kind of shared number that rules know."""
NUMBERS_MAX: Final = 40
"""Numbers of one consignment that are asked for, in one question to the store."""
OTHERS_MAX: Final = 5
"""Other consignments that are looked into."""
ANOTHER: Final = "another consignment"
SHARED_BY_NATURE: Final = frozenset({"air_waybill", "manifest", "arrival", "departure", "list", "tally"})
"""Transport documents under which many consignments travel."""


def find_shared_numbers(context: ReaderContext, reader: Reader, sight: Sight) -> Elsewhere:
    """What rules C23, C34 and C37 look at, of the kinds that the reader may look up at large."""
    return look_up_shared_numbers(context, reader, sight)[0]


def look_up_shared_numbers(context: ReaderContext, reader: Reader, sight: Sight) -> tuple[Elsewhere, tuple[str, ...]]:
    """As `find_shared_numbers`, with the UCRs of the other consignments, all of which the reader may see."""
    may = context.policy.may_look_up
    kinds = {kind for kind in KINDS if may(reader.roles, {Condition.ALWAYS}, kind)}
    if not kinds or sight.own_only:
        return NOWHERE, ()
    numbers: dict[NumberQuery, str] = {}
    for number, record in _numbers(sight):
        if number.kind in kinds and len(numbers) < NUMBERS_MAX:
            numbers.setdefault(number, record)
    looked_up = frozenset(KINDS[kind] for kind in kinds)
    if not numbers:
        return Elsewhere(looked_up), ()
    with context.services.store.reading() as connection:
        statements = find_other_statements(connection, numbers, sight.ucr)
    others = list(dict.fromkeys(statement.ucr for statement in statements))[:OTHERS_MAX]
    is_open = {ucr: _is_open(context.find_sight(reader, ucr)) for ucr in others}
    seen = tuple(ucr for ucr in others if is_open[ucr] is not None)
    return Elsewhere(looked_up, tuple(_shared(statements, numbers, is_open))), seen


def _numbers(sight: Sight) -> Iterator[tuple[NumberQuery, str]]:
    """Numbers that name one consignment: no box that is shared, no waybill of many, no invoice of an unknown seller."""
    unshared = {
        str(box.get("number")) for record in sight.records for box in _boxes(record) if box.get("shared") is not True
    }
    for record in sight.records:
        if not record.is_sole:
            continue
        by_air = str(record.one("transport_document").get("kind", "")) in SHARED_BY_NATURE
        for kind, scope, value in sorted(record.reference_keys):
            is_named = kind != "invoice" or bool(scope) or (value.isdigit() and len(value) == 20)
            is_own = kind != "transport_document" or (record.signed.vct.endswith("transport_document") and not by_air)
            if is_named and is_own and not scope.startswith("http") and (kind != "container" or value in unshared):
                yield NumberQuery(kind, value, scope), record.signed.record_id


def _boxes(record: HeldRecord) -> Iterator[dict[str, object]]:
    if record.signed.vct != "customs.declaration":
        return
    listed = record.one("transport").get("containers")
    for box in listed if isinstance(listed, list) else ():
        if isinstance(box, dict):
            yield {**box}


def _is_open(sight: Sight | None) -> bool | None:
    """Whether any declaration of it is not at its end; None where the reader may not know of it."""
    if sight is None:
        return None
    threads = declaration_threads(sight.records)
    return any(thread.status.state not in FINAL_STATES for thread in threads)


def _shared(
    statements: list[OtherStatement], numbers: dict[NumberQuery, str], is_open: dict[str, bool | None]
) -> Iterator[SharedNumber]:
    listed: set[NumberQuery] = set()
    for statement in statements:
        open_there = is_open.get(statement.ucr)
        if statement.number in listed or open_there is None:
            continue
        listed.add(statement.number)
        kind, value = statement.number.kind, statement.number.value
        yield SharedNumber(KINDS[kind], value, ANOTHER, open_there, numbers[statement.number])
