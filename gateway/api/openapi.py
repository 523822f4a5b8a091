"""`/openapi.json`, complete: of every operation its answers with examples, its problems by kind, and who may ask.

FastAPI describes parameters and the models of what it serialises itself. The rest stands at each route (`describes`),
with its example in a file beside the route's module; tests hold real answers against it. Examples are answers of a
gateway that ran, shortened where they are long; those that are not JSON are texts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chain.webhook_signature import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from gateway.api.field_words import TAGS, describe_body, describe_parameter, describe_properties
from gateway.api.media_types import JSON, PARQUET, PROBLEM_JSON
from gateway.api.models.ingest import Problem
from gateway.api.operation import Operation
from gateway.query.change_feed import AnchoredChange
from gateway.query.read_log import READ_RECEIPT_HEADER
from gateway.query.search import CRITERIA, WORDS_CHARS_MAX
from gateway.query.webhook_posts import RECORDS_ANCHORED, WEBHOOK_HEADER, WEBHOOK_TEST
from gateway.runtime.answer import Answer
from gateway.runtime.refusals import KINDS

EXAMPLES_SUFFIX = ".examples.json"
SERVERS = [
    {
        "url": "{gateway}",
        "description": "A gateway of the consortium; each answers alike",
        "variables": {"gateway": {"default": "http://127.0.0.1:8700", "description": "The gateway's public URL"}},
    }
]
METHODS = ("get", "post", "put", "patch", "delete")


def describe(app: FastAPI) -> None:
    """Has the application answer `/openapi.json` with the whole description."""
    known = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = _completed(known(), operations_of(app), examples_of(app))
            app.openapi_schema = document | {"servers": SERVERS, "tags": _tags(), "webhooks": _webhooks()}
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # the way that FastAPI names for it


def operations_of(app: FastAPI) -> dict[str, Operation]:
    """Every described operation of the application, by method and path; raises KeyError for a route without one."""
    return {name: endpoint.__dict__["operation"] for name, endpoint in _endpoints(app)}


def examples_of(app: FastAPI) -> dict[str, Any]:
    """Examples by operation: of the answer, `request` of the body, and `data` of one event."""
    files = {str(sys.modules[endpoint.__module__].__file__) for _, endpoint in _endpoints(app)}
    return {name: example for file in sorted(files) for name, example in _examples_beside(file).items()}


def _endpoints(app: FastAPI) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each described route by method and path, with the function that serves it."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in sorted(context.methods or ()):
                yield f"{method} {context.path}", route.endpoint


@lru_cache(maxsize=64)
def _examples_beside(module_file: str) -> dict[str, Any]:
    file = Path(module_file).with_suffix(EXAMPLES_SUFFIX)
    examples: dict[str, Any] = json.loads(file.read_bytes()) if file.exists() else {}
    return examples


def _completed(
    made: dict[str, Any], operations: Mapping[str, Operation], examples: Mapping[str, Any]
) -> dict[str, Any]:
    answers = {operation.answer for operation in operations.values() if isinstance(operation.answer, type)}
    schemas = made["components"]["schemas"] | _schemas_of({*answers, Problem, AnchoredChange})
    made["components"]["schemas"] = {
        name: schema
        for name, schema in sorted(schemas.items())
        if name not in ("HTTPValidationError", "ValidationError")
    }
    made["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of `POST /v1/token` (RFC 7523)"}
    }
    made["components"]["examples"] = _problem_examples()
    describe_properties(made["components"]["schemas"], _models())
    for path, methods in made["paths"].items():
        for method in METHODS:
            if method in methods:
                name = f"{method.upper()} {path}"
                _complete(methods[method], operations[name], examples.get(name, {}))
    return made


def _models() -> Iterator[type]:
    """Every class of an answer, of either library."""
    waiting: list[type] = [BaseModel, Answer]
    while waiting:
        below: list[type] = waiting.pop().__subclasses__()
        waiting += below
        yield from (model for model in below if model.__module__.startswith(("gateway", "chain")))


def _tags() -> list[dict[str, str]]:
    return [{"name": name, "description": text} for name, text in TAGS.items()]


def _webhooks() -> dict[str, Any]:
    """What the gateway posts to members' webhooks; the headers are those of Standard Webhooks, and our own."""
    change = {"$ref": "#/components/schemas/AnchoredChange"}
    texts = {
        ID_HEADER: "The same for each try and each replay of a batch: take it once",
        TIMESTAMP_HEADER: "When it was posted, in seconds since 1970 UTC",
        SIGNATURE_HEADER: "`v1,` and base64 of the HMAC-SHA256, for each secret in force",
        WEBHOOK_HEADER: "A JWS by the gateway's registered key over the body's SHA-256, which proves it to others",
    }
    body: dict[str, Any] = {
        "type": {
            "enum": [RECORDS_ANCHORED, WEBHOOK_TEST],
            "description": "What is told; a new webhook is greeted by a test without changes",
        },
        "webhook": {"type": "string"},
        "batch": {"type": "integer"},
        "changes": {"type": "array", "items": change, "description": "What was anchored, as the member sees it"},
    }
    schema = {"title": "WebhookPost", "type": "object", "required": [*body], "properties": body}
    describe_body("WebhookPost", schema)
    post = {
        "summary": "Changes of one batch",
        "description": "In order, perhaps twice; 2xx within five seconds takes it.",
        "operationId": "records_anchored",
        "tags": ["read"],
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": _TEXT}
            for name, text in texts.items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
        "responses": {"2XX": {"description": "Taken"}},
    }
    return {RECORDS_ANCHORED: {"post": post}}


