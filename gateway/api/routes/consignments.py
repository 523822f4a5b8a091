"""The routes of consignments: the view, its bundle, why sections are seen or withheld, by number, and who has read.

Each carries a bearer token; each answer that shows others' words carries a read receipt in its header, JSON answers in
`read_receipt` too. What a reader may not know of is 404, as what does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from gateway.api.answers import bundle_answer, json_answer
from gateway.api.media_types import BUNDLE
from gateway.api.operation import LOGGED, READ, describes
from gateway.api.routes.parameters import Authorization, Text
from gateway.consignment.answers import ConsignmentAnswer
from gateway.query.consignments import ExplanationAnswer
from gateway.query.lanes import LanesAnswer
from gateway.query.numbers import parse_number
from gateway.query.outside_records import OutsideAnswer, parse_place
from gateway.query.queries import Queries
from gateway.query.read_history import AccessLogAnswer
from gateway.query.references import ReferenceQuestion, ReferencesAnswer
from gateway.query.search import SearchAnswer
from gateway.runtime.cpu_affinity import run_together


class _ConsignmentRoute(APIRoute):
    """Gives its function the UCR of the path and the header: of what is asked most nothing else is to be worked out."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            arguments = (request.path_params["ucr"], request.headers.get("authorization"))
            answer: Response = await run_together(self.endpoint, *arguments)
            return answer

        return handle


def consignments_router(queries: Queries) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1", tags=["read"])

    @describes(*LOGGED, answer=ConsignmentAnswer, is_logged=True)
    def get_consignment(ucr: str, authorization: Authorization = None) -> Response:
        """All that the reader may see of a consignment, joined into one picture."""
        return json_answer(queries.consignments.view(queries.reader(authorization), ucr))

    @describes(
        *LOGGED,
        "bundle-too-large",
        answer="A proof bundle, canonical JSON",
        media_types=(BUNDLE,),
        is_logged=True,
    )
    def get_consignment_bundle(ucr: str, authorization: Authorization = None) -> Response:
        """The proof bundle of all that is covered of a consignment, disclosing what the view shows."""
        return bundle_answer(queries.consignments.bundle(queries.reader(authorization), ucr), ucr)

    for end, function in (("", get_consignment), ("/bundle", get_consignment_bundle)):
        path = f"/consignments/{{ucr}}{end}"
        router.add_api_route(path, function, methods=["GET"], route_class_override=_ConsignmentRoute)

    @router.get("/consignments")
    @describes(*LOGGED, answer=SearchAnswer, is_logged=True)
    def list_consignments(after: Text = "", authorization: Authorization = None) -> Response:
        """Every consignment that the reader may see, by UCR, page by page (`next` is the following `after`)."""
        return json_answer(queries.search.listing(queries.reader(authorization), after))

    @router.get("/consignments/{ucr}/lanes")
    @describes(*LOGGED, answer=LanesAnswer, is_logged=True)
    def get_lanes(ucr: str, authorization: Authorization = None) -> Response:
        """All lanes of a consignment, leaf by leaf, with the anchored records as the reader sees them."""
        return json_answer(queries.lanes.lanes(queries.reader(authorization), ucr))

    @router.get("/consignments/{ucr}/explanation")
    @describes(*LOGGED, answer=ExplanationAnswer, is_logged=True)
    def get_explanation(ucr: str, authorization: Authorization = None) -> Response:
        """For every section of a consignment's records, whether the reader sees it and by which line of the policy."""
        return json_answer(queries.consignments.explanation(queries.reader(authorization), ucr))

    @router.get("/consignments/{ucr}/outside")
    @describes(*LOGGED, answer=OutsideAnswer, is_logged=True)
    def get_outside(ucr: str, after: Text = "", authorization: Authorization = None) -> Response:
        """The records of a consignment that enter no view, since nobody who counts named their issuers."""
        reader = queries.reader(authorization)
        return json_answer(queries.outside_records.page(reader, ucr, parse_place(after)))

    @router.get("/references/{kind}")
    @describes(*LOGGED, answer=ReferencesAnswer, is_logged=True)
    def get_references(
        kind: str, value: Text, scope: Text = "", on: Text = "", authorization: Authorization = None
    ) -> Response:
        """Which consignments a number belongs to."""
        reader = queries.reader(authorization)
        return json_answer(queries.references.consignments_of(reader, ReferenceQuestion.parse(kind, scope, value, on)))

    @router.get("/access-log")
    @describes(*READ, answer=AccessLogAnswer)
    def get_access_log(ucr: Text, authorization: Authorization = None) -> Response:
        """Who read what of a consignment, and when."""
        return json_answer(queries.read_history.reads(queries.reader(authorization), ucr))

    _add_single_use(router, queries)
    return router


def _add_single_use(router: APIRouter, queries: Queries) -> None:
    @router.get("/references/{kind}/single-use")
    @describes(
        *LOGGED,
        "bundle-too-large",
        answer="A proof bundle, canonical JSON",
        media_types=(BUNDLE,),
        is_logged=True,
    )
    def get_single_use(kind: str, value: Text, scope: Text, authorization: Authorization = None) -> Response:
        """The proof in how many consignments the maker (`scope`) of an invoice number (`value`) used it.

        For the maker, the owner of a consignment in which it stands, customs and tax; to everybody else there is none.
        """
        reader = queries.reader(authorization)
        number = parse_number(kind, scope, value)
        return bundle_answer(queries.numbers.single_use(reader, number), number.value)
