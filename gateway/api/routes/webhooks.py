"""The routes of webhooks: a member says where its change feed is to be posted, and from where it is told again."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from gateway.access.records import Reader
from gateway.api.bodies import json_body, request_schema
from gateway.api.models.webhooks import (
    DeliveryLine,
    DeliveryList,
    RegisteredWebhook,
    WebhookLine,
    WebhookList,
    WebhookSecret,
)
from gateway.api.operation import PAGED, READ, describes
from gateway.api.routes.parameters import Authorization
from gateway.query.change_feed import FILTER_NAMES_MAX, ChangeFilter, parse_cursor
from gateway.query.queries import Queries
from gateway.query.webhook_addresses import URL_CHARS_MAX, Addresses
from gateway.query.webhook_posts import WebhookPoster
from gateway.query.webhooks import WebhookSender, WebhookSubscriptions
from gateway.runtime.loops import Loop
from gateway.services import Services
from gateway.store.webhooks import DeliveryRow, StoredWebhook

PAUSE_S = 0.5
"""How often due posts are looked for: a release is told well within two seconds of its anchor."""


class NewWebhook(BaseModel):
    """What a member asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(max_length=URL_CHARS_MAX)]
    after: str = ""
    """Index of the batch to go on after; -1 for the beginning, empty for from now on."""
    types: Annotated[tuple[str, ...], Field(max_length=FILTER_NAMES_MAX)] = ()
    """Record types that are told, such as `customs.status`; empty for all."""
    rules: Annotated[tuple[str, ...], Field(max_length=FILTER_NAMES_MAX)] = ()
    """Rules whose findings are told, such as `C06`; empty for all. With rules or severities and no types, findings
    alone are told."""
    severities: Annotated[tuple[str, ...], Field(max_length=FILTER_NAMES_MAX)] = ()
    """Severities of which findings are told: `H`, `M`, `I`; empty for all."""


class Replay(BaseModel):
    """From where a member wants to be told again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: str


def webhook_router(services: Services, queries: Queries) -> APIRouter:
    """The routes, and the thread that posts while the application runs."""
    poster = WebhookPoster(
        addresses=Addresses(frozenset(services.settings.webhook_hosts)),
        member=services.settings.member,
        consortium=services.trust_root.consortium.hex(),
        signer=services.signer,
        clock=services.clock,
    )
    subscriptions = WebhookSubscriptions(services.store, poster)
    sender = WebhookSender(
        services.store, poster, queries.context.reader_of, queries.changes.changes, holder=secrets.token_hex(8)
    )

    @asynccontextmanager
    async def posting(_: object) -> AsyncIterator[None]:
        loop = Loop("webhook-loop", sender.step, lambda: PAUSE_S)
        services.loops.append(loop)
        loop.start()
        yield
        await run_in_threadpool(loop.stop)
        services.loops.remove(loop)

    def asker(authorization: Authorization = None) -> Reader:
        # A dependency is asked before the body is looked at: a stranger learns nothing of what a body should hold.
        return queries.reader(authorization)

    asked = Depends(asker)
    new_webhook, replay = json_body(NewWebhook, asker), json_body(Replay, asker)
    router = APIRouter(prefix="/v1/webhooks", tags=["read"], lifespan=posting)

    @router.post("", status_code=201, openapi_extra=request_schema(NewWebhook))
    @describes(*READ, status=201)
    def post_webhook(wanted: NewWebhook = new_webhook, reader: Reader = asked) -> RegisteredWebhook:
        """Has what is anchored for consignments that the member sees posted to an address, signed.

        The answer's `secret` is shown this once.
        """
        lists = (wanted.rules, wanted.severities, wanted.types)
        change_filter = ChangeFilter.parse(*(",".join(names) for names in lists))
        after = parse_cursor(wanted.after, queries.context.batch_count)
        webhook, secret = subscriptions.add(reader.member, wanted.url, after, change_filter)
        return RegisteredWebhook(**_line(webhook).model_dump(), secret=secret)

    @router.get("")
    @describes(*PAGED)
    def get_webhooks(authorization: Authorization = None) -> WebhookList:
        """The member's own webhooks, with how far each has come and how often it failed in a row."""
        return WebhookList(
            webhooks=[_line(webhook) for webhook in subscriptions.listed(queries.reader(authorization).member)]
        )

    @router.post("/{webhook}/replay", status_code=204, openapi_extra=request_schema(Replay))
    @describes(*READ, status=204)
    def post_replay(webhook: str, wanted: Replay = replay, reader: Reader = asked) -> Response:
        """Posts everything after a batch again."""
        subscriptions.replay(reader.member, webhook, parse_cursor(wanted.after, queries.context.batch_count))
        return Response(status_code=204)

    @router.delete("/{webhook}", status_code=204)
    @describes(*READ, status=204)
    def delete_webhook(webhook: str, authorization: Authorization = None) -> Response:
        """Ends a webhook."""
        subscriptions.remove(queries.reader(authorization).member, webhook)
        return Response(status_code=204)

    _add_log_and_secret(router, subscriptions, asked)
    return router


def _add_log_and_secret(router: APIRouter, subscriptions: WebhookSubscriptions, asked: Any) -> None:
    """The routes by which an owner looks after a webhook: its newest posts, and a new secret."""

    @router.get("/{webhook}/deliveries")
    @describes(*READ)
    def get_deliveries(webhook: str, reader: Reader = asked) -> DeliveryList:
        """The newest posts of a webhook, taken or not, the newest first; the newest hundred are kept."""
        rows = subscriptions.deliveries(reader.member, webhook)
        return DeliveryList(deliveries=[_delivery(row) for row in rows])

    @router.post("/{webhook}/secret")
    @describes(*READ)
    def post_secret(webhook: str, reader: Reader = asked) -> WebhookSecret:
        """Gives a webhook a new secret, shown this once; posts are signed under the one before it too for a day."""
        return WebhookSecret(secret=subscriptions.change_secret(reader.member, webhook))


def _line(webhook: StoredWebhook) -> WebhookLine:
    return WebhookLine(
        id=webhook.id,
        url=webhook.url,
        cursor=str(webhook.cursor),
        failures=webhook.failures,
        next_at=webhook.next_at,
        last_error=webhook.last_error,
        failing_since=webhook.failing_since,
        off_at=webhook.off_at,
        types=_listed(webhook.types),
        rules=_listed(webhook.rules),
        severities=_listed(webhook.severities),
    )


def _listed(names: str) -> list[str]:
    return [name for name in names.split(",") if name]


def _delivery(row: DeliveryRow) -> DeliveryLine:
    return DeliveryLine(
        message=f"msg_{row.webhook}_{row.batch}",
        batch=row.batch,
        changes=row.changes,
        at=row.at,
        took_ms=row.took_ms,
        status=row.status or None,
        is_delivered=not row.reason,
        reason=row.reason,
    )
