"""The route by which an officer decides about a finding; the desk's key signs. See `gateway/people/desk.py`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from gateway.access.records import Reader
from gateway.api.bodies import json_body, request_schema
from gateway.api.models.ingest import Accepted
from gateway.api.operation import READ, describes
from gateway.api.routes.parameters import Authorization
from gateway.people.desk import DispositionDesk, Outcome
from gateway.query.queries import Queries
from gateway.services import Services

REASON_CHARS_MAX = 1_000


class NewDisposition(BaseModel):
    """What an officer decides about a rule's findings in a consignment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ucr: Annotated[str, Field(max_length=64)]
    rule: Annotated[str, Field(max_length=32)]
    findings: Annotated[list[str], Field(min_length=1, max_length=32)]
    """Records that were looked at: one amended afterwards is open again."""
    outcome: Outcome
    reason: Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX)]


def dispositions_router(services: Services, queries: Queries) -> APIRouter:
    """The route, bound to one gateway."""
    router = APIRouter(prefix="/v1/dispositions", tags=["people"])
    desk = DispositionDesk.open(services.settings, services.trust_root.consortium.hex(), services.clock)

    def asker(authorization: Authorization = None) -> Reader:
        return queries.reader(authorization)

    asked, new_disposition = Depends(asker), json_body(NewDisposition, asker)

    @router.post("", status_code=202, openapi_extra=request_schema(NewDisposition))
    @describes("malformed-record", "finding-unknown", "wrong-signer", "lane-full", "outbox-full", *READ, status=202)
    def post_disposition(wanted: NewDisposition = new_disposition, reader: Reader = asked) -> Accepted:
        """Signs an officer's decision with the desk's key and keeps it; the same one again is the same record."""
        queries.context.sight(reader, wanted.ucr)
        signed = desk.sign(
            reader.member,
            reader.operator,
            wanted.ucr,
            wanted.rule,
            wanted.findings,
            wanted.outcome,
            wanted.reason,
        )
        taken = services.intake.accept(signed.serialize().encode("ascii"))
        return Accepted(record_id=taken.record_id, state=taken.state, receipt=taken.receipt)

    return router
