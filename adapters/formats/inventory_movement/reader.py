"""HMRC inventory-linking movements: arrival (EAL) and departure (EDL) of goods at a place, each a `logistics.event`.

These messages name the UCR themselves: that of a declaration (`ucrType` D), so the record carries it and nobody needs
to be asked, or a master UCR (M) that stands for many consignments. A master UCR is no UCR of one consignment and has
its own forms (`A:...`, `GB/...-...`, `C:...`), so it is a reference by which the gateway is asked for them.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.mapping.local_time import load_zone
from adapters.mapping.logistics import ISO_TIME, NAME, SHORT, TOKEN, moment, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.forms import one_of
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.identifiers import Ucr
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import LogisticsEvent
from chain.records.scalars import Code
from chain.records.transport import Conveyance, Event, Place

NAMESPACE: Final = "http://gov.uk/customs/inventoryLinking/v1"
KIND: Final = "HMRC-movement"
TIMES: Final = {"EAL": "goodsArrivalDateTime", "EAA": "goodsArrivalDateTime", "EDL": "goodsDepartureDateTime"}
"""Message code -> element with the moment. EAA is an anticipated arrival: planned, not happened."""
_NAMES: Final = {"EAL": "Arrival at location", "EAA": "Anticipated arrival", "EDL": "Departure from location"}


ANTICIPATED: Final = "EAA"
MASTER: Final = "M"
"""`ucrType` of a master UCR; D, or none, is the UCR of a declaration."""
_MASTER_FORMS: Final = re.compile("A:|C:|GB/")
"""How a master UCR begins (HMRC CHIEF-CDS tariff volume 3), for a message that leaves the type out or, as two of HMRC's
own examples do, says D."""
MASTER_SCOPE: Final = "mucr"
ZONE: Final = "Europe/London"
"""HMRC's goods locations are in the United Kingdom; its schema makes the zone of an xs:dateTime optional."""
IGNORED: Final = {
    "messageCode": "read as the code of the event",
    "agentLocation": "where the agent sits, not the goods",
    "agentRole": "the agent's role in the inventory system",
}


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
        entity = Entity(0, None, note="not read")
        if code is not None:
            with noted(root.where, faults):
                source = Source(kind=f"{KIND}-{code}", sha256=message_digest(message), message_id=reference)
                entity = _entity(root, code, source)
        faults.refuse(KIND)
        return ReadMessage(f"{KIND}-{code}", reference, None, (entity,))


READERS = (MovementReader(),)


def _entity(root: Fields, code: str, source: Source) -> Entity:
    remarks: list[Remark] = []
    block = root.child("ucrBlock", required=True)
    number = block.text("ucr", SHORT) if block is not None else None
    kind = block.maybe("ucrType", TOKEN) if block is not None else None
    time = TIMES[code]
    # An anticipated arrival need not say when it is anticipated (inventory linking schema: optional for all three).
    written = root.text(time, ISO_TIME, required=code != ANTICIPATED)
    happened = moment(written, f"{root.where}/{time}", root.faults, remarks, otherwise=load_zone(ZONE))
    place = root.maybe("goodsLocation", NAME)
    master = root.maybe("masterUCR", SHORT)
    if written is None and code == ANTICIPATED:
        return Entity(0, None, note="an anticipated arrival (EAA) without its time: acknowledged, not recorded")
    if block is None or number is None or happened is None:
        return Entity(0, None, note="not read")
    part = block.maybe("ucrPartNo", TOKEN)
    is_master = kind == MASTER or (not Ucr.is_valid(number) and _MASTER_FORMS.match(number) is not None)
    if is_master and kind not in (None, MASTER):
        text = f"ucrType {kind}, but {number} has the form of a master UCR and is read as one"
        remarks.append(Remark(rule="ucr-type", text=text, field="references"))
    is_ucr = not is_master and _is_ucr(number, block)
    masters = ((number,) if not is_ucr else ()) + ((master,) if master else ())
    references = tuple(Reference(kind="cop", scope=MASTER_SCOPE, value=found) for found in masters)
    record = LogisticsEvent(
        ucr=(Ucr.parse(number),) if is_ucr else (),
        references=references,
        source=source,
        event=Event(
            id=source.message_id,
            code=Code(system="hmrc-movement", value=code, name=_NAMES[code]),
            classifier="PLN" if code == "EAA" else "ACT",
            happened=happened,
            place=Place(code=Code(system="uk-goods-location", value=place)) if place else None,
            conveyance=_conveyance(root),
            part=True if part else None,
            reason=f"part {part} of the UCR" if part else None,
        ),
    )
    record = record.with_remarks(*remarks, *unread_elements(root.element, root.faults, IGNORED))
    # A master UCR stands for every consignment under it.
    return Entity(0, record, lookup=() if is_ucr else references[:1], many=not is_ucr)


def _is_ucr(number: str, block: Fields) -> bool:
    """Whether the number is a UCR, as its type says; a fault is noted where it has not the form of one."""
    if not Ucr.is_valid(number):
        fix = "Say ucrType M where it is a master UCR"
        block.faults.add(f"{block.where}/ucr", Ucr.RULE, value=number, fix=fix)
    return True


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
