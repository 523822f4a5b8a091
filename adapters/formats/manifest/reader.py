"""China's water and air manifest (原始舱单 MT1401, 预配舱单 MT2401): each consignment becomes a
`logistics.transport_document`.

WCO-shaped XML in the namespace `urn:Declaration:datamodel:standard:CN:MT1401:1`, root `Manifest` with `Head` and
`Declaration`. Follows the published description; not yet tried on files of real carriers. Times are
`yyyyMMddHHmmss` with or without milliseconds and zone digits behind, in Beijing time. A changed or deleted
manifest (`FunctionCode` 5, 3) amends what was said of the same bill.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.mapping.chinese_customs import beijing_time
from adapters.mapping.logistics import NAME, NOTE, SHORT, TOKEN, box_number, noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields, Form, decimal, one_of, whole
from chain.errors import MalformedMessage
from chain.identifiers import HsCode, ImoNumber
from chain.records.base import Reference, Remark, Source
from chain.records.logistics import TransportDocument, TransportDocumentHead
from chain.records.scalars import Code, Function, Instant, Weight, fixed
from chain.records.sections import GoodsItem, Party, PartyRole
from chain.records.transport import Container, Conveyance, Package, Place, Transport

CONSIGNMENTS_MAX = 10_000
GOODS_MAX = 999
BOXES_MAX = 1000
_NAMESPACE: Final = re.compile(r"urn:Declaration:datamodel:standard:CN:(MT[12]401):1")
_STAMP: Final = Form("a time yyyyMMddHHmmss", re.compile(r"(?:19|20)\d{12}(?:\d{3})?(?:[+-]?\d{2,4})?"))
_FUNCTIONS: Final[dict[str, Function]] = {"9": "new", "2": "new", "5": "change", "3": "delete"}
_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("Consignor", "consignor"),
    ("Consignee", "consignee"),
    ("NotifyParty", "notify"),
)


class ManifestReader:
    """MT1401 and MT2401."""

    kind = "CN-manifest"

    def recognises(self, message: bytes) -> bool:
        """Whether the root is in the manifest's namespace."""
        return _NAMESPACE.fullmatch(peek_root(message).namespace) is not None

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        faults = Faults()
        root = Fields.root(parse_xml(message), faults)
        kind = _NAMESPACE.sub(r"\1", root.namespace)
        head, declaration = root.child("Head", required=True), root.child("Declaration", required=True)
        message_id = head.text("MessageID", NAME) if head is not None else None
        function = head.maybe("FunctionCode", one_of(*_FUNCTIONS)) if head is not None else None
        digest = message_digest(message)
        entities: list[Entity] = []
        if declaration is not None:
            for ordinal, consignment in enumerate(_consignments(declaration)):
                with noted(consignment.where, faults):
                    source = Source(kind=f"CN-{kind}", sha256=digest, message_id=message_id, ordinal=ordinal)
                    record = _bill(declaration, consignment, _FUNCTIONS[function or "9"], source)
                    entities.append(_entity(ordinal, record))
        if not entities:
            faults.add(f"{root.where}/Declaration/Consignment", "must be there", fix="Name at least one bill")
        faults.refuse(kind)
        return ReadMessage(f"CN-{kind}", message_id, None, tuple(entities))


READERS = (ManifestReader(),)


def _entity(ordinal: int, record: TransportDocument | None) -> Entity:
    if record is None:
        return Entity(ordinal, None, note="not read")
    own = record.references[0]
    changes = record.transport_document.function != "new"
    return Entity(ordinal, record, lookup=(own,), amends=own if changes else None)


def _consignments(declaration: Fields) -> Iterator[Fields]:
    for n, consignment in enumerate(declaration.each("Consignment")):
        if n >= CONSIGNMENTS_MAX:
            raise MalformedMessage(declaration.where, f"holds at most {CONSIGNMENTS_MAX} consignments")
        yield consignment


