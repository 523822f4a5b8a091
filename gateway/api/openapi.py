"""`/openapi.json`, complete: of every operation its answers with examples, its problems by kind, and who may ask.

FastAPI describes parameters and the models of what it serialises itself; the rest is said here in one table, and a test
holds the table against the routes and real answers against what it says. Examples are answers of a gateway that ran,
shortened where they are long; those that are not JSON are texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.api.models import consignments as told
from gateway.api.models.ingest import BulkVerdict, Change, Problem
from gateway.api.models.search import CountAnswer, ReferencesAnswer, SearchAnswer
from gateway.api.problems import PROBLEM_JSON
from gateway.api.routes.schemas import SCHEMA_MEDIA_TYPE
from gateway.query.exports import CSV_MEDIA_TYPE, PARQUET_MEDIA_TYPE
from gateway.query.read_log import READ_RECEIPT_HEADER
from gateway.query.search import CRITERIA, WORDS_CHARS_MAX
from gateway.runtime.refusals import KINDS

EXAMPLES_FILE = Path(__file__).with_name("openapi-examples.json")
BUNDLE_MEDIA_TYPE = "application/vnd.tongguan.bundle+json"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")

_FAULTS = ("ledger", "store", "internal")
_SIGNER = ("unknown-key", "revoked-key", "inactive-member")
_TOKEN = ("unauthorized", *_SIGNER, "quota", *_FAULTS)
_READ = ("malformed", "role", "not-found", "policy", *_TOKEN)
_LOGGED = (*_READ, "outbox-full")
"""Reading is recorded by a record of the gateway's own, which goes the way of every record."""
_PAGED = ("malformed", *_TOKEN)
_BODY = ("malformed", "too-large", "media-type")
_TAKEN = (*_BODY, "malformed-record", "wrong-consortium", "withheld", "clock", *_SIGNER, "wrong-signer", "role")
_KEPT = (
    "bad-signature",
    "high-s",
    "jti-taken",
    "lane-full",
    "amends-unknown",
    "amends-mismatch",
    "quota",
    "outbox-full",
    *_FAULTS,
)
_ASSERTED = ("malformed", "bad-assertion", "assertion-replayed", "bad-signature", "wrong-signer", *_SIGNER, *_FAULTS)


@dataclass(frozen=True)
class Operation:
    """What is said of one operation beside what FastAPI knows."""

    problems: tuple[str, ...]
    """Slugs of the kinds of problems that it may answer with."""
    answer: type[BaseModel] | str = ""
    """The model of its answer, or what the answer is, where it is no JSON; empty where FastAPI knows."""
    media_types: tuple[str, ...] = (JSON,)
    status: int = 200
    is_open: bool = False
    """Needs no token."""
    is_logged: bool = False
    """Shows others' words: the read is logged, and a read receipt stands in a header."""
    searches: bool = False
    """Takes the criteria of a search."""
    body: str = ""
    """Media type of a body that FastAPI does not know of."""


def _view(answer: type[BaseModel], *more: str, **other: Any) -> Operation:
    return Operation((*_LOGGED, *more), answer, is_logged=True, **other)


_BUNDLE = Operation(_LOGGED, "A proof bundle, canonical JSON", (BUNDLE_MEDIA_TYPE,), is_logged=True)
_EXPORT = "Every hit of the search, as a table"
_OPEN = Operation(("internal",), is_open=True)

OPERATIONS: dict[str, Operation] = {
    "POST /v1/records": Operation((*_TAKEN, *_KEPT), is_open=True),
    "GET /v1/records": Operation(_PAGED),
    "POST /v1/records/bulk": Operation((*_BODY, *_FAULTS), BulkVerdict, (NDJSON,), is_open=True),
    "POST /v1/token": Operation(_ASSERTED, is_open=True),
    "GET /v1/consignments/{ucr}": _view(told.ConsignmentAnswer),
    "GET /v1/consignments/{ucr}/bundle": _BUNDLE,
    "GET /v1/consignments/{ucr}/explanation": _view(told.ExplanationAnswer),
    "GET /v1/references/{kind}": _view(ReferencesAnswer),
    "GET /v1/search": _view(SearchAnswer, searches=True),
    "GET /v1/search/count": _view(CountAnswer, searches=True),
    "GET /v1/search/export": Operation(
        _LOGGED, _EXPORT, (CSV_MEDIA_TYPE.partition(";")[0], PARQUET_MEDIA_TYPE), is_logged=False, searches=True
    ),
    "GET /v1/changes": Operation(_READ, "Server-sent events: of each `anchored` event, `data` is a change", (EVENTS,)),
    "GET /v1/access-log": Operation(_READ, told.AccessLogAnswer),
    "GET /v1/records/{record_id}": _view(told.RecordAnswer),
    "GET /v1/records/{record_id}/bundle": _BUNDLE,
    "GET /v1/documents/{sha256}": _view(told.DocumentAnswer),
    "POST /v1/documents": _view(told.DocumentAnswer, "too-large", body="application/octet-stream"),
    "POST /v1/webhooks": Operation(_READ, status=201),
    "GET /v1/webhooks": Operation(_PAGED),
    "POST /v1/webhooks/{webhook}/replay": Operation(_READ, status=204),
    "DELETE /v1/webhooks/{webhook}": Operation(_READ, status=204),
    "GET /v1/ledger/batches": Operation(_PAGED),
    "GET /v1/ledger/batches/{index}": Operation(("not-found", *_PAGED)),
    "GET /v1/ledger/checkpoints": Operation(_PAGED),
    "GET /v1/ledger/members": Operation(_PAGED),
    "GET /v1/ledger/keys": Operation(_PAGED),
    "GET /v1/trust-root": Operation(("internal",), "The trust root's public edition, as its file is", is_open=True),
    "GET /v1/schemas": _OPEN,
    "GET /v1/schemas/{record_type}": Operation(
        ("not-found", "internal"), "A JSON Schema (2020-12)", (SCHEMA_MEDIA_TYPE,), is_open=True
    ),
    "GET /healthz": _OPEN,
    "GET /readyz": _OPEN,
    "GET /metrics": Operation(("internal",), "Prometheus' text format", ("text/plain",), is_open=True),
    "GET /problems/{slug}": Operation(("not-found", "internal"), "An HTML page", ("text/html",), is_open=True),
}
"""Every operation by method and path."""


