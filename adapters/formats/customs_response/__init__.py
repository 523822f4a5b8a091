"""UN/EDIFACT CUSRES: what customs answers to a declaration or a cargo report."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.customs_response.reader", Form.EDIFACT),)
FORMATS = (
    NativeFormat(
        "CUSRES (海关回执)",
        "UN/EDIFACT D.95B to D.21A, message CUSRES, code list 7365 (processing indicator)",
        ("customs.status",),
        "the description only",
        "one status an indicator (GIS, GEI); indicators of a customs administration's own list keep the state",
    ),
)
