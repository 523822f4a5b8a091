"""The single window stand-in as an HTTP service.

================================================  ==================================================================
`GET /v1/messages?sender=&after=&limit=`           the member's next messages, not yet acknowledged or refused
`GET /v1/messages/{id}`                            one message and what became of it
`POST /v1/messages/{id}/acknowledgement`           taken: never handed over again
`POST /v1/messages/{id}/refusal`                   `{"code", "reason"}`: not usable; never handed over again
`GET /v1/attachments?sender=&name=`                a file that the member handed over with its messages
`GET /v1/stories`                                  the stories by name
`POST /v1/stories/{name}`                          start one (all optional: seed, started_at, pace_s, faults)
`POST /v1/consignments`                            so many (`count`, `first`, `lines`) consistent consignments
`POST /v1/assignments`                             `{"kind", "references"}` -> `{"ucr", "new"}`: the UCR of goods lodged
`POST /v1/preview`                                 what a native file would become
`GET /healthz`                                     counts of messages by state
================================================  ==================================================================

A real single window knows its clients; this stand-in believes whoever reaches it. Run it on one machine only.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.preview_service import preview_router
from adapters.single_window_mock import numbers
from adapters.single_window_mock.faults import Faults, with_faults
from adapters.single_window_mock.lies import Lie, plant
from adapters.single_window_mock.load import CONSIGNMENTS_MAX, LINES, LINES_MAX, consignments
from adapters.single_window_mock.roles import Cast
from adapters.single_window_mock.store import MessageStore, Planned, StoredMessage
from adapters.single_window_mock.stories import STORIES, Story
from chain.errors import NotFound, StoreFault

MESSAGES_PER_PAGE_MAX = 500
PAGE_BYTES_MAX = 16_000_000
"""A page ends before this many bytes of bodies, but holds one message at least."""
ATTACHMENT_NAME_CHARS_MAX = 256
REFERENCES_MAX = 50
PACE_MAX_S = 3600.0


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Refusal(_Model):
    """Why a message cannot be used: a gateway code (four digits or a negative business code) and a sentence."""

    code: str = Field(min_length=1, max_length=16)
    reason: str = Field(min_length=1, max_length=4000)


class StoryOrder(_Model):
    """How to tell a story: the same seed and start give the same bytes; `pace_s` seconds lie between two messages."""

    seed: int | None = Field(default=None, ge=1, le=999_999)
    started_at: datetime | None = None
    pace_s: float = Field(default=0.0, ge=0.0, le=PACE_MAX_S)
    faults: Faults | None = None
    lie: Lie | None = Field(default=None, description="planted in the story's messages")


class ConsignmentsOrder(_Model):
    """How many consignments to make, from which number on, each with how many lines."""

    count: int = Field(ge=1, le=CONSIGNMENTS_MAX)
    first: int = Field(default=1, ge=1, le=99_999_999)
    lines: int = Field(default=LINES, ge=1, le=LINES_MAX)
    whole: bool = Field(default=False, description="with order, payment, waybill, replies and tax bill, nine messages")


class KnownReference(_Model):
    """A number by which goods are known: kind, whose number it is, the number."""

    kind: str = Field(min_length=1, max_length=32)
    scope: str = Field(default="", max_length=64)
    value: str = Field(min_length=1, max_length=256)
    on: str = Field(default="", max_length=10)


class AssignmentOrder(_Model):
    """Goods just lodged: the kind of statement, by whom, and the numbers that it names, strongest first."""

    kind: str = Field(min_length=1, max_length=64)
    references: list[KnownReference] = Field(min_length=1, max_length=REFERENCES_MAX)


def create_app(store: MessageStore, cast: Cast, *, clock: Callable[[], float] = time.time) -> FastAPI:
    """The service over that store, with that cast for its stories; `clock` gives unix seconds."""
    # No page of the framework's: it would load a foreign script. What there is stands above and in `/openapi.json`.
    app = FastAPI(title="Single window stand-in", version="1", docs_url=None, redoc_url=None)
    _serve_messages(app, store, clock)
    _serve_attachments(app, store)
    _serve_stories(app, store, cast, clock)
    _serve_assignments(app, store, cast, clock)
    app.include_router(preview_router())  # a demonstration's gateway has no other process that reads files

    @app.exception_handler(NotFound)
    async def not_found(request: Request, error: NotFound) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=404)

    @app.exception_handler(StoreFault)
    async def no_room(request: Request, error: StoreFault) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=503)

    @app.get("/healthz")
    def healthz() -> dict[str, int]:
        return {state: store.count(state) for state in ("planned", "open", "acknowledged", "refused")}

    return app


def _serve_messages(app: FastAPI, store: MessageStore, clock: Callable[[], float]) -> None:
    @app.get("/v1/messages")
    def messages(
        sender: Annotated[str, Query(pattern="^[0-9A-Z]{18}$")],
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=MESSAGES_PER_PAGE_MAX)] = 100,
    ) -> dict[str, object]:
        page: list[StoredMessage] = []
        size = 0
        for message in store.open_messages(sender, after, limit, clock()):
            size += len(message.body)
            if page and size > PAGE_BYTES_MAX:
                break
            page.append(message)
        return {"messages": [_handed_over(message) for message in page], "next": page[-1].cursor if page else after}

    @app.get("/v1/messages/{message_id}")
    def message(message_id: str) -> dict[str, object]:
        found = store.get_message(message_id)
        said = {"state": found.state, "code": found.code, "reason": found.reason, "handed_over": found.handed_over}
        return {**_handed_over(found), **said}

    @app.post("/v1/messages/{message_id}/acknowledgement")
    def acknowledgement(message_id: str) -> dict[str, str]:
        return {"state": store.settle(message_id, "acknowledged").state}

    @app.post("/v1/messages/{message_id}/refusal")
    def refusal(message_id: str, order: Refusal) -> dict[str, str]:
        return {"state": store.settle(message_id, "refused", order.code, order.reason).state}


def _serve_attachments(app: FastAPI, store: MessageStore) -> None:
    @app.get("/v1/attachments")
    def attachment(
        sender: Annotated[str, Query(pattern="^[0-9A-Z]{18}$")],
        name: Annotated[str, Query(min_length=1, max_length=ATTACHMENT_NAME_CHARS_MAX)],
    ) -> Response:
        return Response(store.get_attached(sender, name), media_type="application/octet-stream")


def _serve_stories(app: FastAPI, store: MessageStore, cast: Cast, clock: Callable[[], float]) -> None:
    @app.get("/v1/stories")
    def stories() -> dict[str, str]:
        return {name: (tell.__doc__ or "").strip().splitlines()[0] for name, tell in STORIES.items()}

    @app.post("/v1/stories/{name}", status_code=201)
    def story(name: str, order: StoryOrder | None = None) -> dict[str, object]:
        if name not in STORIES:
            raise HTTPException(404, f"no story {name}; there are {', '.join(STORIES)}")
        order = order or StoryOrder()
        seed = order.seed or store.next_number(f"story {name}")
        known = store.find_story(name, seed)
        started = _utc(order.started_at, clock) if known is None else datetime.fromisoformat(known[0])
        told = STORIES[name](cast, seed, started)
        store.keep_story(name, seed, started.isoformat(), told.ucrs)
        store.attach(told.attached)
        new = _plan(store, told, order, clock())
        return {"story": name, "seed": seed, "ucrs": list(told.ucrs), "messages": len(told.messages), "new": new}

    @app.post("/v1/consignments", status_code=201)
    def load(order: ConsignmentsOrder) -> dict[str, object]:
        started = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
        new = 0
        for told in consignments(cast, order.first, order.count, started, lines=order.lines, whole=order.whole):
            new += store.plan(Planned(message.envelope, message.body) for message in told.messages)
        return {"consignments": order.count, "new": new}


def _serve_assignments(app: FastAPI, store: MessageStore, cast: Cast, clock: Callable[[], float]) -> None:
    @app.post("/v1/assignments")
    def assignment(order: AssignmentOrder) -> dict[str, object]:
        return assign(store, cast, [reference.model_dump(exclude={"on"}) for reference in order.references], clock())


CONSIGNMENT_NUMBERS = ("declaration", "cop", "pre", "order", "payment", "transport_document", "invoice", "tax_bill")
"""Kinds of reference that name one consignment; a master bill or a container may carry many and decides nothing."""


def assign(store: MessageStore, cast: Cast, references: list[dict[str, str]], now: float) -> dict[str, object]:
    """The UCR of goods known by these references: the one already assigned to any of them, else a new one."""
    telling = [reference for reference in references if reference["kind"] in CONSIGNMENT_NUMBERS] or references
    ucr = store.find_assignment(telling)
    new = ucr is None
    if ucr is None:
        day = datetime.fromtimestamp(now, UTC)
        ucr = numbers.ucr(cast.trader.uscc, day.year, f"L{store.next_number('assignment'):012d}")
    store.keep_assignment(telling, ucr)
    return {"ucr": ucr, "new": new}


def _plan(store: MessageStore, told: Story, order: StoryOrder, now: float) -> int:
    planned = [
        Planned(message.envelope, message.body, now + place * order.pace_s)
        for place, message in enumerate(plant(told.messages, order.lie))
    ]
    if order.faults is not None:
        # Faults are drawn from a seed too: the same order is disturbed in the same way every time.
        planned = with_faults(planned, order.faults, numbers.seeded(f"faults/{told.name}/{told.seed}"))
    return store.plan(planned)


def _utc(at: datetime | None, clock: Callable[[], float]) -> datetime:
    if at is None:
        return datetime.fromtimestamp(int(clock()), UTC)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def _handed_over(message: StoredMessage) -> dict[str, object]:
    body = base64.b64encode(message.body).decode("ascii")
    return {"cursor": message.cursor, "envelope": message.envelope.format(), "body": body}