def _schemas_of(answers: Iterable[type]) -> dict[str, Any]:
    """The schemas of these types of answers and of all that they hold, by name."""
    ordered = sorted(answers, key=lambda answer: answer.__name__)
    models = [(answer, "serialization") for answer in ordered if issubclass(answer, BaseModel)]
    _, of_models = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    structs = [answer for answer in ordered if issubclass(answer, Answer)]
    _, of_structs = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    return {**of_models["$defs"], **of_structs}


def _complete(said: dict[str, Any], operation: Operation, example: Mapping[str, Any]) -> None:
    said["parameters"] = [one for one in said.get("parameters", ()) if one["name"].lower() != "authorization"]
    if operation.is_search:
        said["parameters"] += [*_criteria(operation.criteria or CRITERIA)]
    if operation.body:
        schema = {"type": "string", "format": "binary"}
        said["requestBody"] = {"required": True, "content": {operation.body: {"schema": schema}}}
    for parameter in said["parameters"]:
        describe_parameter(parameter)
    for content in said.get("requestBody", {}).get("content", {}).values():
        describe_body(content["schema"].get("title", ""), content["schema"])
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
            if example is not None and media_type != PARQUET and code != "503":
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
        content[PROBLEM_JSON]["examples"][slug] = {"$ref": f"#/components/examples/{slug}"}
    return found


def _problem_examples() -> dict[str, Any]:
    """An example of each kind of problem, by its slug."""
    return {
        slug: {
            "summary": f"{kind.title} · {kind.title_zh}",
            "value": {
                "type": f"/problems/{slug}",
                "title": kind.title,
                "title_zh": kind.title_zh,
                "status": kind.status,
                "detail": kind.meaning,
                "detail_zh": kind.meaning_zh,
                "code": kind.code,
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            },
        }
        for slug, kind in KINDS.items()
    }


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


def _criteria(names: frozenset[str]) -> Iterator[dict[str, Any]]:
    for name in sorted(names):
        schema = _TEXT | {"minLength": 1, "maxLength": WORDS_CHARS_MAX}
        yield {"name": name, "in": "query", "required": False, "schema": schema}
    yield {"name": "cursor", "in": "query", "required": False, "schema": _TEXT, "description": "`next` of a page"}
