"""UN/CEFACT Cross Industry Invoice D16B, the XML of XRechnung (CII), Factur-X and ZUGFeRD."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.cii_invoice.reader", Form.XML, frozenset({"CrossIndustryInvoice"})),)
FORMATS = (
    NativeFormat(
        "`CrossIndustryInvoice` (XRechnung, Factur-X XML)",
        "UN/CEFACT CII D16B as CEN/TS 16931-3-3 binds it to EN 16931",
        ("tax.invoice",),
        "the examples published with EN 16931",
    ),
)
