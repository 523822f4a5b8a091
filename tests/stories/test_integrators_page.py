"""The integrator's guide holds: what it has people type, typed on a running consortium, sends a first record."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chain.claims import make_jti
from chain.jws import MalformedJws, sign_compact
from chain.keys import SigningKey
from chain.webhook_signature import UnverifiedWebhook, format_secret, signature_headers
from gateway.client import Receipt
from gateway.runtime.refusals import KINDS
from scripts.cli import app
from scripts.commands.webhook_commands import LISTEN_PORT
from scripts.consortium_folder import ConsortiumFolder
from scripts.local_network import Machine
from scripts.webhook_receiver import WebhookReceiver
from tests.founded import copy_founded
from tests.gateway.client.other_clients import LANGUAGES, TYPESCRIPT, ask, java_classes
from tests.house.test_house import REPOSITORY

PAGE = (REPOSITORY / "docs" / "guides" / "integrator.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- typed -->\n```(\w+)\n(.*?)```\n<!-- /typed -->", PAGE, re.DOTALL)
SHELL, FIRST_RECORD, FIRST_JAVA, FIRST_TYPESCRIPT, TAKE_POST, VERIFY_POST = (text for _, text in BLOCKS)


SECRET_FILE = "hook.secret"


class Receiver(WebhookReceiver):
    """The receiver that `tongguan webhook listen` runs, on a free port."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.secret_file = Path(tempfile.mkdtemp()) / SECRET_FILE
        super().__init__(0, self.secret_file, time.time, self.lines.append)
        self.serve_beside()


RECEIVER = Receiver()


def allow(folder: ConsortiumFolder, receiver: Receiver) -> None:
    """Puts the receiver's port where the example has one."""
    file = folder.gateway / "settings.json"
    settings = json.loads(file.read_bytes())
    assert settings["webhook_hosts"] == [f"127.0.0.1:{LISTEN_PORT}"]
    file.write_text(json.dumps(settings | {"webhook_hosts": [receiver.url.split("/")[2]]}))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Machine]]:
    path = tmp_path_factory.mktemp("integrator")
    folder = ConsortiumFolder(path / ".demo")
    copy_founded(folder)
    allow(folder, RECEIVER)
    (path / "adapters").symlink_to(REPOSITORY / "adapters")
    with Machine(folder, node_port=0, gateway_port=0) as running:
        running.start_core(lambda _: None)
        yield path, running


def typed(machine: tuple[Path, Machine], block: str, *program: str) -> str:
    """What the block prints, typed where the consortium lies in `.demo`, at its gateway's own port."""
    path, running = machine
    text = block.replace("http://127.0.0.1:8700", running.gateway_url)
    text = re.sub(r"(tongguan token [^)]*)", rf"\1 --gateway {running.gateway_url}", text)
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [*program, text], cwd=path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_first_record_goes_by_curl_and_is_read_back(machine: tuple[Path, Machine]) -> None:
    *_, answers = typed(machine, SHELL, "bash", "-euc").partition("--member carrier\n")
    receipt, end = json.JSONDecoder().raw_decode(answers)
    view = json.loads(answers[end:])
    assert Receipt.parse(receipt["receipt"]).record_id == receipt["record_id"]
    assert receipt["record_id"] in json.dumps(view)


def test_a_first_record_goes_by_python_and_twice_is_once(machine: tuple[Path, Machine]) -> None:
    record_id, anchor_by = typed(machine, FIRST_RECORD, sys.executable, "-c").split()
    assert len(record_id) == 43 and int(anchor_by) > 0


