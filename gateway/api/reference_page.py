"""`/docs`: the interface as one plain page, written from the OpenAPI document; no script, nothing from elsewhere."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from fastapi import FastAPI, Response

from gateway.api.media_types import HTML, JSON
from gateway.api.pages import render_page

METHODS = ("get", "post", "put", "patch", "delete")


def install_reference(app: FastAPI) -> None:
    """Serves the page at `/docs` and the document at `/openapi.json`, each written once.

    Strangers may ask for both, and writing the document takes a hundred times as long as sending it.
    """

    @lru_cache(maxsize=1)
    def page() -> bytes:
        return reference_page(app.openapi()).encode()

    @lru_cache(maxsize=1)
    def document() -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()

    @app.get("/docs", include_in_schema=False)
    def get_reference() -> Response:
        """Every operation with its parameters and answers."""
        return Response(page(), media_type=f"{HTML}; charset=utf-8")

    @app.get("/openapi.json", include_in_schema=False)
    def get_document() -> Response:
        """The interface as an OpenAPI document."""
        return Response(document(), media_type=JSON)


def reference_page(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document (HTML)."""
    return render_page("reference.html", document=document, methods=METHODS)
