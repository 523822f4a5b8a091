"""How the goods travel, and what happens to them on the way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from chain.identifiers import ContainerNumber, ImoNumber, PortCode, UnLocode
from chain.records.scalars import (
    Code,
    Country,
    Day,
    Direction,
    Function,
    Instant,
    Many,
    Note,
    Part,
    Quantity,
    Text,
    Token,
    Weight,
)
from chain.records.value import ItemOrdinal

PackageCount = Annotated[int, Field(ge=0, le=99_999_999)]
"""A number of packages."""


class Place(Part):
    """A place of transport or customs; at least one field says which."""

    unlocode: UnLocode | None = None
    """UN/LOCODE, said or looked up."""
    port: PortCode | None = None
    """Chinese customs' port code (港口代码, 6)."""
    code: Code | None = None
    """The place in another code list: customs office, IATA airport, SMDG or BIC facility, supervised site."""
    name: Text | None = None
    """Name as said."""
    country: Country | None = None
    """ISO 3166-1 alpha-2."""


class Seal(Part):
    """A seal on a container or package."""

    number: Annotated[Text, Field(max_length=35)]
    """The seal's number."""
    by: Code | None = None
    """Who put it on (`dcsa-seal-source`: CAR carrier, SHI shipper, CUS customs, VET veterinary ...)."""


class Container(Part):
    """A container or other transport equipment."""

    number: Annotated[Token, Field(max_length=17)]
    """Owner, category, serial and check digit without spaces (ISO 6346)."""
    known: bool = True
    """False where the number is no valid ISO 6346 number and is kept as said."""
    size_type: Code | None = None
    """Size and type (`iso-6346-type` such as 45G1, or `cn-container-size`)."""
    tare: Weight | None = None
    """Weight of the empty container."""
    gross: Weight | None = None
    """Weight of the packed container."""
    cargo_gross: Weight | None = None
    """Weight of the goods with their packing in it."""
    laden: bool | None = None
    """Whether it is laden."""
    shared: bool | None = None
    """Whether it holds goods of several consignments (拼箱, LCL)."""
    seals: Many[Seal] = ()
    """Seals on it."""
    items: Many[ItemOrdinal] = ()
    """Ordinals of the goods items in it."""

    @model_validator(mode="after")
    def _number_is_known(self) -> Container:
        if self.known and not ContainerNumber.is_valid(self.number):
            raise ValueError(f"{self.number} is no valid ISO 6346 number; say known false to keep it")
        if self.known and ContainerNumber.parse(self.number) != self.number:
            raise ValueError("number is spelled without spaces and hyphens")
        return self


class Package(Part):
    """Packages of one kind."""

    count: PackageCount
    """How many (件数)."""
    kind: Code | None = None
    """Kind of packing (`cn-wrap` 2 digits, `uncefact-rec-21`)."""
    marks: Note | None = None
    """Marks and numbers (唛码)."""


class Conveyance(Part):
    """A means of transport on one leg."""

    mode: Code | None = None
    """Mode of transport (`cn-transport-mode`, `uncefact-rec-19`, `dcsa-mode`)."""
    name: Text | None = None
    """Name or number of the vehicle: vessel, flight, plate, train."""
    imo: ImoNumber | None = None
    """IMO number of a vessel."""
    voyage: Text | None = None
    """Voyage, flight or trip number."""
    export_voyage: Text | None = None
    """Voyage number of the outward leg, where both are given."""
    nationality: Country | None = None
    """Country of registration."""
    carrier: Code | None = None
    """Carrier (`scac`, `smdg-liner`, `iata-airline`)."""


