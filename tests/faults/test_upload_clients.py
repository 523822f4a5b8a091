"""Every client gets every verdict, whether it reads while it writes or writes everything first."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import chain.http_limits as http_limits
from chain.http_limits import BoundedHttp
from gateway.access.rate_limits import RateLimits
from gateway.api.bulk_stream import BulkAnswer, BulkUploadService, Submitter
from gateway.ingest.group_commit import Acceptance

CLIENTS = Path(__file__).parent / "clients"
LINES = 20_000
LINE = b'"' + b"a" * 500 + b'"\n'
RECEIPT = "r" * 700
"""As long as a real one: 20,000 verdicts are some 16 MB, which no socket buffer takes."""


SUBMITTER = Submitter("91110000MA0090047R", RateLimits(1_000, time.monotonic))


class Accepting:
    """An intake that takes every line at once: these tests are about the wire alone."""

    def prepare_lines(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        return lines

    def offer(self, offers: Sequence[bytes]) -> Sequence[bytes]:
        return offers

    def verdicts(self, ticket: Sequence[bytes]) -> list[Acceptance]:
        return [acceptance()] * len(ticket)


def acceptance() -> Acceptance:
    values: dict[str, Any] = {"record_id": "i" * 43, "receipt": RECEIPT, "is_new": True, "state": None}
    names = Acceptance.__dataclass_fields__
    return Acceptance(**{name: values.get(name) for name in names})


@dataclass
class Served:
    url: str
    desk: BulkUploadService


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    desk = BulkUploadService(Accepting(), 100_000, tmp_path / "spool")  # type: ignore[arg-type]

    async def upload(request: Request) -> Response:
        return BulkAnswer(desk, SUBMITTER, "")

    app = Starlette(routes=[Route("/v1/records/bulk", upload, methods=["POST"])])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, http=BoundedHttp, lifespan="off", log_level="critical", access_log=False)
    )
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield Served(f"http://127.0.0.1:{port}/v1/records/bulk", desk)
    server.should_exit = True
    serving.join(10)


def _command(name: str, url: str, file: Path, tmp_path: Path) -> list[str]:
    token = "none"
    match name:
        case "java":
            return ["java", str(CLIENTS / "Upload.java"), url, str(file), token]
        case "node":
            return ["node", str(CLIENTS / "upload.mjs"), url, str(file), token]
        case "go":
            return ["go", "run", str(CLIENTS / "upload.go"), url, str(file), token]
        case "curl":
            head = ["-H", "Content-Type: application/x-ndjson", "-H", "Expect:"]
            return ["curl", "-sS", *head, "--data-binary", f"@{file}", url, "-o", str(tmp_path / "answer")]
    return [sys.executable, str(CLIENTS / "upload_requests.py"), url, str(file), token]


@pytest.mark.parametrize("name", ["java", "node", pytest.param("go", marks=pytest.mark.long), "curl", "requests"])
def test_every_client_gets_every_verdict(served: Served, tmp_path: Path, name: str) -> None:
    is_there = importlib.util.find_spec(name) if name == "requests" else shutil.which(name)
    if not is_there or (name == "java" and shutil.which("javac") is None):
        pytest.skip(f"{name} is not on this machine")
    file = tmp_path / "upload.ndjson"
    file.write_bytes(LINE * LINES)
    environment = {**os.environ, "GOCACHE": str(tmp_path / "go"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
    done = subprocess.run(
        _command(name, served.url, file, tmp_path),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    count = len((tmp_path / "answer").read_bytes().splitlines()) if name == "curl" else int(done.stdout)
    assert count == LINES
    assert served.desk.room.bytes == 0


def _write_all_first(url: str, body: bytes) -> socket.socket:
    port = int(url.split(":")[2].split("/")[0])
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = b"POST /v1/records/bulk HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"
    head += b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.sendall(head)
    connection.sendall(body)
    return connection


def test_who_writes_everything_first_gets_every_verdict_in_order(served: Served, tmp_path: Path) -> None:
    with _write_all_first(served.url, LINE * LINES) as connection:
        assert _wait_until(lambda: served.desk.room.bytes > 5_000_000)
        spool = tmp_path / "spool"
        assert list(spool.iterdir()) == [], "the file has no name"
        assert spool.stat().st_mode & 0o777 == 0o700
        numbers = [json.loads(line)["line"] for line in _answer_of(connection).splitlines()]
    assert numbers == list(range(LINES))
    assert _wait_until(lambda: served.desk.room.bytes == 0)


def test_who_neither_reads_nor_sends_is_ended_and_its_spool_is_gone(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "ANSWER_WAIT_S", 0.5)
    with _write_all_first(served.url, LINE * LINES) as connection:
        assert _wait_until(lambda: served.desk.room.bytes > 5_000_000)
        assert _wait_until(lambda: served.desk.room.bytes == 0)
        with pytest.raises((ConnectionError, http.client.IncompleteRead)):
            _answer_of(connection)


def test_a_full_room_holds_uploads_back_until_somebody_reads(served: Served) -> None:
    served.desk.room.bytes_max = 1_000_000
    with Writing(served.url, LINE * LINES) as connection:
        assert _wait_until(lambda: served.desk.room.is_full)
        time.sleep(0.3)
        assert served.desk.room.bytes < 2_000_000
        assert len(_answer_of(connection).splitlines()) == LINES


def _answer_of(connection: socket.socket) -> bytes:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.read()


class Writing:
    """A connection on which an upload is written meanwhile."""

    def __init__(self, url: str, body: bytes) -> None:
        self._body = body
        self._connection = socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0])), timeout=60)

    def __enter__(self) -> socket.socket:
        head = b"POST /v1/records/bulk HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"
        head += b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(self._body)
        self._writer = threading.Thread(target=self._connection.sendall, args=(head + self._body,), daemon=True)
        self._writer.start()
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._writer.join(10)


def _wait_until(reached: Any, timeout_s: float = 60.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if reached():
            return True
        time.sleep(0.02)
    return False
