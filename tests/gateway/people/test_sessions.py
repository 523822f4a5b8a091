"""Sessions: what a thief, another site, a colleague and a suspended member can do with one, which is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from chain.errors import Malformed
from chain.members import MemberState, Role
from gateway.people.service import People
from tests.fakes.authenticator import Authenticator
from tests.gateway.memory_consortium import BROKER, CARRIER, PaperGateway, Town
from tests.gateway.people.conftest import ORIGIN, Browser

Invite = Callable[..., dict[str, Any]]
NewBrowser = Callable[[], Browser]


@pytest.fixture
def logged_in(new_browser: NewBrowser, invite: Invite) -> Browser:
    browser = new_browser()
    assert browser.open_link(invite("read", "submit")["link"]).status_code == 200
    return browser


def passed(town: Town, gateway: PaperGateway, seconds: float) -> None:
    """Time goes by, and the chain is heard."""
    town.clock.now += seconds
    gateway.registry.refresh()


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(browser: Browser, invite: Invite) -> None:
    header = browser.open_link(invite()["link"]).headers["set-cookie"]
    name, _, attributes = header.partition("; ")
    assert attributes == "Path=/; HttpOnly; SameSite=Strict"
    assert len(name.partition("=")[2]) == 43


def test_without_a_cookie_nobody_is_logged_in(browser: Browser) -> None:
    assert browser.get("/v1/session").status_code == 401
    assert browser.get("/v1/ledger/members").status_code == 401


def test_a_session_reads_what_its_member_reads(logged_in: Browser) -> None:
    told = logged_in.get("/v1/ledger/members").json()["members"]
    assert CARRIER in {line["uscc"] for line in told}


def test_a_planted_cookie_is_not_taken_over(new_browser: NewBrowser, invite: Invite) -> None:
    thief = new_browser()
    assert thief.open_link(invite()["link"]).status_code == 200
    victim = new_browser()
    victim.http.cookies = thief.http.cookies.__class__(thief.http.cookies)
    planted = victim.cookie
    assert victim.open_link(invite(name="Victim")["link"]).status_code == 200
    assert victim.cookie != planted
    assert thief.get("/v1/session").json()["name"] == "Li Wei 李伟"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example:8700"},
    ],
)
def test_another_page_does_nothing_with_the_cookie(logged_in: Browser, headers: dict[str, str]) -> None:
    refused = logged_in.delete("/v1/sessions", **headers)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/cross-site")
    assert logged_in.get("/v1/session").status_code == 200


def test_a_change_without_an_origin_is_refused(logged_in: Browser) -> None:
    assert logged_in.http.delete("/v1/sessions").status_code == 403


def test_another_page_logs_nobody_in(new_browser: NewBrowser, invite: Invite) -> None:
    secret = invite()["link"].partition("#")[2]
    answer = new_browser().post("/v1/log-in/link", {"link": secret}, Origin="https://evil.example")
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_the_secret_changes_and_the_one_before_counts_until_the_new_one_came_back(
    logged_in: Browser, town: Town, gateway: PaperGateway
) -> None:
    old = logged_in.cookie
    passed(town, gateway, 901)
    assert logged_in.get("/v1/session").status_code == 200
    assert logged_in.cookie != old
    # What was under way with the old secret is answered still.
    assert logged_in.http.get("/v1/session", headers={"Cookie": old}).status_code == 200
    assert logged_in.get("/v1/session").status_code == 200


def test_a_stolen_cookie_ends_the_session_for_thief_and_owner(
    logged_in: Browser, new_browser: NewBrowser, town: Town, gateway: PaperGateway
) -> None:
    stolen = logged_in.cookie
    passed(town, gateway, 901)
    logged_in.get("/v1/session")
    logged_in.get("/v1/session")
    passed(town, gateway, 31)
    theft = new_browser().get("/v1/session", Cookie=stolen)
    assert (theft.status_code, theft.json()["type"]) == (401, "/problems/session-ended")
    assert logged_in.get("/v1/session").status_code == 401


def test_an_answer_that_never_arrived_locks_nobody_out(
    logged_in: Browser, new_browser: NewBrowser, town: Town, gateway: PaperGateway
) -> None:
    old = logged_in.cookie
    passed(town, gateway, 901)
    new_browser().get("/v1/session", Cookie=old)
    passed(town, gateway, 60)
    assert logged_in.get("/v1/session").status_code == 200
    assert logged_in.cookie != old
    assert logged_in.get("/v1/session").status_code == 200


def test_thirty_idle_minutes_end_it(logged_in: Browser, town: Town, gateway: PaperGateway) -> None:
    passed(town, gateway, 30 * 60)
    answer = logged_in.get("/v1/session")
    assert answer.status_code == 401
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_eight_hours_end_it_however_busy(logged_in: Browser, town: Town, gateway: PaperGateway) -> None:
    for _ in range(8 * 3):
        assert logged_in.get("/v1/session").status_code == 200
        passed(town, gateway, 20 * 60)
    assert logged_in.get("/v1/session").status_code == 401


def test_logging_out_ends_it_also_for_who_kept_the_cookie(logged_in: Browser, new_browser: NewBrowser) -> None:
    kept = logged_in.cookie
    assert logged_in.delete("/v1/session").status_code == 204
    assert not logged_in.http.cookies
    assert new_browser().get("/v1/session", Cookie=kept).status_code == 401


def test_logging_out_everywhere_ends_every_browser_of_that_person_alone(
    new_browser: NewBrowser, invite: Invite, authenticator: Authenticator
) -> None:
    first, second, colleague = new_browser(), new_browser(), new_browser()
    first.make_passkey(invite()["link"], authenticator)
    second.log_in(authenticator)
    colleague.open_link(invite(name="Colleague")["link"])
    assert len(first.get("/v1/sessions").json()["sessions"]) == 2
    assert first.delete("/v1/sessions").status_code == 204
    assert [one.get("/v1/session").status_code for one in (first, second, colleague)] == [401, 401, 200]


def test_one_ends_ones_own_other_browser_and_nobody_elses(
    new_browser: NewBrowser, invite: Invite, authenticator: Authenticator
) -> None:
    here, lost, colleague = new_browser(), new_browser(), new_browser()
    here.make_passkey(invite()["link"], authenticator)
    lost.log_in(authenticator)
    colleague.open_link(invite(name="Colleague")["link"])
    (other,) = [s["session"] for s in here.get("/v1/sessions").json()["sessions"] if not s["is_this"]]
    assert colleague.delete(f"/v1/sessions/{other}").status_code == 404
    assert here.delete(f"/v1/sessions/{other}").status_code == 204
    assert [one.get("/v1/session").status_code for one in (here, lost)] == [200, 401]


def test_an_administrator_ends_a_person_of_its_own_member_alone(
    logged_in: Browser, new_browser: NewBrowser, invite: Invite, gateway: PaperGateway, town: Town
) -> None:
    operator = logged_in.get("/v1/session").json()["operator"]
    stranger = gateway.bearer(town.broker, BROKER)
    assert new_browser().http.delete(f"/v1/people/{operator}", headers=stranger).status_code == 404
    administrator = new_browser()
    administrator.open_link(invite("administer", name="Admin")["link"])
    assert administrator.delete(f"/v1/people/{operator}").status_code == 204
    assert logged_in.get("/v1/session").status_code == 401


def test_names_are_told_to_the_member_alone(
    logged_in: Browser, new_browser: NewBrowser, gateway: PaperGateway, town: Town
) -> None:
    own = new_browser().http.get("/v1/people", headers=gateway.bearer(town.carrier)).json()["operators"]
    others = new_browser().http.get("/v1/people", headers=gateway.bearer(town.broker, BROKER)).json()["operators"]
    assert ([line["name"] for line in own], others) == (["Li Wei 李伟"], [])
    stored = (gateway.folder / "store.sqlite").read_bytes() + (gateway.folder / "store.sqlite-wal").read_bytes()
    assert b"Li Wei" not in stored


def test_a_right_that_was_not_given_is_refused(logged_in: Browser) -> None:
    for path in ("/v1/people", "/v1/webhooks", "/v1/operator-log", "/v1/replication"):
        answer = logged_in.get(path)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/role"), path
    assert logged_in.post("/v1/people", {"name": "Me", "rights": ["administer"]}).status_code == 403


def test_who_may_not_submit_does_not(new_browser: NewBrowser, invite: Invite, town: Town) -> None:
    reader = new_browser()
    reader.open_link(invite("read")["link"])
    headers = {"Origin": ORIGIN, "Content-Type": "application/sd-jwt"}
    assert reader.http.post("/v1/records", content=town.event().serialize(), headers=headers).status_code == 403


def test_a_suspended_members_sessions_count_for_nothing_within_a_block(
    logged_in: Browser, gateway: PaperGateway, town: Town
) -> None:
    assert logged_in.get("/v1/session").status_code == 200
    town.chain.set_member(CARRIER, MemberState.SUSPENDED, Role.CARRIER)
    gateway.registry.refresh()
    answer = logged_in.get("/v1/session")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/inactive-member")


def test_a_token_of_a_key_is_a_machines_and_its_cookie_is_passed_over(
    logged_in: Browser, gateway: PaperGateway, town: Town
) -> None:
    answer = logged_in.get("/v1/session", **gateway.bearer(town.carrier))
    assert answer.status_code == 401
    assert logged_in.get("/v1/operator-log", **gateway.bearer(town.carrier)).json()["type"] == "/problems/role"


def test_a_ticket_cannot_be_guessed_or_kept(logged_in: Browser) -> None:
    assert logged_in.http.get("/v1/session", headers={"Authorization": "Session " + "0" * 32}).status_code == 401


def test_hostile_cookies_are_refused(new_browser: NewBrowser, logged_in: Browser) -> None:
    name = logged_in.cookie.partition("=")[0]
    for value in ("", "x" * 5_000, "x" * 100, '"; a=b', "%00"):
        answer = new_browser().http.get("/v1/session", headers={"Cookie": f"{name}={value}"})
        assert answer.status_code == 401, value


def test_no_more_browsers_and_people_than_the_settings_say(
    gateway: PaperGateway, new_browser: NewBrowser, invite: Invite, authenticator: Authenticator
) -> None:
    first = new_browser()
    first.make_passkey(invite()["link"], authenticator)
    for _ in range(gateway.settings.operator_sessions_max):
        gateway.clock.now += 1
        assert new_browser().log_in(authenticator).status_code == 200
    assert first.get("/v1/session").status_code == 401


@pytest.mark.parametrize(
    "settings",
    [
        {"console_url": "http://tongguan.example"},
        {"console_url": "https://192.0.2.1"},
        {"console_url": "ftp://localhost"},
        {"console_url": "https://tongguan.example", "link_log_in": True},
    ],
)
def test_a_gateway_does_not_begin_with_an_unsafe_console(gateway: PaperGateway, settings: dict[str, Any]) -> None:
    unsafe = gateway.settings.model_copy(update={"link_log_in": False, **settings})
    with pytest.raises(Malformed):
        People.open(unsafe, gateway.store, gateway.registry, gateway.clock)


def test_over_tls_the_cookie_is_bound_to_its_host(gateway: PaperGateway) -> None:
    from gateway.api.session_cookies import SessionCookie

    text = SessionCookie("https://tongguan.example").text("secret")
    assert text.startswith("__Host-tongguan-") and text.endswith("; Secure")


def test_what_a_browser_is_answered_is_what_openapi_says(
    gateway: PaperGateway, new_browser: NewBrowser, invite: Invite
) -> None:
    browser = new_browser()
    description = gateway.app().openapi()
    answers = {"/v1/log-in": browser.get("/v1/log-in").json()}
    browser.open_link(invite("read", "administer")["link"])
    answers |= {path: browser.get(path).json() for path in ("/v1/session", "/v1/sessions", "/v1/people")}
    for path, answer in answers.items():
        schema = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = schema | {"components": description["components"]}
        jsonschema.validate(answer, whole, cls=jsonschema.Draft202012Validator)