def describe(app: FastAPI) -> None:
    """Has the application answer `/openapi.json` with the whole description."""
    known = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(known())
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # the way that FastAPI names for it


@lru_cache(maxsize=1)
def examples() -> dict[str, Any]:
    """Examples by operation: of the answer, `request` of the body, and `data` of one event."""
    read: dict[str, Any] = json.loads(EXAMPLES_FILE.read_bytes())
    return read


def _completed(made: dict[str, Any]) -> dict[str, Any]:
    models = {one.answer for one in OPERATIONS.values() if isinstance(one.answer, type)} | {Problem, Change}
    chosen = [(one, "serialization") for one in sorted(models, key=lambda one: one.__name__)]
    _, defined = models_json_schema(chosen, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas = made["components"]["schemas"] | defined["$defs"]
    made["components"]["schemas"] = {
        name: schema
        for name, schema in sorted(schemas.items())
        if name not in ("HTTPValidationError", "ValidationError")
    }
    made["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of `POST /v1/token` (RFC 7523)"}
    }
    for path, methods in made["paths"].items():
        for method in METHODS:
            if method in methods:
                _complete(methods[method], f"{method.upper()} {path}")
    return made


def _complete(said: dict[str, Any], name: str) -> None:
    operation = OPERATIONS[name]
    said["parameters"] = [one for one in said.get("parameters", ()) if one["name"].lower() != "authorization"]
    if operation.searches:
        said["parameters"] += [*_criteria()]
    if operation.body:
        schema = {"type": "string", "format": "binary"}
        said["requestBody"] = {"required": True, "content": {operation.body: {"schema": schema}}}
    example = examples().get(name, {})
    for content in said.get("requestBody", {}).get("content", {}).values():
        if "request" in example:
            content["example"] = example["request"]
    said["security"] = [] if operation.is_open else [{"token": []}]
    answers = {code: one for code, one in said["responses"].items() if code not in ("422", "default")}
    _say_answer(answers, operation, example.get("answer"))
    for answer in answers.values():
        answer["headers"] = _headers(operation)
    for code, answer in _problems(operation.problems).items():
        if code not in answers:
            answers[code] = answer
    said["responses"] = dict(sorted(answers.items()))


def _say_answer(answers: dict[str, Any], operation: Operation, example: object) -> None:
    answer = answers[str(operation.status)]
    if operation.answer:
        schema: dict[str, Any] = {"type": "string"}
        if isinstance(operation.answer, type):
            schema = {"$ref": f"#/components/schemas/{operation.answer.__name__}"}
        elif operation.media_types[0].endswith(("/json", "+json")):
            schema = {"type": "object"}
        answer["content"] = {media_type: {"schema": schema} for media_type in operation.media_types}
        if isinstance(operation.answer, str):
            answer["description"] = operation.answer
    for code, one in answers.items():
        for media_type, content in one.get("content", {}).items():
            if example is not None and media_type != PARQUET_MEDIA_TYPE and code != "503":
                content["example"] = example


def _problems(slugs: Sequence[str]) -> dict[str, Any]:
    """The problems of these kinds, by status, each kind with its example."""
    found: dict[str, Any] = {}
    for slug in dict.fromkeys(slugs):
        kind = KINDS[slug]
        answer = found.setdefault(str(kind.status), {"description": "", "headers": {"X-Trace-Id": _TRACE_ID}})
        answer["description"] = "; ".join(one for one in (answer["description"], kind.title) if one)
        if kind.status in (429, 503):
            answer["headers"] = {"X-Trace-Id": _TRACE_ID, "Retry-After": _RETRY_AFTER}
        content = answer.setdefault(
            "content", {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}
        )
        content[PROBLEM_JSON]["examples"][slug] = {
            "summary": f"{kind.title} · {kind.title_zh}",
            "value": {
                "type": f"/problems/{slug}",
                "title": kind.title,
                "title_zh": kind.title_zh,
                "status": kind.status,
                "detail": kind.meaning,
                "code": kind.code,
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            },
        }
    return found


_TEXT = {"type": "string"}
_TRACE_ID = {"description": "What the operator searches the logs for", "schema": _TEXT}
_RETRY_AFTER = {"description": "Seconds after which to try again, where it is known", "schema": _TEXT}


def _headers(operation: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Trace-Id": _TRACE_ID}
    if operation.is_logged:
        headers[READ_RECEIPT_HEADER] = {
            "description": "The signed word that this read was logged; absent where nothing of others was shown",
            "schema": _TEXT,
        }
    return headers


def _criteria() -> Iterator[dict[str, Any]]:
    for name in sorted(CRITERIA):
        schema = _TEXT | {"minLength": 1, "maxLength": WORDS_CHARS_MAX}
        yield {"name": name, "in": "query", "required": False, "schema": schema}
    yield {"name": "cursor", "in": "query", "required": False, "schema": _TEXT, "description": "`next` of a page"}
