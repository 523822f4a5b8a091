"""Passkeys: a link makes one, once; only the one that it made logs in, here, with its user verified."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.authenticator import Authenticator
from tests.gateway.memory_consortium import CARRIER, PaperGateway, Town
from tests.gateway.people.conftest import HOST, ORIGIN, Browser

Invite = Callable[..., dict[str, Any]]


def test_a_person_enrols_with_a_link_and_logs_in_with_the_passkey(
    new_browser: Callable[[], Browser], invite: Invite, authenticator: Authenticator
) -> None:
    invited = invite("read", "dispose")
    enrolled = new_browser().make_passkey(invited["link"], authenticator)
    assert enrolled.status_code == 200, enrolled.text
    tomorrow = new_browser()
    answer = tomorrow.log_in(authenticator)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["member"], told["name"], told["rights"]) == (CARRIER, "Li Wei 李伟", ["dispose", "read"])
    assert told["pseudonym"] == invited["pseudonym"]
    assert tomorrow.get("/v1/session").json()["operator"] == invited["operator"]


def test_a_link_counts_once(new_browser: Callable[[], Browser], invite: Invite, authenticator: Authenticator) -> None:
    link = invite()["link"]
    assert new_browser().make_passkey(link, authenticator).status_code == 200
    secret = link.partition("#")[2]
    again = new_browser().post("/v1/enrolment/options", {"link": secret})
    assert (again.status_code, again.json()["type"]) == (403, "/problems/link")
    assert new_browser().open_link(link).status_code == 403


def test_a_link_lapses_after_a_day(browser: Browser, invite: Invite, gateway: PaperGateway, town: Town) -> None:
    link = invite()["link"]
    town.clock.now += 86_400
    gateway.registry.refresh()
    answer = browser.open_link(link)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/link")


def test_two_who_enrol_with_one_link_at_once_become_one(browser: Browser, invite: Invite) -> None:
    secret = invite()["link"].partition("#")[2]
    options = [browser.post("/v1/enrolment/options", {"link": secret}).json()["public_key"] for _ in range(2)]
    made = [Authenticator(ORIGIN, HOST).create(one) for one in options]
    answers = [browser.post("/v1/enrolment", {"link": secret, "credential": one}).status_code for one in made]
    assert answers == [200, 403]


def test_a_passkey_of_another_page_is_refused(browser: Browser, invite: Invite) -> None:
    link = invite()["link"]
    answer = browser.make_passkey(link, Authenticator("http://localhost.evil.example", HOST))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/log-in")


def test_a_passkey_whose_user_was_not_verified_is_refused(
    browser: Browser, invite: Invite, authenticator: Authenticator
) -> None:
    assert browser.make_passkey(invite()["link"], authenticator).status_code == 200
    authenticator.flags = 0b0000_0001
    assert browser.log_in(authenticator).status_code == 403


def test_an_answer_counts_once(browser: Browser, invite: Invite, authenticator: Authenticator) -> None:
    assert browser.make_passkey(invite()["link"], authenticator).status_code == 200
    credential = authenticator.get(browser.get("/v1/log-in").json()["public_key"])
    assert browser.post("/v1/log-in", {"credential": credential}).status_code == 200
    replayed = browser.post("/v1/log-in", {"credential": credential})
    assert replayed.status_code == 403 and "used before" in replayed.json()["detail"]


def test_an_old_challenge_and_one_for_enrolling_are_refused(
    browser: Browser, invite: Invite, authenticator: Authenticator, town: Town
) -> None:
    assert browser.make_passkey(invite()["link"], authenticator).status_code == 200
    other = browser.post("/v1/enrolment/options", {"link": invite()["link"].partition("#")[2]}).json()["public_key"]
    assert browser.post("/v1/log-in", {"credential": authenticator.get(other)}).status_code == 403
    old = browser.get("/v1/log-in").json()["public_key"]
    town.clock.now += 301
    assert browser.post("/v1/log-in", {"credential": authenticator.get(old)}).status_code == 403


def test_a_copied_authenticator_is_noticed_by_its_count(
    browser: Browser, invite: Invite, authenticator: Authenticator
) -> None:
    assert browser.make_passkey(invite()["link"], authenticator).status_code == 200
    copy = Authenticator(ORIGIN, HOST, credential_id=authenticator.credential_id, key=authenticator.key)
    assert browser.log_in(authenticator).status_code == 200
    assert browser.log_in(authenticator).status_code == 200
    assert browser.log_in(copy).status_code == 403


def test_what_is_no_answer_of_a_passkey_is_refused(browser: Browser) -> None:
    hostile: list[dict[str, Any]] = [{}, {"response": {"clientDataJSON": "e30"}}, {"rawId": 7, "response": []}]
    for credential in (*hostile, {"response": {"clientDataJSON": "é"}}):
        assert browser.post("/v1/log-in", {"credential": credential}).status_code == 403, credential


def test_a_stranger_who_asks_for_challenges_leaves_nothing(browser: Browser, invite: Invite) -> None:
    asked = {browser.get("/v1/log-in").json()["public_key"]["challenge"] for _ in range(20)}
    assert len(asked) == 20
    assert not browser.http.cookies
