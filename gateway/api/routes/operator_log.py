"""The route of the operator log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from gateway.api.models.ingest import AnswerModel
from gateway.api.operation import PAGED, describes
from gateway.api.routes.parameters import Authorization
from gateway.query.operator_log import OperatorLog
from gateway.services import Services

PAGE_MAX = 200


class OperatorLogLine(AnswerModel):
    """One thing that was done with this gateway."""

    number: int
    at: int
    """Unix seconds."""
    action: str
    """`start`, `stop`, `settings`, `backup`, `restore`, `webhook-added`, `webhook-removed`, `webhook-secret`,
    `webhook-off`."""
    member: str
    """Whose webhook it was; empty for what the operator did."""
    detail: dict[str, Any]


class OperatorLogPage(AnswerModel):
    """Lines of the operator log, oldest first."""

    lines: list[OperatorLogLine]
    next: str | None
    """`after` of the next page; null after the last."""


def operator_log_router(services: Services, log: OperatorLog) -> APIRouter:
    """The route, bound to one gateway."""
    router = APIRouter(prefix="/v1", tags=["operate"])

    @router.get("/operator-log", response_model=OperatorLogPage)
    @describes("role", *PAGED)
    def get_operator_log(
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
        authorization: Authorization = None,
    ) -> OperatorLogPage:
        """What was done with this gateway: starts, settings, backups, webhooks. For the member that runs it."""
        rows = log.lines(services.tokens.reader(authorization), after, limit)
        return OperatorLogPage(
            lines=[OperatorLogLine(**row._asdict()) for row in rows],
            next=str(rows[-1].number) if len(rows) == limit else None,
        )

    return router
