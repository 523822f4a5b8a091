"""China's manifests (舱单, MT1101 to MT5406): each consignment becomes a `logistics.transport_document`.

WCO-shaped XML in the namespace `urn:Declaration:datamodel:standard:CN:MT1101:1`, root `Manifest` with `Head` and
`Declaration`. The second digit is the mode (ship, air, rail, road); ship and air forms say many figures at other places
than the road form, so `tables.py` names all of them. Times are `yyyyMMddHHmmss` with or without milliseconds and zone
digits behind, in Beijing time, or a day. A changed or deleted manifest (`FunctionCode` 5, 3) amends what was said of
the same bill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from adapters.formats.manifest import tables
from adapters.mapping.chinese_customs import beijing_time, day, zoned_time
from adapters.mapping.logistics import (
    ANY_DECIMAL,
    ISO_DAY,
    ISO_TIME,
    LABEL,
    NAME,
    NOTE,
    SHORT,
    TOKEN,
    box_number,
    noted,
    rounded,
    weight,
)
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.coverage import unread_elements
from adapters.parsing.forms import Form, one_of, whole
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.errors import MalformedMessage
from chain.identifiers import HsCode, ImoNumber, UnLocode
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Code, Function, Instant, Quantity, Weight, fixed
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Container, Conveyance, Package, Place, Seal, Transport

CONSIGNMENTS_MAX = 10_000
GOODS_MAX = 999
BOXES_MAX = 1000
_NAMESPACE: Final = re.compile(r"urn:Declaration:datamodel:standard:CN:(MT[1-9][1-4]\d\d):\d{1,3}")
_STAMP: Final = Form(
    "a day yyyyMMdd or a time yyyyMMddHHmmss, or one of ISO 8601",
    re.compile(
        r"(?:19|20)\d{6}(?:\d{6}(?:\d{3})?(?:[+-]?\d{2,4})?)?|"
        + ISO_DAY.pattern.pattern
        + "|"
        + ISO_TIME.pattern.pattern
    ),
)
_FUNCTIONS: Final[dict[str, Function]] = {
    "9": "new",
    "2": "new",
    "4": "change",
    "5": "change",
    "1": "delete",
    "3": "delete",
}
"""UNTDID 1225: 9 original, 2 addition, 4 change, 5 replace, 1 cancellation, 3 deletion; any other is refused."""
_DAY_CHARS: Final = 8
_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("Consignor", "consignor"),
    ("Consignee", "consignee"),
    ("NotifyParty", "notify"),
)


class ManifestReader:
    """Every manifest form of a ship, an aircraft, a train or a road vehicle."""

    kind = "CN-manifest"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is in a manifest's namespace."""
        return _NAMESPACE.fullmatch(peek_root(message).namespace) is not None

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        kind = _NAMESPACE.sub(r"\1", root.namespace)
        message_id = root.first(tables.MESSAGE_ID, NAME)
        if message_id is None:
            faults.add(f"{root.where}/Head/MessageID", "must be there", fix="Fill in the element")
        function = root.first(tables.FUNCTION, one_of(*_FUNCTIONS))
        declaration = root.child("Declaration", required=True)
        digest = message_digest(message)
        entities: list[tuple[Entity, Fields]] = []
        if declaration is not None:
            for ordinal, consignment in enumerate(_consignments(declaration)):
                with noted(consignment.where, faults):
                    source = Source(kind=f"CN-{kind}", sha256=digest, message_id=message_id, ordinal=ordinal)
                    reading = _Reading(kind, declaration, consignment, _FUNCTIONS[function or "9"])
                    entities.append((reading.entity(source), consignment))
        if not entities:
            faults.add(f"{root.where}/Declaration/Consignment", "must be there", fix="Name at least one bill")
        faults.refuse(kind)
        return ReadMessage(f"CN-{kind}", message_id, None, tuple(_with_unread(root, entities)))


READERS = (ManifestReader(),)


def _with_unread(root: Fields, entities: list[tuple[Entity, Fields]]) -> Iterator[Entity]:
    """Each record with what was not read of its consignment, and of what is said of all."""
    apart = [consignment.element for _, consignment in entities]
    whole_remarks = unread_elements(root.element, root.faults, tables.IGNORED, apart=apart)
    for entity, consignment in entities:
        if entity.record is None:
            yield entity
            continue
        own = unread_elements(consignment.element, root.faults, tables.IGNORED)
        record = entity.record.with_remarks(*whole_remarks, *own)
        yield Entity(entity.ordinal, record, entity.note, entity.lookup, entity.amends)


