"""What every request passes: a trace id for its answers and logs, and errors as problem documents."""

from __future__ import annotations

import logging
import re
import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chain.errors import Malformed, TongguanError
from gateway.problems import PROBLEM_JSON, GatewayRefusal, kind_of, problem

_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
_SLUG_OF_STATUS = {404: "not-found", 405: "method", 413: "too-large", 415: "media-type"}

_log = logging.getLogger("gateway.requests")


class TraceIds:
    """Gives each request the caller's W3C trace id, or a new one, and says it in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        known = _TRACEPARENT(said)
        trace_id = known.group(1).decode() if known else secrets.token_hex(16)
        scope.setdefault("state", {})["trace_id"] = trace_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-trace-id", trace_id.encode())]
            await send(message)

        await self._app(scope, receive, send_with_id)


def install_rim(app: FastAPI) -> None:
    """Trace ids and problem documents for every route of the application."""
    app.add_middleware(TraceIds)
    app.add_exception_handler(TongguanError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_fault)


def trace_id_of(request: Request) -> str:
    """The request's trace id."""
    return str(getattr(request.state, "trace_id", ""))


async def _answer_error(request: Request, error: Exception) -> JSONResponse:
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
    return await _answer_error(request, Malformed(".".join(map(str, first["loc"])), str(first["msg"])))


async def _answer_http(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    slug = _SLUG_OF_STATUS.get(status, "malformed")
    return await _answer_error(request, GatewayRefusal(slug, str(getattr(error, "detail", "")) or slug))


async def _answer_fault(request: Request, error: Exception) -> JSONResponse:
    _log.critical(
        "%s %s failed", request.method, _route(request), exc_info=error, extra={"trace_id": trace_id_of(request)}
    )
    return await _answer_error(request, TongguanError("a fault of the gateway"))


def _route(request: Request) -> str:
    """The route's pattern, never its values: a path may hold a UCR or a reference."""
    return str(getattr(request.scope.get("route"), "path", "an unknown route"))
