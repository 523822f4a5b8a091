"""The routes by which records come in, one or many, and the list of one's own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute

from chain.errors import TongguanError
from chain.lifecycle import RecordState
from chain.sdjwt import RECORD_CHARS_MAX
from gateway.access.rate_limits import RateLimits
from gateway.api.bodies import BODY_BYTES_MAX, media_type_of, read_body, require_plain, shares_of_bodies
from gateway.api.bulk_stream import BulkAnswer, BulkUploadService, Submitter
from gateway.api.media_types import JSON_SEQ, NDJSON, SD_JWT
from gateway.api.middleware import trace_id_of
from gateway.api.models.ingest import Accepted, BulkVerdict, OwnRecord, OwnRecords
from gateway.api.operation import BODY, FAULTS, PAGED, SIGNER, TOKEN, describes
from gateway.api.single_batcher import SingleBatcher
from gateway.runtime.refusals import GatewayRefusal
from gateway.services import Services
from gateway.store.records import RecordStatus, own_records

PAGE_MAX = 500
_BULK = (NDJSON, JSON_SEQ)

_EXAMINED = (
    *BODY,
    "malformed-record",
    "wrong-consortium",
    "withheld",
    "clock",
    *SIGNER,
    "wrong-signer",
    "role",
    "rule-pack",
)
_KEPT = (
    "bad-signature",
    "high-s",
    "jti-taken",
    "lane-full",
    "no-mandate",
    "amends-unknown",
    "amends-mismatch",
    "consignment-unknown",
    "finding-unknown",
    "record-unknown",
    "quota",
    "outbox-full",
    *FAULTS,
)


class _DirectRoute(APIRoute):
    """A route whose function takes the request and gives the whole response: nothing is to be worked out for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


SubmitterOf = Callable[[Request], Submitter]
"""Who sends: raises GatewayRefusal, 401 for nobody and 429 for a member that sent too much in vain."""


def _add_single(router: APIRouter, singles: SingleBatcher, sender_of: SubmitterOf) -> None:
    bodies = shares_of_bodies()

    @describes("unauthorized", *_EXAMINED, *_KEPT, status=202)
    async def submit_record(request: Request) -> Response:
        """Takes one record (SD-JWT, fully disclosed), of any issuer. 202 with a receipt once it is durable."""
        sender = sender_of(request)
        with bodies.holding(sender.member, BODY_BYTES_MAX) as holding:
            body = await read_body(request, RECORD_CHARS_MAX, holding=holding)
            try:
                done = await singles.accept(body)
            except TongguanError as refusal:
                sender.charge([refusal])
                raise
        said: dict[str, object] = {"record_id": done.record_id, "state": done.state.value, "receipt": done.receipt}
        if done.remarks:
            said["remarks"] = [remark.told() for remark in done.remarks]
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


def ingest_router(services: Services) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1", tags=["ingest"])
    settings = services.settings
    uploads = BulkUploadService(
        services.intake, settings.bulk_lines_max, settings.index_dir.parent / "spool", settings.member_uploads_max
    )
    refusals = RateLimits(settings.member_refusals_per_s, services.clock, what="records in vain")

    def sender_of(request: Request) -> Submitter:
        sender = Submitter(services.tokens.bearer(request.headers.get("authorization")).member, refusals)
        sender.require_room()
        return sender

    _add_single(router, SingleBatcher(services.intake), sender_of)

    @router.post(
        "/records/bulk",
        status_code=200,
        response_class=BulkAnswer,
        responses={200: {"description": "A verdict for each line", "content": {NDJSON: {}}}},
        openapi_extra={
            "requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in _BULK}}
        },
    )
    @describes(*BODY, *TOKEN, answer=BulkVerdict, media_types=(NDJSON,))
    async def submit_records(request: Request) -> BulkAnswer:
        """Takes many records, a line each; a verdict for each streams back once it is durable."""
        sender = sender_of(request)
        if media_type_of(request) not in _BULK:
            raise GatewayRefusal("media-type", f"an upload is {' or '.join(_BULK)}", field="content-type")
        require_plain(request)
        return BulkAnswer(uploads, sender, trace_id_of(request))

    @router.get("/records", response_model=OwnRecords)
    @describes(*PAGED)
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
