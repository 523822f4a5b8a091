"""Where a UBL Waybill or WeightStatement may say what (UBL 2.4 schemas, OASIS), and what of it is left out.

Paths are below `Shipment`, without their prefixes; the first that has a text counts.
"""

from __future__ import annotations

from typing import Final

from adapters.mapping.ubl import IGNORED as IGNORED_IN_ALL
from chain.records.sections import PartyRole

Paths = tuple[tuple[str, ...], ...]

GROSS: Final[Paths] = (("GrossWeightMeasure",), ("Consignment", "GrossWeightMeasure"))
NET: Final[Paths] = (("NetWeightMeasure",), ("Consignment", "NetWeightMeasure"))
VOLUME: Final[Paths] = (("GrossVolumeMeasure",), ("Consignment", "GrossVolumeMeasure"))
PACKAGES: Final[Paths] = (
    ("TotalTransportHandlingUnitQuantity",),
    ("Consignment", "TotalTransportHandlingUnitQuantity"),
    ("Consignment", "TotalPackagesQuantity"),
)
LOADING: Final[Paths] = (
    ("STAGE", "LoadingPortLocation"),
    ("LastExitPortLocation",),
    ("Consignment", "LoadingLocation"),
    ("Consignment", "MainCarriageShipmentStage", "LoadingPortLocation"),
)
"""`STAGE` is the main stage of `ShipmentStage`."""
DISCHARGE: Final[Paths] = (
    ("STAGE", "UnloadingPortLocation"),
    ("FirstArrivalPortLocation",),
    ("Consignment", "UnloadingLocation"),
    ("Consignment", "MainCarriageShipmentStage", "UnloadingPortLocation"),
)
EQUIPMENT: Final[Paths] = (
    ("TransportHandlingUnit", "TransportEquipment"),
    ("Consignment", "TransportHandlingUnit", "TransportEquipment"),
    ("GoodsItem", "GoodsItemContainer", "TransportEquipment"),
    ("Consignment", "ConsolidatedShipment", "TransportHandlingUnit", "TransportEquipment"),
)
GOODS: Final[Paths] = (("GoodsItem",), ("Consignment", "GoodsItem"), ("TransportHandlingUnit", "GoodsItem"))
STAGES: Final[Paths] = (("ShipmentStage",), ("Consignment", "MainCarriageShipmentStage"))
PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("ConsignorParty", "consignor"),
    ("ConsigneeParty", "consignee"),
    ("NotifyParty", "notify"),
    ("CarrierParty", "carrier"),
    ("FreightForwarderParty", "agent"),
    ("ImporterParty", "importer"),
    ("ExporterParty", "exporter"),
    ("PerformingCarrierParty", "carrier"),
    ("SubstituteCarrierParty", "carrier"),
    ("FinalDeliveryParty", "other"),
    ("OriginalDespatchParty", "other"),
)
"""Parties of a waybill; each may stand at its root or in a consignment."""
UNITS: Final[Paths] = (("TransportHandlingUnit",), ("Consignment", "TransportHandlingUnit"))
"""Where a weight statement names what was weighed; goods items without a container are the other way to say it."""
GOODS_WEIGHT: Final = ("GrossWeightMeasure", "NetWeightMeasure", "ChargeableWeightMeasure")
"""Weights of a goods item beside its `MeasurementDimension`."""

HS_LISTS: Final = frozenset({"HS", "STH", "CN", "HSN", "TARIC"})
"""`listID` (UNTDID 7143) of an item classification that is a tariff code; without one it may be any list's."""

IGNORED: Final = {
    **IGNORED_IN_ALL,
    "IndustryClassificationCode": "what a party does, which its place in the document says",
    "Person": "the person who signs: personal",
    "WeighingDeviceID": "the scale's own number",
    "WeighingDeviceType": "what kind of scale it is",
    "TransportEquipmentTypeCode": "that it is a container, its number says",
    "DocumentDescription": "the name of a document that its number says",
    "Waybill/Name": "the document's name",
    "Shipment/ID": "the sender's own number of the shipment",
    "Consignment/ID": "the sender's own number of the consignment",
    "GoodsItem/ID": "the item's own number; its place is kept",
    "SequenceNumberID": "the item's own number; its place is kept",
    "PreCarriageIndicator": "read as which stage is the main one",
    "ShipmentStage/ID": "the stage's own number",
    "LocationTypeCode": "what kind of place it is",
    "LoadingPortLocation/Name": "the name of a port that its code says",
    "UnloadingPortLocation/Name": "the name of a port that its code says",
}
"""Element, or the end of its path -> why it is left out. Whatever else is not read becomes a remark."""
