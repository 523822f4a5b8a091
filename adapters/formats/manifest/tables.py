"""Where a Chinese manifest may say what: the road form's places, and those of the ship, air and rail forms.

Sources: the single window's manifest data interface as its users describe it (MT1101, MT2201, MT3101, MT4406), and the
WCO Data Model that it is cut from. `MTxyzz`: x is the document, y the mode. Paths are below the holder that the name
says; the first that has a text counts.
"""

from __future__ import annotations

from typing import Final, Literal

Document = Literal["manifest", "arrival", "tally", "list"]
DOCUMENTS: Final[dict[str, Document]] = {
    "1": "manifest",
    "2": "manifest",
    "3": "arrival",
    "4": "manifest",
    "5": "tally",
}
"""First digit: 1 original manifest (原始舱单), 2 pre-allocated (预配舱单), 3 arrival report (运抵报告), 4 loading
manifest (装载舱单), 5 tally (理货报告); any other is a `list`, with a remark."""
MODES: Final = {"1": "1", "2": "4", "3": "2", "4": "3"}
"""Second digit -> UN/ECE Recommendation 19: 1 ship, 2 air, 3 rail, 4 road."""
AIR: Final = "2"

FUNCTION: Final = ("Head/FunctionCode", "Declaration/FunctionCode")
MESSAGE_ID: Final = ("Head/MessageID",)

# Below Consignment, and below Declaration where the consignment does not say it.
LOADING: Final = ("LoadingLocation/ID",)
LOADED: Final = ("LoadingLocation/LoadingDateTime", "LoadingLocation/LoadingDate")
DISCHARGE: Final = ("UnloadingLocation/ID",)
ARRIVED: Final = ("UnloadingLocation/ArrivalDateTime", "UnloadingLocation/ArrivalDate")

# Below Consignment.
NUMBER: Final = ("TransportContractDocument/ID",)
MASTER: Final = ("AssociatedTransportDocument/ID",)
GROSS: Final = ("GoodsMeasure/GrossMassMeasure", "TotalGrossMassMeasure", "GrossMassMeasure")
VOLUME: Final = ("GrossVolumeMeasure", "GoodsMeasure/GrossVolumeMeasure")
PACKAGES: Final = ("TotalPackageQuantity", "ConsignmentPackaging/QuantityQuantity", "Packaging/QuantityQuantity")
PACKING: Final = ("ConsignmentPackaging/TypeCode", "Packaging/TypeCode")

# Below ConsignmentItem.
ITEM_NAME: Final = ("Commodity/CargoDescription", "Commodity/Description", "CargoDescription")
ITEM_HS: Final = ("Commodity/Classification/ID", "Commodity/HSCode")
ITEM_GROSS: Final = ("GoodsMeasure/GrossMassMeasure", "GrossMassMeasure")
ITEM_PACKAGES: Final = ("Packaging/QuantityQuantity", "ConsignmentItemPackaging/QuantityQuantity")
ITEM_PACKING: Final = ("Packaging/TypeCode", "ConsignmentItemPackaging/TypeCode")
ITEM_MARKS: Final = ("Packaging/MarksNumbers", "ConsignmentItemPackaging/MarksNumbers", "AdditionalInformation/Content")

# Below Declaration.
OFFICE: Final = ("DeclarationOfficeID",)
OFFICE_OF_EXIT: Final = ("ExitCustomsOffice/ID", "EntryCustomsOffice/ID")

IGNORED: Final = {
    "MessageType": "which schema the file follows",
    "SenderID": "who sent the file is its issuer",
    "ReceiverID": "the office that the file was sent to",
    "SendTime": "when the file was written",
    "Head/Version": "which schema the file follows",
    "RepresentativePerson": "the person who declares: personal",
    "Agent": "who sends for the carrier is the issuer",
    "SequenceNumeric": "the item's place is kept",
    "TransportSplitIndicator": "whether the bill travels in parts; each part is a message",
}
"""Element, or the end of its path -> why it is left out. Whatever else is not read becomes a remark."""
