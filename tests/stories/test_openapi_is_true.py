"""What a running gateway answers is what `/openapi.json` says: status, media type and schema of each route."""

from __future__ import annotations

import time
from typing import Any

import jsonschema
import pytest

from gateway.api.openapi import operations_of
from tests.stories.described_consignment import NUMBER, WEBHOOK
from tests.stories.local_consortium import Town

READS = {"declaration": NUMBER}
ASKED: dict[str, tuple[str, str, dict[str, str]]] = {
    "GET /v1/consignments/{ucr}": ("trader", "/v1/consignments/{ucr}", {}),
    "GET /v1/consignments/{ucr}/bundle": ("trader", "/v1/consignments/{ucr}/bundle", {}),
    "GET /v1/consignments/{ucr}/explanation": ("broker", "/v1/consignments/{ucr}/explanation", {}),
    "GET /v1/consignments/{ucr}/lanes": ("customs", "/v1/consignments/{ucr}/lanes", {}),
    "GET /v1/consignments/{ucr}/outside": ("trader", "/v1/consignments/{ucr}/outside", {}),
    "GET /v1/references/{kind}": ("trader", "/v1/references/declaration", {"value": NUMBER}),
    "GET /v1/references/{kind}/single-use": (
        "customs",
        "/v1/references/invoice/single-use",
        {"scope": "91110000100000001W", "value": "A1"},
    ),
    "GET /v1/consignments": ("customs", "/v1/consignments", {}),
    "GET /v1/search": ("customs", "/v1/search", READS),
    "GET /v1/search/anything": ("customs", "/v1/search/anything", {"q": NUMBER}),
    "GET /v1/search/count": ("customs", "/v1/search/count", READS),
    "GET /v1/search/export": ("customs", "/v1/search/export", READS),
    "GET /v1/erasures/plan": ("trader", "/v1/erasures/plan", {"subject": "{ucr}", "sections": "parties"}),
    "GET /v1/findings": ("customs", "/v1/findings", {"state": "any"}),
    "GET /v1/findings/count": ("customs", "/v1/findings/count", {}),
    "GET /v1/findings/export": ("customs", "/v1/findings/export", {}),
    "GET /v1/statistics": ("customs", "/v1/statistics", {}),
    "GET /v1/statistics/export": ("customs", "/v1/statistics/export", {}),
    "GET /v1/access-log": ("trader", "/v1/access-log", {"ucr": "{ucr}"}),
    "GET /v1/records/{record_id}": ("trader", "/v1/records/{record}", {}),
    "GET /v1/records/{record_id}/bundle": ("trader", "/v1/records/{record}/bundle", {}),
    "GET /v1/records/{record_id}/lane-proof": ("broker", "/v1/records/{record}/lane-proof", {}),
    "GET /v1/documents/{sha256}": ("customs", "/v1/documents/" + "ab" * 32, {}),
    "GET /v1/records": ("broker", "/v1/records", {}),
    "GET /v1/webhooks": ("broker", "/v1/webhooks", {}),
    "GET /v1/webhooks/{webhook}/deliveries": ("broker", f"/v1/webhooks/{WEBHOOK}/deliveries", {}),
    "GET /v1/ledger/batches": ("auditor", "/v1/ledger/batches", {}),
    "GET /v1/ledger/batches/{index}": ("auditor", "/v1/ledger/batches/0", {}),
    "GET /v1/ledger/checkpoints": ("auditor", "/v1/ledger/checkpoints", {}),
    "GET /v1/ledger/members": ("auditor", "/v1/ledger/members", {}),
    "GET /v1/ledger/keys": ("auditor", "/v1/ledger/keys", {}),
    "GET /v1/replication": ("gateway", "/v1/replication", {}),
    "GET /v1/replication/tombstones": ("gateway", "/v1/replication/tombstones", {}),
    "GET /v1/replication/batches/{index}": ("gateway", "/v1/replication/batches/0", {}),
    "GET /v1/replication/unopened": ("gateway", "/v1/replication/unopened", {}),
    "GET /v1/trust-root": ("auditor", "/v1/trust-root", {}),
    "GET /v1/schemas": ("auditor", "/v1/schemas", {}),
    "GET /v1/schemas/{record_type}": ("auditor", "/v1/schemas/customs.declaration", {}),
    "GET /v1/operator-log": ("gateway", "/v1/operator-log", {}),
    "GET /healthz": ("auditor", "/healthz", {}),
    "GET /readyz": ("auditor", "/readyz", {}),
    "GET /metrics": ("auditor", "/metrics", {}),
    "GET /problems/{slug}": ("auditor", "/problems/quota", {}),
}


@pytest.fixture(scope="module")
def description(town: Town) -> dict[str, Any]:
    said: dict[str, Any] = town.http.get("/openapi.json").json()
    return said


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_is_what_the_description_says(
    town: Town, described: tuple[str, str], description: dict[str, Any], name: str
) -> None:
    ucr, record = described
    slug, path, query = ASKED[name]
    filled = {key: value.format(ucr=ucr) for key, value in query.items()}
    answer = town.get(slug, path.format(ucr=ucr, record=record), **filled)
    assert answer.status_code == 200, answer.text
    method, _, place = name.partition(" ")
    said = description["paths"][place][method.lower()]["responses"]["200"]
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in said["content"]
    if media_type.endswith(("/json", "+json")):
        schema = said["content"][media_type]["schema"] | {"components": description["components"]}
        jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)
    if operations_of(town.http.app)[name].is_logged and media_type == "application/json":
        assert answer.headers.get("Tongguan-Read-Receipt") == answer.json()["read_receipt"]


def test_every_route_that_reads_is_asked_but_the_feed_that_never_ends(description: dict[str, Any]) -> None:
    reads = {f"GET {path}" for path, methods in description["paths"].items() if "get" in methods}
    # What a browser alone asks, with a cookie: see `tests/gateway/people`.
    of_browsers = {"GET /v1/log-in", "GET /v1/session", "GET /v1/sessions", "GET /v1/people", "GET /v1/sandbox"}
    # There is a note where the trust root demands witnesses: see `test_witnesses`.
    of_witnesses = {"GET /v1/notes/checkpoint", "GET /v1/notes/checkpoint.tsr"}
    assert reads - set(ASKED) == {"GET /v1/changes", *of_browsers, *of_witnesses}


def test_how_long_the_chain_was_silent_is_no_matter_of_the_time_of_day(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= town.gateway.services.registry.age_s() < town.gateway.services.settings.registry_age_max_s
