"""DCSA Verified Gross Mass 1.0."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.dcsa_vgm.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "VGMDeclarations",
        "DCSA Verified Gross Mass 1.0",
        ("logistics.weight",),
        "the standard's example",
        "a retracted declaration amends",
    ),
)
