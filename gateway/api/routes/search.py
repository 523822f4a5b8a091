"""The routes of search: page by page, how many, and as a table."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from gateway.api.answers import json_answer, read_headers
from gateway.api.media_types import CSV, PARQUET
from gateway.api.operation import LOGGED, describes
from gateway.api.routes.parameters import Authorization, Text
from gateway.query.exports import csv_lines, pages, parquet_parts
from gateway.query.find import FoundAnswer
from gateway.query.queries import Queries
from gateway.query.search import CountAnswer, MalformedSearch, SearchAnswer


def search_router(queries: Queries) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1/search", tags=["read"])

    @router.get("")
    @describes(*LOGGED, answer=SearchAnswer, is_logged=True, is_search=True)
    def get_search(request: Request, authorization: Authorization = None) -> Response:
        """Consignments that answer all criteria given, page by page (`cursor`)."""
        return json_answer(queries.search.page(queries.reader(authorization), *read_criteria(request)))

    @router.get("/anything")
    @describes(*LOGGED, answer=FoundAnswer, is_logged=True)
    def get_anything(q: Text, authorization: Authorization = None) -> Response:
        """Whatever a text may mean: a UCR, a number of any kind, a company or words of goods."""
        return json_answer(queries.find.find(queries.reader(authorization), q))

    @router.get("/count")
    @describes(*LOGGED, answer=CountAnswer, is_logged=True, is_search=True)
    def get_search_count(request: Request, authorization: Authorization = None) -> Response:
        """How many consignments answer all criteria given, of those that the reader may see."""
        return json_answer(queries.search.count(queries.reader(authorization), read_criteria(request)[0]))

    @router.get("/export")
    @describes(*LOGGED, answer="Every hit of the search, as a table", media_types=(CSV, PARQUET), is_search=True)
    def get_search_export(
        request: Request, format: Literal["csv", "parquet"] = "csv", authorization: Authorization = None
    ) -> StreamingResponse:
        """All that a search finds, as CSV or Parquet; each page is logged as a read before it leaves."""
        reader = queries.reader(authorization)
        criteria, _ = read_criteria(request, but=("format",))
        first = queries.search.page(reader, criteria)
        hits = pages(lambda cursor: queries.search.page(reader, criteria, cursor) if cursor else first)
        is_csv = format == "csv"
        return StreamingResponse(
            csv_lines(hits) if is_csv else parquet_parts(hits),
            media_type=f"{CSV}; charset=utf-8" if is_csv else PARQUET,
            headers=read_headers() | {"Content-Disposition": f'attachment; filename="consignments.{format}"'},
        )

    return router


def read_criteria(request: Request, but: tuple[str, ...] = ()) -> tuple[dict[str, str], str]:
    """The criteria of a search, each once, and its cursor; raises MalformedSearch."""
    criteria: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in criteria:
            raise MalformedSearch(name, "is given once")
        if name not in but:
            criteria[name] = value
    return criteria, criteria.pop("cursor", "")
