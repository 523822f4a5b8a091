"""HMRC inventory-linking movements: arrival (EAL) and departure (EDL) of goods at a place, each a `logistics.event`.

These messages name the UCR themselves, so the record carries it and nobody needs to be asked.
"""

from __future__ import annotations

from typing import Final

from adapters.mapping.logistics import ISO_TIME, NAME, SHORT, TOKEN, moment, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields, one_of
from chain.identifiers import Ucr
from chain.records.base import Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code
from chain.records.transport import Conveyance, Event, Place

NAMESPACE: Final = "http://gov.uk/customs/inventoryLinking/v1"
KIND: Final = "HMRC-movement"
TIMES: Final = {"EAL": "goodsArrivalDateTime", "EAA": "goodsArrivalDateTime", "EDL": "goodsDepartureDateTime"}
"""Message code -> element with the moment. EAA is an anticipated arrival: planned, not happened."""
_NAMES: Final = {"EAL": "Arrival at location", "EAA": "Anticipated arrival", "EDL": "Departure from location"}


class MovementReader:
    """EAL, EAA and EDL."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the root is a movement request in HMRC's namespace."""
        root = peek_root(message)
        return root.namespace == NAMESPACE and root.name == "inventoryLinkingMovementRequest"

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        code = root.text("messageCode", one_of(*TIMES))
        reference = root.maybe("movementReference", NAME)
        record: LogisticsEvent | None = None
        if code is not None:
            with noted(root.where, faults):
                source = Source(kind=f"{KIND}-{code}", sha256=message_digest(message), message_id=reference)
                record = _event(root, code, source)
        faults.refuse(KIND)
        return ReadMessage(f"{KIND}-{code}", reference, None, (Entity(0, record),))


READERS = (MovementReader(),)


def _event(root: Fields, code: str, source: Source) -> LogisticsEvent | None:
    block = root.child("ucrBlock", required=True)
    ucr = block.text("ucr", SHORT) if block is not None else None
    time = TIMES[code]
    happened = moment(root.text(time, ISO_TIME), f"{root.where}/{time}", root.faults)
    place = root.maybe("goodsLocation", NAME)
    if ucr is None or happened is None:
        return None
    return LogisticsEvent(
        ucr=(Ucr.parse(ucr),),
        source=source,
        event=Event(
            id=source.message_id,
            code=Code(system="hmrc-movement", value=code, name=_NAMES[code]),
            classifier="PLN" if code == "EAA" else "ACT",
            happened=happened,
            place=Place(code=Code(system="uk-goods-location", value=place)) if place else None,
            conveyance=_conveyance(root),
        ),
    )


def _conveyance(root: Fields) -> Conveyance | None:
    details = root.child("transportDetails")
    if details is None:
        return None
    mode = details.maybe("transportMode", TOKEN)
    nationality = details.maybe("transportNationality", TOKEN)
    return Conveyance(
        mode=Code(system="eu-transport-mode", value=mode) if mode else None,
        name=details.maybe("transportID", NAME),
        nationality=nationality if nationality and len(nationality) == 2 else None,
    )
