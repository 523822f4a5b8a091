"""The routes of single records and of the files that they cite."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.api.answers import bundle_answer, json_answer, read_headers
from gateway.api.bodies import FILE_BYTES_MAX, read_parts
from gateway.api.media_types import BUNDLE, BYTES, JSON
from gateway.api.models.records import LaneProofAnswer
from gateway.api.operation import LOGGED, READ, describes
from gateway.api.routes.parameters import Authorization
from gateway.consignment.answers import RecordAnswer
from gateway.query.documents import DocumentAnswer, FileDigest, parse_digest
from gateway.query.queries import Queries


def records_router(queries: Queries) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1", tags=["read"])

    @router.get("/records/{record_id}")
    @describes(*LOGGED, answer=RecordAnswer, is_logged=True)
    def get_record(record_id: str, authorization: Authorization = None) -> Response:
        """One record as the reader sees it."""
        return json_answer(queries.records.view(queries.reader(authorization), record_id))

    @router.get("/records/{record_id}/bundle")
    @describes(
        *LOGGED, "bundle-too-large", answer="A proof bundle, canonical JSON", media_types=(BUNDLE,), is_logged=True
    )
    def get_record_bundle(record_id: str, authorization: Authorization = None) -> Response:
        """The proof bundle of one record, disclosing what the reader sees of it."""
        return bundle_answer(queries.records.bundle(queries.reader(authorization), record_id), record_id)

    @router.get("/records/{record_id}/lane-proof", response_model=LaneProofAnswer)
    @describes(*READ)
    def get_lane_proof(record_id: str, authorization: Authorization = None) -> Response:
        """In which lanes one's own record belongs, with VRF proofs: a receipt for another tag is then provably broken.

        For the record's issuer alone; to everybody else the record does not exist here.
        """
        proof = queries.records.lane_proof(queries.reader(authorization), record_id)
        return Response(proof.format(), media_type=JSON, headers=read_headers())

    @router.get("/documents/{sha256}")
    @describes(*LOGGED, answer=DocumentAnswer, is_logged=True)
    def get_document(sha256: str, authorization: Authorization = None) -> Response:
        """Which records cite the file of this SHA-256."""
        return json_answer(queries.documents.citations(queries.reader(authorization), parse_digest(sha256)))

    @router.post("/documents")
    @describes(*LOGGED, "too-large", answer=DocumentAnswer, is_logged=True, body=BYTES)
    async def post_document(request: Request, authorization: Authorization = None) -> Response:
        """As `GET /v1/documents/{sha256}` for the file in the body, which is hashed as it arrives and never kept."""
        reader = await run_in_threadpool(queries.reader, authorization)
        digest = FileDigest()
        async for part in read_parts(request, FILE_BYTES_MAX):
            digest.update(part)
        answer = await run_in_threadpool(queries.documents.citations, reader, parse_digest(digest.hexdigest()))
        return json_answer(answer)

    return router
