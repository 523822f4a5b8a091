"""Cargo-XML: IATA's messages of air cargo in XML, version 3: waybill (XFWB), house waybill (XFZB), status (XFSU)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule(
        "adapters.formats.cargo_xml.reader", Form.XML, frozenset({"Waybill", "HouseWaybill", "StatusMessage"})
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
)
