"""A real gateway on loopback and a real browser that looks at its console."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from adapters.preview_service import create_preview_app
from tests.stories.local_consortium import Town, open_town

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without a sandbox, because tests may run as root in a container; nothing but the gateway on loopback is opened.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_WAIT_S = 30.0
WAIT_MS = 30_000
LISTEN_FOR_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
"""


@dataclass
class Served:
    """A town whose gateway answers over HTTP."""

    town: Town
    url: str

    def invite(self, slug: str, name: str, *rights: str) -> str:
        """A one-time link that the member's administrator gives to somebody."""
        body = {"name": name, "rights": list(rights) or ["read"]}
        bearer = {"Authorization": f"Bearer {self.town.token(slug)}"}
        answer = self.town.http.post("/v1/people", json=body, headers=bearer)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["link"])


@dataclass
class Visitor:
    """A member's browser window at the console, with all that went wrong in it."""

    page: Page
    served: Served
    faults: list[str] = field(default_factory=list)
    """Script errors, and whatever the page asked of anybody but this gateway."""

    def enter(self, slug: str) -> None:
        """Pastes the member's token."""
        self.page.get_by_text("With an access token").click()
        self.page.get_by_label("Access token").fill(self.served.town.token(slug))
        self.page.get_by_role("button", name="Use this token").click()
        expect(self.page.locator("#desk")).to_be_visible()

    def enrol(self, slug: str, name: str, *rights: str) -> None:
        """Opens an invitation of the member and makes a passkey, as a person does."""
        self.add_authenticator()
        self.page.goto(self.served.invite(slug, name, *rights))
        self.page.get_by_role("button", name="Make a passkey and log in").click()
        expect(self.page.locator("#desk")).to_be_visible()

    def add_authenticator(self) -> None:
        """Gives the browser a passkey's authenticator, whose user always agrees."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def find(self, text: str) -> None:
        """Types into the one box."""
        self.page.get_by_label("Find", exact=True).fill(text)
        self.page.get_by_label("Find", exact=True).press("Enter")

    def look_up(self, ucr: str) -> None:
        """Asks for a consignment; it must be shown."""
        self.find(ucr)
        expect(self.page.locator("#picture-title")).to_contain_text(ucr)

    def violations(self) -> list[str]:
        """What the page's policy forbade."""
        found: list[str] = self.page.evaluate("window.violations")
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway at a free port of localhost, where people log in and customs has a desk key."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{listener.getsockname()[1]}"
    path = tmp_path_factory.mktemp("browser")
    readers = socket.create_server(("127.0.0.1", 0))
    preview_url = f"http://127.0.0.1:{readers.getsockname()[1]}"
    with (
        open_town(path, desks=("customs",), console_url=url, preview_url=preview_url) as town,
        serving(create_preview_app(), readers),
        # The application's parts were started by the town's own client.
        serving(town.http.app, listener),
    ):
        yield Served(town, url)


@contextmanager
def serving(app: Any, listener: socket.socket) -> Iterator[None]:
    """The application at that socket, in a thread, until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + START_WAIT_S
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.02)
    yield
    server.should_exit = True
    thread.join(START_WAIT_S)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; the test is skipped where there is none. It ends with its module, as its event loop must."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(CHROMIUM_NAMES)} is installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visitor(browser: Browser, served: Served) -> Iterator[Visitor]:
    """A fresh window at the console. Afterwards no script may have failed and nothing been asked of others."""
    context = browser.new_context(locale="en-GB", accept_downloads=True)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.add_init_script(LISTEN_FOR_VIOLATIONS)
    window = Visitor(page, served)
    page.on("pageerror", lambda error: window.faults.append(str(error)))
    page.on("request", lambda asked: window.faults.append(asked.url) if not is_ours(asked.url, served.url) else None)
    page.goto(f"{served.url}/console")
    yield window
    assert window.violations() == []
    assert window.faults == []
    context.close()


def is_ours(asked: str, gateway: str) -> bool:
    """Whether a request stays with the gateway; a file made in the page's own memory does."""
    return asked.startswith((gateway + "/", f"blob:{gateway}/"))
