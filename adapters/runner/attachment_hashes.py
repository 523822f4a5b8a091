"""Hashes the files that messages name: a document that names a file beside its message gets that file's SHA-256.

The files are looked at once, when the message is read, and what they were is kept in the journal. A file that is not
there, or that may not be taken, leaves the hash empty, with a remark in the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from adapters.message import Entity
from adapters.runner.journal import Journal
from adapters.sources.attachment import ATTACHED_BYTES_MAX, ATTACHMENTS_MAX, Attachment
from chain.records.base import Document, Record, Remark

REMARK_RULE: Final = "attachment-not-hashed"
_FILE_NAME: Final = re.compile(r".+\.[0-9A-Za-z]{1,5}")
_EDOC: Final = "cn-edoc"
"""Kinds of documents whose name is always a file's."""


class AttachmentHashes:
    """One member's attached files; a source that has no files beside its messages leaves records as they are."""

    def __init__(self, journal: Journal, source: object) -> None:
        self._journal = journal
        self._hash_file: Callable[[str], Attachment] | None = getattr(source, "hash_attachment", None)

    def keep(self, place: int, entities: Iterable[Entity]) -> None:
        """Looks for every file that the message's records name, within the limits, and keeps what was there.

        Raises `SingleWindowFault`, before anything is kept, where the source cannot be asked.
        """
        if self._hash_file is None:
            return
        records = (entity.record for entity in entities if entity.record is not None)
        names = dict.fromkeys(file for record in records for document in record.documents if (file := _file(document)))
        files: dict[str, Attachment] = {}
        hashed_bytes = 0
        for name in islice(names, ATTACHMENTS_MAX):
            if hashed_bytes >= ATTACHED_BYTES_MAX:
                files[name] = Attachment(reason=f"is beyond the {ATTACHED_BYTES_MAX} bytes that a message may attach")
                continue
            files[name] = self._hash_file(name)
            hashed_bytes += files[name].size
        if files:
            self._journal.attachments.keep(place, files)

    def fill(self, place: int, record: Record) -> Record:
        """The record with the hash of each file that was beside its message, and a remark for each that was not."""
        if not any(_file(document) for document in record.documents):
            return record
        files = self._journal.attachments.find(place)
        if not files:
            return record
        documents: list[Document] = []
        remarks: list[Remark] = []
        beyond = Attachment(reason=f"is beyond the {ATTACHMENTS_MAX} files that a message may attach")
        for position, document in enumerate(record.documents):
            name = _file(document)
            file = files.get(name, beyond) if name else Attachment()
            documents.append(document.model_copy(update={"sha256": file.sha256}) if file.sha256 else document)
            if file.reason:
                text = f"The attached file {name} {file.reason}; its hash is empty."
                remarks.append(Remark(rule=REMARK_RULE, text=text, field=f"documents.{position}.sha256"))
        return record.model_copy(update={"documents": tuple(documents)}).with_remarks(*remarks)


def _file(document: Document) -> str:
    """The name of the file whose hash the document lacks; empty where it has one or names no file."""
    if document.sha256 is not None or not document.name:
        return ""
    is_file = document.kind.system == _EDOC or _FILE_NAME.fullmatch(document.name)
    return document.name if is_file else ""
