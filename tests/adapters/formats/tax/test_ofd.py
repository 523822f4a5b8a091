"""E-invoices in OFD: the data inside is read as it is alone, the file is cited, and no archive harms its reader."""

from __future__ import annotations

import hashlib
import io
import struct
import time
import zipfile
from collections.abc import Callable

import pytest

from adapters.parsing.archive import ENTRIES_MAX, ENTRY_BYTES_MAX, NAME_CHARS_MAX, RATIO_MAX, Archive
from adapters.registry import read_message
from chain.errors import MalformedMessage
from chain.records.tax import TaxInvoice

Told = Callable[[str, str], list[bytes]]
ATTACHED = "Doc_0/Attachs/einvoice.xml"
DOCUMENT = b'<?xml version="1.0" encoding="UTF-8"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.1"/>'


@pytest.fixture
def data(told: Told) -> bytes:
    return told("export_rebate", "EInvoice")[0]


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def ofd(**attached: bytes) -> bytes:
    return packed({"OFD.xml": DOCUMENT, **{f"Doc_0/Attachs/{name}.xml": text for name, text in attached.items()}})


def test_the_data_inside_becomes_the_record_that_it_would_be_alone(data: bytes) -> None:
    file = ofd(einvoice=data)
    inside = read_message(file).entities[0].record
    alone = read_message(data).entities[0].record
    assert isinstance(inside, TaxInvoice)
    assert isinstance(alone, TaxInvoice)
    assert inside.invoice == alone.invoice
    assert inside.goods_items == alone.goods_items
    assert inside.references == alone.references


def test_both_files_lead_to_the_record(data: bytes) -> None:
    file = ofd(einvoice=data)
    record = read_message(file).entities[0].record
    assert record is not None
    assert record.source is not None
    digests = {document.sha256 for document in record.documents}
    assert record.source.sha256 == hashlib.sha256(file).hexdigest()
    assert {hashlib.sha256(file).hexdigest(), hashlib.sha256(data).hexdigest()} <= digests


def test_an_ofd_without_the_data_is_named_and_refused() -> None:
    with pytest.raises(MalformedMessage, match="版式文件") as refusal:
        read_message(ofd(other=DOCUMENT))
    assert "XML" in refusal.value.fix


def test_an_ofd_with_two_invoices_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage, match="holds one EInvoice"):
        read_message(ofd(first=data, second=data))


def test_a_fault_in_the_data_is_named_with_its_file(data: bytes) -> None:
    with pytest.raises(MalformedMessage, match="EInvoiceData"):
        read_message(ofd(einvoice=data.replace(b"EInvoiceData>", b"OtherData>")))


def test_a_zip_that_is_no_ofd_is_of_no_kind_that_is_read() -> None:
    with pytest.raises(MalformedMessage, match="no reader knows this ZIP"):
        read_message(packed({"readme.txt": b"hello"}))


@pytest.mark.parametrize("cut", [4, 40, -1, -22])
def test_a_file_that_was_cut_is_refused(data: bytes, cut: int) -> None:
    with pytest.raises(MalformedMessage):
        read_message(ofd(einvoice=data)[:cut])


def test_every_flipped_byte_is_read_or_refused(data: bytes) -> None:
    file = ofd(einvoice=data)
    for place in range(0, len(file), max(len(file) // 400, 1)):
        changed = bytearray(file)
        changed[place] ^= 0x41
        try:
            read_message(bytes(changed))
        except MalformedMessage:
            continue


def test_a_file_without_a_name_is_passed_over(data: bytes) -> None:
    file = packed({"OFD.xml": DOCUMENT, ATTACHED: data, "x": b"hello"})
    directory = file.rindex(b"PK\x01\x02")
    nameless = file[: directory + 28] + (0).to_bytes(2, "little") + file[directory + 30 : directory + 46]
    size = len(nameless) - file.index(b"PK\x01\x02")
    end = bytearray(file[file.rindex(b"PK\x05\x06") :])
    end[12:16] = size.to_bytes(4, "little")
    assert "" not in Archive(nameless + bytes(end)).names()


HOSTILE = {
    "too many files": packed({f"{n}.xml": b"" for n in range(ENTRIES_MAX + 1)}),
    "a bomb": packed({"OFD.xml": bytes(ENTRY_BYTES_MAX)}),
    "a long file": packed({"OFD.xml": bytes(ENTRY_BYTES_MAX + 1)}, zipfile.ZIP_STORED),
    "a long name": packed({"a" * (NAME_CHARS_MAX + 1): b""}),
    "another method": packed({"OFD.xml": DOCUMENT}, zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_would_harm_is_refused_before_it_is_unpacked(what: str) -> None:
    with pytest.raises(MalformedMessage):
        Archive(HOSTILE[what])


def test_a_length_that_lies_is_not_believed() -> None:
    # The directory says 1 byte and the file unpacks to more than its bound; the packing stays below the ratio.
    noise = bytes(range(256)) * (ENTRY_BYTES_MAX // 256 + 1)
    file = bytearray(packed({"OFD.xml": noise}, zipfile.ZIP_STORED))
    assert len(noise) < RATIO_MAX * len(file)
    directory = file.rindex(b"PK\x01\x02")
    file[directory + 24 : directory + 28] = (1).to_bytes(4, "little")
    archive = Archive(bytes(file))
    with pytest.raises(MalformedMessage):
        archive.read("OFD.xml")


def test_a_file_that_is_nothing_but_its_directory_is_refused_before_the_directory_is_read() -> None:
    line = b"PK\x01\x02" + struct.pack("<4H3L5H2L", 20, 20, *[0] * 12)
    count = 200_000
    end = struct.pack("<4H2LH", 0, 0, count & 0xFFFF, count & 0xFFFF, count * len(line), 4, 0)
    file = b"PK\x03\x04" + line * count + b"PK\x05\x06" + end
    began = time.process_time()
    with pytest.raises(MalformedMessage, match="holds at most 500 files"):
        Archive(file)
    assert time.process_time() - began < 0.3  # its directory alone takes two seconds and 120 MB
