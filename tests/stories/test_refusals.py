"""What is not served: nothing under a policy that the members did not agree on, nothing that cannot be logged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.errors import StoreFault
from chain.identifiers import Uscc
from chain.members import PolicyName, PolicyVersion
from chain.records.sections import Party
from gateway.access.policy import UnagreedPolicy
from gateway.query.queries import Queries
from tests.gateway.query import consortium
from tests.stories.local_consortium import Town

NUMBER = "010020261000000888"
WAYS = (
    "/v1/consignments/{ucr}",
    "/v1/consignments/{ucr}/bundle",
    "/v1/consignments/{ucr}/explanation",
    "/v1/records/{record}",
    "/v1/records/{record}/bundle",
    "/v1/search?declaration={number}",
    "/v1/search/count?declaration={number}",
    "/v1/search/export?declaration={number}",
    "/v1/references/declaration?value={number}",
)
"""Every way to read others' words. The access log shows no words of members: it is the log itself."""


@pytest.fixture(scope="module")
def paths(town: Town) -> list[str]:
    """The ways to read one consignment, which an auditor may all go."""
    trader, broker = (Uscc(town.member(slug).uscc) for slug in ("trader", "broker"))
    ucr = f"6CN{trader}-REFUSED"
    parties = (Party(role="trader", uscc=trader), Party(role="agent", uscc=broker))
    town.name(ucr, "broker")
    told = town.say("broker", consortium.declaration(NUMBER).model_copy(update={"parties": parties}), ucr)
    town.say("customs", consortium.status("ACCEPTED", "08:10:00", code="L", number=NUMBER), ucr)
    town.cover()
    found = [way.format(ucr=ucr, record=told.record_id, number=NUMBER) for way in WAYS]
    assert {path: town.get("auditor", path).status_code for path in found} == dict.fromkeys(found, 200)
    return found


def test_nothing_is_shown_while_the_policy_file_is_not_the_one_that_the_members_agreed_on(
    town: Town, paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = town.gateway.services.registry
    snapshot = registry.snapshot()
    voted = replace(snapshot, policies={**snapshot.policies, PolicyName.VIEW: (PolicyVersion(1, bytes(32)),)})
    with monkeypatch.context() as patch:
        patch.setattr(registry, "snapshot", lambda: voted)
        for path in paths:
            answer = town.get("auditor", path)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/policy"), path
            assert NUMBER not in answer.text.replace(path, "")
        with pytest.raises(UnagreedPolicy):
            Queries(town.gateway.services).context.check_policy()
    assert town.get("auditor", paths[0]).status_code == 200


def test_a_read_that_cannot_be_logged_is_not_answered(
    town: Town, paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(body: bytes) -> object:
        raise StoreFault("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(town.gateway.services.intake, "accept", full)
        for path in paths:
            answer = town.get("auditor", path)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store"), path
            assert "goods_items" not in answer.text and "disk full" not in answer.text
        queries = Queries(town.gateway.services)
        reader = queries.reader(f"Bearer {town.token('auditor')}")
        with pytest.raises(StoreFault):
            queries.changes.changes(reader, -1)
    assert town.get("auditor", paths[0]).status_code == 200


def test_a_sponsor_finds_the_goods_of_the_members_that_it_sponsors_and_sees_their_numbers_alone(
    town: Town, paths: list[str]
) -> None:
    ucr = paths[0].rpartition("/")[2]
    assert town.member("broker").sponsor == town.member("eport").uscc
    hits = town.get("eport", "/v1/search", declaration=NUMBER).json()["hits"]
    assert [one["ucr"] for one in hits] == [ucr]
    lines = town.get("eport", f"/v1/consignments/{ucr}").json()["records"]
    assert {one["type"]: set(one["shown"]) for one in lines} == {
        "trade.parties": {"ucr", "names"},
        "customs.declaration": {"ucr", "references"},
        "customs.status": {"ucr"},
    }
    assert town.get("eport", "/v1/search", declaration=NUMBER, goods="电脑").json()["hits"] == []
