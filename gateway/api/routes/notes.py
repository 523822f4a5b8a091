"""The newest checkpoint note that outsiders cosigned, and its time stamp, for whoever asks: `/v1/notes/checkpoint`."""

from __future__ import annotations

from fastapi import APIRouter, Response

from chain.errors import NotFound
from chain.proof.notes import Note
from gateway.api.media_types import TEXT, TIME_STAMP
from gateway.api.operation import describes
from gateway.query.queries import Queries


def notes_router(queries: Queries) -> APIRouter:
    """Two files as C2SP and RFC 3161 have them, so that a gateway's address is a source of notes for other gateways."""
    router = APIRouter(prefix="/v1/notes", tags=["ledger"])

    def newest() -> tuple[Note, tuple[bytes, ...]]:
        notes = queries.context.notes
        found = None if notes is None else notes.newest()
        if found is None:
            raise NotFound("cosigned note of", "the checkpoints")
        return found

    @router.get("/checkpoint", response_class=Response)
    @describes(
        "not-found",
        "ledger",
        "internal",
        answer="A signed note (C2SP tlog-checkpoint)",
        media_types=(TEXT,),
        is_open=True,
    )
    def get_note() -> Response:
        """The newest note over the log of checkpoints that a quorum of the trust root's witnesses cosigned."""
        note, _ = newest()
        return Response(note.format(), media_type=TEXT)

    @router.get("/checkpoint.tsr", response_class=Response)
    @describes(
        "not-found", "ledger", "internal", answer="A TimeStampResp (DER)", media_types=(TIME_STAMP,), is_open=True
    )
    def get_time_stamp() -> Response:
        """The RFC 3161 time stamp of that note, where its publisher had one made."""
        _, stamps = newest()
        if not stamps:
            raise NotFound("time stamp of", "the newest note")
        return Response(stamps[0], media_type=TIME_STAMP)

    return router
