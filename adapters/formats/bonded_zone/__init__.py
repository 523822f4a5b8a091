"""Bonded zones (金关二期): verification lists 核注清单, passes of the gate 核放单, and customs' answers to both."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (
    ReaderModule(
        "adapters.formats.bonded_zone.reader", Form.XML, frozenset({"Signature", "Package", "CommonResponeMessage"})
    ),
)
_DOCUMENT = "the single window's import interface, as a broker's published program lists its fields; no public text"
FORMATS = (
    NativeFormat(
        "INV101 (保税核注清单)",
        _DOCUMENT,
        ("customs.declaration",),
        "the description only; its fields also stand in published answers",
        "`DelcareFlag` 0 is a draft: acknowledged, not recorded",
    ),
    NativeFormat(
        "INV201, INV211 (核注清单回执)",
        _DOCUMENT,
        ("customs.status",),
        "two answers of customs that were published",
        "the list's own state decides; `manageResult` has no public list and is kept as said",
    ),
    NativeFormat(
        "SAS121 (核放单)",
        _DOCUMENT,
        ("customs.request",),
        "the description only; its fields also stand in published answers",
        "a request to pass the gate with goods of the lists that it names",
    ),
    NativeFormat(
        "SAS221, SAS223 (核放单回执, 过卡回执)",
        _DOCUMENT,
        ("customs.status",),
        "two answers of customs that were published",
        "223 says when the gate was passed; no state of a declaration follows from it",
    ),
    NativeFormat(
        "`CommonResponeMessage` (导入回执)",
        _DOCUMENT,
        ("customs.status",),
        "two answers of the single window that were published",
        "about the message, technical",
    ),
)
