"""The console: pages at `/console`, where a member's people see what the gateway answers them; nothing from outside.

Every address under `/console/` gives the same page, which asks the gateway with the session's cookie, or with a token
in its memory, and so shows nothing that is withheld. The page's own policy allows this gateway's scripts, style and
answers, and nothing inline. What members said is put into the page as text; where the browser knows trusted types, it
refuses to read any text as markup.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from chain.errors import NotFound
from chain.verify.page import format_page, page_headers

PAGE: Final = "index.html"
_MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
}
_FOLDER: Final = Path(__file__).parent
FILES: Final = {
    file.relative_to(_FOLDER).as_posix(): _MEDIA_TYPES[file.suffix]
    for folder in (_FOLDER, _FOLDER / "vendor")
    for file in sorted(folder.iterdir())
    if file.suffix in _MEDIA_TYPES
}
"""Each file of the page with its media type; there are no others."""
ADDRESS_CHARS_MAX: Final = 256
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
    contents = {name: (_FOLDER / name).read_bytes() for name in FILES}
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
        """A file, or the page where the path is the address of something that it shows; raises NotFound."""
        if name not in contents and not is_address(name):
            raise NotFound("file of the console", name)
        shown = name if name in contents else PAGE
        return Response(contents[shown], media_type=FILES[shown], headers=HEADERS)

    return router


def is_address(path: str) -> bool:
    """Whether a path below `/console/` may be the address of something that the page shows, and no file's."""
    words = path.rstrip("/").split("/")
    return len(path) <= ADDRESS_CHARS_MAX and "." not in path and "\\" not in path and (path == "" or "" not in words)
