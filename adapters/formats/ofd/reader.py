"""OFD files (GB/T 33190-2016): a ZIP with `OFD.xml` at its root. An e-invoice attaches its own data as XML.

The attached `EInvoice` becomes the `tax.invoice` that it would become alone; `source` is the OFD file, since that is
what was handed over, and `documents` has the hash of both, so that either file leads to the record. An OFD without such
data (a scan, a contract, the electronic invoices of before 数电票) is refused by name.
"""

from __future__ import annotations

from typing import Final

from adapters.formats.efapiao.reader import read_einvoice
from adapters.mapping.logistics import noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.archive import Archive
from adapters.parsing.xml import parse_xml, peek_root
from adapters.parsing.xml_fields import Faults, Fields
from chain.errors import MalformedMessage
from chain.records.base import Document, Source
from chain.records.scalars import Code
from chain.records.tax import TaxInvoice

KIND: Final = "cn-einvoice-ofd"
ROOT_FILE: Final = "OFD.xml"
DATA_ROOT: Final = "EInvoice"
IGNORED: Final = {
    "DocInfo": "what its writer says of the file; the invoice's own data are read, the file is cited by its hash",
    "DocRoot": "where the pages are",
    "Versions": "earlier pages of the file",
    "Signatures": "where the file's signatures are; they are in the bytes whose hash the record keeps",
}
"""Parts of OFD.xml that are left out -> why."""
_LOCAL_HEADER: Final = b"PK\x03\x04"
_XML_FILES_MAX: Final = 50
"""XML files that are looked at for the invoice's data; an e-invoice has about 10."""


class OfdInvoiceReader:
    """数电票 in OFD."""

    kind = KIND

    def recognises(self, message: bytes) -> bool:
        """Whether the bytes are a ZIP whose directory names `OFD.xml`; never raises."""
        if not message.startswith(_LOCAL_HEADER):
            return False
        try:
            return ROOT_FILE in Archive(message).names()
        except MalformedMessage:
            return ROOT_FILE.encode() in message[:1024]

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        archive = Archive(message)
        name, data = _invoice_data(archive)
        faults = Faults()
        root = Fields.root(parse_xml(data), faults)
        record: TaxInvoice | None = None
        digest = message_digest(message)
        with noted(f"{name}/{root.where}", faults):
            record = read_einvoice(root, Source(kind=KIND, sha256=digest), _cited(name, message_digest(data), digest))
        faults.refuse(KIND)
        return ReadMessage(KIND, None, None, (Entity(0, record, lookup=record.references if record else ()),))


READERS = (OfdInvoiceReader(),)


def _cited(name: str, data_sha256: str, file_sha256: str) -> tuple[Document, ...]:
    return (
        Document(kind=Code(system="file-form", value="OFD"), sha256=file_sha256),
        Document(kind=Code(system="file-form", value="XML"), name=name.rpartition("/")[2][:256], sha256=data_sha256),
    )


def _invoice_data(archive: Archive) -> tuple[str, bytes]:
    """Name and bytes of the one attached file whose root is `EInvoice`."""
    attached: list[tuple[str, bytes]] = []
    for count, name in enumerate(archive.named(".xml"), 1):
        if count > _XML_FILES_MAX:
            raise MalformedMessage("archive", f"holds at most {_XML_FILES_MAX} XML files", code="0001")
        content = archive.read(name)
        if _is_invoice_data(content):
            attached.append((name, content))
    if len(attached) == 1:
        return attached[0]
    if attached:
        raise MalformedMessage("archive", f"holds one {DATA_ROOT}", value=f"{len(attached)} of them", code="0001")
    raise MalformedMessage(
        "archive",
        "is an OFD e-invoice with its EInvoice XML inside; this OFD (版式文件) has none and is not read",
        fix="Send the invoice's XML, which the tax platform gives beside the OFD",
        code="0001",
    )


def _is_invoice_data(content: bytes) -> bool:
    try:
        return peek_root(content).name == DATA_ROOT
    except MalformedMessage:
        return False
