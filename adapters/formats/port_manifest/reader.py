"""The manifest that ports, agents and terminals exchange as a platform file (IFCSUM): one record a bill of lading.

A file is about one call of one ship; each bill is a group that begins with record 12. Dates of the ship's call (record
10) are kept as remarks: whether they are those of loading or of discharge depends on which port wrote the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from adapters.formats.port_manifest import tables
from adapters.formats.port_manifest.bills import Bill, build_containers, build_items, parties
from adapters.mapping.logistics import noted, unlocode
from adapters.mapping.totals import total_gross, total_packages
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.numbered_records import NumberedRecord, parse_numbered
from adapters.parsing.xml_fields import Faults
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Code, Function
from chain.records.transport import Conveyance, Place, Transport

KIND: Final = "port-IFCSUM"
BILLS_MAX: Final = 10_000
UNREAD_MAX: Final = 60
_MARK: Final = re.compile(rb"00:IFCSUM:")
_COUNTRY: Final = re.compile("[A-Z]{2}")


class PortManifestReader:
    """`00:IFCSUM`."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the head record names IFCSUM."""
        return _MARK.match(message.removeprefix(b"\xef\xbb\xbf").lstrip()) is not None

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        records = parse_numbered(message)
        faults = Faults()
        head, call, bills = _groups(records, faults)
        function = _function(head, faults)
        digest = message_digest(message)
        entities: list[Entity] = []
        for ordinal, bill in enumerate(bills):
            with noted(f"bill {ordinal + 1}", faults):
                entities.append(_entity(ordinal, bill, call, function, digest, faults))
        faults.refuse(KIND)
        return ReadMessage(KIND, None, head.field(tables.SENDER) or None, tuple(entities), _count_remarks(records))


READERS = (PortManifestReader(),)


def _groups(
    records: Sequence[NumberedRecord], faults: Faults
) -> tuple[NumberedRecord, dict[str, NumberedRecord], list[Bill]]:
    """The head, the records of the ship's call by number, and the records of each bill."""
    call: dict[str, NumberedRecord] = {}
    bills: list[Bill] = []
    for record in records[1:]:
        if record.number == tables.BILL:
            bills.append([])
        if record.number == tables.END:
            break
        if bills:
            bills[-1].append(record)
        else:
            call.setdefault(record.number, record)
    if not bills:
        faults.add("file", f"holds a bill (record {tables.BILL})", fix="Export the manifest with its bills")
    if len(bills) > BILLS_MAX:
        faults.add("file", f"holds at most {BILLS_MAX} bills", value=len(bills))
        return records[0], call, []
    return records[0], call, bills


def _function(head: NumberedRecord, faults: Faults) -> Function:
    code = head.field(tables.FILE_FUNCTION)
    if code not in tables.FUNCTIONS:
        allowed = "9 (original), 2 (addition), 3 (deletion) or 4 (change)"
        faults.add(head.where(tables.FILE_FUNCTION), f"is {allowed}", value=code)
    return tables.FUNCTIONS.get(code, "new")


def _entity(
    ordinal: int, bill: Bill, call: dict[str, NumberedRecord], function: Function, digest: str, faults: Faults
) -> Entity:
    remarks: list[Remark] = []
    first = bill[0]
    number = first.field(tables.BILL_NUMBER)
    if not 1 <= len(number) <= 37:
        faults.add(first.where(tables.BILL_NUMBER), "is a bill number of 1 to 37 characters", value=number)
        return Entity(ordinal, None, note="not read")
    own = Reference(kind="transport_document", value=number)
    items = tuple(build_items(bill, faults))
    containers = tuple(build_containers(bill, faults, remarks))
    record = TransportDocument(
        references=(own,),
        source=Source(kind=KIND, sha256=digest, message_id=number, ordinal=ordinal),
        transport_document=TransportDocumentHead(
            kind="manifest",
            number=number,
            function=function,
            issued_on=_day(first, tables.LOADED_ON, faults),
        ),
        parties=tuple(parties(bill)),
        goods_items=items,
        transport=_transport(bill, call, remarks).model_copy(
            update={"containers": containers, "gross": total_gross(items), "packages": total_packages(items)}
        ),
    )
    unread = tuple(_unread([*call.values(), *bill]))
    return Entity(
        ordinal,
        record.with_remarks(*remarks, *unread),
        lookup=(own,),
        amends=None if function == "new" else own,
    )


def _transport(bill: Bill, call: dict[str, NumberedRecord], remarks: list[Remark]) -> Transport:
    vessel, line = call.get(tables.VESSEL), call.get(tables.LINE)
    nationality = vessel.field(tables.NATIONALITY) if vessel else ""
    line_code = line.field(tables.LINE_CODE) if line else ""
    conveyance = Conveyance(
        name=_text(vessel, tables.VESSEL_NAME),
        voyage=_text(vessel, tables.VOYAGE),
        nationality=nationality if _COUNTRY.fullmatch(nationality) else None,
        carrier=Code(system="port-line", value=line_code, name=_text(line, tables.LINE_NAME)) if line_code else None,
    )
    places = next((record for record in bill if record.number == tables.PLACES), None)
    return Transport(
        mode=Code(system="uncefact-rec-19", value="1", name="Maritime transport"),
        conveyance=conveyance if conveyance != Conveyance() else None,
        loading=_place(bill[0], tables.LOADING_CODE, tables.LOADING_NAME, remarks),
        discharge=_place(places, tables.DISCHARGE_CODE, tables.DISCHARGE_NAME, remarks),
        destination=_place(places, tables.DELIVERY_CODE, tables.DELIVERY_NAME, remarks),
    )


def _text(record: NumberedRecord | None, count: int) -> str | None:
    text = record.field(count) if record is not None else ""
    return text[:256] if text not in tables.NOTHING else None


def _place(record: NumberedRecord | None, code: int, name: int, remarks: list[Remark]) -> Place | None:
    if record is None:
        return None
    place = unlocode(_text(record, code), remarks) or Place()
    named = place.model_copy(update={"name": _text(record, name)})
    return named if named != Place() else None


def _day(record: NumberedRecord, count: int, faults: Faults) -> str | None:
    digits = record.field(count)
    if digits in tables.NOTHING:
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d").date().isoformat()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        faults.add(record.where(count), "is a day CCYYMMDD", value=digits)
        return None


def _unread(records: Sequence[NumberedRecord]) -> Iterator[Remark]:
    """What stands in a field that is not read, so that nothing that was said is lost."""
    kept = more = 0
    for record in records:
        read = tables.READ.get(record.number, frozenset({1}))
        for count, text in enumerate(record.fields, 1):
            if count in read or text in tables.NOTHING:
                continue
            if kept < UNREAD_MAX:
                kept += 1
                yield Remark(rule="not-read", text=f"record {record.number}, field {count}: {text[:400]}")
            else:
                more += 1
    if more:
        yield Remark(rule="not-read", text=f"{more} more fields were not read")


def _count_remarks(records: Sequence[NumberedRecord]) -> tuple[str, ...]:
    end = next((record for record in records if record.number == tables.END), None)
    if end is None:
        return ("the file has no end record (99): it may have been cut",)
    if end.field(2).isdigit() and int(end.field(2)) != len(records):
        return (f"the end record counts {end.field(2)} records, the file holds {len(records)}",)
    return ()
