"""Files that a message names: hashed where they lie beside it, told with a remark where they do not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.registry import read_message
from adapters.runner import attachment_hashes
from adapters.runner.adapter_runner import AdapterRunner
from adapters.runner.journal import Journal
from adapters.runner.retry_policy import RunnerSettings
from adapters.sources import folder as folder_source
from adapters.sources.attachment import Attachment
from adapters.sources.folder import Folder
from adapters.sources.single_window import SingleWindowFault
from chain.identifiers import Ucr
from chain.keys import SigningKey
from chain.members import Role
from chain.records import CustomsDeclaration, parse_record
from chain.records.base import Document
from tests.adapters.formats.customs.test_dec import IMPORT
from tests.adapters.runner.conftest import CONSORTIUM, RememberingGateway

MEMBER = "91110000600037341L"
NAME = "invoice-17.pdf"
PDF = b"%PDF-1.7 an invoice"


def run(path: Path, journal: Journal, message: bytes = IMPORT, *, quiet_s: float = 0.0) -> CustomsDeclaration:
    """The declaration that the adapter submits of the message, in a folder with whatever else lies there."""
    (path / "declaration.xml").write_bytes(message)
    sent_at, ucrs = "2026-03-02T01:00:00Z", {"0": [str(Ucr.EXAMPLE)]}
    envelope = {"id": "m-1", "kind": "FILE", "sender": MEMBER, "sent_at": sent_at, "ucrs": ucrs}
    (path / "declaration.xml.envelope.json").write_text(json.dumps(envelope))
    for file in ("declaration.xml", "declaration.xml.envelope.json"):
        os.utime(path / file, (1, 1))
    gateway = RememberingGateway({MEMBER: Role.BROKER})
    runner = AdapterRunner(
        MEMBER,
        SigningKey.generate(),
        CONSORTIUM,
        jti_secret=b"s" * 32,
        source=Folder(path, MEMBER, quiet_s=quiet_s),
        gateway=gateway,
        journal=journal,
        settings=RunnerSettings(attempts_max=2, retry_first_s=0.01),
    )
    runner.run_until_settled()
    assert runner.report.refused == []
    (record,) = (parse_record(signed) for signed in gateway.records.values())
    assert isinstance(record, CustomsDeclaration)
    return record


@pytest.fixture
def journal() -> Journal:
    return Journal(":memory:")


def named(record: CustomsDeclaration) -> Document:
    (document,) = (document for document in record.documents if document.name == NAME)
    return document


def reasons(record: CustomsDeclaration) -> list[str]:
    return [remark.text for remark in record.remarks if remark.rule == attachment_hashes.REMARK_RULE]


def test_a_named_file_beside_the_message_gives_its_hash_and_is_no_message(tmp_path: Path, journal: Journal) -> None:
    (tmp_path / NAME).write_bytes(PDF)
    record = run(tmp_path, journal)
    assert named(record).sha256 == sha256(PDF).hexdigest()
    assert reasons(record) == []
    assert not (tmp_path / f"{NAME}.refusal.json").exists()


def test_a_named_file_that_is_not_there_leaves_the_hash_empty_with_a_remark(tmp_path: Path, journal: Journal) -> None:
    record = run(tmp_path, journal)
    assert named(record).sha256 is None
    (remark,) = (remark for remark in record.remarks if remark.rule == attachment_hashes.REMARK_RULE)
    assert remark.text == f"The attached file {NAME} is not beside the message; its hash is empty."
    assert remark.field == f"documents.{record.documents.index(named(record))}.sha256"


def link_to(outside: Path, name: Path) -> None:
    name.symlink_to(outside)


def second_name(outside: Path, name: Path) -> None:
    os.link(outside, name)


def pipe(_: Path, name: Path) -> None:
    os.mkfifo(name)


@pytest.mark.parametrize("place", [link_to, second_name, pipe])
def test_a_link_or_pipe_of_that_name_is_not_followed(
    tmp_path: Path, journal: Journal, place: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "outside.bin").write_bytes(b"not the member's to show")
    (tmp_path / "in").mkdir()
    place(tmp_path / "outside.bin", tmp_path / "in" / NAME)
    record = run(tmp_path / "in", journal)
    assert named(record).sha256 is None
    assert reasons(record) == [f"The attached file {NAME} {folder_source.NOT_A_FILE}; its hash is empty."]


def test_a_name_that_leads_out_of_the_folder_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "outside.pdf").write_bytes(PDF)
    (tmp_path / "in").mkdir()
    source = Folder(tmp_path / "in", MEMBER)
    for name in ("../outside.pdf", str(tmp_path / "outside.pdf"), "..", "a\0.pdf"):
        assert source.hash_attachment(name).reason == "is no plain file name", name


def test_a_file_over_the_limit_is_not_hashed(tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_source, "ATTACHMENT_BYTES_MAX", len(PDF) - 1)
    (tmp_path / NAME).write_bytes(PDF)
    record = run(tmp_path, journal)
    assert named(record).sha256 is None
    assert "is longer than" in reasons(record)[0]


@pytest.mark.parametrize(("limit", "least"), [("ATTACHMENTS_MAX", 1), ("ATTACHED_BYTES_MAX", len(PDF))])
def test_files_beyond_a_messages_limits_are_told(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, limit: str, least: int
) -> None:
    monkeypatch.setattr(attachment_hashes, limit, least)
    for name in (NAME, "list-17.pdf"):
        (tmp_path / name).write_bytes(PDF)
    start = IMPORT.index(b"<EdocRealation>")
    end = IMPORT.index(b"</EdocRealation>") + len(b"</EdocRealation>")
    second = IMPORT[start:end].replace(NAME.encode(), b"list-17.pdf")
    record = run(tmp_path, journal, IMPORT[:end] + second + IMPORT[end:])
    assert named(record).sha256 == sha256(PDF).hexdigest()
    assert [text.split(" is ")[0] for text in reasons(record)] == ["The attached file list-17.pdf"]


def test_a_file_that_is_still_being_written_is_not_hashed(tmp_path: Path, journal: Journal) -> None:
    (tmp_path / NAME).write_bytes(PDF[:5])
    record = run(tmp_path, journal, quiet_s=60.0)
    assert named(record).sha256 is None
    assert "still being written" in reasons(record)[0]


def test_what_lay_there_when_the_message_was_read_is_what_is_signed_later(tmp_path: Path, journal: Journal) -> None:
    entities = read_message(IMPORT).entities
    record = entities[0].record
    assert isinstance(record, CustomsDeclaration)
    attached = attachment_hashes.AttachmentHashes(journal, Folder(tmp_path, MEMBER))
    (tmp_path / NAME).write_bytes(PDF)
    attached.keep(1, entities)
    (tmp_path / NAME).write_bytes(b"another")
    attached.keep(1, entities)  # as after a crash
    filled = attached.fill(1, record)
    assert isinstance(filled, CustomsDeclaration)
    assert named(filled).sha256 == sha256(PDF).hexdigest()


class Unreachable(Folder):
    """A source that cannot be asked for files at first."""

    failures = 2

    def hash_attachment(self, name: str) -> Attachment:
        """See `Folder`."""
        if self.failures:
            self.failures -= 1
            raise SingleWindowFault("the single window cannot be reached")
        return super().hash_attachment(name)


def test_a_message_waits_while_its_files_cannot_be_had(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAME).write_bytes(PDF)
    monkeypatch.setattr("tests.adapters.runner.test_attachments.Folder", Unreachable)
    record = run(tmp_path, journal)
    assert named(record).sha256 == sha256(PDF).hexdigest()
    assert reasons(record) == []
