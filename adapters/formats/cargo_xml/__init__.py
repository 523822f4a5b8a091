"""Cargo-XML: IATA's messages of air cargo in XML: waybill (XFWB), house waybill (XFZB), status (XFSU), flight manifest
(XFFM), house manifest (XFHL)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule(
        "adapters.formats.cargo_xml.reader",
        Form.XML,
        frozenset({"Waybill", "HouseWaybill", "StatusMessage", "FlightManifest", "HouseManifest"}),
    ),
)
_DOCUMENT = "IATA Cargo-XML 8.1, schema of {}, version 3 (iata:datamodel:3), as the published cargoxml-jaxb has it"
FORMATS = (
    NativeFormat(
        "Cargo-XML XFWB (主运单数据)",
        _DOCUMENT.format("XFWB"),
        ("logistics.transport_document",),
        "six messages of forwarders that were published",
        "each charge, later flights and handling codes are kept as remarks",
    ),
    NativeFormat(
        "Cargo-XML XFZB (分运单数据)",
        _DOCUMENT.format("XFZB"),
        ("logistics.transport_document",),
        "two messages of forwarders that were published",
    ),
    NativeFormat(
        "Cargo-XML XFSU (货运状态)",
        _DOCUMENT.format("XFSU"),
        ("logistics.event",),
        "the description only",
        "one event a status and flight; a status that is deleted is refused by its purpose",
    ),
    NativeFormat(
        "Cargo-XML XFFM (航班舱单)",
        "IATA Cargo-XML, schema of XFFM, version 2 (iata:flightmanifest:1), as an airline's published classes have it",
        ("logistics.transport_document",),
        "the description only",
        "one record a waybill and airport of arrival; its parts in several ULDs are added",
    ),
    NativeFormat(
        "Cargo-XML XFHL (分单清单)",
        "IATA Cargo-XML, XFHL versions 2 and 3 (iata:housemanifest:1), as four published programs write it",
        ("logistics.transport_document",),
        "a message of a forwarder that was published",
        "one record a house waybill; totals of the master are kept as remarks",
    ),
)
