"""Kinds of messages that ports, airlines, brokers and bonded zones send and that are not read: each is known by name.

A kind is read only where a document that states its fields was at hand (`adapters/README.md`). The others are told
apart from files that are nothing at all, so that whoever sent one learns what it is and what can be sent instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from adapters.formats import Form

PEEK_BYTES: Final = 8192
"""How much of a message is looked at for its kind."""
UNREAD_CODE: Final = "4005"
"""Our gateway code, from the user-extensible range: the kind is known and no reader reads it."""


@dataclass(frozen=True)
class UnreadKind:
    """A kind of message that is recognised and not read."""

    name: str
    """The kind as its standard names it (`EDIFACT IFTMIN`)."""
    en: str
    zh: str
    instead: str
    """What is read beside it."""


_CONTAINERS: Final = "COARRI, CODECO, COPARN or BAPLIE for containers"
_BILL: Final = "a UBL Waybill or a manifest (MTxyzz) for the transport document"
_AIR: Final = "Cargo-XML XFWB, XFZB, XFFM, XFHL and XFSU, Cargo-IMP FWB, FHL, FFM and FSU, or IATA ONE Record"
_CERTIFICATE: Final = "UBL CertificateOfOrigin, or the certificate sheet (tongguan-certificate,1)"
_CUSTOMS: Final = "DecMessage, CEB or WCO DEC and RES"
_MANIFEST: Final = "CUSCAR or a manifest (MTxyzz)"

EDIFACT: Final = {
    kind: UnreadKind(f"EDIFACT {kind}", en, zh, instead)
    for kind, en, zh, instead in (
        ("CALINF", "vessel call information", "船舶挂靠信息", _CONTAINERS),
        ("COPRAR", "container discharge or loading order", "装卸船指令", _CONTAINERS),
        ("COPINO", "container pre-notification", "集装箱预通知", _CONTAINERS),
        ("COHAOR", "container special handling order", "集装箱特殊作业指令", _CONTAINERS),
        ("COREOR", "container release order", "集装箱放行指令", _CONTAINERS),
        ("COSTCO", "container stuffing or stripping confirmation", "集装箱装拆箱确认", _CONTAINERS),
        ("COSTOR", "container stuffing or stripping order", "集装箱装拆箱指令", _CONTAINERS),
        ("CUSDEC", "customs declaration", "报关单", _CUSTOMS),
        ("CUSREP", "customs conveyance report", "运输工具申报", _MANIFEST),
        ("DESADV", "despatch advice", "发货通知", "a UBL Waybill"),
        ("IFCSUM", "forwarding and consolidation summary", "舱单汇总", _BILL),
        ("IFTMBC", "booking confirmation", "订舱确认", _BILL),
        ("IFTMBF", "firm booking", "订舱", _BILL),
        ("IFTMCS", "instruction contract status", "提单内容", _BILL),
        ("INVOIC", "invoice", "发票", "a UBL or Cross Industry Invoice"),
        ("ORDERS", "purchase order", "采购订单", "CEB311 or CEB303 for orders of e-commerce"),
        ("VERMAS", "verified mass of a container", "集装箱核实重量", "DCSA Verified Gross Mass"),
    )
}
"""Message type in UNH -> its kind (UN/EDIFACT directories D.95B to D.24A)."""

XML_ROOTS: Final = {
    root: UnreadKind(name, en, zh, instead)
    for root, name, en, zh, instead in (
        ("ULDManifest", "Cargo-XML XFUM", "unit load device manifest", "集装器舱单", _AIR),
        ("FreightBookedList", "Cargo-XML XFBL", "freight booked list", "订舱清单", _AIR),
        ("GoodsCertificate", "UBL GoodsCertificate", "certificate about goods", "货物证书", _CERTIFICATE),
    )
}
"""Root element -> its kind."""

SINGLE_WINDOW: Final = {
    kind: UnreadKind(kind, en, zh, "INV101, INV201, SAS121, SAS221 or SAS223")
    for kind, en, zh in (
        ("INV202", "reply about the declaration made of a verification list", "核注清单生成报关单回执"),
        ("ICP101", "in and out note of a bonded warehouse", "出入库单"),
    )
}
"""`message_type` in the envelope of the bonded systems (金关二期) -> its kind."""

CARGO_IMP: Final = {
    kind: UnreadKind(f"Cargo-IMP {kind}", en, zh, _AIR)
    for kind, en, zh in (
        ("FFR", "booking request", "订舱请求"),
        ("FBL", "freight booked list", "订舱清单"),
        ("FMA", "acknowledgement", "确认"),
        ("FNA", "error report", "错误报告"),
    )
}
"""Standard message identifier of a Cargo-IMP message -> its kind (IATA Cargo-IMP manual)."""

PLATFORM_FILES: Final = {
    kind: UnreadKind(f"platform file {kind}", en, zh, "the platform file IFCSUM, CODECO or COARRI")
    for kind, en, zh in (
        ("COSCLN", "clean packing list", "装箱单平台文件"),
        ("COSTRP", "stripping report", "拆箱单平台文件"),
        ("IFTIAG", "dangerous cargo list", "危险品清单平台文件"),
        ("CLCONT", "container list", "集装箱清单平台文件"),
    )
}
"""Message type in a head record (`00:CODECO:`) -> its kind."""
_PDF: Final = UnreadKind("PDF", "a page for people", "版面文件", "the data that the page was made from, as XML or JSON")
_XLSX: Final = UnreadKind("XLSX", "a spreadsheet", "电子表格", "an invoice or a certificate by our template")
_PLATFORM: Final = re.compile(rb"00(?::([A-Z]{6}):|NCLCONTAINER LIST)")
_UNH: Final = re.compile(rb"UNH.{1,24}?([A-Z]{6})[^A-Z0-9]", re.DOTALL)
"""A message header, whatever its marks are: UNA may set others than `+` and `:`."""
_MESSAGE_TYPE: Final = re.compile(rb"<(?:\w+:)?message_?[tT]ype>\s*([A-Z]{3}\d{3})\s*<", re.IGNORECASE)
_XML_NAMESPACES: Final = ("iata:", "urn:oasis:names:specification:ubl:schema:xsd:")
_SMI: Final = re.compile(rb"^\x02?([A-Z]{3})/\d{1,3}[ \t]*\r?$", re.MULTILINE)


def find_unread(form: Form | None, message: bytes, root: tuple[str, str] = ("", "")) -> UnreadKind | None:
    """The kind of a message that no reader takes, where it is known; `root` is an XML root's namespace and name."""
    start = message[:PEEK_BYTES]
    if form is Form.EDIFACT:
        return next((EDIFACT[kind] for kind in _edifact_kinds(start) if kind in EDIFACT), None)
    if form is Form.XML:
        return _xml_kind(start, *root)
    if form is Form.NUMBERED:
        head = _PLATFORM.match(start.lstrip(b"\xef\xbb\xbf \r\n"))
        return PLATFORM_FILES.get("CLCONT" if head and not head.group(1) else head.group(1).decode()) if head else None
    if form is Form.ZIP:
        return _XLSX if b"xl/" in message[:PEEK_BYTES] or b"xl/workbook.xml" in message[-PEEK_BYTES:] else None
    if start.startswith(b"%PDF-"):
        return _PDF
    identifier = _SMI.search(start) if form is Form.CARGO_IMP else None
    return CARGO_IMP.get(identifier.group(1).decode()) if identifier else None


def unread_kinds() -> tuple[UnreadKind, ...]:
    """Every kind that is recognised and not read, for the page."""
    tables = (EDIFACT, XML_ROOTS, SINGLE_WINDOW, CARGO_IMP, PLATFORM_FILES)
    return (*(kind for table in tables for kind in table.values()), _PDF, _XLSX)


def _edifact_kinds(start: bytes) -> Iterator[str]:
    for header in _UNH.finditer(start):
        yield header.group(1).decode()


def _xml_kind(start: bytes, namespace: str, name: str) -> UnreadKind | None:
    declared = _MESSAGE_TYPE.search(start)
    if declared and (kind := SINGLE_WINDOW.get(declared.group(1).decode())):
        return kind
    return XML_ROOTS.get(name) if namespace.startswith(_XML_NAMESPACES) or not namespace else None
