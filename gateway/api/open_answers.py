"""The bound on answers that need no token: pages, schemas, health. By bytes, for an address and for all together.

The list of open paths stands here, by name; a test holds the application's routes against it. A request is let in while
its address has anything left, and what it was answered is taken off afterwards, so that no answer is cut short.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access.rate_limits import OpenShare
from gateway.api.media_types import PROBLEM_JSON
from gateway.api.problems import problem
from gateway.runtime.refusals import GatewayRefusal

OPEN_PATHS: Final = (
    "/docs",
    "/openapi.json",
    "/console",
    "/verify",
    "/problems/",
    "/v1/trust-root",
    "/v1/notes",
    "/v1/schemas",
    "/v1/log-in",
    "/v1/enrolment",
)
"""Beginnings of the paths of all routes that answer whoever asks."""
HEALTH_PATHS: Final = ("/healthz", "/readyz")
"""Open too, and never refused: a few bytes from memory. Behind a proxy strangers and the prober that starts a silent
gateway again may have one address."""
METRICS_PATH: Final = "/metrics"
"""Open too, with a share of its own by address: strangers must not keep an operator from its figures."""
ANSWER_COSTS_AT_LEAST: Final = 4_096
"""Bytes: what a short answer costs beside its own."""
TOO_MANY: Final = 429


class OpenAnswers:
    """Gives each address its share of what whoever asks is answered."""

    def __init__(self, app: ASGIApp, pages: OpenShare, figures: OpenShare) -> None:
        self._app = app
        self._pages = pages
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = str(scope.get("path", ""))
        is_figures = path == METRICS_PATH
        if scope["type"] != "http" or not (is_figures or path.startswith(OPEN_PATHS)):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        address = str(client[0]) if client else ""
        share = self._figures if is_figures else self._pages
        try:
            share.take(address)
        except GatewayRefusal as refusal:
            await _refusal(refusal, scope)(scope, receive, send)
            return
        answered = 0

        async def send_counted(message: Message) -> None:
            nonlocal answered
            answered += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            # Also where the client hung up: what was made for it was made.
            cost = answered + ANSWER_COSTS_AT_LEAST
            share.charge(address, cost)


def _refusal(refusal: GatewayRefusal, scope: Scope) -> JSONResponse:
    retry_after = str(max(1, round(refusal.retry_after_s or 1)))
    trace_id = str(scope.get("state", {}).get("trace_id", ""))
    return JSONResponse(problem(refusal, trace_id), TOO_MANY, {"Retry-After": retry_after}, media_type=PROBLEM_JSON)
