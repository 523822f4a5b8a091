"""OASIS UBL CertificateOfOrigin: what is applied for and endorsed about the origin of goods."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.ubl_certificate.reader", Form.XML, frozenset({"CertificateOfOrigin"})),)
FORMATS = (
    NativeFormat(
        "CertificateOfOrigin (原产地证书)",
        "OASIS UBL 2.0 to 2.4, schema CertificateOfOrigin",
        ("trade.certificate",),
        "the description only",
        "its state is as its issuer endorsed it, else as it was applied for, kept as said",
    ),
)
