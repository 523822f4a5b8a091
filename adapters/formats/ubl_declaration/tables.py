"""Where a UBL ImportCustomsDeclaration may say what (UBL 2.4 schemas, OASIS), and what of it is left out.

Paths are below `Shipment`, without their prefixes, those of goods below `GoodsItem`; the first that has a text counts.
"""

from __future__ import annotations

from typing import Final

from adapters.mapping.ubl import IGNORED as IGNORED_IN_ALL
from chain.records.scalars import Function
from chain.records.sections import PartyRole

Paths = tuple[tuple[str, ...], ...]

FUNCTIONS: Final[dict[str, Function]] = {
    "": "new",
    "9": "new",
    "2": "new",
    "4": "change",
    "5": "change",
    "13": "change",
    "1": "delete",
    "3": "delete",
}
"""`FunctionCode` (UN/EDIFACT 1225) -> what it does. UBL has no element for it: customs offices put it into the
document's extension, as the standard's own example does."""
FUNCTION: Final = "FunctionCode"

GOODS: Final[Paths] = (("GoodsItem",), ("TransportHandlingUnit", "GoodsItem"))
GROSS: Final[Paths] = (("GrossWeightMeasure",), ("Consignment", "GrossWeightMeasure"))
NET: Final[Paths] = (("NetWeightMeasure",), ("Consignment", "NetWeightMeasure"))
PACKAGES: Final[Paths] = (
    ("Consignment", "TotalPackagesQuantity"),
    ("TotalTransportHandlingUnitQuantity",),
    ("Consignment", "TotalTransportHandlingUnitQuantity"),
)
STAGES: Final[Paths] = (("ShipmentStage",), ("Consignment", "MainCarriageShipmentStage"))
ENTRY: Final[Paths] = (
    ("FirstArrivalPortLocation", "ID"),
    ("Consignment", "FirstArrivalPortLocation", "ID"),
    ("Consignment", "OfficeOfEntryLocation", "ID"),
)
ORIGIN: Final[Paths] = (("OriginAddress", "Country", "IdentificationCode"),)
"""Origin of all goods; an item says its own (`ITEM_ORIGIN`)."""
DEPARTURE: Final[Paths] = (
    ("ExportCountry", "IdentificationCode"),
    ("Consignment", "OriginalDepartureCountry", "IdentificationCode"),
)
DESTINATION: Final[Paths] = (("Consignment", "FinalDestinationCountry", "IdentificationCode"),)
TERMS: Final[Paths] = (
    ("Delivery", "DeliveryTerms", "ID"),
    ("Consignment", "DeliveryTerms", "ID"),
    ("GoodsItem", "Delivery", "DeliveryTerms", "ID"),
)
TERMS_PLACE: Final[Paths] = (
    ("Delivery", "DeliveryTerms", "DeliveryLocation", "Name"),
    ("Delivery", "DeliveryTerms", "DeliveryLocation", "ID"),
    ("Consignment", "DeliveryTerms", "DeliveryLocation", "Name"),
    ("Consignment", "DeliveryTerms", "DeliveryLocation", "ID"),
)
INVOICED: Final[Paths] = (("Consignment", "TotalInvoiceAmount"),)
CUSTOMS_VALUE: Final[Paths] = (("DeclaredCustomsValueAmount",), ("Consignment", "DeclaredCustomsValueAmount"))
EQUIPMENT: Final[Paths] = (
    ("TransportHandlingUnit", "TransportEquipment"),
    ("Consignment", "TransportHandlingUnit", "TransportEquipment"),
    ("GoodsItem", "GoodsItemContainer", "TransportEquipment"),
)

ITEM_NAME: Final[Paths] = (("Item", "Description"), ("Item", "Name"), ("Description",))
ITEM_HS: Final[Paths] = (("Item", "CommodityClassification", "ItemClassificationCode"), ("RequiredCustomsID",))
ITEM_ORIGIN: Final[Paths] = (
    ("OriginAddress", "Country", "IdentificationCode"),
    ("Item", "OriginCountry", "IdentificationCode"),
    ("Item", "OriginAddress", "Country", "IdentificationCode"),
)
ITEM_NUMBER: Final[Paths] = (("SequenceNumberID",), ("ID",))
ITEM_NET: Final[Paths] = (("NetWeightMeasure",), ("NetNetWeightMeasure",))

PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("ImporterParty", "importer"),
    ("ConsignorParty", "consignor"),
    ("ConsigneeParty", "consignee"),
    ("FreightForwarderParty", "agent"),
    ("NotifierParty", "notify"),
)
"""Parties of the declaration; each may name its `AgentParty`."""

IGNORED: Final = {
    **{name: reason for name, reason in IGNORED_IN_ALL.items() if name != "UBLExtensions"},
    "UBLExtension/ExtensionURI": "which extension it is",
    "TotalGoodsItemQuantity": "a count of what the message itself holds",
    "Shipment/ID": "the sender's own number of the shipment",
    "Consignment/ID": "the sender's own number of the consignment",
    "Language/ID": "in which language a party writes",
    "LocationTypeCode": "what kind of place it is",
}
"""Element, or the end of its path -> why it is left out. Whatever else is not read becomes a remark."""