class Transport(Part):
    """How the goods travel."""

    mode: Code | None = None
    """Mode at the border (运输方式)."""
    conveyance: Conveyance | None = None
    """Means of transport at the border (运输工具, 航次)."""
    inland: Conveyance | None = None
    """Means of transport inland."""
    bill: Annotated[Text, Field(max_length=64)] | None = None
    """Transport document number as the declaration writes it (提运单号); air: master and house joined by `_`."""
    master_bill: Annotated[Text, Field(max_length=64)] | None = None
    """Master bill number (总运单)."""
    departure: Place | None = None
    """Port or place of departure (启运港)."""
    loading: Place | None = None
    """Port of loading."""
    transit: Many[Place] = ()
    """Ports and countries on the way (经停港)."""
    discharge: Place | None = None
    """Port of discharge."""
    entry: Place | None = None
    """Port of entry or exit (入境口岸, 离境口岸)."""
    destination: Place | None = None
    """Port or place of destination (指运港)."""
    goods_place: Place | None = None
    """Where the goods lie (存放地点, 监管场所)."""
    country_departure: Country | None = None
    """Country that the goods left (启运国)."""
    country_destination: Country | None = None
    """Country that the goods go to (运抵国)."""
    departed: Instant | None = None
    """Departure, as planned or happened."""
    arrived: Instant | None = None
    """Arrival, as planned or happened."""
    departed_on: Day | None = None
    """Day of departure (启运日期), where the source gives days."""
    arrived_on: Day | None = None
    """Day of arrival, where the source gives days."""
    crossed_on: Day | None = None
    """Day of import or export (进出口日期)."""
    unloaded_on: Day | None = None
    """Day on which unloading ended (卸毕日期)."""
    packages: Package | None = None
    """Total of packages (件数, 包装种类)."""
    other_packing: Many[Code] = ()
    """Further packing materials (其他包装)."""
    gross: Weight | None = None
    """Gross weight (毛重)."""
    net: Weight | None = None
    """Net weight (净重)."""
    volume: Quantity | None = None
    """Volume (体积), `MTQ`."""
    containers: Many[Container] = ()
    """Containers and other equipment."""
    seals: Many[Seal] = ()
    """Seals that belong to no container."""
    marks: Note | None = None
    """Marks (唛码)."""


class Event(Part):
    """Something that happened to the goods or their equipment on the way."""

    id: Text | None = None
    """The source's own id of the event."""
    code: Code
    """What happened (`dcsa-equipment-event`, `iata-cargo-status`, `cbv-biz-step`, `ceb-logistics` ...)."""
    classifier: Literal["ACT", "PLN", "EST", "REQ", "UNKNOWN"] = "ACT"
    """Actual, planned, estimated or requested; `UNKNOWN` where the source said a word that its list does not have."""
    time_type: Code | None = None
    """The source's own word for it, where that says more than `classifier` (`iata-event-time-type`: SCHEDULED ...)."""
    function: Function = "new"
    """Whether the event is told for the first time, changed, or was cancelled."""
    happened: Instant
    """When it happened or is to happen."""
    reported: Instant | None = None
    """When the source recorded it."""
    place: Place | None = None
    """Where."""
    container: Container | None = None
    """The equipment, where the event is about one."""
    pieces: PackageCount | None = None
    """Number of packages or pieces that it is about."""
    gross: Weight | None = None
    """Gross weight then."""
    conveyance: Conveyance | None = None
    """Means of transport."""
    bill: Annotated[Text, Field(max_length=64)] | None = None
    """Transport document, where the event is about one."""
    direction: Direction | None = None
    """`I` import, `E` export, where the source says it."""
    number: Text | None = None
    """Number that customs gave to the list which tells of it (入库单编号 rkdNo)."""
    action: Literal["ADD", "OBSERVE", "DELETE"] | None = None
    """EPCIS: whether things were put together, seen, or taken apart."""
    disposition: Code | None = None
    """State of the things after it (`cbv-disposition`: in_transit ...)."""
    corrected_by: Many[Text] = ()
    """Ids of the events that say it rightly, where this one is taken back."""
    document: Code | None = None
    """Kind of the document that a document event is about (`dcsa-document`: TRD, CUS ...)."""
    part: bool | None = None
    """Whether only a part of the goods is concerned."""
    retracts: Text | None = None
    """Id of the event that this one takes back; its own id where the event itself is taken back."""
    reason: Note | None = None
    """Reason or note."""
