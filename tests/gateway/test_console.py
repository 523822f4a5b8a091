"""The console's files: which there are, how they are sent, and that nothing in them reads a text as markup."""

from __future__ import annotations

import re
import time
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gateway import console
from gateway.access.rate_limits import OpenShare
from gateway.api.middleware import install_rim
from gateway.console import FILES, console_router
from gateway.runtime.tracing import Tracing
from tests.gateway.memory_consortium import PUBLIC_URL, PaperGateway

FOLDER = Path(console.__file__).parent
SCRIPTS = sorted(FOLDER.glob("*.js"))
READS_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|createContextualFragment|DOMParser"
    r"|\beval\b|\bFunction\(|setTimeout\(['\"]|\bimport\(|sessionStorage|indexedDB|document\.cookie"
)


@pytest.fixture
def http() -> TestClient:
    app = FastAPI()
    install_rim(app, Tracing(), lambda: 0.0, lambda: OpenShare(1e6, 1e6, time.monotonic))
    app.include_router(console_router())
    return TestClient(app, base_url="http://gateway.test", follow_redirects=False)


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


def policy_of(http: TestClient) -> dict[str, str]:
    said = http.get("/console/").headers["Content-Security-Policy"]
    return {name: rest for name, _, rest in (one.strip().partition(" ") for one in said.split(";"))}


def test_every_file_is_listed_and_sent_as_it_stands(http: TestClient) -> None:
    there = {
        file.relative_to(FOLDER).as_posix()
        for file in FOLDER.rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    }
    assert set(FILES) == there
    for name, media_type in FILES.items():
        answer = http.get(f"/console/{name}")
        assert (answer.status_code, answer.content) == (200, (FOLDER / name).read_bytes())
        assert answer.headers["Content-Type"].partition(";")[0] == media_type.partition(";")[0]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert http.get("/console/").content == http.get("/console/index.html").content
    assert http.get("/console").headers["Location"] == "/console/"


@pytest.mark.parametrize(
    "name",
    ["__init__.py", "../app.py", "..%2fapp.py", "%2e%2e/view-policy.json", "console.js/", "x.js", "a//b", "a" * 300],
)
def test_nothing_else_is_sent(http: TestClient, name: str) -> None:
    answer = http.get(f"/console/{name}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("address", ["consignment/6CN1-2", "finding/6CN1-2/C31", "batch/0", "enrol", "find"])
def test_every_address_gives_the_page(http: TestClient, address: str) -> None:
    assert http.get(f"/console/{address}").content == (FOLDER / "index.html").read_bytes()


def test_what_was_vendored_is_what_its_package_holds() -> None:
    vendor = FOLDER / "vendor"
    rows = re.findall(r"^\| `(\S+\.js)` \| .* \| ([0-9a-f]{64}) \|", (vendor / "README.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == {file.name for file in vendor.glob("*.js")}
    for name, digest in rows:
        original = (vendor / name).read_bytes().replace(b'from"./preact.js"', b'from"preact"')
        assert sha256(original).hexdigest() == digest, name


def test_a_first_visit_is_small() -> None:
    assert sum((FOLDER / name).stat().st_size for name in FILES if not name.endswith((".md", ".txt"))) < 300_000


def test_the_policy_allows_this_gateway_alone_and_nothing_inline(http: TestClient) -> None:
    policy = policy_of(http)
    assert policy.pop("default-src") == "'none'"
    for name in ("base-uri", "form-action", "frame-ancestors", "trusted-types"):
        assert policy.pop(name) == "'none'", name
    assert policy.pop("require-trusted-types-for") == "'script'"
    assert policy == dict.fromkeys(("script-src", "style-src", "connect-src", "img-src"), "'self'")


def test_the_page_has_nothing_inline_and_nothing_from_outside() -> None:
    page = (FOLDER / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert re.findall(r"\s(?:on[a-z]+|style)=", page) == []
    for file in FOLDER.iterdir():
        if file.suffix in (".html", ".css", ".js"):
            said = re.findall(r"(?:https?:)?//[a-z][a-z0-9.-]+\.[a-z]+|@import|url\(", file.read_text())
            assert said == [], file.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_no_script_reads_text_as_markup_or_keeps_anything(script: Path) -> None:
    text = script.read_text()
    assert READS_MARKUP.findall(text) == []
    # Language, zone and when somebody last looked: nothing that anybody said.
    assert "localStorage" not in text or script.name == "preferences.js"


def test_every_word_that_the_page_uses_is_there_in_both_languages() -> None:
    words = (FOLDER / "words.js").read_text()
    table = words[words.index("const WORDS") : words.index("const STATES")] + (FOLDER / "page_words.js").read_text()
    known = set(re.findall(r'^  "?([^":\n]+?)"?: \[', table, re.MULTILINE))
    used: set[str] = set()
    for script in SCRIPTS:
        used |= set(re.findall(r'\bword\("([^"]+)"\)', script.read_text()))
    assert used - known == set()
    for name in ("words.js", "page_words.js", "fields.js", "codes.js"):
        rows = re.findall(r"^  \S.*?: \[\s*(.*?)\s*,?\s*\],$", (FOLDER / name).read_text(), re.MULTILINE | re.DOTALL)
        assert rows, name
        assert [row for row in rows if len(re.findall(r'"(?:[^"\\]|\\.)+"', row)) != 2] == []


def test_the_gateway_serves_it_and_describes_no_route_of_it(gateway: PaperGateway) -> None:
    http = TestClient(gateway.app(), base_url=PUBLIC_URL)
    assert http.get("/console/").status_code == 200
    assert not any(path.startswith("/console") for path in http.get("/openapi.json").json()["paths"])
