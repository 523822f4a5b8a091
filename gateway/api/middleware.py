"""What every request passes: a trace id for its answers and logs, and errors as problem documents."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from math import inf

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chain.errors import Malformed, TongguanError
from gateway.access.rate_limits import OpenShare
from gateway.api.media_types import PROBLEM_JSON
from gateway.api.open_answers import OpenAnswers
from gateway.api.problems import kind_of, problem
from gateway.api.security_headers import SecurityHeaders
from gateway.runtime.refusals import GatewayRefusal
from gateway.runtime.tracing import Tracing, parse_traceparent

_SLUG_OF_STATUS = {404: "not-found", 405: "method", 413: "too-large", 415: "media-type"}

CHAIN_AGE = b"x-chain-age"
"""Header of an answer: whole seconds since this gateway last heard from the chain, where that is long."""
CHAIN_AGE_TOLD_S = 2.0

_log = logging.getLogger("gateway.requests")


class TraceIds:
    """Gives each request the caller's W3C trace id, or a new one, says it in the answer, and traces the request.

    An answer that is given while the chain is silent says for how many seconds it has been: see `CHAIN_AGE`.
    """

    def __init__(self, app: ASGIApp, tracing: Tracing, chain_age_s: Callable[[], float]) -> None:
        self._app = app
        self._tracing = tracing
        self._chain_age_s = chain_age_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        status = 0
        with self._tracing.request(scope["method"], said) as trace:
            caller = parse_traceparent(said)
            trace_id = trace.trace_id or (caller[0] if caller else secrets.token_hex(16))
            scope.setdefault("state", {})["trace_id"] = trace_id

            async def send_with_id(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    message["headers"] = [*message.get("headers", ()), (b"x-trace-id", trace_id.encode())]
                    if (age_s := self._chain_age_s()) >= CHAIN_AGE_TOLD_S:
                        message["headers"].append((CHAIN_AGE, b"inf" if age_s == inf else b"%d" % age_s))
                await send(message)

            try:
                await self._app(scope, receive, send_with_id)
            finally:
                trace.answered(_route_of(scope), status)


def install_rim(
    app: FastAPI, tracing: Tracing, chain_age_s: Callable[[], float], share: Callable[[], OpenShare]
) -> None:
    """Trace ids, traces, problem documents and bounded open answers for every route of the application."""
    app.add_middleware(OpenAnswers, pages=share(), figures=share())
    app.add_middleware(SecurityHeaders)
    app.add_middleware(TraceIds, tracing=tracing, chain_age_s=chain_age_s)
    app.add_exception_handler(TongguanError, answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(ClientDisconnect, _answer_gone)
    app.add_exception_handler(Exception, _answer_fault)


def trace_id_of(request: Request) -> str:
    """The request's trace id."""
    return str(getattr(request.state, "trace_id", ""))


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """The problem document of an error of ours; others are raised again."""
    if not isinstance(error, TongguanError):
        raise error
    kind = kind_of(error)
    if kind.status >= 500:
        _log.error("%s %s: %s", request.method, _route(request), error, extra={"trace_id": trace_id_of(request)})
    headers = {}
    if isinstance(error, GatewayRefusal) and error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem(error, trace_id_of(request)), kind.status, headers, media_type=PROBLEM_JSON)


async def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    first = faults[0] if faults else {"loc": ("request",), "msg": "is not valid"}
    return await answer_error(request, Malformed(".".join(map(str, first["loc"])), str(first["msg"])))


async def _answer_http(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    slug = _SLUG_OF_STATUS.get(status, "malformed")
    return await answer_error(request, GatewayRefusal(slug, str(getattr(error, "detail", "")) or slug))


async def _answer_gone(request: Request, error: Exception) -> JSONResponse:
    # Nobody hears this: whoever asked hung up. It is no fault of ours, and strangers must not fill the log.
    return await answer_error(request, GatewayRefusal("malformed", "the connection ended before the request did"))


async def _answer_fault(request: Request, error: Exception) -> JSONResponse:
    _log.critical(
        "%s %s failed", request.method, _route(request), exc_info=error, extra={"trace_id": trace_id_of(request)}
    )
    return await answer_error(request, TongguanError("a fault of the gateway"))


def _route(request: Request) -> str:
    return _route_of(request.scope) or "an unknown route"


def _route_of(scope: Scope) -> str:
    """The route's pattern, never its values: a path may hold a UCR or a reference. Empty where none was found."""
    return str(getattr(scope.get("route"), "path", ""))
