"""The routes of replication: what another gateway may have of a batch, and how far this one has come."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from chain.members import MemberKind
from gateway.access.tokens import TokenBearer
from gateway.api.answers import read_headers
from gateway.api.media_types import NDJSON
from gateway.api.models.replication import (
    GapLine,
    PeerLine,
    ReplicationAnswer,
    TombstonesAnswer,
    UnopenedAnswer,
    UnopenedLine,
)
from gateway.api.operation import READ, describes
from gateway.api.routes.parameters import Authorization
from gateway.replication.holdings import HoldingsService
from gateway.replication.puller import REPLICATED, Puller
from gateway.runtime.refusals import GatewayRefusal
from gateway.services import Services
from gateway.store.outbox import read_mark
from gateway.store.replicas import ReplicationGap, count_gaps, find_gaps

NUMBER_MAX = 2**40 - 1
PAGE_MAX = 500

Number = Annotated[int, Query(ge=0, le=NUMBER_MAX)]
After = Annotated[int, Query(ge=-1, le=NUMBER_MAX)]
BatchIndex = Annotated[int, Path(ge=0, le=NUMBER_MAX)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


def replication_router(services: Services, holdings: HoldingsService, puller: Puller | None) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1/replication", tags=["ledger"])

    @router.get("/batches/{index}")
    @describes(*READ, answer="NDJSON: SD-JWTs as JSON strings, then `{next, records}`", media_types=(NDJSON,))
    def get_batch(index: BatchIndex, after: Number = 0, authorization: Authorization = None) -> StreamingResponse:
        """The records of a batch that this gateway holds, each as the replication policy shows it to the asker's."""
        reader = services.tokens.reader(authorization)
        lines = holdings.batch(reader.member, index, after)
        return StreamingResponse(lines, media_type=NDJSON, headers=read_headers())

    @router.get("/tombstones", response_model=TombstonesAnswer)
    @describes(*READ)
    def get_tombstones(after: Number = 0, authorization: Authorization = None) -> TombstonesAnswer:
        """What was erased at this gateway, for other gateways, which erase it too."""
        reader = services.tokens.reader(authorization)
        return TombstonesAnswer.model_validate(holdings.tombstones(reader.member, after))

    @router.get("", response_model=ReplicationAnswer)
    @describes(*READ)
    def get_replication(
        after: After = -1, limit: Limit = 100, authorization: Authorization = None
    ) -> ReplicationAnswer:
        """How far this gateway has replicated, which batches have gaps and why: for its own member and governors."""
        _require_own(services, services.tokens.reader(authorization))
        with services.store.reading() as connection:
            gaps = find_gaps(connection, after, limit)
            gap_batches, missing = count_gaps(connection)
            replicated = read_mark(connection, REPLICATED)
        return ReplicationAnswer(
            batches=services.index.progress().batch_count,
            replicated_batches=replicated,
            gap_batches=gap_batches,
            missing_entries=missing,
            gaps=[_gap(services, gap) for gap in gaps],
            next=str(gaps[-1].batch_index) if len(gaps) == limit else None,
            peers=[] if puller is None else [_peer(member, puller) for member in sorted(puller.health)],
        )

    @router.get("/unopened", response_model=UnopenedAnswer)
    @describes(*READ)
    def get_unopened(after: After = -1, limit: Limit = 100, authorization: Authorization = None) -> UnopenedAnswer:
        """Entries that no gateway could open within a day, for attesters to drop: for its own member and governors."""
        _require_own(services, services.tokens.reader(authorization))
        head_time_s = services.registry.head_timestamp
        batches = [] if puller is None else puller.unopened.find(int(head_time_s), after, limit)
        return UnopenedAnswer(
            batches=[UnopenedLine(batch=one.batch, bitmap=one.bitmap.hex(), tries=one.tries) for one in batches],
            next=str(batches[-1].batch) if len(batches) == limit else None,
        )

    return router


def _require_own(services: Services, reader: TokenBearer) -> None:
    if reader.member != services.settings.member and reader.kind is not MemberKind.GOVERNOR:
        raise GatewayRefusal("role", "what a gateway lacks is for its own member and for governors to read")


def _gap(services: Services, gap: ReplicationGap) -> GapLine:
    batch = services.index.find_batch(gap.batch_index)
    account = None if batch is None else "0x" + batch.facts.gateway.hex()
    return GapLine(
        batch=gap.batch_index,
        gateway=None if account is None else services.ledger.find_gateway_member(account),
        missing=gap.missing,
        attempts=gap.attempts,
        next_at=gap.next_at,
        reason=gap.reason,
    )


def _peer(member: str, puller: Puller) -> PeerLine:
    health = puller.health[member]
    return PeerLine(
        member=member,
        url=health.url,
        records=health.records,
        last_fault=health.last_fault,
        last_fault_at=health.last_fault_at,
    )
