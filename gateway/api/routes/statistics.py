"""The routes of statistics: those of a year, and each of their tables as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from gateway.api.answers import read_headers
from gateway.api.media_types import CSV, JSON
from gateway.api.operation import READ, describes
from gateway.api.routes.parameters import Authorization
from gateway.query.exports import statistics_csv
from gateway.query.queries import Queries
from gateway.query.statistics import StatisticsAnswer, StatisticsService
from gateway.query.statistics_counter import StatisticsCounter
from gateway.runtime.answer import write_answer
from gateway.runtime.loops import Loop
from gateway.services import Services

PAUSE_S = 2.0
PAUSE_BUSY_S = 5.0
"""Between two portions while records come in: they wait for nobody who only counts."""

Choice = Annotated[str, Query(max_length=24)]


def statistics_router(services: Services, queries: Queries) -> APIRouter:
    """The routes, bound to one gateway; while the application runs, a thread keeps the counts up to date."""
    statistics = StatisticsService(queries.context)
    counter = StatisticsCounter(queries.context)

    def is_busy() -> bool:
        return services.intake.is_posting() or services.intake.is_uploading()

    @asynccontextmanager
    async def counting(_: object) -> AsyncIterator[None]:
        loop = Loop(
            "statistics-loop",
            lambda: counter.step() and not is_busy(),
            lambda: PAUSE_BUSY_S if is_busy() else PAUSE_S,
        )
        services.loops.append(loop)
        loop.start()
        yield
        await run_in_threadpool(loop.stop)
        services.loops.remove(loop)

    router = APIRouter(prefix="/v1/statistics", tags=["read"], lifespan=counting)

    @router.get("")
    @describes(*READ, answer=StatisticsAnswer)
    def get_statistics(
        year: Choice = "", by: Choice = "office", stretch: Choice = "release", authorization: Authorization = None
    ) -> Response:
        """Times, volumes, findings, corroboration and cost of anchoring of a year, of all consignments together;
        counts below five are withheld, also against subtraction."""
        answer = statistics.answer(queries.reader(authorization), year, by, stretch)
        return Response(write_answer(answer), media_type=JSON, headers=read_headers())

    @router.get("/export")
    @describes(*READ, answer="One table of the statistics", media_types=(CSV,))
    def get_statistics_export(
        table: Choice = "times",
        year: Choice = "",
        by: Choice = "office",
        stretch: Choice = "release",
        authorization: Authorization = None,
    ) -> Response:
        """One table of the statistics as CSV; withheld cells are empty."""
        answer = statistics.answer(queries.reader(authorization), year, by, stretch)
        name = f"statistics-{table}-{answer.year}.csv"
        headers = read_headers() | {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(statistics_csv(answer, table), media_type=f"{CSV}; charset=utf-8", headers=headers)

    return router
