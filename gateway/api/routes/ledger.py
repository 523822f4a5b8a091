"""What the chain holds, readable without an Ethereum client: batches, checkpoints, members, keys, the trust root.

Everything here any member can derive from the chain; the gateway only saves the trouble.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from chain.encoding import base64url
from chain.errors import NotFound
from chain.index_store import IndexedBatch
from chain.ledger import Checkpoint, RegisteredKey, RegisteredMember
from chain.members import Role, find_in_force
from chain.proof.batch import split_entries
from gateway.anchoring.patient_ledger import PatientLedger
from gateway.api.media_types import JSON
from gateway.api.models.ingest import (
    BatchLine,
    BatchPage,
    BatchWhole,
    CheckpointLine,
    CheckpointPage,
    KeyLine,
    KeyPage,
    MemberLine,
    MemberPage,
)
from gateway.api.operation import PAGED, describes
from gateway.services import Services

PAGE_MAX = 500
CHECKPOINTS_PAGE_MAX = 100
"""Each is one question to the chain."""
NUMBER_MAX = 2**40 - 1

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
After = Annotated[int, Query(ge=-1, le=NUMBER_MAX)]
AsOf = Annotated[int | None, Query(ge=0, le=NUMBER_MAX)]


def ledger_router(services: Services) -> APIRouter:
    """The routes, bound to one gateway. All but the trust root are for members."""

    def members_only(request: Request) -> None:
        services.tokens.reader(request.headers.get("authorization"))

    ledger = PatientLedger(services.ledger, services.registry.age_s)
    router = APIRouter(prefix="/v1/ledger", tags=["ledger"], dependencies=[Depends(members_only)])

    @router.get("/batches", response_model=BatchPage)
    @describes(*PAGED)
    def list_batches(after: After = -1, limit: Limit = 100) -> BatchPage:
        """Batches in chain order, after an index."""
        found = services.index.batches(after + 1, limit)
        return BatchPage(
            batches=[_batch(batch) for batch in found],
            next=str(found[-1].facts.index) if len(found) == limit else None,
        )

    @router.get("/batches/{index}", response_model=BatchWhole)
    @describes("not-found", *PAGED)
    def get_batch(index: int) -> BatchWhole:
        """One batch with its entries."""
        found = services.index.find_batch(index) if 0 <= index <= NUMBER_MAX else None
        entries = services.index.find_entries(index) if found else None
        if found is None or entries is None:
            raise NotFound("batch", index)
        return BatchWhole(**dict(_batch(found)), entries=[one.hex() for one in split_entries(entries)])

    @router.get("/checkpoints", response_model=CheckpointPage)
    @describes(*PAGED)
    def list_checkpoints(
        after: After = -1, limit: Annotated[int, Query(ge=1, le=CHECKPOINTS_PAGE_MAX)] = 50
    ) -> CheckpointPage:
        """Checkpoints in chain order, after an index."""
        end = min(ledger.checkpoint_count(), after + 1 + limit)
        found = [ledger.checkpoint(index) for index in range(after + 1, end)]
        lines = [_checkpoint(checkpoint) for checkpoint in found]
        return CheckpointPage(checkpoints=lines, next=str(end - 1) if len(found) == limit else None)

    @router.get("/members", response_model=MemberPage)
    @describes(*PAGED)
    def list_members(as_of: AsOf = None, after: str = "", limit: Limit = 100) -> MemberPage:
        """Members in force for a block (the next one, where none is named), by USCC."""
        snapshot = services.registry.snapshot()
        block = snapshot.block + 1 if as_of is None else as_of
        lines = [line for uscc in sorted(snapshot.members) if (line := _member(snapshot.members[uscc], block))]
        chosen, following = _paged(lines, [line.uscc for line in lines], after, limit)
        return MemberPage(as_of=block, members=chosen, next=following)

    @router.get("/keys", response_model=KeyPage)
    @describes(*PAGED)
    def list_keys(as_of: AsOf = None, member: str = "", after: str = "", limit: Limit = 100) -> KeyPage:
        """Keys in force for a block (the next one, where none is named), by thumbprint; of one member where named."""
        snapshot = services.registry.snapshot()
        block = snapshot.block + 1 if as_of is None else as_of
        lines = [line for one in snapshot.keys.values() if (line := _key(one, block))]
        lines = sorted((one for one in lines if member in ("", one.member)), key=lambda line: line.thumbprint)
        chosen, following = _paged(lines, [line.thumbprint for line in lines], after, limit)
        return KeyPage(as_of=block, keys=chosen, next=following)

    return router


def trust_root_router(services: Services) -> APIRouter:
    """`GET /v1/trust-root`, open to everyone: it is believed by its fingerprint, told out of band."""
    router = APIRouter(prefix="/v1", tags=["ledger"])

    @router.get("/trust-root", response_class=Response, responses={200: {"content": {JSON: {}}}})
    @describes("internal", answer="The trust root, as its file is", is_open=True)
    def get_trust_root() -> Response:
        """The trust root."""
        return Response(services.trust_root.format(), media_type=JSON)

    return router


def _paged(lines: Sequence[T], names: Sequence[str], after: str, limit: int) -> tuple[list[T], str | None]:
    """One page of what is sorted by name, and the cursor of the next."""
    rest = [(name, line) for name, line in zip(names, lines, strict=True) if name > after]
    chosen = rest[:limit]
    return [line for _, line in chosen], chosen[-1][0] if len(rest) > limit else None


def _batch(batch: IndexedBatch) -> BatchLine:
    facts = batch.facts
    return BatchLine(
        index=facts.index,
        root="0x" + facts.root.hex(),
        count=facts.count,
        entries_hash="0x" + facts.entries_hash.hex(),
        gateway="0x" + facts.gateway.hex(),
        block=facts.block,
        timestamp=facts.timestamp,
        void=batch.void,
    )


def _checkpoint(checkpoint: Checkpoint) -> CheckpointLine:
    return CheckpointLine(
        index=checkpoint.index,
        root="0x" + checkpoint.root.hex(),
        batch_count=checkpoint.batch_count,
        votes=checkpoint.votes,
        dissent=checkpoint.dissent,
        block=checkpoint.since_block,
    )


def _member(member: RegisteredMember, block: int) -> MemberLine | None:
    version = find_in_force(member.versions, block)
    if version is None:
        return None
    profile = find_in_force(member.profiles, block)
    return MemberLine(
        uscc=member.uscc,
        state=version.state.name.lower(),
        kind=version.kind.name.lower(),
        roles=[str(role.name) for role in Role if role in version.roles],
        sponsor=version.sponsor,
        customs_code=None if profile is None else profile.customs_code,
        since_block=version.since_block,
    )


def _key(key: RegisteredKey, block: int) -> KeyLine | None:
    version = find_in_force(key.versions, block)
    if version is None:
        return None
    return KeyLine(
        thumbprint=base64url(key.thumbprint),
        member=version.member,
        state=version.state.name.lower(),
        algorithm=version.algorithm.name,
        added_by=version.added_by.name.lower(),
        compromised_since=version.compromised_since,
        contested=version.contested,
        since_block=version.since_block,
        jwk=key.public_key.jwk(),
    )
