"""Where a WCO declaration may say what: HMRC's schema of WCO Data Model 3.6 (`WCO_DEC_2_DMS.xsd` 2.15), and the places
that the data model itself adds for the same figure.

Paths are below `Declaration`, those of items below `GovernmentAgencyGoodsItem`; the first that has a text counts, and
what another of them says otherwise becomes a remark.
"""

from __future__ import annotations

from typing import Final

from chain.records.sections import PartyRole

Paths = tuple[str, ...]

_SHIPMENT: Final = "GoodsShipment"
_CONSIGNMENT: Final = "GoodsShipment/Consignment"

MODE: Final[Paths] = ("BorderTransportMeans/ModeCode", f"{_CONSIGNMENT}/BorderTransportMeans/ModeCode")
BORDER: Final[Paths] = ("BorderTransportMeans", f"{_CONSIGNMENT}/BorderTransportMeans")
INLAND: Final[Paths] = (f"{_CONSIGNMENT}/ArrivalTransportMeans", f"{_CONSIGNMENT}/DepartureTransportMeans")
GROSS: Final[Paths] = (
    "TotalGrossMassMeasure",
    f"{_SHIPMENT}/TotalGrossMassMeasure",
    f"{_CONSIGNMENT}/TotalGrossMassMeasure",
)
PACKAGES: Final[Paths] = (
    "TotalPackageQuantity",
    f"{_SHIPMENT}/TotalPackageQuantity",
    f"{_CONSIGNMENT}/TotalPackageQuantity",
)
OFFICE: Final[Paths] = ("DeclarationOfficeID", "PresentationOffice/ID")
EXIT_OFFICE: Final[Paths] = ("ExitOffice/ID",)
LOADING: Final[Paths] = (f"{_CONSIGNMENT}/LoadingLocation/ID",)
LOADING_NAME: Final[Paths] = (f"{_CONSIGNMENT}/LoadingLocation/Name",)
GOODS_PLACE: Final[Paths] = (
    f"{_CONSIGNMENT}/GoodsLocation/Name",
    f"{_CONSIGNMENT}/GoodsLocation/ID",
    f"{_SHIPMENT}/Warehouse/ID",
)
GOODS_COUNTRY: Final[Paths] = (f"{_CONSIGNMENT}/GoodsLocation/Address/CountryCode",)
DEPARTURE: Final[Paths] = (f"{_SHIPMENT}/ExportCountry/ID",)
"""Country of export of the whole; a declaration may say it of each item instead (`ITEM_DEPARTURE`)."""
DESTINATION: Final[Paths] = (f"{_SHIPMENT}/Destination/CountryCode",)
NATURE: Final[Paths] = (f"{_SHIPMENT}/TransactionNatureCode",)
INVOICED: Final[Paths] = ("InvoiceAmount", f"{_SHIPMENT}/Invoice/InvoiceAmount")
FREIGHT: Final[Paths] = (f"{_SHIPMENT}/CustomsValuation/FreightChargeAmount",)
TERMS: Final[Paths] = (f"{_SHIPMENT}/TradeTerms/ConditionCode",)
TERMS_PLACE: Final[Paths] = (
    f"{_SHIPMENT}/TradeTerms/LocationID",
    f"{_SHIPMENT}/TradeTerms/LocationName",
    f"{_SHIPMENT}/TradeTerms/Description",
)
UCR: Final[Paths] = (f"{_SHIPMENT}/UCR/TraderAssignedReferenceID", f"{_SHIPMENT}/UCR/ID")
EQUIPMENT: Final[Paths] = (f"{_CONSIGNMENT}/TransportEquipment",)

PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("Declarant", "declarant"),
    ("Agent", "agent"),
    ("Exporter", "exporter"),
    (f"{_SHIPMENT}/Exporter", "exporter"),
    (f"{_SHIPMENT}/Importer", "importer"),
    (f"{_SHIPMENT}/Consignor", "consignor"),
    ("Consignment/Consignor", "consignor"),
    (f"{_SHIPMENT}/Consignee", "consignee"),
    (f"{_SHIPMENT}/Seller", "seller"),
    (f"{_SHIPMENT}/Buyer", "purchaser"),
    (f"{_SHIPMENT}/Payer", "payer"),
    (f"{_SHIPMENT}/Surety", "surety"),
    ("Consignment/Carrier", "carrier"),
)
ITEM_PARTIES: Final[tuple[tuple[str, PartyRole], ...]] = (
    ("Consignor", "consignor"),
    ("Consignee", "consignee"),
    ("Seller", "seller"),
    ("Buyer", "purchaser"),
)
"""Parties that a declaration of several traders' goods names item by item (data elements 3/1, 3/9, 3/24, 3/26)."""

ITEM_GROSS: Final[Paths] = ("Commodity/GoodsMeasure/GrossMassMeasure", "GoodsMeasure/GrossMassMeasure")
ITEM_NET: Final[Paths] = ("Commodity/GoodsMeasure/NetNetWeightMeasure", "GoodsMeasure/NetNetWeightMeasure")
ITEM_TARIFF_QUANTITY: Final[Paths] = ("Commodity/GoodsMeasure/TariffQuantity", "GoodsMeasure/TariffQuantity")
ITEM_TOTAL: Final[Paths] = ("Commodity/InvoiceLine/ItemChargeAmount", "InvoiceLine/ItemChargeAmount")
ITEM_NAME: Final[Paths] = ("Commodity/Description", "Commodity/CargoDescription")
ITEM_METHOD: Final[Paths] = ("CustomsValuation/MethodCode",)
ITEM_DESTINATION: Final[Paths] = ("Destination/CountryCode",)
ITEM_DEPARTURE: Final[Paths] = ("ExportCountry/ID",)
ITEM_NATURE: Final[Paths] = ("TransactionNatureCode",)
ITEM_UCR: Final[Paths] = ("UCR/TraderAssignedReferenceID", "UCR/ID")
ITEM_EQUIPMENT: Final[Paths] = ("Commodity/TransportEquipment", "TransportEquipment")
ITEM_DANGEROUS: Final[Paths] = ("Commodity/DangerousGoods",)

COUNTRY_OF_ORIGIN: Final = "1"
"""`Origin/TypeCode`: 1 the country of origin, 2 that of preferential origin."""
