"""WCO Data Model 3.6 declarations (DEC) and responses (RES) as HMRC profiles them."""

from adapters.formats import Form, NativeFormat, ReaderModule

ROOTS = frozenset({"MetaData", "submitDeclarationRequest", "cancelDeclarationRequest", "Declaration", "Response"})
MODULES = (ReaderModule("adapters.formats.wco.declaration", Form.XML, ROOTS),)

DOCUMENT = "WCO Data Model 3.6, HMRC profile"
FORMATS = (
    NativeFormat(
        "DEC",
        DOCUMENT,
        ("customs.declaration", "customs.request"),
        "HMRC's examples",
        "`FunctionCode` 13 amends by MRN, with `TypeCode` INV it is a request. The cited DUCR is the record's UCR",
    ),
    NativeFormat(
        "RES",
        DOCUMENT,
        ("customs.status",),
        "HMRC's examples",
        "the LRN is looked up: the response does not say whose it is",
    ),
)
