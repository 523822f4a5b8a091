"""The route of the change feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse
from starlette.types import Receive, Scope, Send

from gateway.api.answers import read_headers
from gateway.api.media_types import EVENTS
from gateway.api.operation import READ, describes
from gateway.api.routes.parameters import QUERY_CHARS_MAX, Authorization, Text
from gateway.query.change_feed import ChangeFilter, OpenFeeds, events, parse_cursor
from gateway.query.queries import Queries


class FeedAnswer(EventSourceResponse):
    """A feed that is counted from before its first byte to after its last."""

    def __init__(self, feeds: OpenFeeds, member: str, feed: AsyncIterator[bytes]) -> None:
        super().__init__(feed, headers=read_headers())
        self._feeds = feeds
        self._member = member

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tells the feed until nobody hears it; raises GatewayRefusal (429) where there are enough."""
        with self._feeds.open_feed(self._member):
            await super().__call__(scope, receive, send)


def changes_router(queries: Queries) -> APIRouter:
    """The route, bound to one gateway."""
    router = APIRouter(prefix="/v1", tags=["read"])
    feeds = OpenFeeds()

    @router.get("/changes")
    @describes(*READ, answer="Server-sent events: of each `anchored` event, `data` is a change", media_types=(EVENTS,))
    def get_changes(
        after: Text = "",
        rule: Text = "",
        severity: Text = "",
        types: Annotated[str, Query(alias="type", max_length=QUERY_CHARS_MAX)] = "",
        last_event_id: Annotated[str, Header(max_length=QUERY_CHARS_MAX)] = "",
        authorization: Authorization = None,
    ) -> FeedAnswer:
        """Server-sent events: what is anchored for consignments that the reader sees, from a cursor on.

        With `type`, `rule` or `severity` (comma-separated lists), records of these types, findings of these rules and
        severities alone.
        """
        member = queries.reader(authorization).member
        first = parse_cursor(last_event_id or after, queries.context.batch_count)
        # Who asks is asked again at each look, so that a revoked key or a lapsed token ends the feed.
        feed = events(
            lambda index: queries.changes.changes(queries.reader(authorization), index),
            first,
            queries.changes.newest,
            ChangeFilter.parse(rule, severity, types),
        )
        return FeedAnswer(feeds, member, feed)

    return router
