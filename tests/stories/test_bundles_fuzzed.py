"""The bundle routes under the fuzz that the other routes stand on paper: proofs are made of a real chain's answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.proof.bundle_reader import parse_bundle
from chain.verify import Verdict, verify
from tests.gateway.api.test_openapi_fuzz import TRUE
from tests.stories.local_consortium import Town

ROUTES = ("/v1/consignments/{ucr}/bundle", "/v1/records/{record_id}/bundle")
READERS = ("trader", "broker", "carrier", "customs", "terminal", "tax", "auditor")
EXAMPLES = 60
NO_LIMITS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def names(town: Town, described: tuple[str, str]) -> dict[str, list[str]]:
    """What is there to ask for, by parameter: consignments and records, covered and merely accepted."""
    ucr, record = described
    access = town.get("trader", "/v1/access-log", ucr=ucr).json()["reads"]
    records = [line["record"] for line in town.get("trader", f"/v1/consignments/{ucr}").json()["records"]]
    return {"ucr": [ucr, ucr[:-1]], "record_id": [record, *records, *(one["record"] for one in access)]}


def _changed(said: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One character of a name replaced, dropped or doubled."""
    place, other = st.integers(0, 60), st.characters(codec="utf-8")
    return st.builds(
        lambda text, at, by, how: text[: at % len(text)] + by * how + text[at % len(text) + (how < 2) :],
        said,
        place,
        other,
        st.integers(0, 2),
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", ROUTES)
def test_whatever_a_member_asks_a_bundle_of_it_is_given_a_true_one_or_told_why_not(
    town: Town, names: dict[str, list[str]], path: str
) -> None:
    schema = schemathesis.openapi.from_dict(town.http.get("/openapi.json").json())
    operation = next(one.ok() for one in schema.get_all_operations() if one.ok().path == path)
    parameter = path.partition("{")[2].partition("}")[0]
    known = st.sampled_from(names[parameter])
    given_names = known | _changed(known) | st.none()
    seen: dict[int, int] = {}

    @NO_LIMITS
    @given(case=operation.as_strategy(), name=given_names, slug=st.sampled_from(READERS))
    def ask(case: schemathesis.Case, name: str | None, slug: str) -> None:
        if name is not None:
            case.path_parameters = {**(case.path_parameters or {}), parameter: quote(name, safe="")}
        sent: dict[str, Any] = {"params": case.query or None}
        headers = {key: str(value) for key, value in (case.headers or {}).items()}
        headers["Authorization"] = f"Bearer {town.token(slug)}"
        answer = town.http.request(case.method, case.formatted_path, headers=headers, **sent)
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, f"{case.formatted_path}: {answer.text}"
        case.validate_response(answer, checks=TRUE)
        if answer.status_code == 200:
            bundle = parse_bundle(answer.content)
            assert bundle.format() == answer.content
            report = verify(bundle, town.root)
            assert report.verdict in (Verdict.VALID, Verdict.ENTRIES_MISSING, Verdict.NOT_COVERED), report
            own = all(one.issuer == town.member(slug).uscc for one in report.records)
            assert bool(answer.headers.get("Tongguan-Read-Receipt")) is not own

    ask()
    assert seen.get(200, 0) >= EXAMPLES // 10 and seen.get(404, 0) >= 1, seen
