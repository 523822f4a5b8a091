"""Documents that a UBL document cites or holds: each becomes a document of the record, with the hash of its file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from adapters.formats.ubl_invoice import tables
from adapters.mapping.logistics import NAME, SHORT, day
from adapters.mapping.ubl import CAC, CBC, UBL_DAY, first
from adapters.parsing.xml_fields import Fields
from chain.records.base import Document
from chain.records.scalars import Code

DOCUMENTS_MAX: Final = 200


def cited_documents(root: Fields) -> Iterator[Document]:
    """Every document that the root cites, those with an embedded file with its SHA-256."""
    count = 0
    for name in tables.ATTACHED:
        for reference in root.each(f"{CAC}{name}"):
            count += 1
            if count > DOCUMENTS_MAX:
                root.faults.add(root.where, f"cites at most {DOCUMENTS_MAX} documents")
                return
            kind = reference.maybe(f"{CBC}DocumentTypeCode", SHORT) or reference.maybe(f"{CBC}DocumentType", SHORT)
            digest, file_name = _attached(reference)
            issued = reference.maybe(f"{CBC}IssueDate", UBL_DAY)
            yield Document(
                kind=Code(system="uncl-1001", value=kind) if kind else Code(system="ubl-reference", value=name),
                name=file_name,
                number=reference.maybe(f"{CBC}ID", NAME),
                sha256=digest,
                issued=day(issued, f"{reference.where}/IssueDate", root.faults),
            )


def _attached(reference: Fields) -> tuple[str | None, str | None]:
    """SHA-256 and file name of the embedded file; None where there is none."""
    attachment = first(reference, "Attachment")
    embedded = attachment.child(f"{CBC}EmbeddedDocumentBinaryObject") if attachment is not None else None
    if embedded is None:
        return None, None
    text = "".join((embedded.element.text or "").split())
    embedded.faults.read.add(embedded.element)
    name = embedded.attribute("filename", NAME)
    try:
        return sha256(base64.b64decode(text, validate=True)).hexdigest(), name
    except (binascii.Error, ValueError):
        embedded.faults.add(embedded.where, "is Base64", value=text[:40], code="0001")
        return None, name
