"""Bulk upload: records stream in as lines, verdicts stream out as lines, one a record, in order.

NDJSON (`application/x-ndjson`, each line a JSON string that holds an SD-JWT) or JSON text sequences
(`application/json-seq`, RFC 7464: the same lines, each after a record separator). Each chunk of lines is kept in one
transaction, and its verdicts are sent only after that is on disk: `{"line": 0, "status": 202, "record_id", "receipt"}`,
or `{"line": 0, "status": 409, "problem": {…}}`. A client that loses the connection sends the same lines again.

The answer reads and writes by itself: a framework's streaming response would have a second listener on the body and
lose parts of it. What came in is counted against what was answered.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chain.errors import MalformedRecord, TongguanError
from chain.sdjwt import RECORD_CHARS_MAX
from gateway.intake import Acceptance
from gateway.problems import GatewayRefusal, kind_of, problem

NDJSON = "application/x-ndjson"
JSON_SEQ = "application/json-seq"
LINES_PER_CHUNK_MAX = 200
"""More lines a transaction gain little and hold single submissions up for longer."""
CHUNK_BYTES_MAX = 4 << 20
LINE_BYTES_MAX = RECORD_CHARS_MAX + 8
_ASCII_STRING = re.compile(rb'"[\x20-\x21\x23-\x5b\x5d-\x7e]*"').fullmatch

Take = Callable[[Sequence[bytes]], list[Acceptance | TongguanError]]


class BulkAnswer(Response):
    """The streamed answer to one upload."""

    media_type = NDJSON

    def __init__(self, take: Take, lines_max: int, trace_id: str) -> None:
        super().__init__(media_type=NDJSON)
        self._take = take
        self._lines_max = lines_max
        self._trace_id = trace_id
        self._answered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the upload to its end and answers every line."""
        headers = [(b"content-type", NDJSON.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async for chunk in chunked(_received(receive), self._lines_max):
                verdicts = await run_in_threadpool(self._verdicts, chunk)
                await send({"type": "http.response.body", "body": verdicts, "more_body": True})
        except GatewayRefusal as refusal:
            last = self._line(self._answered, refusal)
            await send({"type": "http.response.body", "body": last, "more_body": True})
        except ConnectionAbortedError:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _verdicts(self, lines: Sequence[bytes]) -> bytes:
        bodies = [unquoted(line) for line in lines]
        good = iter(self._take([body for body in bodies if isinstance(body, bytes)]))
        said = []
        for body in bodies:
            verdict = next(good) if isinstance(body, bytes) else body
            said.append(self._line(self._answered, verdict))
            self._answered += 1
        return b"".join(said)

    def _line(self, number: int, verdict: Acceptance | TongguanError) -> bytes:
        if isinstance(verdict, Acceptance):
            said: dict[str, object] = {
                "line": number,
                "status": 202 if verdict.is_new else 200,
                "record_id": verdict.record_id,
                "receipt": verdict.receipt,
            }
        else:
            document = problem(verdict, self._trace_id)
            said = {"line": number, "status": kind_of(verdict).status, "problem": document}
        return orjson.dumps(said) + b"\n"


async def chunked(parts: AsyncIterator[bytes], lines_max: int) -> AsyncIterator[list[bytes]]:
    """The lines of the parts, in chunks; blank ones are left out. Raises GatewayRefusal past a limit."""
    waiting: list[bytes] = []
    rest, waiting_bytes, total = b"", 0, 0
    async for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            raise GatewayRefusal("too-large", f"a line has more than {LINE_BYTES_MAX} bytes")
        for line in whole:
            stripped = line.strip(b"\r\x1e \t")
            if not stripped:
                continue
            total += 1
            if total > lines_max:
                if waiting:
                    yield waiting
                raise GatewayRefusal("too-large", f"an upload has at most {lines_max} lines")
            waiting.append(stripped)
            waiting_bytes += len(stripped)
            if len(waiting) == LINES_PER_CHUNK_MAX or waiting_bytes > CHUNK_BYTES_MAX:
                yield waiting
                waiting, waiting_bytes = [], 0
    last = rest.strip(b"\r\x1e \t")
    too_many = bool(last) and total == lines_max
    if last and not too_many:
        waiting.append(last)
    if waiting:
        yield waiting
    if too_many:
        raise GatewayRefusal("too-large", f"an upload has at most {lines_max} lines")


def unquoted(line: bytes) -> bytes | MalformedRecord:
    """The SD-JWT in a line; what is wrong with the line where it holds none."""
    # An SD-JWT needs no escapes in JSON, so the string's content stands there as it is.
    if len(line) > LINE_BYTES_MAX or not _ASCII_STRING(line):
        said = line[:40].decode(errors="replace")
        return MalformedRecord("line", "is a JSON string that holds one SD-JWT", value=said)
    return line[1:-1]


async def _received(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return
