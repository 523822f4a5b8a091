"""The console: one static page at `/console`, where a member with a token sees a consignment; nothing from outside.

The page's own policy allows this gateway's scripts, style and answers, and nothing inline. What members said is put
into the page as text; where the browser knows trusted types, it refuses to read any text as markup. The page shows what
`GET /v1/consignments/{ucr}` answers to that token, and so nothing that is withheld. The token stays in its memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from chain.errors import NotFound
from chain.verify.page import format_page, page_headers

FILES: Final = {
    "index.html": "text/html; charset=utf-8",
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "picture.js": "text/javascript; charset=utf-8",
    "elements.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "fields.js": "text/javascript; charset=utf-8",
    "codes.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Each file of the page with its media type; there are no others."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def console_router() -> APIRouter:
    """The page and its files, as they stood when the gateway started."""
    found = {name: Path(__file__).with_name(name).read_bytes() for name in FILES}
    router = APIRouter(include_in_schema=False)

    @router.get("/console")
    def get_console() -> RedirectResponse:
        """The page, under the folder that its files stand in."""
        return RedirectResponse("/console/", status_code=308, headers=HEADERS)

    @router.get("/verify")
    def get_verify_page() -> Response:
        """The page that verifies a bundle in the reader's browser, and asks this gateway nothing."""
        return Response(format_page(), media_type="text/html; charset=utf-8", headers={**HEADERS, **page_headers()})

    @router.get("/console/{name:path}")
    def get_file(name: str) -> Response:
        """The page or one of its files; raises NotFound."""
        name = name or "index.html"
        if name not in found:
            raise NotFound("file of the console", name)
        return Response(found[name], media_type=FILES[name], headers=HEADERS)

    return router
