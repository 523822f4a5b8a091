"""The load side: a process of its own that sends what was prepared and says how long each answer took.

`python -m scripts.benchmarks.clients PLAN` reads a plan (JSON) and prints what it saw (JSON). Kinds of plans:

- `posts`: each line of a file is posted as one record, at a fixed rate. An answer's time counts from when its question
  was due, so that a server that stalls cannot hide behind a client that waits.
- `bulk`: files of NDJSON, each uploaded over a connection of its own, all at the same time.
- `gets`: paths asked for by so many connections, as fast as they are answered.

What the load side itself takes of the machine is part of what it prints.
"""

from __future__ import annotations

import http.client
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from chain.private_files import keep_files_private

CONNECTIONS = 16
"""Connections of `posts`: more than can be in flight at the rates used."""
TIMEOUT_S = 120.0
PART_BYTES = 1 << 18
"""Most of a streamed answer that is looked at together."""


@dataclass
class Seen:
    """What the load side saw."""

    took_ms: list[float] = field(default_factory=list)
    """A value an answer (`posts`, `gets`)."""
    answered_at: list[float] = field(default_factory=list)
    """Unix seconds of each answer, in the plan's order (`posts`)."""
    answered: int = 0
    """Records or views."""
    refused: int = 0
    first_refusal: str = ""
    began_at: float = 0.0
    """Unix seconds at which it began to send: what it sends was in memory by then."""
    wall_s: float = 0.0
    """Seconds from then to the last answer."""
    cpu_s: float = 0.0
    """Processor time of the load side."""

    def require_all(self) -> Seen:
        """Itself; raises ValueError where anything was refused."""
        if self.refused or not self.answered:
            raise ValueError(f"{self.refused} of {self.refused + self.answered} were refused: {self.first_refusal}")
        return self

    @property
    def per_second(self) -> float:
        """Records or views a second."""
        return self.answered / self.wall_s


def send(plan: dict[str, Any], folder: Path) -> Seen:
    """Runs a plan in a process of its own."""
    file = folder / "plan.json"
    file.write_text(json.dumps(plan))
    command = [sys.executable, "-m", "scripts.benchmarks.clients", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the load side failed:\n{done.stderr[-2000:]}")
    return Seen(**json.loads(done.stdout)).require_all()


def main(file: str) -> None:
    """Runs the plan in a file and prints what was seen."""
    plan = json.loads(Path(file).read_text())
    kinds: dict[str, Callable[[dict[str, Any], Seen], None]] = {"posts": _posts, "bulk": _bulk, "gets": _gets}
    seen = Seen()
    before = resource.getrusage(resource.RUSAGE_SELF)
    kinds[plan["kind"]](plan, seen)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seen.wall_s = time.time() - seen.began_at
    seen.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stdout.write(json.dumps(asdict(seen)))


class _Line:
    """One kept connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body of an answer."""
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def _posts(plan: dict[str, Any], seen: Seen) -> None:
    bodies = Path(plan["file"]).read_bytes().split(b"\n")
    lines, local = CONNECTIONS, threading.local()
    seen.took_ms, seen.answered_at = [0.0] * len(bodies), [0.0] * len(bodies)
    seen.began_at = time.time()
    began = time.perf_counter() + 0.2
    numbers, lock = count(), threading.Lock()

    def work() -> None:
        local.line = _Line(plan["address"])
        while (place := next(numbers)) < len(bodies):
            due = began + place / plan["per_s"]
            if (wait_s := due - time.perf_counter()) > 0:
                time.sleep(wait_s)
            headers = {"Content-Type": "application/sd-jwt", "Authorization": f"Bearer {plan['token']}"}
            status, said = local.line.ask("POST", "/v1/records", bodies[place], headers)
            seen.took_ms[place] = (time.perf_counter() - due) * 1000
            seen.answered_at[place] = time.time()
            with lock:
                _count(seen, is_good=status in (200, 202), said=said)

    with ThreadPoolExecutor(lines) as pool:
        for done in [pool.submit(work) for _ in range(lines)]:
            done.result()


def _gets(plan: dict[str, Any], seen: Seen) -> None:
    paths, numbers, lock = plan["paths"], count(), threading.Lock()
    headers = {"Authorization": f"Bearer {plan['token']}"}
    seen.began_at = time.time()

    def work() -> None:
        line = _Line(plan["address"])
        while (place := next(numbers)) < len(paths):
            began = time.perf_counter()
            status, said = line.ask("GET", paths[place], None, headers)
            took = (time.perf_counter() - began) * 1000
            with lock:
                seen.took_ms.append(took)
                _count(seen, is_good=status == 200, said=said)

    with ThreadPoolExecutor(plan["connections"]) as pool:
        for done in [pool.submit(work) for _ in range(plan["connections"])]:
            done.result()


def _bulk(plan: dict[str, Any], seen: Seen) -> None:
    lock = threading.Lock()

    def upload(body: bytes) -> None:
        host, _, port = plan["address"].partition(":")
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as connection:
            head = (
                f"POST /v1/records/bulk HTTP/1.1\r\nHost: {plan['address']}\r\nConnection: close\r\n"
                f"Authorization: Bearer {plan['token']}\r\n"
                f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            # Both directions stream at once: the gateway answers line by line while it still reads.
            writer = threading.Thread(target=_send, args=(connection, head.encode(), body))
            writer.start()
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            rest = b""
            while part := answer.read1(PART_BYTES):
                whole, newline, rest = (rest + part).rpartition(b"\n")
                with lock:
                    _count_lines(seen, whole + newline)
            # A refusal of the whole upload is a document that ends without a newline.
            with lock:
                _count_lines(seen, rest + b"\n" if rest else b"")
            writer.join()

    bodies = [Path(file).read_bytes() for file in plan["files"]]
    seen.began_at = time.time()
    with ThreadPoolExecutor(len(bodies)) as pool:
        for done in [pool.submit(upload, body) for body in bodies]:
            done.result()


def _send(connection: socket.socket, head: bytes, body: bytes) -> None:
    # One after the other: put together they would be copied, which took a third of what the load side takes.
    connection.sendall(head)
    connection.sendall(body)


def _count_lines(seen: Seen, lines: bytes) -> None:
    # Quotes within a text are escaped, so only a line's own member is written so.
    good = lines.count(b'"receipt":"')
    seen.answered += good
    if good < lines.count(b"\n"):
        for said in lines.splitlines():
            if b'"receipt":"' not in said:
                _count(seen, is_good=False, said=said)


def _count(seen: Seen, *, is_good: bool, said: bytes) -> None:
    if is_good:
        seen.answered += 1
        return
    seen.refused += 1
    seen.first_refusal = seen.first_refusal or said[:500].decode(errors="replace")


if __name__ == "__main__":
    keep_files_private()
    main(sys.argv[1])
