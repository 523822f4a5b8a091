"""No request that fits the OpenAPI description, or nearly fits it, makes the gateway fail."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.gateway.memory_consortium import PaperGateway, Town
from tests.gateway.test_http import assertion as token_request

TRUE = [status_code_conformance, content_type_conformance, response_schema_conformance]
"""Whatever comes back is what the description says may."""


@schemathesis.serializer("application/sd-jwt", "application/x-ndjson", "application/json-seq")
def as_text(context: object, value: object) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


@pytest.mark.slow
@pytest.mark.parametrize("examples", [3, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.timeout(1_800)
def test_no_request_of_a_member_is_answered_with_a_fault_of_the_gateway(
    tmp_path: Path, town: Town, examples: int
) -> None:
    gateway = PaperGateway(tmp_path, town.chain, town.clock)
    assertion = token_request(town, town.carrier)["client_assertion"]
    headers = {"Authorization": f"Bearer {gateway.desk.exchange(assertion).text}"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", gateway.app())
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/bundle"):
            continue  # made of a real chain's proofs, which paper has not: tests/stories/test_bundles_fuzzed.py

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def no_fault(case: schemathesis.Case) -> None:
            answer = case.call(headers=headers)
            assert answer.status_code != 500, f"{case.method} {case.formatted_path}: {answer.text}"
            assert answer.status_code != 503 or case.formatted_path == "/readyz", answer.text
            case.validate_response(answer, checks=TRUE)

        no_fault()
        tried.append(operation.label)
    assert "POST /v1/records" in tried
    assert len(tried) > 15
