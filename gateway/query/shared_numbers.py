"""Numbers of one consignment that another one bears too, for the rules: the same box, bill, invoice, tax bill,
certificate of origin, declaration.

Only kinds that the reader may look up at large are asked for, and only of consignments that it may see is it told
whether they are open. The answer names no other consignment: who may know it asks by the number, and that is logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from chain.identifiers import AirWaybillNumber
from chain.reference_keys import reference_key
from chain.rules.customs_status import FINAL_STATES
from chain.rules.frame import NOWHERE, Elsewhere, SharedNumber
from gateway.access.policy import Condition
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.declarations import declaration_threads
from gateway.consignment.view import Sight
from gateway.query.reader_context import ReaderContext
from gateway.store.references import STATEMENTS_MAX, NumberQuery, OtherStatement, find_other_statements

KINDS: Final = {
    "container": "container",
    "declaration": "declaration",
    "invoice": "invoice",
    "origin_certificate": "origin_certificate",
    "tax_bill": "certificate",
    "transport_document": "transport_document",
}
"""Kind of reference to the kind of shared number that rules know."""
NUMBERS_MAX: Final = 40
"""Numbers of one consignment that are asked for, in one question to the store."""
OTHERS_MAX: Final = 25
"""Other consignments that are looked into. Where more say a number, its rule is not run: silence would be an answer."""
ANOTHER: Final = "another consignment"
ANY_BILL: Final = "*"
"""Whichever bill a transport document says is its own."""
SHARED_BY_NATURE: Final = frozenset({"air_waybill", "manifest", "arrival", "departure", "list", "tally"})
"""Transport documents under which many consignments travel."""


def find_shared_numbers(context: ReaderContext, reader: Reader, sight: Sight) -> Elsewhere:
    """What rules C23, C34, C36 and C37 look at, of the kinds that the reader may look up at large."""
    return look_up_shared_numbers(context, reader, sight)[0]


def look_up_shared_numbers(context: ReaderContext, reader: Reader, sight: Sight) -> tuple[Elsewhere, tuple[str, ...]]:
    """As `find_shared_numbers`, with the UCRs of the other consignments, all of which the reader may see."""
    may = context.policy.may_look_up
    kinds = {kind for kind in KINDS if may(reader.roles, {Condition.ALWAYS}, kind)}
    if not kinds or sight.own_only:
        return NOWHERE, ()
    every = {number: record for number, record in reversed([*_numbers(sight)]) if number.kind in kinds}
    numbers = dict(islice(reversed(every.items()), NUMBERS_MAX))
    looked_up = frozenset(KINDS[kind] for kind in kinds)
    if not numbers:
        return Elsewhere(looked_up), ()
    with context.services.store.reading() as connection:
        statements = find_other_statements(connection, numbers, sight.ucr)
    others = list(dict.fromkeys(statement.ucr for statement in statements))
    seen = context.sights(reader, others[:OTHERS_MAX])
    counted = {consignment.ucr: other for consignment, other in seen if other is not None}
    is_open = {ucr: _is_open(other) for ucr, other in counted.items()}
    carried = _carried(sight)
    together = {ucr: carried & _carried(other) for ucr, other in counted.items()} if carried else {}
    said = [statement for statement in statements if _is_said_in(counted.get(statement.ucr), statement.number)]
    shared = tuple(_shared(said, numbers, is_open, together))
    if len(every) > NUMBERS_MAX or len(statements) > STATEMENTS_MAX or len(others) > OTHERS_MAX:
        looked_up &= {number.kind for number in shared}
    return Elsewhere(looked_up, shared), tuple(dict.fromkeys(statement.ucr for statement in said))


def _numbers(sight: Sight) -> Iterator[tuple[NumberQuery, str]]:
    """Numbers that name one consignment: no box that is shared, no waybill of many, no invoice of an unknown seller."""
    unshared = {
        str(box.get("number")) for record in sight.stated for box in _boxes(record) if box.get("shared") is not True
    }
    for record in sight.stated:
        if not record.is_sole:
            continue
        bill = _own_bill(record)
        for kind, scope, value in sorted(record.reference_keys):
            is_named = kind != "invoice" or bool(scope) or (value.isdigit() and len(value) == 20)
            is_own = kind != "transport_document" or bill in (ANY_BILL, value)
            if is_named and is_own and not scope.startswith("http") and (kind != "container" or value in unshared):
                yield NumberQuery(kind, value, scope), record.signed.record_id


def _own_bill(record: HeldRecord) -> str:
    """The bill of its goods alone: all that a transport document says, what a declaration says is its own."""
    if record.signed.vct == "logistics.transport_document":
        return "" if str(record.one("transport_document").get("kind", "")) in SHARED_BY_NATURE else ANY_BILL
    if record.signed.vct != "customs.declaration":
        return ""
    bill = str(record.one("transport").get("bill") or "")
    # Under an air waybill without a house number many consignments may travel.
    return "" if AirWaybillNumber.is_valid(bill) else reference_key("transport_document", "", bill)[2]


def _carried(sight: Sight) -> frozenset[tuple[str, str, str]]:
    """The box, vehicle and voyage of each box that a declaration says is on one."""
    carried = set()
    for record in sight.stated:
        conveyance = record.one("transport").get("conveyance") if record.signed.vct == "customs.declaration" else None
        if not isinstance(conveyance, dict):
            continue
        name, voyage = (str(conveyance.get(member) or "").upper() for member in ("name", "voyage"))
        if name and voyage:
            carried |= {(str(box.get("number")), name, voyage) for box in _boxes(record)}
    return frozenset(carried)


def _boxes(record: HeldRecord) -> Iterator[dict[str, object]]:
    if record.signed.vct != "customs.declaration":
        return
    listed = record.one("transport").get("containers")
    for box in listed if isinstance(listed, list) else ():
        if isinstance(box, dict):
            yield {**box}


def _is_said_in(sight: Sight | None, number: NumberQuery) -> bool:
    """Whether a record that counts says the number of this consignment alone, as the reader sees it."""
    wanted = number.kind, number.scope, number.value
    return sight is not None and any(record.is_sole and wanted in record.reference_keys for record in sight.stated)


def _is_open(sight: Sight) -> bool:
    """Whether any declaration of it is not at its end."""
    threads = declaration_threads(sight.records)
    return any(thread.status.state not in FINAL_STATES for thread in threads)


def _shared(
    statements: Sequence[OtherStatement],
    numbers: Mapping[NumberQuery, str],
    is_open: Mapping[str, bool],
    together: Mapping[str, frozenset[tuple[str, str, str]]],
) -> Iterator[SharedNumber]:
    """Each number once, as open where any of the consignments that say it still holds it."""
    holds: dict[NumberQuery, bool] = {}
    for number, ucr in statements:
        is_aboard = number.kind == "container" and any(box == number.value for box, *_ in together.get(ucr, ()))
        holds[number] = holds.get(number, False) or is_open[ucr] or is_aboard
    for number, is_held in holds.items():
        yield SharedNumber(KINDS[number.kind], number.value, ANOTHER, is_held, numbers[number])
