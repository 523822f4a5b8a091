"""The routers that need the read services alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter

from gateway.api.routes.changes import changes_router
from gateway.api.routes.consignments import consignments_router
from gateway.api.routes.erasures import erasures_router
from gateway.api.routes.findings import findings_router
from gateway.api.routes.records import records_router
from gateway.api.routes.search import search_router
from gateway.query.queries import Queries

READ_ROUTERS: Final[tuple[Callable[[Queries], APIRouter], ...]] = (
    consignments_router,
    search_router,
    findings_router,
    changes_router,
    records_router,
    erasures_router,
)
