"""What each parameter and property of the interface is: its text, unit and an example, from one catalogue.

A field's own text, under its definition in the source, stands over the catalogue (`field-words.json`), which says what
a name means wherever it stands: one word has one meaning. `tests/gateway/api/test_openapi_document.py` demands that
nothing is left undescribed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from chain.records.field_docs import field_texts

TAGS = {
    "ingest": "Records are submitted, and tokens given.",
    "read": "Consignments, records, searches, findings, changes and webhooks, as the reader may see them.",
    "people": "People of a member, who log in by passkeys.",
    "ledger": "What stands on the chain: batches, checkpoints, members, keys.",
    "schemas": "Forms of records, and kinds of problems.",
    "operate": "For whoever runs the gateway, and for other gateways.",
}
"""Groups of routes, in the order in which a page shows them."""
_SECONDS, _MILLISECONDS = "s", "ms"


def describe_properties(schemas: Mapping[str, Any], models: Iterable[type]) -> None:
    """Gives each property of these schemas its text, unit and an example; `models` are classes that they are of."""
    texts = {model.__name__: field_texts(model, within=("gateway", "chain")) for model in models}
    for name, schema in schemas.items():
        _describe(name, schema, texts.get(name, {}))


def describe_parameter(parameter: dict[str, Any]) -> None:
    """Gives a parameter its text and an example."""
    words = _words()["parameters"].get(parameter["name"].lower())
    if words is not None:
        parameter.setdefault("description", words["description"])
        if "enum" not in parameter["schema"]:
            parameter.setdefault("example", words["example"])


def describe_body(name: str, schema: dict[str, Any]) -> None:
    """Gives each property of a request's body its text, unit and an example."""
    _describe(name, schema, {})


def _describe(name: str, schema: dict[str, Any], texts: Mapping[str, str]) -> None:
    for field, member in _properties(schema):
        words = _words()["of_one_model"].get(f"{name}.{field}") or _words()["properties"].get(field)
        if own := texts.get(field):
            member["description"] = " ".join(own.split())
        elif words is not None:
            member.setdefault("description", words["description"])
        # A member that is a reference shows its type's own example.
        if words is not None and "$ref" not in member and "examples" not in member:
            member["examples"] = [words["example"]]
        if unit := _unit(field, str(member.get("description", ""))):
            member["x-unit"] = unit


def _properties(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Properties of a schema, and of those written inside it."""
    if isinstance(schema, list):
        for part in schema:
            yield from _properties(part)
    elif isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            yield name, member
            yield from _properties(member)
        for word in ("items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            yield from _properties(schema.get(word))


def _unit(field: str, text: str) -> str:
    if field.endswith("_ms"):
        return _MILLISECONDS
    is_time = "in seconds" in text and "ISO 8601" not in text
    return _SECONDS if field.endswith("_s") or is_time else ""


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, dict[str, Any]]]:
    words: dict[str, dict[str, dict[str, Any]]] = json.loads(
        Path(__file__).with_name("field-words.json").read_text(encoding="utf-8")
    )
    return words
