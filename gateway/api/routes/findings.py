"""The routes of the queue of findings: page by page, how many and how long they wait, and as a table."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from gateway.api.answers import json_answer, read_headers
from gateway.api.media_types import CSV
from gateway.api.operation import LOGGED, describes
from gateway.api.routes.parameters import Authorization
from gateway.api.routes.search import read_criteria
from gateway.query.exports import finding_lines, finding_pages
from gateway.query.finding_queue import CRITERIA, QueueAnswer, QueueCounts
from gateway.query.queries import Queries


def findings_router(queries: Queries) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1/findings", tags=["read"])

    @router.get("")
    @describes(*LOGGED, answer=QueueAnswer, is_logged=True, is_search=True, criteria=CRITERIA)
    def get_findings(request: Request, authorization: Authorization = None) -> Response:
        """Findings that governors signed, one a rule and consignment, page by page (`cursor`); the open ones unless
        `state` says otherwise."""
        return json_answer(queries.findings.page(queries.reader(authorization), *read_criteria(request)))

    @router.get("/count")
    @describes(*LOGGED, answer=QueueCounts, is_logged=True, is_search=True, criteria=CRITERIA)
    def get_finding_count(request: Request, authorization: Authorization = None) -> Response:
        """How many findings answer all criteria given, by rule, severity and state, and how long they wait."""
        return json_answer(queries.findings.count(queries.reader(authorization), read_criteria(request)[0]))

    @router.get("/export")
    @describes(
        *LOGGED, answer="Every finding asked for, as a table", media_types=(CSV,), is_search=True, criteria=CRITERIA
    )
    def get_finding_export(request: Request, authorization: Authorization = None) -> StreamingResponse:
        """All that the queue lists, as CSV; each page is logged as a read before it leaves."""
        reader = queries.reader(authorization)
        criteria, _ = read_criteria(request)
        first = queries.findings.page(reader, criteria)
        lines = finding_pages(lambda cursor: queries.findings.page(reader, criteria, cursor) if cursor else first)
        return StreamingResponse(
            finding_lines(lines),
            media_type=f"{CSV}; charset=utf-8",
            headers=read_headers() | {"Content-Disposition": 'attachment; filename="findings.csv"'},
        )

    return router
