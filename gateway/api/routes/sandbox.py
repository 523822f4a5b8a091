"""The routes of a demonstration's sandbox: which stories there are, and one told. See `gateway/query/sandbox.py`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from gateway.access.tokens import TokenBearer
from gateway.api.bodies import json_body, request_schema
from gateway.api.models.ingest import AnswerModel
from gateway.api.operation import READ, describes
from gateway.api.routes.parameters import Authorization
from gateway.query.sandbox import LIES, Sandbox
from gateway.services import Services


class StoryWish(BaseModel):
    """Which story is to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    story: Annotated[str, Field(max_length=40)]
    lie: Annotated[str, Field(max_length=40)] = ""
    """Planted in its messages; empty: none."""


class StoriesAnswer(AnswerModel):
    """What a visitor may have told."""

    stories: dict[str, str]
    """Name to what it tells."""
    lies: list[str]


class StoryAnswer(AnswerModel):
    """A story that is being told: its records come in as the members' adapters fetch their messages."""

    story: str
    ucrs: list[str]
    messages: int


def sandbox_router(services: Services) -> APIRouter:
    """The routes, bound to one gateway."""
    router = APIRouter(prefix="/v1/sandbox", tags=["people"])
    sandbox = Sandbox.open(services.settings)

    def asker(authorization: Authorization = None) -> TokenBearer:
        return services.tokens.reader(authorization)

    asked, wish = Depends(asker), json_body(StoryWish, asker)

    @router.get("")
    @describes("log-in-off", *READ)
    def get_stories(bearer: TokenBearer = asked) -> StoriesAnswer:
        """The stories of the single-window stand-in; only on a demonstration."""
        return StoriesAnswer(stories=sandbox.stories(), lies=list(LIES))

    @router.post("", status_code=201, openapi_extra=request_schema(StoryWish))
    @describes("log-in-off", *READ, status=201)
    def post_story(wanted: StoryWish = wish, bearer: TokenBearer = asked) -> StoryAnswer:
        """Has the stand-in tell a story; only on a demonstration."""
        story = sandbox.tell(wanted.story, wanted.lie)
        return StoryAnswer(story=story.story, ucrs=list(story.ucrs), messages=story.messages)

    return router
