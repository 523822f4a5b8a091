"""`/openapi.json` is whole: every operation has an answer with schema and example, its problems, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI

from gateway.api.media_types import PROBLEM_JSON
from gateway.api.openapi import METHODS, examples_of, operations_of
from gateway.api.operation import Operation
from gateway.runtime.refusals import KINDS
from tests.gateway.memory_consortium import PaperGateway, Town


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    town = Town.make()
    folder: Path = tmp_path_factory.mktemp("described")
    return PaperGateway(folder, town.chain, town.clock).app()


@pytest.fixture(scope="module")
def description(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@pytest.fixture(scope="module")
def described(app: FastAPI) -> dict[str, Operation]:
    return operations_of(app)


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def contents(said: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Status, media type and content of every answer that is no problem."""
    for status, answer in said["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            if media_type != PROBLEM_JSON:
                yield status, media_type, content


def check(value: object, schema: dict[str, Any], description: dict[str, Any]) -> None:
    whole = schema | {"components": description["components"]}
    jsonschema.validate(value, whole, cls=jsonschema.Draft202012Validator)


def test_every_operation_is_described_at_its_route_and_no_example_is_of_another(
    app: FastAPI, description: dict[str, Any], described: dict[str, Operation]
) -> None:
    assert description["openapi"].startswith("3.1")
    assert len(described) >= 33
    assert sorted(name for name, _ in operations(description)) == sorted(described)
    assert set(examples_of(app)) <= set(described)


def test_an_operation_says_all_that_may_come_back(description: dict[str, Any], described: dict[str, Operation]) -> None:
    for name, operation in operations(description):
        assert operation["description"] or operation["summary"], name
        assert {status for status in operation["responses"] if status < "3"} >= {str(described[name].status)}, name
        for status, media_type, content in contents(operation):
            assert content["schema"], (name, status, media_type)
            if media_type != "application/vnd.apache.parquet" and status != "503":
                assert "example" in content, (name, status, media_type)
                check(content["example"], content["schema"], description)
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            assert content["schema"], (name, media_type)
            if media_type != "application/octet-stream":
                assert "example" in content, (name, media_type)
            if media_type == "application/json":
                check(content["example"], content["schema"], description)


def test_every_problem_has_its_own_status_and_an_example(
    description: dict[str, Any], described: dict[str, Operation]
) -> None:
    for name, operation in operations(description):
        _check_problems(operation, described[name], description)


def _check_problems(said: dict[str, Any], operation: Operation, description: dict[str, Any]) -> None:
    told = set()
    for status, answer in said["responses"].items():
        for slug, example in answer.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {}).items():
            assert example == {"$ref": f"#/components/examples/{slug}"}
            example = description["components"]["examples"][slug]
            check(example["value"], {"$ref": "#/components/schemas/Problem"}, description)
            assert str(KINDS[slug].status) == status == str(example["value"]["status"])
            told.add(slug)
    missing = set(operation.problems) - told
    # `/readyz` says 503 in its own words, part by part.
    assert missing == set()
    assert "422" not in said["responses"] or "clock" in told, "FastAPI's own 422 is never sent"


def test_every_kind_of_problem_is_told_of_some_operation(described: dict[str, Operation]) -> None:
    told = {slug for operation in described.values() for slug in operation.problems}
    # Nothing is described there that has no route or method.
    assert set(KINDS) - told == {"method"}


def test_what_needs_a_token_says_so_and_declares_no_header_for_it(
    description: dict[str, Any], described: dict[str, Operation]
) -> None:
    for name, said in operations(description):
        assert said["security"] == ([] if described[name].is_open else [{"token": []}])
        assert "authorization" not in {one["name"].lower() for one in said["parameters"]}
    assert description["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_no_schema_is_described_that_nothing_refers_to_wrongly(description: dict[str, Any]) -> None:
    def references(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for one in value.values():
                yield from references(one)
        elif isinstance(value, list):
            for one in value:
                yield from references(one)

    kinds = ("schemas", "examples")
    known = {f"#/components/{kind}/{name}" for kind in kinds for name in description["components"][kind]}
    assert set(references(description)) - known == set()


def test_a_change_in_the_example_of_the_feed_is_one(app: FastAPI, description: dict[str, Any]) -> None:
    check(examples_of(app)["GET /v1/changes"]["data"], {"$ref": "#/components/schemas/AnchoredChange"}, description)
