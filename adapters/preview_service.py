"""The preview of native files as an HTTP service, where the readers are: `POST /v1/preview` takes the bytes of a file.

It keeps nothing and knows no key. It believes whoever reaches it, so it listens on loopback, or behind a gateway, which
asks it for its members' people and lets nobody else near.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from adapters.message import MESSAGE_BYTES_MAX
from adapters.preview import preview


def preview_router() -> APIRouter:
    """The door, for an application of its own or beside another."""
    router = APIRouter()

    @router.post("/v1/preview")
    async def post_preview(request: Request) -> dict[str, Any]:
        content = b""
        async for part in request.stream():
            content += part
            if len(content) > MESSAGE_BYTES_MAX:
                raise HTTPException(413, f"a file has at most {MESSAGE_BYTES_MAX} bytes")
        # A file dropped today has days near today, where its kind writes no years.
        return await run_in_threadpool(preview, content, datetime.now(UTC).date())

    return router


def create_preview_app() -> FastAPI:
    """The door alone, with `/healthz`."""
    app = FastAPI(title="Preview of native files", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(preview_router())

    @app.get("/healthz")
    def get_health() -> dict[str, str]:
        return {"status": "alive"}

    return app
