"""What a record of each type holds, as JSON Schema: open to everyone, since it says nothing of anybody."""

from __future__ import annotations

import json
from functools import lru_cache

from fastapi import APIRouter, Response

from chain.errors import NotFound
from chain.records import RECORD_TYPES, json_schema
from gateway.api.media_types import JSON_SCHEMA
from gateway.api.models.ingest import RecordSchemas
from gateway.api.operation import describes


def schemas_router() -> APIRouter:
    """`GET /v1/schemas` and `GET /v1/schemas/{record_type}`."""
    router = APIRouter(prefix="/v1", tags=["schemas"])

    @router.get("/schemas")
    @describes("internal", is_open=True)
    def get_schemas() -> RecordSchemas:
        """Every record type with the address of its schema."""
        return RecordSchemas(schemas={name: f"/v1/schemas/{name}" for name in sorted(RECORD_TYPES)})

    @router.get("/schemas/{record_type}", response_class=Response, responses={200: {"content": {JSON_SCHEMA: {}}}})
    @describes("not-found", "internal", answer="A JSON Schema (2020-12)", media_types=(JSON_SCHEMA,), is_open=True)
    def get_schema(record_type: str) -> Response:
        """The JSON Schema of a record type, each property one section: what `tongguan schema TYPE` prints."""
        if record_type not in RECORD_TYPES:
            raise NotFound("record type", record_type)
        return Response(_schema(record_type), media_type=JSON_SCHEMA)

    return router


@lru_cache(maxsize=len(RECORD_TYPES))
def _schema(record_type: str) -> bytes:
    return json.dumps(json_schema(record_type), ensure_ascii=False).encode()
