"""Customs duty payment certificates (海关专用缴款书)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.duty_payment.reader", Form.JSON),)
FORMATS = (
    NativeFormat(
        "duty payment certificate 海关专用缴款书",
        "a form of our own with the paper's fields",
        ("tax.payment",),
        "own examples",
        "no public machine form exists",
    ),
)
