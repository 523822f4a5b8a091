"""`/docs`: the interface as one plain page, written from the OpenAPI document; no script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Any

from fastapi import FastAPI, Response

from gateway.api.media_types import JSON

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
        return Response(page(), media_type="text/html; charset=utf-8")

    @app.get("/openapi.json", include_in_schema=False)
    def get_document() -> Response:
        """The interface as an OpenAPI document."""
        return Response(document(), media_type=JSON)


def reference_page(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document (HTML)."""
    title = escape(str(document["info"]["title"]))
    head = f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title></head><body>"
    machine = "<p>For machines: <a href='/openapi.json'>/openapi.json</a></p>"
    operations = "".join(
        _operation(method.upper(), path, operation)
        for path, by_method in document["paths"].items()
        for method, operation in by_method.items()
        if method in METHODS
    )
    return f"{head}<h1>{title}</h1>{machine}{operations}</body></html>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    text = escape(str(operation.get("description") or operation.get("summary") or ""))
    return f"<section><h2><code>{method} {escape(path)}</code></h2><p>{text}</p>{''.join(_lists(operation))}</section>"


def _lists(operation: dict[str, Any]) -> Iterator[str]:
    if parameters := operation.get("parameters"):
        items = "".join(
            f"<li><code>{escape(str(one['name']))}</code> ({escape(str(one['in']))}"
            f"{', required' if one.get('required') else ''}) {escape(str(one.get('description', '')))}</li>"
            for one in parameters
        )
        yield f"<h3>Parameters</h3><ul>{items}</ul>"
    if content := operation.get("requestBody", {}).get("content"):
        yield f"<h3>Body</h3><p>{', '.join(f'<code>{escape(kind)}</code>' for kind in content)}</p>"
    answers = "".join(
        f"<li><code>{escape(str(status))}</code> {escape(str(answer.get('description', '')))}</li>"
        for status, answer in operation.get("responses", {}).items()
    )
    yield f"<h3>Answers</h3><ul>{answers}</ul>"
