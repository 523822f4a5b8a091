"""The routes that read: consignments, records, references, documents, bundles, the access log.

Each carries a bearer token; each answer that shows others' words carries a read receipt in its header, JSON answers in
`read_receipt` too. What a reader may not know of is 404, as what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from gateway.api.bodies import FILE_BYTES_MAX, read_parts
from gateway.api.openapi import BUNDLE_MEDIA_TYPE
from gateway.api.routes.webhooks import webhook_router
from gateway.query.change_feed import OpenFeeds, events, parse_cursor
from gateway.query.documents import FileDigest, parse_digest
from gateway.query.exports import CSV_MEDIA_TYPE, PARQUET_MEDIA_TYPE, csv_lines, pages, parquet_parts
from gateway.query.queries import Queries
from gateway.query.read_log import READ_RECEIPT_HEADER
from gateway.query.reader_context import BundleAnswer, ReadAnswer
from gateway.query.references import ReferenceQuestion
from gateway.query.search import MalformedSearch
from gateway.runtime.cpu_affinity import run_together
from gateway.services import Services

QUERY_CHARS_MAX = 256

Authorization = Annotated[str | None, Header()]
Text = Annotated[str, Query(max_length=QUERY_CHARS_MAX)]


def read_router(services: Services) -> APIRouter:
    """The routes that read, over these services; raises UnagreedPolicy, or MalformedPolicy: then nothing is served."""
    queries = Queries(services)
    queries.context.check_policy()
    router = APIRouter(prefix="/v1", tags=["read"])
    _add_consignment_routes(router, queries)
    _add_finding_routes(router, queries)
    _add_record_routes(router, queries)
    router.include_router(webhook_router(services, queries))
    return router


class _ConsignmentRoute(APIRoute):
    """Gives its function the UCR of the path and the header: of what is asked most nothing else is to be worked out."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            asked = (request.path_params["ucr"], request.headers.get("authorization"))
            answer: Response = await run_together(self.endpoint, *asked)
            return answer

        return handle


def _add_consignment_routes(router: APIRouter, queries: Queries) -> None:
    def get_consignment(ucr: str, authorization: Authorization = None) -> Response:
        """All that the reader may see of a consignment, joined into one picture."""
        return _json(queries.consignments.view(queries.reader(authorization), ucr))

    def get_consignment_bundle(ucr: str, authorization: Authorization = None) -> Response:
        """The proof bundle of all that is covered of a consignment, disclosing what the view shows."""
        return _bundle(queries.consignments.bundle(queries.reader(authorization), ucr), ucr)

    for end, function in (("", get_consignment), ("/bundle", get_consignment_bundle)):
        path = f"/consignments/{{ucr}}{end}"
        router.add_api_route(path, function, methods=["GET"], route_class_override=_ConsignmentRoute)

    @router.get("/consignments/{ucr}/explanation")
    def get_explanation(ucr: str, authorization: Authorization = None) -> Response:
        """For every section of a consignment's records, whether the reader sees it and by which line of the policy."""
        return _json(queries.consignments.explanation(queries.reader(authorization), ucr))

    @router.get("/references/{kind}")
    def get_references(
        kind: str, value: Text, scope: Text = "", on: Text = "", authorization: Authorization = None
    ) -> Response:
        """Which consignments a number belongs to."""
        reader = queries.reader(authorization)
        return _json(queries.references.consignments_of(reader, ReferenceQuestion.parse(kind, scope, value, on)))


