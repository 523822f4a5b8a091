"""The OpenAPI description is whole: each parameter and property in words, and the published file is the served one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.api.field_words import TAGS
from scripts.openapi_surface import find_breaking, list_surface
from tests.gateway.api.openapi_document import DOCUMENT, SURFACE, make_document
from tests.gateway.memory_consortium import PaperGateway

PUBLISH = "python -m tests.gateway.api.openapi_document"
DESCRIBE = f"put the name into gateway/api/field-words.json, then: {PUBLISH}"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def published() -> Document:
    document: Document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return document


def schemas_of(document: Document) -> Iterator[tuple[str, Document]]:
    yield from document["components"]["schemas"].items()
    webhooks = [(name, item["post"]) for name, item in document["webhooks"].items()]
    for name, operation in [*operations_of(document), *webhooks]:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield name, content["schema"]


def operations_of(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def properties_of(place: str, schema: Any) -> Iterator[tuple[str, Document]]:
    if isinstance(schema, list):
        for part in schema:
            yield from properties_of(place, part)
    elif isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            yield f"{place}.{name}", member
            yield from properties_of(f"{place}.{name}", member)
        for word in ("items", "anyOf", "oneOf", "allOf"):
            yield from properties_of(place, schema.get(word))


def test_the_published_description_is_the_one_that_the_gateway_serves(
    gateway: PaperGateway, published: Document
) -> None:
    document = make_document(gateway)
    surface = list_surface(document)
    assert find_breaking(SURFACE.read_text(encoding="utf-8").splitlines(), surface) == [], f"or: {PUBLISH} --breaking"
    assert document == published, f"publish it: {PUBLISH}"
    assert SURFACE.read_text(encoding="utf-8").splitlines() == surface, f"publish it: {PUBLISH}"


def test_no_property_is_left_without_words_and_an_example(published: Document) -> None:
    properties = [pair for name, schema in schemas_of(published) for pair in properties_of(name, schema)]
    assert len(properties) > 500
    assert [place for place, member in properties if not member.get("description")] == [], DESCRIBE
    shown = ("examples", "enum", "const", "$ref")
    assert [place for place, member in properties if not any(word in member for word in shown)] == [], DESCRIBE


def test_times_and_spans_name_their_unit(published: Document) -> None:
    for name, schema in schemas_of(published):
        for place, member in properties_of(name, schema):
            if place.endswith(("_s", "_ms")) or "in seconds since 1970" in member["description"]:
                assert member.get("x-unit") in ("s", "ms") or "ISO 8601" in member["description"], place


def test_no_parameter_is_left_without_words_and_an_example(published: Document) -> None:
    parameters = [
        (f"{name} {parameter['name']}", parameter)
        for name, operation in operations_of(published)
        for parameter in operation.get("parameters", ())
    ]
    assert len(parameters) > 100
    assert [place for place, parameter in parameters if not parameter.get("description")] == []
    assert [p for p, parameter in parameters if "example" not in parameter and "enum" not in parameter["schema"]] == []


def test_each_operation_has_its_group_and_each_group_its_words(published: Document) -> None:
    used = {tag for _, operation in operations_of(published) for tag in operation.get("tags", ["none"])}
    assert used == set(TAGS) == {tag["name"] for tag in published["tags"]}
    assert published["servers"][0]["variables"]["gateway"]["default"].startswith("http")


def test_the_webhooks_section_names_the_signed_headers(published: Document) -> None:
    post = published["webhooks"]["records.anchored"]["post"]
    names = {parameter["name"] for parameter in post["parameters"]}
    assert names == {"webhook-id", "webhook-timestamp", "webhook-signature", "Tongguan-Webhook"}


def remove_route(document: Document) -> None:
    del document["paths"]["/v1/search"]


def remove_property(document: Document) -> None:
    del document["components"]["schemas"]["Hit"]["properties"]["ucr"]


def change_type(document: Document) -> None:
    document["components"]["schemas"]["OwnRecord"]["properties"]["accepted_at"]["type"] = "string"


def ask_for_more(document: Document) -> None:
    schema = document["paths"]["/v1/webhooks"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema["required"] = ["url", "types"]


def require_parameter(document: Document) -> None:
    parameters = document["paths"]["/v1/changes"]["get"]["parameters"]
    next(parameter for parameter in parameters if parameter["name"] == "after")["required"] = True


def remove_value(document: Document) -> None:
    document["components"]["schemas"]["RecordState"]["enum"].pop()


@pytest.mark.parametrize(
    "change", [remove_route, remove_property, change_type, ask_for_more, require_parameter, remove_value]
)
def test_a_change_that_breaks_callers_is_found(published: Document, change: Callable[[Document], None]) -> None:
    changed = copy.deepcopy(published)
    change(changed)
    assert find_breaking(list_surface(published), list_surface(changed)) != []


def add_route(document: Document) -> None:
    demand = {"in": "query", "name": "q", "required": True, "schema": {"type": "string"}}
    document["paths"]["/v1/new"] = {"get": {"parameters": [demand], "responses": {}}}


def add_property(document: Document) -> None:
    document["components"]["schemas"]["Hit"]["properties"]["more"] = {"type": "string"}


def change_words(document: Document) -> None:
    document["components"]["schemas"]["Hit"]["description"] = "other words"


def loosen(document: Document) -> None:
    schema = document["paths"]["/v1/webhooks"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema["required"] = []


@pytest.mark.parametrize("change", [add_route, add_property, change_words, loosen])
def test_a_change_that_breaks_nobody_is_let_through(published: Document, change: Callable[[Document], None]) -> None:
    changed = copy.deepcopy(published)
    change(changed)
    assert find_breaking(list_surface(published), list_surface(changed)) == []
