"""The preview of native files: what each would become, each fault at its line, over HTTP and without a trace."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from adapters import formats
from adapters.message import MESSAGE_BYTES_MAX
from adapters.preview import preview
from adapters.preview_service import create_preview_app
from chain.records import get_record_type

SAMPLES = Path(formats.__file__).parent
ORDER = (SAMPLES / "ceb/samples/order.xml").read_bytes()
DAY = date(2026, 11, 20)


@pytest.mark.parametrize("name", ["ceb/samples/order.xml", "invoice_sheet/samples/invoice.csv"])
def test_a_good_file_shows_records_that_can_be_signed(name: str) -> None:
    shown = preview((SAMPLES / name).read_bytes(), DAY)
    assert shown["faults"] == [] and shown["kind"]
    (entity,) = shown["entities"]
    record = get_record_type(entity["record_type"]).from_sections(entity["sections"])
    assert record.to_sections() == entity["sections"]


def test_each_fault_stands_at_its_line() -> None:
    lines = ORDER.split(b"\n")
    at = next(number for number, line in enumerate(lines) if b"goodsValue>" in line)
    lines[at] = b"      <ceb:goodsValue>x12</ceb:goodsValue>"
    shown = preview(b"\n".join(lines), DAY)
    (fault,) = shown["faults"]
    assert (fault["field"], fault["line"], fault["value"]) == ("Order/OrderHead/goodsValue", at + 1, "x12")
    assert shown["entities"] == []


def test_what_is_missing_is_told_at_the_element_that_should_hold_it() -> None:
    lines = [line for line in ORDER.split(b"\n") if b"goodsValue>" not in line]
    head = next(number for number, line in enumerate(lines, 1) if b"OrderHead>" in line)
    assert {fault["line"] for fault in preview(b"\n".join(lines), DAY)["faults"]} == {head}


@pytest.mark.parametrize("content", [b"", b"hello", b"<a", b"{}", b"PK\x03\x04"], ids=repr)
def test_what_is_no_message_is_refused_with_a_reason(content: bytes) -> None:
    (fault,) = preview(content, DAY)["faults"]
    assert fault["rule"]


def test_the_service_answers_over_http_and_refuses_what_is_too_long() -> None:
    http = TestClient(create_preview_app())
    assert http.post("/v1/preview", content=ORDER).json()["kind"] == "CEB311"
    assert http.get("/healthz").json() == {"status": "alive"}
    assert http.post("/v1/preview", content=bytes(MESSAGE_BYTES_MAX + 1)).status_code == 413
