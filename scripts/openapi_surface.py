"""What callers rest on in the gateway's OpenAPI description, a line each, and which changes of it break them.

A caller breaks where a route, an answer's property, a parameter or a value of a list goes or changes its type, and
where a request must say something new. Texts, examples and additions break nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
MUST = "must be said"
"""Ends a line about a request that is refused without it."""
DEPTH_MAX = 12


def list_surface(document: Mapping[str, Any]) -> list[str]:
    """The lines of a description, sorted."""
    return sorted(set(_lines(document)))


def find_breaking(published: Sequence[str], now: Sequence[str]) -> list[str]:
    """The changes that break callers of the published description, in words; empty where none does."""
    still_there = {line.removesuffix(f", {MUST}") for line in now}
    gone = [f"gone: {line}" for line in published if line.removesuffix(f", {MUST}") not in still_there]
    known = set(published)
    asked = [
        f"asked for: {line}" for line in now if line.endswith(MUST) and line not in known and not _is_new(line, known)
    ]
    return gone + asked


def _is_new(line: str, known: set[str]) -> bool:
    """Whether the line belongs to a route that the published description does not have: nobody calls it yet."""
    method, _, rest = line.partition(" ")
    return method.lower() in METHODS and f"{method} {rest.partition(' ')[0]}" not in known


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield from _operation(f"{method.upper()} {path}", methods[method])
    for name, post in document.get("webhooks", {}).items():
        content = post["post"]["requestBody"]["content"]
        for media_type, body in content.items():
            yield from _answer(f"webhook {name} {media_type}", body.get("schema", {}))
    for name, schema in document["components"]["schemas"].items():
        yield from _answer(name, schema)


def _operation(name: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield name
    for parameter in operation.get("parameters", ()):
        place = f"{name} {parameter['in']} {parameter['name']}: {_type(parameter['schema'])}"
        yield f"{place}, {MUST}" if parameter.get("required") and parameter["in"] != "path" else place
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        yield f"{name} takes {media_type}"
        yield from _request(f"{name} body", body["schema"])
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            yield f"{name} {status} {media_type}: {_type(content.get('schema', {}))}"


def _request(place: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for name, member in schema.get("properties", {}).items():
        line = f"{place}.{name}: {_type(member)}"
        yield f"{line}, {MUST}" if name in schema.get("required", ()) else line


def _answer(place: str, schema: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    if depth > DEPTH_MAX:
        raise ValueError(f"{place} is nested deeper than {DEPTH_MAX}")
    for value in schema.get("enum", ()):
        yield f"{place} = {value}"
    for name, member in schema.get("properties", {}).items():
        yield f"{place}.{name}: {_type(member)}"
        yield from _answer(f"{place}.{name}", member, depth + 1)
    if isinstance(schema.get("items"), dict):
        yield from _answer(f"{place}[]", schema["items"], depth + 1)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(sorted(_type(choice) for choice in choices))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any"))
