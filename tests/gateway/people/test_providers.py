"""Logging in at a member's own identity provider: who is let in, and each thing that keeps somebody out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey

from chain.errors import Malformed
from gateway.people.service import People
from gateway.settings import OidcProvider
from gateway.store.model import operator_identities
from tests.fakes.identity_provider import CLIENT, SECRET, IdentityProvider, serving_provider
from tests.gateway.memory_consortium import BROKER, CARRIER, PaperGateway, Town
from tests.gateway.people.conftest import ORIGIN, Browser

Invite = Callable[..., dict[str, Any]]
NewBrowser = Callable[[], Browser]


@pytest.fixture
def provider(town: Town) -> Iterator[IdentityProvider]:
    with serving_provider(f"{ORIGIN}/console/oidc", town.clock) as provider:
        yield provider


@pytest.fixture
def gateway(tmp_path: Path, town: Town, store_url: str, provider: IdentityProvider) -> PaperGateway:
    """The carrier's people have a provider; the broker's have none."""
    secret = tmp_path / "client-secret"
    secret.write_text(SECRET + "\n")
    known = OidcProvider(
        issuer=provider.issuer, client_id=CLIENT, client_secret_file=secret, name="Carrier's directory"
    )
    return PaperGateway(
        tmp_path, town.chain, town.clock, store_url, console_url=ORIGIN, oidc_providers={CARRIER: known}
    )


def go_there(browser: Browser, link: str = "") -> dict[str, str]:
    """Begins, logs in at the provider, and gives with what the browser comes back."""
    begun = browser.post("/v1/log-in/provider/start", {"member": CARRIER, "link": link.partition("#")[2]})
    assert begun.status_code == 200, begun.text
    sent_back = httpx.get(begun.json()["address"]).headers["Location"]
    assert sent_back.startswith(f"{ORIGIN}/console/oidc?")
    return {name: values[0] for name, values in parse_qs(urlsplit(sent_back).query).items()}


def come_back(browser: Browser, answer: dict[str, str]) -> httpx.Response:
    return browser.post("/v1/log-in/provider", answer)


@pytest.fixture
def known(new_browser: NewBrowser, invite: Invite) -> dict[str, Any]:
    """Somebody whose subject a link made known."""
    invitation = invite("read", "submit")
    browser = new_browser()
    enrolled = come_back(browser, go_there(browser, invitation["link"]))
    assert enrolled.status_code == 200, enrolled.text
    return invitation


def test_who_enrolled_with_a_link_logs_in_at_the_provider_alone(
    browser: Browser, known: dict[str, Any], gateway: PaperGateway, provider: IdentityProvider
) -> None:
    assert browser.get("/v1/log-in").json()["providers"] == {CARRIER: "Carrier's directory"}
    session = come_back(browser, go_there(browser)).json()
    assert (session["operator"], session["rights"]) == (known["operator"], ["read", "submit"])
    assert browser.get("/v1/session").json()["pseudonym"] == known["pseudonym"]
    with gateway.store.reading() as connection:
        (row,) = connection.execute(operator_identities.select()).all()
    assert provider.subject.encode() not in row.look_up


def test_a_subject_that_no_link_made_known_is_nobody(browser: Browser) -> None:
    refused = come_back(browser, go_there(browser))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/log-in")
    assert browser.get("/v1/session").status_code == 401


def test_the_link_counts_once_and_for_its_own_member(
    new_browser: NewBrowser, known: dict[str, Any], gateway: PaperGateway, town: Town, provider: IdentityProvider
) -> None:
    again = new_browser()
    assert come_back(again, go_there(again, known["link"])).json()["type"] == "/problems/link"
    body = {"name": "Broker's", "rights": ["read"]}
    made = again.http.post("/v1/people", json=body, headers=gateway.bearer(town.broker, BROKER)).json()
    provider.subject = "somebody else"
    assert come_back(again, go_there(again, made["link"])).status_code == 403


def test_an_operator_that_ended_is_not_known_any_more(
    browser: Browser, known: dict[str, Any], gateway: PaperGateway, town: Town
) -> None:
    browser.http.delete(f"/v1/people/{known['operator']}", headers=gateway.bearer(town.carrier))
    assert come_back(browser, go_there(browser)).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},  # without azp
        {"azp": "another-client"},
        {"iss": "https://other.example"},
        {"exp": 1},
        {"iat": 2**40},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_an_id_token_with_one_fault_lets_nobody_in(
    browser: Browser, known: dict[str, Any], provider: IdentityProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    refused = come_back(browser, go_there(browser))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/log-in"), refused.text
    provider.claims = {}
    assert come_back(browser, go_there(browser)).status_code == 200


def test_a_token_under_another_key_lets_nobody_in_and_a_new_key_is_fetched(
    browser: Browser, known: dict[str, Any], provider: IdentityProvider, town: Town, gateway: PaperGateway
) -> None:
    provider.signs_with = ECKey.generate_key("P-256")
    assert come_back(browser, go_there(browser)).status_code == 403
    provider.key = provider.signs_with = ECKey.generate_key("P-256", {"kid": "new"})
    town.clock.now += 61
    gateway.registry.refresh()
    assert come_back(browser, go_there(browser)).status_code == 200


def test_a_code_counts_in_the_browser_that_began_and_once(
    new_browser: NewBrowser, known: dict[str, Any], town: Town, gateway: PaperGateway
) -> None:
    mine, thief = new_browser(), new_browser()
    answer = go_there(mine)
    assert come_back(thief, answer).status_code == 403
    go_there(thief)
    assert come_back(thief, answer).status_code == 403  # another state
    assert come_back(mine, {**answer, "iss": "https://other.example"}).status_code == 403
    late = new_browser()
    answer = go_there(late)
    town.clock.now += 601
    gateway.registry.refresh()
    assert come_back(late, answer).status_code == 403


def test_the_same_return_twice_is_one_log_in(browser: Browser, known: dict[str, Any]) -> None:
    answer = go_there(browser)
    cookies = dict(browser.http.cookies)
    assert come_back(browser, answer).status_code == 200
    browser.http.cookies.update(cookies)
    assert come_back(browser, answer).status_code == 403


def test_another_page_begins_nothing_and_the_cookie_is_out_of_reach(browser: Browser) -> None:
    refused = browser.post("/v1/log-in/provider/start", {"member": CARRIER}, Origin="https://evil.example")
    assert refused.status_code == 403
    header = browser.post("/v1/log-in/provider/start", {"member": CARRIER}).headers["set-cookie"]
    assert header.endswith("; Path=/v1/log-in/provider; HttpOnly; SameSite=Strict; Max-Age=600")
    assert browser.post("/v1/log-in/provider/start", {"member": BROKER}).status_code == 404


def test_a_discovery_document_of_another_issuer_is_not_believed(browser: Browser, provider: IdentityProvider) -> None:
    provider.shown_issuer = "https://other.example"
    refused = browser.post("/v1/log-in/provider/start", {"member": CARRIER})
    assert refused.status_code == 403 and "another issuer" in refused.json()["detail"]


def test_a_provider_without_tls_is_refused_at_start(gateway: PaperGateway) -> None:
    settings = gateway.settings.model_copy(
        update={"oidc_providers": {CARRIER: OidcProvider(issuer="http://directory.example", client_id=CLIENT)}}
    )
    with pytest.raises(Malformed, match="https"):
        People.open(settings, gateway.store, gateway.registry, gateway.clock)