def _bill(declaration: Fields, consignment: Fields, function: Function, source: Source) -> TransportDocument | None:
    remarks: list[Remark] = []
    contract = consignment.child("TransportContractDocument", required=True)
    number = contract.text("ID", SHORT) if contract is not None else None
    associated = consignment.at("AssociatedTransportDocument")
    master = associated.maybe("ID", SHORT) if associated is not None else None
    boxes = tuple(_boxes(consignment, remarks))
    packages = consignment.maybe("TotalPackageQuantity", whole(8))
    if number is None:
        return None
    office = declaration.maybe("DeclarationOfficeID", TOKEN)
    masters = (Reference(kind="master_bill", value=master),) if master else ()
    return TransportDocument(
        references=(
            Reference(kind="transport_document", value=number),
            *masters,
            *(Reference(kind="container", value=box.number) for box in boxes),
        ),
        source=source,
        remarks=tuple(remarks),
        transport_document=TransportDocumentHead(
            kind="manifest",
            number=number,
            master=master,
            function=function,
            own_number=declaration.maybe("ID", NAME),
            office=Code(system="cn-customs-office", value=office) if office else None,
        ),
        parties=tuple(_parties(declaration, consignment)),
        goods_items=tuple(_goods(consignment)),
        transport=Transport(
            conveyance=_conveyance(declaration),
            bill=number,
            loading=_place(declaration, "LoadingLocation"),
            discharge=_place(declaration, "UnloadingLocation"),
            departed=_time(declaration, "LoadingLocation", "LoadingDateTime"),
            arrived=_time(declaration, "UnloadingLocation", "ArrivalDateTime"),
            gross=_gross(consignment),
            packages=Package(count=int(packages)) if packages else None,
            containers=boxes,
        ),
    )


def _parties(declaration: Fields, consignment: Fields) -> Iterator[Party]:
    carrier = declaration.child("Carrier")
    code = carrier.maybe("ID", SHORT) if carrier is not None else None
    if code is not None:
        yield Party(role="carrier", other_ids=(Code(system="cn-carrier", value=code),))
    for name, role in _PARTIES:
        party = consignment.child(name)
        if party is None:
            continue
        called, own = party.maybe("Name", NAME), party.maybe("ID", SHORT)
        if called or own:
            ids = (Code(system="cn-manifest-party", value=own),) if own else ()
            yield Party(role=role, name=called, other_ids=ids)


def _goods(consignment: Fields) -> Iterator[GoodsItem]:
    for n, item in enumerate(consignment.each("ConsignmentItem"), 1):
        if n > GOODS_MAX:
            consignment.faults.add(consignment.where, f"names at most {GOODS_MAX} items")
            return
        commodity = item.child("Commodity", required=True)
        name = commodity.text("CargoDescription", NOTE) if commodity is not None else None
        classification = commodity.child("Classification") if commodity is not None else None
        code = classification.maybe("ID", SHORT) if classification is not None else None
        packaging = item.child("Packaging")
        count = packaging.maybe("QuantityQuantity", whole(8)) if packaging is not None else None
        if name is not None:
            yield GoodsItem(
                ordinal=n,
                hs=HsCode.parse(code) if code and HsCode.is_valid(code) else None,
                name=name,
                gross=_gross(item),
                packages=(Package(count=int(count)),) if count else (),
            )


def _boxes(consignment: Fields, remarks: list[Remark]) -> Iterator[Container]:
    for n, equipment in enumerate(consignment.each("TransportEquipment"), 1):
        if n > BOXES_MAX:
            consignment.faults.add(consignment.where, f"names at most {BOXES_MAX} containers")
            return
        identity = equipment.child("EquipmentIdentification")
        said = (identity or equipment).text("ID", TOKEN)
        if said is None:
            continue
        number, known = box_number(said, remarks)
        yield Container(number=number, known=known)


def _gross(fields: Fields) -> Weight | None:
    measure = fields.child("GoodsMeasure")
    said = measure.maybe("GrossMassMeasure", decimal()) if measure is not None else None
    return Weight(value=fixed(said, 5), unit="KGM") if said else None


def _conveyance(declaration: Fields) -> Conveyance | None:
    means = declaration.child("BorderTransportMeans")
    if means is None:
        return None
    mode, said = means.maybe("TypeCode", TOKEN), means.maybe("ID", NAME)
    return Conveyance(
        # Not the declaration's list of modes, in which 1 is a bonded store; which list it is, no source says.
        mode=Code(system="cn-manifest-mode", value=mode) if mode else None,
        name=means.maybe("Name", NAME) or said,
        imo=ImoNumber.parse(said[2:]) if said and said.startswith("UN") and ImoNumber.is_valid(said[2:]) else None,
        voyage=means.maybe("JourneyID", NAME),
    )


def _place(declaration: Fields, name: str) -> Place | None:
    location = declaration.child(name)
    said = location.maybe("ID", SHORT) if location is not None else None
    return Place(code=Code(system="cn-manifest-place", value=said)) if said else None


def _time(declaration: Fields, name: str, field: str) -> Instant | None:
    location = declaration.child(name)
    said = location.maybe(field, _STAMP) if location is not None else None
    return beijing_time(said) if said else None
