"""DCSA arrival notices: each is a `logistics.event`, the arrival of a bill's ship at its port of discharge.

A notice says when the ship is expected, or that it came (`classifier`). It gives a day; the event is the first minute
of that day at the port, with a remark. A notice without a day of arrival leaves no record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, Literal

from adapters.formats.dcsa_arrival import tables
from adapters.formats.dcsa_ebl.goods import build_containers, build_items
from adapters.mapping.local_time import zoned
from adapters.mapping.logistics import ISO_DAY, ISO_TIME, LABEL, NAME, SHORT, TOKEN, moment, noted, unlocode
from adapters.mapping.totals import total_gross, total_packages
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_members
from adapters.parsing.json_fields import JsonFields, parse_json
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code, Instant
from chain.records.sections import Party
from chain.records.transport import Conveyance, Event, Place, Transport

KIND: Final = "DCSA-AN-1.0"
NOTICES_MAX: Final = 1_000
PARTIES_MAX: Final = 100
_MARKS: Final = (b'"transportDocumentReference"', b'"portOfDischarge"', b'"documentParties"')
_NOT_MARKS: Final = (b'"transportDocumentStatus"', b'"transportDocumentTypeCode"')


class ArrivalNoticeReader:
    """`ArrivalNotice`, alone or in the list of a request or an answer."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether it is a list of notices, or has the members of one and none that only a bill has."""
        if b'"arrivalNotices"' in message:
            return True
        return all(mark in message for mark in _MARKS) and not any(mark in message for mark in _NOT_MARKS)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = JsonFields.root(parse_json(message), faults, KIND)
        notices = list(root.each("arrivalNotices", required=True)) if "arrivalNotices" in root.value else [root]
        if len(notices) > NOTICES_MAX:
            raise MalformedMessage("arrivalNotices", f"at most {NOTICES_MAX} notices", value=len(notices))
        digest = message_digest(message)
        entities: list[Entity] = []
        for ordinal, notice in enumerate(notices):
            with noted(notice.where, faults):
                entities.append(_entity(notice, Source(kind=KIND, sha256=digest, ordinal=ordinal)))
        faults.refuse(KIND)
        return ReadMessage(KIND, None, None, tuple(entities))


READERS = (ArrivalNoticeReader(),)


def _entity(notice: JsonFields, source: Source) -> Entity:
    remarks: list[Remark] = []
    bill = notice.text("transportDocumentReference", SHORT)
    issued = moment(notice.text("issueDateTime", ISO_TIME), f"{notice.where}/issueDateTime", notice.faults, remarks)
    transport = notice.child("transport", required=True)
    if bill is None or transport is None:
        return Entity(source.ordinal, None, note="not read")
    discharge = _place(transport, "portOfDischarge", remarks)
    happened, classifier = _arrival(transport, discharge, remarks)
    items = tuple(build_items(notice, remarks))
    containers = tuple(build_containers(notice, remarks))
    if happened is None:
        return Entity(source.ordinal, None, note=f"the notice about {bill} names no day of arrival: not recorded")
    own = Reference(kind="transport_document", value=bill)
    record = LogisticsEvent(
        references=(own, Reference(kind="cop", scope=tables.STATEMENT_SCOPE, value=bill)),
        source=source,
        event=Event(
            code=Code(system="dcsa-transport-event", value="ARRI"),
            classifier=classifier,
            happened=happened,
            reported=issued,
            place=discharge,
            bill=bill,
            conveyance=_conveyance(notice, transport),
        ),
        parties=tuple(_parties(notice)),
        goods_items=items,
        transport=Transport(
            bill=bill,
            departure=_place(transport, "placeOfReceipt", remarks),
            loading=_place(transport, "portOfLoading", remarks),
            discharge=discharge,
            destination=_place(transport, "placeOfDelivery", remarks),
            containers=containers,
            gross=total_gross(items),
            packages=total_packages(items),
        ),
    )
    record = record.with_remarks(*remarks, *unread_members(notice.value, notice.faults, tables.IGNORED))
    return Entity(source.ordinal, record, lookup=(own,))


