"""Cargo-IMP: messages of airlines, handlers and forwarders as lines of text: FWB, FHL, FFM, FSU and FSA."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.cargo_imp.reader", Form.CARGO_IMP),)
_MANUAL = "IATA/A4A Cargo-IMP Manual, 34th edition (2014)"
FORMATS = (
    NativeFormat(
        "Cargo-IMP FWB (主运单数据)",
        f"{_MANUAL}, specification of FWB, versions to 17",
        ("logistics.transport_document",),
        "the manual's examples and five messages of airlines that were published",
        "charges of each kind, bookings and handling codes are kept as remarks",
    ),
    NativeFormat(
        "Cargo-IMP FHL (分单清单)",
        f"{_MANUAL}, specification of FHL, versions to 5",
        ("logistics.transport_document",),
        "the manual's examples and seven messages of airlines that were published",
        "one record a house waybill",
    ),
    NativeFormat(
        "Cargo-IMP FFM (航班舱单)",
        f"{_MANUAL}, specification of FFM, versions to 8",
        ("logistics.transport_document",),
        "the manual's examples and a message of an airline that was published",
        "one record a waybill and point of unloading; its parts in several ULDs are added",
    ),
    NativeFormat(
        "Cargo-IMP FSU, FSA (货运状态)",
        f"{_MANUAL}, specifications of FSA and FSU, versions to 15",
        ("logistics.event",),
        "the manual's examples and three messages of airlines that were published",
        "days have no year: it is the one nearest to the day of sending. A status without a day (TRM) leaves no record",
    ),
)
