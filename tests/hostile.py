"""What nobody may make the readers do, each case in a process of its own: `python -m tests.hostile` prints the costs.

A child of this process makes the input, reads it once so that modules are there, sets its peak memory back to what it
has, and reads it again: so the growth of the peak and the processor time are those of one refusal.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from adapters.formats.invoice_sheet.tables import MARK
from adapters.registry import read_message
from chain.encoding import base64url
from chain.errors import Malformed
from chain.records.fastpath import parse_signed
from tests.adapters.formats.customs.writing import message
from tests.adapters.formats.tax.workbooks import sheet_of, workbook
from tests.chain.records.test_sdjwt import element, good, sd_jwt

MB = 1 << 20
Case = tuple[Callable[[], bytes], str, str, str]
"""Makes the input; the refusal's field, a part of its rule, its code."""


def _list(**changed: str) -> bytes:
    return message("621", **changed)


def _line(**changed: str) -> bytes:
    return message("621", line=changed)


def _dcsa(weight: str) -> bytes:
    declaration = {
        "declarationReference": "V1",
        "VGM": {"weight": {"value": "WEIGHT", "unit": "KGM"}, "method": "SM1"},
        "equipmentDetails": {"equipmentReference": "CSQU3054383"},
    }
    return json.dumps({"VGMDeclarations": [declaration]}).replace('"WEIGHT"', weight).encode()


def _record(value: str) -> bytes:
    payload, told = good()
    odd = base64url(f'["{"A" * 22}",{value}]'.encode())
    return sd_jwt(payload | {"remarks": [element(odd)]}, [*told, odd]).encode()


_BOMB = (
    b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 100 + b'"><!ENTITY c "' + b"&b;" * 100 + b'">]><a>' + b"&c;" * 100 + b"</a>"
)
_QUAY = b"00:COARRI:DISCHARGE REPORT:9:A:B:202603031200'\n"
_ROOT = b'<CEB621Message xmlns="http://www.chinaport.gov.cn/ceb">'
_HEAD = "Inventory/InventoryHead"
_UTF8 = "in UTF-8 (with or without its mark) or GB18030"
_NUMBER = "a decimal number"
_VGM = "DCSA-VGM-1.0/VGMDeclarations[1]/VGM/weight/value"

