"""The published JSON Schema takes every bundle that the parser takes, and knows its members and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chain.errors import MalformedBundle
from chain.proof import bundle as bundle_room
from chain.proof.bundle_reader import parse_bundle
from chain.proof.shown_note import COSIGNED_NOTE
from tests.catalogue import VECTORS
from tests.mutations import large_bundles

SCHEMA: dict[str, Any] = json.loads(Path(bundle_room.__file__).with_name("bundle.schema.json").read_text())


def test_schema_is_a_schema_and_takes_every_bundle_that_the_parser_takes() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    taken = 0
    for vector in VECTORS.values():
        said = vector.make()[0]
        try:
            parse_bundle(said)
        except MalformedBundle:
            continue
        validator.validate(json.loads(said))
        taken += 1
    assert taken > 70


def test_schema_names_the_members_in_the_order_of_the_format() -> None:
    said = large_bundles()[0][0]
    assert list(json.loads(said)) == SCHEMA["required"]
    assert list(SCHEMA["properties"]) == [*SCHEMA["required"], COSIGNED_NOTE]


@pytest.mark.parametrize(
    ("member", "limit"),
    [
        ("nodes", bundle_room.NODES_MAX),
        ("batches", bundle_room.BATCHES_MAX),
        ("records", bundle_room.RECORDS_MAX),
        ("groups", bundle_room.GROUPS_MAX),
        ("keys", bundle_room.FACTS_MAX),
        ("receipts", bundle_room.RECEIPTS_MAX),
    ],
)
def test_schema_has_the_parsers_limit(member: str, limit: int) -> None:
    assert SCHEMA["properties"][member]["maxItems"] == limit
