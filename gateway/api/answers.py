"""How a typed answer becomes a response: its bytes as JSON, and the headers of what must not be kept."""

from __future__ import annotations

import json
from typing import Protocol

from fastapi import Response

from gateway.api.media_types import BUNDLE, JSON
from gateway.consignment.coverage import Coverage
from gateway.query.read_log import READ_RECEIPT_HEADER
from gateway.query.reader_context import BundleAnswer
from gateway.runtime.answer import write_answer

NAME_CHARS_MAX = 64
LINES_IN_HEADER_MAX = 10
NOT_WHOLE_HEADER = "Tongguan-Not-Whole-Here"
"""Of a consignment's bundle that is not the whole of it: what is missing here, and where it is whole."""


class ReadAnswer(Protocol):
    """An answer that may show others' words."""

    @property
    def read_receipt(self) -> str | None: ...


def json_answer(answer: ReadAnswer) -> Response:
    """The response of a read, with its receipt in the header too."""
    return Response(write_answer(answer), media_type=JSON, headers=read_headers(answer.read_receipt or ""))


def bundle_answer(answer: BundleAnswer, name: str) -> Response:
    """The response that holds a bundle, as a file of that name."""
    # The name came in the path; only what cannot break a header goes out again.
    safe = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_"))[:NAME_CHARS_MAX]
    headers = read_headers(answer.receipt) | {"Content-Disposition": f'attachment; filename="{safe}.bundle.json"'}
    if answer.coverage is not None and not answer.coverage.is_whole:
        headers[NOT_WHOLE_HEADER] = _lack_text(answer.coverage)
    return Response(answer.content, media_type=BUNDLE, headers=headers)


def read_headers(receipt: str = "") -> dict[str, str]:
    """The headers of an answer that shows others' words; of the receipt none where there is none."""
    headers = {"Cache-Control": "no-store"}
    return headers | {READ_RECEIPT_HEADER: receipt} if receipt else headers


def _lack_text(coverage: Coverage) -> str:
    """Compact JSON, ASCII, the first `LINES_IN_HEADER_MAX` of each list."""
    lines = slice(LINES_IN_HEADER_MAX)
    missing = [{"issuer": one.issuer, "batch": one.batch, "gateway": one.gateway} for one in coverage.missing[lines]]
    lacking = [{"record": one.record, "sections": [*one.sections]} for one in coverage.lacking[lines]]
    whole = [{"member": one.member, "url": one.url} for one in coverage.whole_at[lines]]
    return json.dumps({"missing": missing, "lacking": lacking, "whole_at": whole}, separators=(",", ":"))