def _arrival(
    transport: JsonFields, port: Place | None, remarks: list[Remark]
) -> tuple[Instant | None, Literal["ACT", "EST", "PLN", "UNKNOWN"]]:
    """The day on which the ship arrives, and how certain it is."""
    arrival = transport.child("portOfDischargeArrivalDate")
    text = arrival.maybe("value", ISO_DAY) if arrival is not None else None
    word = arrival.maybe("classifier", TOKEN) if arrival is not None else None
    if arrival is None or text is None:
        return None, "UNKNOWN"
    classifier = tables.CLASSIFIERS.get(word or "")
    if classifier is None:
        said = f"classifier {word or 'unsaid'} is in no list"
        remarks.append(Remark(rule="unknown-code", text=said, field="event.classifier"))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        arrival.faults.add(f"{arrival.where}/value", f"is {ISO_DAY.rule}", value=text)
        return None, "UNKNOWN"
    no_time = f"{text} names no time; read as the first minute of the day"
    remarks.append(Remark(rule="no-time", text=no_time, field="event.happened"))
    happened = zoned(text, datetime(day.year, day.month, day.day), remarks, place=port)  # noqa: DTZ001 - zone is next
    return happened, classifier or "UNKNOWN"


def _conveyance(notice: JsonFields, transport: JsonFields) -> Conveyance | None:
    """Ship and voyage of the last leg, which is the one that arrives; others stay unread, so that they are remarks."""
    carrier = notice.maybe("carrierCode", TOKEN)
    listed = notice.maybe("carrierCodeListProvider", TOKEN) or "SMDG"
    coded = Code(system=tables.CARRIER_LISTS.get(listed, listed.lower()), value=carrier) if carrier else None
    legs = list(transport.each("legs"))
    voyage = legs[-1].child("vesselVoyage") if legs else None
    if voyage is None:
        return Conveyance(carrier=coded) if coded else None
    number = voyage.maybe("carrierImportVoyageNumber", NAME)
    return Conveyance(name=voyage.maybe("vesselName", LABEL), voyage=number, carrier=coded)


def _place(holder: JsonFields, name: str, remarks: list[Remark]) -> Place | None:
    location = holder.child(name)
    if location is None:
        return None
    place = unlocode(location.maybe("UNLocationCode", TOKEN), remarks) or Place()
    facility, address = location.child("facility"), location.child("address")
    code = facility.maybe("facilityCode", SHORT) if facility is not None else None
    country = address.maybe("countryCode", TOKEN) if address is not None else None
    found = place.model_copy(
        update={
            "code": Code(system="dcsa-facility", value=code) if code and place.code is None else place.code,
            "name": location.maybe("locationName", LABEL),
            "country": country if country and len(country) == 2 else None,
        }
    )
    return found if found != Place() else None


def _parties(notice: JsonFields) -> Iterator[Party]:
    for count, party in enumerate(notice.each("documentParties")):
        if count >= PARTIES_MAX:
            notice.faults.add(f"{notice.where}/documentParties", f"at most {PARTIES_MAX} parties")
            return
        function, name = party.maybe("partyFunction", TOKEN), party.maybe("partyName", LABEL)
        address = party.child("address")
        country = address.maybe("countryCode", TOKEN) if address is not None else None
        names = ("street", "streetNumber", "floor", "postCode", "POBox", "city", "stateRegion")
        lines = [address.maybe(part, LABEL) for part in names] if address is not None else []
        known = function in tables.PARTIES
        yield Party(
            role=tables.PARTIES.get(function or "", "other"),
            name=name,
            other_ids=(Code(system="dcsa-party-function", value=function),) if function and not known else (),
            address=", ".join(line for line in lines if line)[:4_000] or None,
            country=country if country and len(country) == 2 else None,
        )
