"""The console: one static page at `/console`, where a member with a token sees a consignment; nothing from outside.

The page's own policy allows this gateway's script, style and answers, and nothing inline. What members said is put into
the page as text. It shows what `GET /v1/consignments/{ucr}` answers to that token, and so nothing that is withheld.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from chain.errors import NotFound

FILES: Final = {
    "index.html": "text/html; charset=utf-8",
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def console_router() -> APIRouter:
    """The page and its two files."""
    found = {name: Path(__file__).with_name(name).read_bytes() for name in FILES}
    router = APIRouter(include_in_schema=False)

    @router.get("/console")
    def get_console() -> RedirectResponse:
        """The page, under the folder that its files stand in."""
        return RedirectResponse("/console/", status_code=308)

    @router.get("/console/{name:path}")
    def get_file(name: str) -> Response:
        """The page or one of its files; raises NotFound."""
        name = name or "index.html"
        if name not in found:
            raise NotFound("file of the console", name)
        return Response(found[name], media_type=FILES[name], headers=HEADERS)

    return router
