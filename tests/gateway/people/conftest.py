"""A gateway where people log in, and browsers that do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.fakes.authenticator import Authenticator
from tests.gateway.memory_consortium import PaperGateway, Town

ORIGIN = "http://localhost:8700"
HOST = "localhost"


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def gateway(tmp_path: Path, town: Town, store_url: str) -> PaperGateway:
    """Demonstrations' way of logging in is open here: most of these tests are about what comes after."""
    return PaperGateway(tmp_path, town.chain, town.clock, store_url, console_url=ORIGIN, link_log_in=True)


@dataclass
class Browser:
    """One browser: it keeps cookies, and says with each request where it comes from."""

    http: TestClient

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers={"Sec-Fetch-Site": "same-origin", **headers})

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.http.post(path, json=body, headers={"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN, **headers})

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.http.delete(path, headers={"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN, **headers})

    def open_link(self, link: str) -> httpx.Response:
        return self.post("/v1/log-in/link", {"link": link.partition("#")[2]})

    def make_passkey(self, link: str, authenticator: Authenticator) -> httpx.Response:
        secret = link.partition("#")[2]
        options = self.post("/v1/enrolment/options", {"link": secret}).json()["public_key"]
        return self.post("/v1/enrolment", {"link": secret, "credential": authenticator.create(options)})

    def log_in(self, authenticator: Authenticator) -> httpx.Response:
        options = self.get("/v1/log-in").json()["public_key"]
        return self.post("/v1/log-in", {"credential": authenticator.get(options)})

    @property
    def cookie(self) -> str:
        """The name and value of the only cookie."""
        (cookie,) = self.http.cookies.jar
        return f"{cookie.name}={cookie.value}"


@pytest.fixture
def new_browser(gateway: PaperGateway) -> Callable[[], Browser]:
    app = gateway.app()
    return lambda: Browser(TestClient(app, base_url=ORIGIN, raise_server_exceptions=False))


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator(ORIGIN, HOST)


@pytest.fixture
def invite(gateway: PaperGateway, town: Town, new_browser: Callable[[], Browser]) -> Callable[..., dict[str, Any]]:
    """The carrier's administrator invites somebody with the carrier's key."""

    def invited(*rights: str, name: str = "Li Wei 李伟") -> dict[str, Any]:
        body = {"name": name, "rights": list(rights) or ["read"]}
        answer = new_browser().http.post("/v1/people", json=body, headers=gateway.bearer(town.carrier))
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    return invited