def _consignments(declaration: Fields) -> Iterator[Fields]:
    for n, consignment in enumerate(declaration.each("Consignment")):
        if n >= CONSIGNMENTS_MAX:
            raise MalformedMessage(declaration.where, f"holds at most {CONSIGNMENTS_MAX} consignments")
        yield consignment


@dataclass
class _Reading:
    """One consignment while it is read."""

    kind: str
    """`MT1101` ..."""
    declaration: Fields
    consignment: Fields
    function: Function
    remarks: list[Remark] = field(default_factory=list)

    def entity(self, source: Source) -> Entity:
        """The bill's record; faults are noted."""
        number = self.consignment.first(tables.NUMBER, SHORT)
        if number is None:
            place = f"{self.consignment.where}/{tables.NUMBER[0]}"
            self.consignment.faults.add(place, "must be there", fix="Name the bill")
        boxes = tuple(self._boxes())
        transport = self._transport(number, boxes)
        goods = tuple(self._goods())
        if number is None:
            return Entity(source.ordinal, None, note="not read")
        master = self.consignment.first(tables.MASTER, SHORT)
        own = Reference(kind="transport_document", value=number)
        statement = Reference(kind="cop", scope=f"cn-manifest-{self.kind}", value=number)
        record = TransportDocument(
            references=(
                own,
                *((Reference(kind="master_bill", value=master),) if master else ()),
                *(Reference(kind="container", value=box.number) for box in boxes),
                statement,
            ),
            source=source,
            transport_document=self._head(number, master),
            parties=tuple(_parties(self.declaration, self.consignment)),
            goods_items=goods,
            transport=transport,
        ).with_remarks(*self.remarks)
        # Other documents name the same bill: what is amended is what this kind of manifest said of it.
        return Entity(source.ordinal, record, lookup=(own,), amends=None if self.function == "new" else statement)

    def _head(self, number: str, master: str | None) -> TransportDocumentHead:
        office = self.declaration.first(tables.OFFICE, TOKEN)
        digit = self.kind[2]
        if digit not in tables.DOCUMENTS:
            text = f"{self.kind}: a document whose first digit {digit} is in no list"
            self.remarks.append(Remark(rule="unknown-code", text=text, field="transport_document.kind"))
        return TransportDocumentHead(
            kind=tables.DOCUMENTS.get(digit, "list"),
            number=number,
            master=master,
            function=self.function,
            own_number=self.declaration.maybe("ID", NAME),
            office=Code(system="cn-customs-office", value=office) if office else None,
        )

    def _transport(self, number: str | None, boxes: tuple[Container, ...]) -> Transport:
        count = self.consignment.first(tables.PACKAGES, whole(8))
        packing = self.consignment.first(tables.PACKING, TOKEN) if count else None
        volume, volume_unit = self.consignment.first_measure(tables.VOLUME, ANY_DECIMAL)
        (departed, departed_on), (arrived, arrived_on) = self._time(tables.LOADED), self._time(tables.ARRIVED)
        crossing = self.declaration.first(tables.OFFICE_OF_EXIT, SHORT)
        return Transport(
            mode=Code(system="uncefact-rec-19", value=tables.MODES[self.kind[3]]),
            conveyance=_conveyance(self.declaration),
            bill=number,
            loading=self._place(tables.LOADING),
            discharge=self._place(tables.DISCHARGE),
            entry=Place(code=Code(system="cn-manifest-place", value=crossing)) if crossing else None,
            departed=departed,
            departed_on=departed_on,
            arrived=arrived,
            arrived_on=arrived_on,
            gross=_mass(self.consignment, tables.GROSS),
            volume=Quantity(
                value=fixed(rounded(volume, 5, self.remarks, "transport.volume"), 5), unit=volume_unit or "MTQ"
            )
            if volume
            else None,
            packages=Package(count=int(count), kind=_packing(packing)) if count else None,
            containers=boxes,
        )

    def _first(self, paths: tuple[str, ...], form: Form) -> str | None:
        """What the consignment says, else what the declaration says of all."""
        return self.consignment.first(paths, form) or self.declaration.first(paths, form)

    def _place(self, paths: tuple[str, ...]) -> Place | None:
        """A place, and behind a slash the customs office there: `PEK/0101`."""
        said = self._first(paths, SHORT)
        if said is None:
            return None
        code, _, office = said.partition("/")
        name = f"customs office {office}" if office else None
        if UnLocode.is_valid(code):
            return Place(unlocode=UnLocode.parse(code), code=Code(system="cn-manifest-place", value=said, name=name))
        system = "iata-location" if self.kind[3] == tables.AIR and len(code) == 3 else "cn-manifest-place"
        return Place(code=Code(system=system, value=code or said, name=name))

    def _time(self, paths: tuple[str, ...]) -> tuple[Instant | None, str | None]:
        """The moment, or the day where no more is said."""
        said = self._first(paths, _STAMP)
        if said is None:
            return None, None
        if not said.isdigit() and "-" in said[:8]:
            return (zoned_time(said), None) if ":" in said else (None, day(said.replace("-", "")))
        return (None, day(said)) if len(said) == _DAY_CHARS else (beijing_time(said), None)

    def _goods(self) -> Iterator[GoodsItem]:
        for n, item in enumerate(self.consignment.each("ConsignmentItem"), 1):
            if n > GOODS_MAX:
                self.consignment.faults.add(self.consignment.where, f"names at most {GOODS_MAX} items")
                return
            code, count = item.first(tables.ITEM_HS, SHORT), item.first(tables.ITEM_PACKAGES, whole(8))
            # Without a count there are no packages to say it of: it stays unread, and is remarked on.
            packing = item.first(tables.ITEM_PACKING, TOKEN) if count else None
            marks = item.first(tables.ITEM_MARKS, NOTE) if count else None
            if code and not HsCode.is_valid(code):
                self.remarks.append(Remark(rule="hs-code", text=f"{code} is no tariff code", field="goods_items"))
            yield GoodsItem(
                ordinal=n,
                hs=HsCode.parse(code) if code and HsCode.is_valid(code) else None,
                name=item.first(tables.ITEM_NAME, NOTE),
                gross=_mass(item, tables.ITEM_GROSS),
                packages=(Package(count=int(count), kind=_packing(packing), marks=marks),) if count else (),
            )

    def _boxes(self) -> Iterator[Container]:
        for n, equipment in enumerate(self.consignment.each("TransportEquipment"), 1):
            if n > BOXES_MAX:
                self.consignment.faults.add(self.consignment.where, f"names at most {BOXES_MAX} containers")
                return
            said = (equipment.child("EquipmentIdentification") or equipment).text("ID", TOKEN)
            if said is None:
                continue
            number, known = box_number(said, self.remarks)
            size = equipment.maybe("CharacteristicCode", TOKEN)
            seals = (seal.first(("ID", "SealID"), SHORT) for seal in equipment.each("Seal"))
            yield Container(
                number=number,
                known=known,
                size_type=Code(system="cn-manifest-size", value=size) if size else None,
                seals=tuple(Seal(number=seal[:35]) for seal in seals if seal),
            )


