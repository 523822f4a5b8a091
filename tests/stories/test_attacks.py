"""What a stranger, a member and five members together try against a running gateway, and what they get."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.api.bodies import OPEN_ROUTES
from gateway.api.openapi import operations_of
from tests.gateway.query.consortium import order, waybill
from tests.stories.local_consortium import Town

FIVE = ("bank", "terminal", "carrier", "broker", "tax")
NDJSON = "application/x-ndjson"
HOSTILE_BODIES = (b"[" * 99_000, b"{" * 99_000, b'{"a":' * 5_000, b"x\n" * 150_000, b"\x00" * 200_000, b"\xff\xfe" * 50)
TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "application/x-ndjson",
    "multipart/form-data; boundary=x",
)
PEOPLES_ROUTES = ("/v1/log-in", "/v1/enrolment", "/v1/session")


def consignment(town: Town, name: str) -> str:
    """A consignment of the trader with its order, which is covered."""
    ucr = f"6CN{town.member('trader').uscc}-{name}"
    town.say("trader", order(), ucr)
    town.cover()
    return ucr


def test_a_strangers_bodies_are_read_by_no_route_but_the_one_that_gives_tokens(town: Town) -> None:
    bulky = 0
    for name in operations_of(town.http.app):
        method, _, path = name.partition(" ")
        if method not in ("POST", "PUT", "DELETE"):
            continue
        for body in HOSTILE_BODIES:
            for kind in TYPES:
                answer = town.http.request(method, path, content=body, headers={"Content-Type": kind})
                expected = {400, 413, 415, 429} if name in OPEN_ROUTES else {401}
                if path.startswith(PEOPLES_ROUTES) and name not in OPEN_ROUTES:
                    expected = {404}  # nobody logs in at this gateway: its settings name no console
                assert answer.status_code in expected, f"{name} {kind} {body[:10]!r}: {answer.text[:200]}"
                assert len(answer.content) < 2_000
                bulky += 1
    assert bulky > 5 * len(HOSTILE_BODIES)
    assert town.http.get("/healthz").status_code == 200


def test_who_takes_no_part_learns_the_same_of_a_consignment_that_is_there_and_of_one_that_is_not(town: Town) -> None:
    ucr = consignment(town, "SECRET")
    nowhere = f"6CN{town.member('trader').uscc}-NOWHERE"
    for end in ("", "/bundle", "/explanation"):
        answers = [town.get("bank", f"/v1/consignments/{one}{end}") for one in (ucr, nowhere)]
        assert [answer.status_code for answer in answers] == [404, 404]
        first, second = ({**answer.json(), "trace_id": ""} for answer in answers)
        assert {name: str(value).replace(ucr, nowhere) for name, value in first.items()} == {
            name: str(value) for name, value in second.items()
        }


def test_a_member_gets_at_no_others_records_webhooks_or_log(town: Town) -> None:
    own = [record["record_id"] for record in town.get("trader", "/v1/records").json()["records"]]
    theirs = [record["record_id"] for record in town.get("bank", "/v1/records").json()["records"]]
    assert not set(own) & set(theirs)
    headers = {"Authorization": f"Bearer {town.token('bank')}"}
    for path in ("/v1/webhooks/AAAAAAAAAAAAAAAAAAAAAA", "/v1/webhooks/%2e%2e%2f", "/v1/webhooks/' OR 1=1 --"):
        assert town.http.delete(path, headers=headers).status_code == 404
    assert town.get("bank", "/v1/operator-log").status_code == 403
    assert town.get("gateway", "/v1/operator-log").json()["lines"][0]["action"] == "start"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1/x",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc",
        ),
        *(
            "https://a..b/",
            "https://user:pw@example.com/",
            "https://[64:ff9b::7f00:1]/",
            "https://0x7f000001/",
            "gopher://a",
        ),
    ],
)
def test_a_webhook_leads_to_no_inner_address(town: Town, url: str) -> None:
    headers = {"Authorization": f"Bearer {town.token('bank')}"}
    answer = town.http.post("/v1/webhooks", json={"url": url}, headers=headers)
    assert (answer.status_code, answer.json().get("pointer")) == (400, "/url"), answer.text
    assert town.get("bank", "/v1/webhooks").json()["webhooks"] == []


def test_five_members_that_send_in_vain_together_slow_themselves_and_nobody_else(town: Town) -> None:
    ucr = f"6CN{town.member('trader').uscc}-BESIEGED"
    rates = town.gateway.services.settings.member_refusals_per_s

    def attack(slug: str) -> list[int]:
        answers = [town.post(slug, "/v1/records/bulk", "x\n" * 20_000, NDJSON) for _ in range(2)]
        return [answer.text.count("\n") if answer.status_code == 200 else answer.status_code for answer in answers]

    with ThreadPoolExecutor(len(FIVE)) as members:
        attacks = [members.submit(attack, slug) for slug in FIVE]
        began = time.monotonic()
        town.say("trader", order(), ucr)
        took_s = time.monotonic() - began
        lines = [done.result() for done in attacks]
    assert took_s < 10
    # A minute's worth and what was under way; the second upload of each finds its share used up.
    assert all(first < rates * 60 + 4_000 and second == 429 for first, second in lines), lines
    town.cover()
    assert town.get("trader", f"/v1/consignments/{ucr}").status_code == 200
    town.gateway.services.registry.refresh()
    slowed = town.post("carrier", "/v1/records", town.sign("carrier", waybill(), ucr).serialize())
    assert (slowed.status_code, int(slowed.headers["retry-after"]) >= 1) == (429, True)
    town.restart_gateway()  # shares are kept in memory: other stories have theirs whole
