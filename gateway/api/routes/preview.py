"""The route of the preview: what a native file would become, before anything is signed."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.access.tokens import TokenBearer
from gateway.api.answers import read_headers
from gateway.api.bodies import read_body
from gateway.api.media_types import BYTES, JSON
from gateway.api.operation import BODY, READ, describes
from gateway.api.routes.parameters import Authorization
from gateway.query.preview import FILE_BYTES_MAX, PreviewAnswer, PreviewService
from gateway.runtime.answer import write_answer
from gateway.services import Services


def preview_router(services: Services) -> APIRouter:
    """The route, bound to one gateway."""
    router = APIRouter(prefix="/v1/preview", tags=["ingest"])
    readers = PreviewService.open(services.settings)

    def asker(authorization: Authorization = None) -> TokenBearer:
        return services.tokens.reader(authorization)

    asked = Depends(asker)

    @router.post("")
    @describes("log-in-off", *BODY, *READ, answer=PreviewAnswer, body=BYTES)
    async def post_preview(request: Request, bearer: TokenBearer = asked) -> Response:
        """What a native file would become: its entities with their unsigned records, or every fault with its line.

        Nothing is stored, signed or sent.
        """
        content = await read_body(request, FILE_BYTES_MAX, (BYTES,))
        answer = await run_in_threadpool(readers.preview, content)
        return Response(write_answer(answer), media_type=JSON, headers=read_headers())

    return router