def _add_finding_routes(router: APIRouter, queries: Queries) -> None:
    @router.get("/search")
    def get_search(request: Request, authorization: Authorization = None) -> Response:
        """Consignments that answer all criteria given, page by page (`cursor`)."""
        return _json(queries.search.page(queries.reader(authorization), *_criteria(request)))

    @router.get("/search/count")
    def get_search_count(request: Request, authorization: Authorization = None) -> Response:
        """How many consignments answer all criteria given, of those that the reader may see."""
        return _json(queries.search.count(queries.reader(authorization), _criteria(request)[0]))

    @router.get("/search/export")
    def get_search_export(
        request: Request, format: Literal["csv", "parquet"] = "csv", authorization: Authorization = None
    ) -> StreamingResponse:
        """All that a search finds, as CSV or Parquet; each page is logged as a read before it leaves."""
        reader = queries.reader(authorization)
        said, _ = _criteria(request, but=("format",))
        first = queries.search.page(reader, said).content
        found = pages(lambda cursor: queries.search.page(reader, said, cursor).content if cursor else first)
        is_csv = format == "csv"
        return StreamingResponse(
            csv_lines(found) if is_csv else parquet_parts(found),
            media_type=CSV_MEDIA_TYPE if is_csv else PARQUET_MEDIA_TYPE,
            headers=_headers("") | {"Content-Disposition": f'attachment; filename="consignments.{format}"'},
        )

    feeds = OpenFeeds()

    @router.get("/changes")
    def get_changes(
        after: Text = "",
        last_event_id: Annotated[str, Header(max_length=QUERY_CHARS_MAX)] = "",
        authorization: Authorization = None,
    ) -> StreamingResponse:
        """Server-sent events: what is anchored for consignments that the reader sees, from a cursor on."""
        member = queries.reader(authorization).member
        feeds.require_room(member)
        first = parse_cursor(last_event_id or after, queries.context.batch_count)
        # Who asks is asked again at each look, so that a revoked key or a lapsed token ends the feed.
        feed = events(lambda index: queries.changes.changes(queries.reader(authorization), index), first)
        return StreamingResponse(feeds.count(member, feed), media_type="text/event-stream", headers=_headers(""))

    @router.get("/access-log")
    def get_access_log(ucr: Text, authorization: Authorization = None) -> Response:
        """Who read what of a consignment, and when."""
        return _json(queries.read_history.reads(queries.reader(authorization), ucr))


def _add_record_routes(router: APIRouter, queries: Queries) -> None:
    @router.get("/records/{record_id}")
    def get_record(record_id: str, authorization: Authorization = None) -> Response:
        """One record as the reader sees it."""
        return _json(queries.records.view(queries.reader(authorization), record_id))

    @router.get("/records/{record_id}/bundle")
    def get_record_bundle(record_id: str, authorization: Authorization = None) -> Response:
        """The proof bundle of one record, disclosing what the reader sees of it."""
        return _bundle(queries.records.bundle(queries.reader(authorization), record_id), record_id)

    @router.get("/documents/{sha256}")
    def get_document(sha256: str, authorization: Authorization = None) -> Response:
        """Which records cite the file of this SHA-256."""
        return _json(queries.documents.citations(queries.reader(authorization), parse_digest(sha256)))

    @router.post("/documents")
    async def post_document(request: Request, authorization: Authorization = None) -> Response:
        """As `GET /v1/documents/{sha256}` for the file in the body, which is hashed as it arrives and never kept."""
        reader = await run_in_threadpool(queries.reader, authorization)
        digest = FileDigest()
        async for part in read_parts(request, FILE_BYTES_MAX):
            digest.update(part)
        found = await run_in_threadpool(queries.documents.citations, reader, parse_digest(digest.hexdigest()))
        return _json(found)


def _criteria(request: Request, but: tuple[str, ...] = ()) -> tuple[dict[str, str], str]:
    """The criteria of a search, each once, and its cursor; raises MalformedSearch."""
    said: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in said:
            raise MalformedSearch(name, "is given once")
        if name not in but:
            said[name] = value
    return said, said.pop("cursor", "")


def _json(answer: ReadAnswer) -> Response:
    content = {**answer.content, "read_receipt": answer.receipt or None}
    return Response(orjson.dumps(content), media_type="application/json", headers=_headers(answer.receipt))


def _bundle(answer: BundleAnswer, name: str) -> Response:
    # The name came in the path; only what cannot break a header goes out again.
    safe = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_"))[:64]
    headers = _headers(answer.receipt) | {"Content-Disposition": f'attachment; filename="{safe}.bundle.json"'}
    return Response(answer.content, media_type=BUNDLE_MEDIA_TYPE, headers=headers)


def _headers(receipt: str) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    return headers | {READ_RECEIPT_HEADER: receipt} if receipt else headers
