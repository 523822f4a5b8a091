"""IATA ONE Record (JSON-LD)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.onerecord.reader", Form.JSON),)

DOCUMENT = "IATA ONE Record"
FORMATS = (
    NativeFormat("Waybill, Shipment", DOCUMENT, ("logistics.transport_document",), "the standard's examples"),
    NativeFormat("LogisticsEvent", DOCUMENT, ("logistics.event",), "the standard's examples"),
    NativeFormat("CustomsInformation", DOCUMENT, (), "the standard's example", "alone it names nothing: no record"),
)