XML: dict[str, Case] = {
    "bomb": (lambda: _BOMB, "XML", "has no document type", "0001"),
    "external entity": (
        lambda: b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        *("XML", "has no document type", "0001"),
    ),
    "DTD": (lambda: b'<!DOCTYPE a SYSTEM "a.dtd"><a/>', "XML", "has no document type", "0001"),
    "root name without an end": (
        lambda: b"<" + b"x" * 20_000,
        *("XML", "has its root element's start tag within the first", "0001"),
    ),
    "UTF-16": (lambda: _list().decode().encode("utf-16"), "message", "is in UTF-8", "0001"),
    "UTF-16 without a mark": (lambda: "<a/>".encode("utf-16-le"), "XML encoding", _UTF8, "0001"),
    "Latin-1": (lambda: _list().replace(b"UTF-8", b"ISO-8859-1"), "XML encoding", _UTF8, "0001"),
    "Big5": (lambda: _list().replace(b"UTF-8", b"Big5"), "XML encoding", _UTF8, "0001"),
    "GB18030 said to be UTF-8": (
        lambda: _list().decode().encode("gb18030"),
        "XML encoding",
        "UTF-8 as declared",
        "0001",
    ),
    "50 MB": (lambda: _ROOT + b"x" * (50 * MB) + b"</CEB621Message>", "message", "at most 10485760 bytes", "0001"),
    "10 MB of tags": (lambda: _ROOT + b"<b/>" * (10 * MB // 4 - 30), "XML", "at most 500000 tags", "0001"),
    "10 MB of text": (
        lambda: _ROOT + b"x" * (10 * MB - 80) + b"</CEB621Message>",
        *("XML", "is well-formed XML 1.0", "0001"),
    ),
    "deep": (lambda: _ROOT + b"<b>" * 100_000, "b", "is well-formed XML 1.0", "0001"),
    "NaN": (lambda: _list(freight="NaN"), f"{_HEAD}/freight", _NUMBER, "0002"),
    "1e400": (lambda: _list(grossWeight="1e400"), f"{_HEAD}/grossWeight", _NUMBER, "0002"),
    "lone surrogate": (lambda: _list(ebcName="&#xD800;"), "ceb:ebcName", "is well-formed XML 1.0", "0001"),
    "bidirectional mark in a name": (lambda: _list(ebcName="贸易\u202e司公"), f"{_HEAD}/ebcName", "U+202E", "0001"),
    "no number": (lambda: _line(gcode=""), "Inventory/InventoryList[1]/gcode", "must be there", "0002"),
    "negative weight": (lambda: _list(netWeight="-1"), f"{_HEAD}/netWeight", _NUMBER, "0002"),
    "gross below net": (lambda: _list(grossWeight="1", netWeight="2"), "Inventory/grossWeight", "net weight", "4004"),
}
JSON: dict[str, Case] = {
    "50 MB": (lambda: b'{"VGMDeclarations":"' + b"x" * (50 * MB) + b'"}', "message", "at most 10485760 bytes", "0001"),
    "deep": (
        lambda: b'{"VGMDeclarations":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        "JSON",
        "nests at most 32",
        "0001",
    ),
    "wide": (lambda: b'{"VGMDeclarations":[' + b"[]," * (3 * MB) + b"[]]}", "JSON", "at most 400000 values", "0001"),
    "NaN": (lambda: _dcsa("NaN"), "JSON", "numbers only, no NaN", "0001"),
    "1e400": (lambda: _dcsa("1e400"), _VGM, _NUMBER, "0002"),
    "negative weight": (lambda: _dcsa("-1"), _VGM, _NUMBER, "0002"),
    "lone surrogate": (lambda: _dcsa('"\\ud800"'), _VGM.replace("DCSA-VGM-1.0", "JSON"), "half characters", "0001"),
    "bidirectional mark": (lambda: _dcsa('"\u202e1"'), _VGM.replace("DCSA-VGM-1.0", "JSON"), "bidirectional", "0001"),
    "UTF-16": (lambda: _dcsa("1").decode().encode("utf-16"), "message", "is in UTF-8", "0001"),
}
EDIFACT: dict[str, Case] = {
    "50 MB": (lambda: b"UNB+UNOA:2'" + b"x" * (50 * MB), "message", "at most 10485760 bytes", "0001"),
    "one endless segment": (
        lambda: b"UNH+1+COARRI:D:95B'BGM+" + b"1:" * (4 * MB),
        *("EDIFACT", "segments of at most 2000 characters", "0001"),
    ),
    "endless segments": (
        lambda: b"UNH+1+COARRI:D:95B'" + b"BGM+44'" * MB,
        "EDIFACT",
        "at most 100000 segments",
        "0001",
    ),
    "control character": (lambda: b"UNH+1+COARRI:D:95B'BGM+\x07'", "EDIFACT", "printable characters", "0001"),
}
NUMBERED: dict[str, Case] = {
    "endless records": (lambda: _QUAY + b"50:A'\n" * MB, "message", "at most 100000 records", "0001"),
    "long field": (lambda: _QUAY + b"50:" + b"A" * (4 * MB), "message", "fields of at most 2000 characters", "0001"),
    "many fields": (lambda: _QUAY + b"50" + b":" * MB, "message", "at most 60 fields a record", "0001"),
    "control character": (lambda: _QUAY + b"50:\x07'", "message", "no control or direction characters", "0001"),
}
CARGO_IMP: dict[str, Case] = {
    "endless lines": (lambda: b"FWB/17\r\n" + b"OSI/A\r\n" * (MB // 2), "Cargo-IMP", "at most 20000 lines", "0001"),
    "long line": (lambda: b"FSU/15\r\n" + b"A" * (4 * MB), "Cargo-IMP", "lines of at most 250 characters", "0001"),
    "control character": (lambda: b"FSU/15\r\n\x07\r\n", "Cargo-IMP", "no control or direction characters", "0001"),
}
WORKBOOK: dict[str, Case] = {
    "million empty cells": (
        lambda: workbook("<worksheet>" + "<row><c/></row>" * MB + "</worksheet>"),
        *("archive/xl/worksheets/sheet1.xml", "unpacks to at most", "0001"),
    ),
    "bomb": (
        lambda: workbook("<a>" + " " * (100 * MB) + "</a>"),
        "archive/xl/worksheets/sheet1.xml",
        "unpacks to at most",
        "0001",
    ),
    "entities": (lambda: workbook(_BOMB.decode() + MARK), "XML", "has no document type", "0001"),
    "row far below": (
        lambda: workbook(sheet_of([[MARK]]).replace('r="A1"', 'r="A1048576"')),
        *("workbook", "at most 5000 rows", "0001"),
    ),
}
SD_JWT: dict[str, Case] = {
    "50 MB": (lambda: b"a" * (50 * MB), "record", "at most 2097152 characters", "0002"),
    "deep": (lambda: _record("[" * 50_000 + "]" * 50_000), "disclosure", "nested deeper than 16", "0002"),
    "NaN": (lambda: _record("NaN"), "disclosure", "", "0002"),
    "lone surrogate": (lambda: _record('"\\ud800"'), "disclosure", "surrogate", "0002"),
    "many parts": (lambda: b"~" * MB, "record", "more disclosures", "0002"),
}
_FORMS: dict[str, dict[str, Case]] = {
    "XML": XML,
    "JSON": JSON,
    "EDIFACT": EDIFACT,
    "platform file": NUMBERED,
    "Cargo-IMP": CARGO_IMP,
    "workbook": WORKBOOK,
    "SD-JWT": SD_JWT,
}
CASES: dict[str, Case] = {f"{form}: {name}": case for form, cases in _FORMS.items() for name, case in cases.items()}


def cost(name: str) -> dict[str, object]:
    """One refusal's field, rule, value, code, milliseconds of processor time and kB that the peak grew by."""
    made = CASES[name][0]()
    read: Callable[[bytes], object] = parse_signed if name.startswith("SD-JWT") else read_message
    refused = _refusal(read, made)
    spent: list[float] = []
    before_kb = _peak_kb_from_now()
    for _ in range(3):
        started = time.process_time()
        _refusal(read, made)
        spent.append(time.process_time() - started)
    return {
        "field": refused.field,
        "rule": refused.rule,
        "value": refused.value,
        "code": refused.code,
        "ms": round(min(spent) * 1000, 2),
        "grown_kb": _status_kb("VmHWM") - before_kb,
    }


def _refusal(read: Callable[[bytes], object], made: bytes) -> Malformed:
    try:
        read(made)
    except Malformed as refused:
        return getattr(refused, "faults", (refused,))[0]  # type: ignore[no-any-return]
    raise AssertionError("was read")


def _peak_kb_from_now() -> int:
    """Sets the peak back to what the process has now, and gives that."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status_kb("VmHWM")


def _status_kb(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


def main() -> int:
    """A line of JSON a case, each from a child of its own."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in CASES:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            print(json.dumps({"name": name, **cost(name)}), flush=True)
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            print(json.dumps({"name": name, "broken": True}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
