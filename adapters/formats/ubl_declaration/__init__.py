"""UBL 2.3 and 2.4 ImportCustomsDeclaration (OASIS)."""

from adapters.formats import Form, NativeFormat, ReaderModule

MODULES = (ReaderModule("adapters.formats.ubl_declaration.reader", Form.XML, frozenset({"ImportCustomsDeclaration"})),)
FORMATS = (
    NativeFormat(
        "ImportCustomsDeclaration", "OASIS UBL 2.3 and 2.4", ("customs.declaration",), "the standard's example"
    ),
)