def test_a_first_record_goes_by_java(machine: tuple[Path, Machine]) -> None:
    path, running = machine
    program = FIRST_JAVA.replace("http://127.0.0.1:8700", running.gateway_url)
    (path / "First.java").write_text(program, encoding="utf-8")
    command = ["java", "-cp", str(java_classes()), "First.java"]
    done = subprocess.run(command, cwd=path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (path / "receipts" / f"{done.stdout.strip()}.receipt").is_file()


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_a_first_record_goes_by_typescript(machine: tuple[Path, Machine]) -> None:
    path, running = machine
    # Node.js 20 reads no types, and the page's program needs none.
    (path / "first.mjs").write_text(FIRST_TYPESCRIPT.replace("http://127.0.0.1:8700", running.gateway_url))
    (path / "node_modules").mkdir()
    (path / "node_modules" / "tongguan-client").symlink_to(TYPESCRIPT)
    command = ["node", "--preserve-symlinks", "first.mjs"]
    done = subprocess.run(command, cwd=path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (path / "receipts" / f"{done.stdout.strip()}.receipt").is_file()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_client_sends_many_goes_to_the_next_gateway_and_keeps_receipts(
    machine: tuple[Path, Machine], language: str, tmp_path: Path
) -> None:
    path, running = machine
    folder = ConsortiumFolder(path / ".demo")
    carrier, operator = folder.member("carrier"), folder.member("gateway")
    event = {
        "code": {"system": "iata-cargo-status", "value": "DEP"},
        "bill": "999-12345675",
        "happened": {"utc": "2026-03-02T05:55:00Z", "said": "2026-03-02T13:55"},
    }
    draft = {
        "type": "logistics.event",
        "ucrs": [f"6CN91110000MA00900572-{language.upper()}"],
        "sections": {"event": event},
    }
    numbers = [make_jti(bytes(32), language, str(number)) for number in range(3)]
    drafts = [{**draft, "number": number, "issuer": carrier.uscc} for number in numbers]
    drafts.append(drafts[0] | {"type": "no.such", "number": make_jti(bytes(32), language, "bad")})
    (answer,) = ask(
        language,
        [
            {
                "ask": "submit",
                "urls": ["http://127.0.0.1:9", running.gateway_url],
                "pem": (folder.member_folder("carrier") / "signing.pem").read_text(),
                "passphrase": folder.passphrase().decode(),
                "member": carrier.uscc,
                "folder": str(tmp_path / "kept"),
                "drafts": drafts,
                "gateway_keys": [folder.signing_key(operator.slug).public.jwk()],
            }
        ],
    )
    ids = answer["record_ids"]
    assert [Receipt.parse(text).record_id for text in answer["receipts"]] == ids[:3]
    assert answer["problems"][:3] == [None] * 3 and answer["problems"][3] is not None
    assert (answer["is_verified"], answer["again"], answer["refusal"]) == (True, ids[0], 400)
    kept = {file.name for file in (tmp_path / "kept").iterdir()}
    assert kept == {f"{name}.{kind}" for name in ids[:3] for kind in ("sdjwt", "receipt")}


def test_a_first_record_takes_few_lines() -> None:
    assert len(SHELL.splitlines()) <= 10


@pytest.mark.parametrize("changed", ["", "body", "aud", "sub", "key", "typ"])
def test_a_post_is_verified_as_the_page_says_and_each_change_is_seen(changed: str) -> None:
    key, body = SigningKey.generate(), b"{}"
    claims = {"aud": "ME", "sub": "hook", "body_sha256": sha256(body).hexdigest()}
    if changed in claims:
        claims[changed] = "other"
    signer = SigningKey.generate() if changed == "key" else key
    typ = "other+jwt" if changed == "typ" else "tongguan-webhook+jwt"
    names: dict[str, Any] = {}
    exec(VERIFY_POST, names)  # noqa: S102 - the page's own code
    header = sign_compact({"typ": typ}, claims, signer)  # type: ignore[arg-type]
    post = b"[]" if changed == "body" else body
    if changed == "typ":
        with pytest.raises(MalformedJws, match="typ"):
            names["verify_post"](header, post, key.public, "ME", "hook")
        return
    assert names["verify_post"](header, post, key.public, "ME", "hook") is (changed == "")


def command(machine: tuple[Path, Machine], *words: str) -> str:
    path, running = machine
    done = CliRunner().invoke(
        app, ["webhook", words[0], str(path / ".demo"), *words[1:], "--gateway", running.gateway_url]
    )
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def wait_for(lines: list[str], start: str, count: int) -> list[str]:
    until = time.monotonic() + 20
    while len(found_lines := [line for line in lines if line.startswith(start)]) < count:
        assert time.monotonic() < until, lines
        time.sleep(0.05)
    return found_lines


def test_a_webhook_is_added_told_logged_and_replayed_by_the_command(machine: tuple[Path, Machine]) -> None:
    typed(machine, FIRST_RECORD.replace("FIRST-PY", "HOOK"), sys.executable, "-c")
    who = ("--member", "carrier")
    added = json.loads(
        command(machine, "add", RECEIVER.url, *who, "--type", "logistics.event", "--after", "-1", "--json")
    )
    RECEIVER.secret_file.write_text(added["secret"])
    (line, *_) = wait_for(RECEIVER.lines, "records.anchored", 1)
    assert "signature verified" in line
    assert any("logistics.event" in line for line in RECEIVER.lines)
    assert added["id"] in command(machine, "list", *who)
    (post, *_) = json.loads(command(machine, "deliveries", added["id"], *who, "--json"))
    assert (post["status"], post["is_delivered"]) == (204, True)
    posts = len(wait_for(RECEIVER.lines, "records.anchored", 1))
    command(machine, "replay", added["id"], *who)
    wait_for(RECEIVER.lines, "records.anchored", posts + 1)
    RECEIVER.secret_file.write_text("whsec_" + "A" * 44)
    command(machine, "replay", added["id"], *who)
    wait_for(RECEIVER.lines, "refused", 1)
    RECEIVER.secret_file.write_text(command(machine, "secret", added["id"], *who))
    command(machine, "remove", added["id"], *who)
    assert command(machine, "list", *who) == "0 webhooks\n"


def test_a_post_is_taken_as_the_page_says() -> None:
    names: dict[str, Any] = {}
    exec(TAKE_POST, names)  # noqa: S102 - the page's own code
    secret = bytes(32)
    headers = signature_headers("msg_1", int(time.time()), b"{}", [secret])
    assert names["take_post"](headers, b"{}", format_secret(secret)) == "msg_1"
    with pytest.raises(UnverifiedWebhook):
        names["take_post"](headers, b"[]", format_secret(secret))


def test_each_problem_of_the_page_has_the_status_that_it_says() -> None:
    table = PAGE.partition("| status |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        statuses, slugs = line.split("|")[1:3]
        for slug in re.findall(r"`([a-z-]+)`", slugs):
            assert str(KINDS[slug].status) in statuses, slug
