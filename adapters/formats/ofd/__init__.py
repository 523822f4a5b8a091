"""E-invoices (数电票) in OFD (GB/T 33190-2016): the XML inside is read, the OFD file is cited by its hash."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.ofd.reader", Form.ZIP),)
FORMATS = (
    NativeFormat(
        "数电票 OFD that holds its `EInvoice` XML",
        "GB/T 33190-2016 for the container; the XML as the `efapiao` folder says",
        ("tax.invoice",),
        "the description only",
        "an OFD without that XML is named and not read",
    ),
)
