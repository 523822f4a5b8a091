"""The single window's client: what the window answers becomes a value or one kind of error; and the command starts."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from adapters.single_window_mock.__main__ import main
from adapters.single_window_mock.roles import Cast, MalformedMember
from adapters.sources.single_window import SingleWindow, SingleWindowFault
from chain.errors import NotFound
from tests.adapters.single_window.conftest import STARTED_AT

ENVELOPE = {"id": "m-1", "kind": "CEB621", "sender": "91110000600037341L", "sent_at": "2026-03-02T01:00:00Z"}


def _client(answer: httpx.Response | Exception) -> SingleWindow:
    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SingleWindow("http://window", "91110000600037341L", transport=httpx.MockTransport(respond))


def test_a_page_of_the_stand_in_is_read(window: TestClient, cast: Cast) -> None:
    client = SingleWindow("http://window", cast.broker.uscc, transport=window._transport)
    story = window.post("/v1/stories/parcel", json={"started_at": STARTED_AT}).json()
    page = client.fetch()
    assert [message.envelope.kind for message in page.messages] == ["CEB621"]
    assert page.messages[0].envelope.ucrs[0] == tuple(story["ucrs"])
    client.acknowledge(page.messages[0].envelope)
    assert client.fetch().messages == ()
    assert client.message(page.messages[0].envelope.id)["state"] == "acknowledged"


def test_an_unknown_message_is_not_found(window: TestClient, cast: Cast) -> None:
    with pytest.raises(NotFound):
        SingleWindow("http://window", cast.broker.uscc, transport=window._transport).message("nothing")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("down"),
        httpx.Response(503, text="busy"),
        httpx.Response(200, text="<html/>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"messages": [], "next": "soon"}),
        httpx.Response(200, json={"messages": [{"envelope": ENVELOPE}], "next": 1}),
        httpx.Response(200, json={"messages": [{"envelope": ENVELOPE, "body": "%%%"}], "next": 1}),
        httpx.Response(200, json={"messages": [{"envelope": {"id": 5}, "body": ""}], "next": 1}),
        httpx.Response(200, json={"messages": [{"envelope": ENVELOPE, "body": ""}] * 101, "next": 1}),
    ],
)
def test_an_answer_of_another_shape_is_a_fault(answer: httpx.Response | Exception) -> None:
    with pytest.raises(SingleWindowFault):
        _client(answer).fetch()


def test_a_body_comes_byte_for_byte() -> None:
    body = bytes(range(256))
    page = {"messages": [{"envelope": ENVELOPE, "body": base64.b64encode(body).decode()}], "next": 1}
    assert _client(httpx.Response(200, json=page)).fetch().messages[0].body == body


def _members(folder: Path, *members: dict[str, object]) -> Path:
    for member in members:
        (folder / str(member["slug"])).mkdir(parents=True)
        (folder / str(member["slug"]) / "member.json").write_text(json.dumps(member))
    return folder


def _member(slug: str, *roles: str) -> dict[str, object]:
    return {"slug": slug, "uscc": f"USCC-{slug}", "customs_code": "1101110325", "name": slug, "roles": list(roles)}


def test_a_part_is_played_by_the_member_of_that_name_else_by_role(tmp_path: Path) -> None:
    members = _members(
        tmp_path / "members",
        _member("aaa", "TRADER", "BROKER"),
        _member("trader", "TRADER"),
        _member("customs", "CUSTOMS"),
        _member("line", "CARRIER"),
    )
    cast = Cast.read(members)
    assert (cast.trader.name, cast.broker.name, cast.carrier.name) == ("trader", "aaa", "line")
    assert (cast.terminal.name, cast.bank.name) == ("line", "customs")


def test_a_part_that_nobody_can_play_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedMember, match="BROKER"):
        Cast.read(_members(tmp_path / "members", _member("trader", "TRADER"), _member("c", "CUSTOMS", "CARRIER")))


def test_without_members_the_command_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dir", str(tmp_path), "--members", str(tmp_path / "none")]) == 2
    assert "no member holds the role" in capsys.readouterr().err


def test_a_file_that_a_message_names_is_hashed_as_it_was_handed_over(window: TestClient, cast: Cast) -> None:
    window.post("/v1/stories/sea_import", json={"started_at": STARTED_AT})
    trader = SingleWindow("http://window", cast.trader.uscc, transport=window._transport)
    broker = SingleWindow("http://window", cast.broker.uscc, transport=window._transport)
    (invoice,) = [message for message in trader.fetch().messages if message.envelope.kind == "UBL Invoice"]
    (declared,) = [message for message in broker.fetch().messages if message.envelope.kind == "DecMessage"]
    names = re.findall(r"<EdocID>([^<]+)</EdocID>", declared.body.decode())
    files = [broker.hash_attachment(name) for name in names]
    assert files[0].sha256 == sha256(invoice.body).hexdigest()
    assert all(file.sha256 and file.size and not file.reason for file in files)
    assert trader.hash_attachment(names[0]).reason == "is not at the single window"
    assert broker.hash_attachment("none.pdf").reason == "is not at the single window"


@pytest.mark.parametrize("answer", [httpx.ConnectError("down"), httpx.Response(503, text="busy")])
def test_a_file_that_cannot_be_had_now_is_a_fault(answer: httpx.Response | Exception) -> None:
    with pytest.raises(SingleWindowFault):
        _client(answer).hash_attachment("invoice.pdf")


def test_a_file_that_is_too_long_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.sources.single_window.ATTACHMENT_BYTES_MAX", 3)
    file = _client(httpx.Response(200, content=b"1234")).hash_attachment("invoice.pdf")
    assert (file.sha256, file.reason) == ("", "has more than 3 bytes")
