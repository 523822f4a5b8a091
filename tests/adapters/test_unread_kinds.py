"""Kinds that are known and not read are named in both languages, with what is read beside them."""

from __future__ import annotations

import io
import zipfile

import pytest

from adapters.formats.unread import EDIFACT, UNREAD_CODE, unread_kinds
from adapters.registry import read_message
from chain.errors import MalformedMessage


def refusal_of(message: bytes) -> MalformedMessage:
    with pytest.raises(MalformedMessage) as refusal:
        read_message(message)
    return refusal.value


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("message", "name", "zh"),
    [
        (
            b"UNB+UNOA:2+A+B+260302:0900+1'UNH+1+IFTMBF:D:00B:UN'BGM+335'UNT+3+1'UNZ+1+1'",
            "EDIFACT IFTMBF",
            "订舱",
        ),
        (
            b"UNA:+,? 'UNB+UNOA:2+A+B+260302:0900+1'UNH+1+COPRAR:D:95B:UN'UNT+2+1'UNZ+1+1'",
            "EDIFACT COPRAR",
            "装卸船指令",
        ),
        (
            b"UNA;*.? 'UNB*UNOA;2*A*B*260302;0900*1'UNH*1*CUSREP;D;95B;UN'UNT*2*1'UNZ*1*1'",
            "EDIFACT CUSREP",
            "运输工具申报",
        ),
        (
            b'<GoodsCertificate xmlns="urn:oasis:names:specification:ubl:schema:xsd:GoodsCertificate-2"/>',
            "UBL GoodsCertificate",
            "货物证书",
        ),
        (b'<rsm:ULDManifest xmlns:rsm="iata:uldmanifest:1"/>', "Cargo-XML XFUM", "集装器舱单"),
        (
            b"<Signature><Object><Package><message_type>INV202</message_type></Package></Object></Signature>",
            "INV202",
            "核注清单生成报关单回执",
        ),
        (b"FFR/6\r\n999-12345675PEKBKK/T9K700\r\n", "Cargo-IMP FFR", "订舱请求"),
        (b"QD PEKFMCA\r\n.FRAFMLH 020800\r\nFNA/2\r\nACK/NO AWB\r\n", "Cargo-IMP FNA", "错误报告"),
        (b"%PDF-1.7\n", "PDF", "版面文件"),
        (workbook(), "XLSX", "电子表格"),
    ],
)
def test_a_known_kind_is_named_in_both_languages(message: bytes, name: str, zh: str) -> None:
    refusal = refusal_of(message)
    assert refusal.code == UNREAD_CODE
    assert f"{name} (" in refusal.rule
    assert zh in refusal.rule
    assert refusal.fix


@pytest.mark.parametrize("kind", EDIFACT)
def test_every_known_edifact_kind_is_found_by_its_header(kind: str) -> None:
    message = f"UNB+UNOA:2+A+B+260302:0900+1'UNH+REF0001+{kind}:D:95B:UN'UNT+2+REF0001'UNZ+1+1'"
    assert f"EDIFACT {kind} (" in refusal_of(message.encode()).rule


@pytest.mark.parametrize(
    "message",
    [b"<Unknown/>", b'{"unknown": 1}', b"UNB+UNOA:2+A+B+260302:0900+1'UNH+1+ABCDEF:D:95B:UN'", b"hello", b"ABC/1\r\n"],
)
def test_what_is_of_no_known_kind_is_not_given_a_name(message: bytes) -> None:
    assert refusal_of(message).code != UNREAD_CODE


def test_no_two_kinds_have_one_name() -> None:
    names = [kind.name for kind in unread_kinds()]
    assert len(names) == len(set(names))
    assert all(kind.en and kind.zh and kind.instead for kind in unread_kinds())
