"""Routes that take: records, and token requests. Routes that give one's own: `GET /v1/records`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from chain.lifecycle import RecordState
from chain.sdjwt import RECORD_CHARS_MAX
from gateway.access.tokens import ASSERTION_TYPE
from gateway.api.bodies import FORM, form_body, media_type_of, read_body, request_schema, require_plain
from gateway.api.bulk_stream import JSON_SEQ, NDJSON, BulkAnswer, BulkUploadService
from gateway.api.middleware import trace_id_of
from gateway.api.models.ingest import Accepted, OwnRecord, OwnRecords, Problem, TokenAnswer
from gateway.api.single_batcher import SingleBatcher
from gateway.runtime.refusals import GatewayRefusal
from gateway.services import Services
from gateway.store.records import RecordStatus, own_records

PAGE_MAX = 500
SD_JWT = "application/sd-jwt"
ASSERTION_CHARS_MAX = 4_096
_BULK = (NDJSON, JSON_SEQ)

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "An RFC 9457 problem document"}
}


class TokenRequest(BaseModel):
    """The form of a token request (RFC 6749 section 4.4 with RFC 7523); what else it holds is passed over."""

    model_config = ConfigDict(frozen=True)

    grant_type: Annotated[str, Field(max_length=64)]
    client_assertion_type: Annotated[str, Field(max_length=128)]
    client_assertion: Annotated[str, Field(max_length=ASSERTION_CHARS_MAX)]


class _DirectRoute(APIRoute):
    """A route whose function takes the request and gives the whole response: nothing is to be worked out for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


def _add_single(router: APIRouter, singles: SingleBatcher) -> None:
    async def submit_record(request: Request) -> Response:
        """Takes one record (SD-JWT, fully disclosed). 202 with a receipt once it is durable."""
        done = await singles.accept(await read_body(request, RECORD_CHARS_MAX))
        said = {"record_id": done.record_id, "state": done.state.value, "receipt": done.receipt}
        return Response(orjson.dumps(said), 202 if done.is_new else 200, media_type="application/json")

    router.add_api_route(
        "/records",
        submit_record,
        methods=["POST"],
        status_code=202,
        response_model=Accepted,
        responses={200: {"model": Accepted, "description": "The same record was accepted before; the same receipt"}},
        openapi_extra={"requestBody": {"required": True, "content": {SD_JWT: {"schema": {"type": "string"}}}}},
        route_class_override=_DirectRoute,
    )


def write_router(services: Services) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1", responses=_PROBLEMS)
    desk = BulkUploadService(
        services.intake, services.settings.bulk_lines_max, services.settings.index_dir.parent / "spool"
    )
    _add_single(router, SingleBatcher(services.intake))

    @router.post(
        "/records/bulk",
        status_code=200,
        response_class=BulkAnswer,
        responses={200: {"description": "A verdict for each line", "content": {NDJSON: {}}}},
        openapi_extra={
            "requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in _BULK}}
        },
    )
    async def submit_records(request: Request) -> BulkAnswer:
        """Takes many records, a line each; a verdict for each streams back once it is durable."""
        if media_type_of(request) not in _BULK:
            raise GatewayRefusal("media-type", f"an upload is {' or '.join(_BULK)}", field="content-type")
        require_plain(request)
        return BulkAnswer(desk, trace_id_of(request))

    @router.get("/records", response_model=OwnRecords)
    def list_own_records(
        request: Request,
        state: RecordState | None = None,
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    ) -> OwnRecords:
        """The asker's own records, in order of acceptance, of one state where one is named."""
        reader = services.tokens.reader(request.headers.get("authorization"))
        with services.store.reading() as connection:
            found = own_records(connection, reader.member, state, after, limit)
        following = str(found[-1][0]) if len(found) == limit else None
        return OwnRecords(records=[_line(held) for _, held in found], next=following)

    @router.post("/token", response_model=TokenAnswer, openapi_extra=request_schema(TokenRequest, FORM))
    def request_token(response: Response, wanted: TokenRequest = form_body(TokenRequest)) -> TokenAnswer:  # noqa: B008
        """A bearer token for a client assertion signed with a registered key (RFC 7523 section 2.2)."""
        grant_type, client_assertion_type = wanted.grant_type, wanted.client_assertion_type
        if grant_type != "client_credentials":
            raise GatewayRefusal("bad-assertion", "grant_type is client_credentials", field="grant_type")
        if client_assertion_type != ASSERTION_TYPE:
            raise GatewayRefusal(
                "bad-assertion", f"client_assertion_type is {ASSERTION_TYPE}", field="client_assertion_type"
            )
        token = services.tokens.exchange(wanted.client_assertion)
        response.headers["Cache-Control"] = "no-store"
        return TokenAnswer(access_token=token.text, expires_in=token.lifetime_s)

    return router


def _line(held: RecordStatus) -> OwnRecord:
    return OwnRecord(
        record_id=held.record_id,
        type=held.vct,
        state=held.state,
        reason=held.reason,
        accepted_at=held.accepted_at,
        anchor_by=held.anchor_by,
        batch=held.batch_index,
        receipt=held.receipt,
    )