def _packing(code: str | None) -> Code | None:
    return Code(system="cn-manifest-packing", value=code) if code else None


def _parties(declaration: Fields, consignment: Fields) -> Iterator[Party]:
    carrier = declaration.child("Carrier")
    code = carrier.maybe("ID", SHORT) if carrier is not None else None
    if code is not None:
        yield Party(role="carrier", other_ids=(Code(system="cn-carrier", value=code),))
    for name, role in _PARTIES:
        party = consignment.child(name)
        if party is None:
            continue
        called, own = party.maybe("Name", LABEL), party.maybe("ID", SHORT)
        address = party.first(("Address/Line", "Address/StreetName"), NOTE)
        if called or own:
            ids = (Code(system="cn-manifest-party", value=own),) if own else ()
            yield Party(role=role, name=called, other_ids=ids, address=address)


def _mass(fields: Fields, paths: tuple[str, ...]) -> Weight | None:
    """A weight in its `unitCode`; without one the form's, kilograms."""
    said, unit = fields.first_measure(paths, ANY_DECIMAL)
    return weight(said, unit or "KGM", f"{fields.where}/{paths[0]}", fields.faults)


def _conveyance(declaration: Fields) -> Conveyance | None:
    means = declaration.child("BorderTransportMeans")
    if means is None:
        return None
    mode, said = means.maybe("TypeCode", TOKEN), means.maybe("ID", NAME)
    return Conveyance(
        # Not the declaration's list of modes, in which 1 is a bonded store; which list it is, no source says.
        mode=Code(system="cn-manifest-mode", value=mode) if mode else None,
        name=means.maybe("Name", LABEL) or said,
        imo=ImoNumber.parse(said[2:]) if said and said.startswith("UN") and ImoNumber.is_valid(said[2:]) else None,
        voyage=means.maybe("JourneyID", NAME),
    )
