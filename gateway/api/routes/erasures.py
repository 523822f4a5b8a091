"""The route that says what a member may have erased; the statement itself is a record that the member signs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gateway.api.answers import read_headers
from gateway.api.media_types import JSON
from gateway.api.operation import READ, describes
from gateway.api.routes.parameters import Authorization, Text
from gateway.query.erasures import SECTIONS_MAX, ErasurePlan
from gateway.query.queries import Queries
from gateway.runtime.answer import write_answer

SECTIONS_CHARS_MAX = SECTIONS_MAX * 33
Sections = Annotated[str, Query(max_length=SECTIONS_CHARS_MAX)]


def names_in(sections: str) -> frozenset[str]:
    """The section names in a list with commas."""
    return frozenset(name.strip() for name in sections.split(",") if name.strip())


def erasures_router(queries: Queries) -> APIRouter:
    """The route, bound to one gateway."""
    router = APIRouter(prefix="/v1/erasures", tags=["read"])

    @router.get("/plan")
    @describes("malformed-record", *READ, answer=ErasurePlan)
    def get_erasure_plan(subject: Text, sections: Sections, authorization: Authorization = None) -> Response:
        """What of a consignment (UCR) or a record (id) the asker may have erased, of these sections; erases nothing.

        Erased it is by an `audit.erasure` record, sent to `POST /v1/records`, once that record is anchored.
        """
        plan = queries.erasures.plan(queries.reader(authorization), subject, names_in(sections))
        return Response(write_answer(plan), media_type=JSON, headers=read_headers())

    return router
