"""Logistics records: transport documents, events and weights, as carriers and terminals say them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from chain.records.base import Record
from chain.records.scalars import Amount, Code, Day, Direction, Function, Instant, Many, Note, Part, Text, Weight
from chain.records.sections import Event, GoodsItem, Party, Place, Transport, Valuation
from chain.records.transport import Container
from chain.sdjwt import GOODS_ITEMS_MAX


class TransportDocumentHead(Part):
    """What a transport document says about itself."""

    kind: Literal[
        "air_waybill",
        "house_air_waybill",
        "bill_of_lading",
        "sea_waybill",
        "parcel_waybill",
        "rail",
        "road",
        "manifest",
        "arrival",
        "departure",
        "tally",
        "list",
        "other",
    ]
    """Which document."""
    number: Annotated[Text, Field(max_length=64)]
    """Its number, canonical where it has a canonical spelling."""
    master: Annotated[Text, Field(max_length=64)] | None = None
    """Master document."""
    houses: Many[Text] = ()
    """House documents under it."""
    guid: Text | None = None
    """Id of this statement."""
    own_number: Text | None = None
    """The carrier's own number (copNo)."""
    function: Function = "new"
    """Whether it is new, changed or deleted."""
    direction: Direction | None = None
    """`I` import, `E` export."""
    to_order: bool | None = None
    """Whether it is to order (negotiable)."""
    issued: Instant | None = None
    """When it was issued or said."""
    issued_on: Day | None = None
    """Day of issue or of shipment on board, where the source gives days."""
    office: Code | None = None
    """Customs office that it was sent to."""
    charges: Amount | None = None
    """Freight (运费)."""
    insurance: Amount | None = None
    """Insurance (保价费)."""
    declared_value: Amount | None = None
    """Value declared for carriage or customs."""
    orders: Many[Text] = ()
    """Orders that it carries."""
    part: Annotated[int, Field(ge=1)] | None = None
    """Which part this message is (msgSeqNo)."""
    parts: Annotated[int, Field(ge=1)] | None = None
    """How many parts there are (msgCount)."""
    note: Note | None = None
    """Note."""


class TransportDocument(Record):
    """Air waybill, bill of lading, parcel waybill (CEB511, 505), manifest (CEB607, MT1401)."""

    TYPE: ClassVar[str] = "logistics.transport_document"

    transport_document: TransportDocumentHead
    """What it says about itself."""
    parties: Many[Party] = ()
    """Who takes part."""
    goods_items: Annotated[Many[GoodsItem], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The goods as the carrier describes them, one disclosure each."""
    transport: Transport | None = None
    """How they travel."""
    valuation: Valuation | None = None
    """What they cost."""


class LogisticsEvent(Record):
    """Something that happened on the way: DCSA, ONE Record, EPCIS, COARRI, CEB513, 507, 509, 215, 711."""

    TYPE: ClassVar[str] = "logistics.event"

    event: Event
    """What happened, when and where."""
    parties: Many[Party] = ()
    """Who takes part."""
    goods_items: Annotated[Many[GoodsItem], Field(max_length=GOODS_ITEMS_MAX)] = ()
    """The goods, where the event lists them."""
    transport: Transport | None = None
    """How they travel."""


class WeightHead(Part):
    """A weighing."""

    gross: Weight
    """The verified weight: of a packed container, or of the goods on the scale."""
    kind: Literal["vgm", "reweigh", "other"] = "vgm"
    """Verified gross mass of a container (SOLAS), or another weighing."""
    method: Code | None = None
    """Method (`solas-vgm-method` SM1 weighed whole, SM2 summed)."""
    at: Instant | None = None
    """When it was weighed or verified."""
    id: Text | None = None
    """The source's id of the weighing (declarationReference)."""
    retracts: Text | None = None
    """Id of the weighing that this one takes back."""
    dimension: Code | None = None
    """Which weight it is (`uncl-6313`: AAF net, G gross ...), where the source says it."""
    goods: Note | None = None
    """The goods weighed, where no container is."""
    container: Container | None = None
    """The container, with its tare."""
    cargo_gross: Weight | None = None
    """Weight of the goods with their packing."""
    bill: Annotated[Text, Field(max_length=64)] | None = None
    """Transport document."""
    booking: Text | None = None
    """The carrier's booking."""
    certificate: Text | None = None
    """Number of the weighing certificate."""
    place: Place | None = None
    """Where it was weighed."""


class LogisticsWeight(Record):
    """A weight that somebody vouches for: VGM, UBL WeightStatement, air re-weigh."""

    TYPE: ClassVar[str] = "logistics.weight"

    weight: WeightHead
    """The weighing."""
    parties: Many[Party] = ()
    """Who vouches: responsible party, authorised person (personal data)."""
    transport: Transport | None = None
    """How the goods travel."""
