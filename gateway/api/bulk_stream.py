"""Bulk upload: records stream in as lines, verdicts stream out as lines, one a record, in order.

NDJSON (`application/x-ndjson`, each line a JSON string that holds an SD-JWT) or JSON text sequences
(`application/json-seq`, RFC 7464: the same lines, each after a record separator). The body is cut at newlines into
chunks and never parsed here; a few chunks are under way at once, and the verdicts of one are sent only after it is on
disk: `{"line": 0, "status": 202, "record_id", "receipt"}`, or `{"line": 0, "status": 409, "problem": {…}}`. A client
that loses the connection sends the same lines again.

The answer reads and writes by itself: a framework's streaming response would have a second listener on the body and
lose parts of it. While chunks are under way no more is read, so a client that sends faster than records are kept is
held back at its socket. Verdicts that the client does not read yet are spooled, so that it may write everything first.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chain.errors import TongguanError
from gateway.access.rate_limits import RateLimits
from gateway.api.media_types import NDJSON
from gateway.api.problems import kind_of, problem
from gateway.api.verdict_spool import SpoolRoom, VerdictSpool
from gateway.ingest.group_commit import Acceptance, PendingCommit, SubmissionResult
from gateway.ingest.pipeline import LINE_BYTES_MAX
from gateway.ingest.service import Intake
from gateway.runtime.cpu_affinity import run_anywhere
from gateway.runtime.refusals import GatewayRefusal

LINES_PER_CHUNK_MAX = 200
"""More lines a chunk gain little and keep a verifier busy for longer than another upload should wait."""
CHUNK_BYTES_MAX = 4 << 20
CHUNKS_OF_UPLOAD_MAX = 12
"""Chunks of one upload under way: enough that no verifier waits for the disk."""
CHUNKS_MAX = 24
"""Chunks of all uploads under way; what they hold is what memory they cost."""
FULL_PAUSE_S = 0.005
FULL_RETRY_S = 10.0
UPLOADS_MAX = 64
"""Uploads under way; more are refused before anything of them is read."""
UPLOADS_OF_MEMBER_MAX = 8
_NO_FAULT_OF_THE_SENDER = frozenset({"quota", "amends-unknown"})
"""Refusals below 500 that are not charged: the same record may be taken later."""


@dataclass(frozen=True)
class Submitter:
    """Whose uploads and records are counted together: the member whose token came with them."""

    member: str
    refusals: RateLimits

    def require_room(self) -> None:
        """Raises GatewayRefusal (429) while too much of what the member sent was refused."""
        self.refusals.require_room(self.member)

    def charge(self, verdicts: Iterable[SubmissionResult]) -> None:
        """Counts what was refused through the sender's own fault: an answer costs more than a line."""
        kinds = [kind_of(verdict) for verdict in verdicts if isinstance(verdict, TongguanError)]
        faults = sum(kind.status < 500 and kind.slug not in _NO_FAULT_OF_THE_SENDER for kind in kinds)
        if faults:
            self.refusals.charge(self.member, faults)


class BulkUploadService:
    """What the uploads of one gateway share."""

    def __init__(
        self,
        intake: Intake,
        lines_max: int,
        spool_folder: Path | None = None,
        member_uploads_max: int = UPLOADS_OF_MEMBER_MAX,
    ) -> None:
        """`spool_folder` holds verdicts that wait for slow readers."""
        self._intake = intake
        self.lines_max = lines_max
        self._member_uploads_max = member_uploads_max
        self.room = SpoolRoom(spool_folder)
        self._under_way = 0
        self._uploads: Counter[str] = Counter()
        """By member."""

    @contextmanager
    def upload(self, member: str) -> Iterator[None]:
        """One upload while it lasts; raises GatewayRefusal where too many are under way, of all or of the member."""
        if self._uploads.total() >= UPLOADS_MAX:
            raise GatewayRefusal("quota", f"{UPLOADS_MAX} uploads are under way", retry_after_s=FULL_RETRY_S)
        if self._uploads[member] >= self._member_uploads_max:
            reason = f"{self._member_uploads_max} uploads of {member} are under way"
            raise GatewayRefusal("quota", reason, retry_after_s=FULL_RETRY_S)
        self._uploads[member] += 1
        try:
            yield
        finally:
            self._uploads[member] -= 1
            if not self._uploads[member]:
                del self._uploads[member]

    async def let_in(self) -> None:
        """Waits until a further chunk may be under way."""
        while self._under_way >= CHUNKS_MAX:  # noqa: ASYNC110 - an event would belong to one event loop
            await asyncio.sleep(FULL_PAUSE_S)
        self._under_way += 1

    async def answer(self, chunk: Chunk, sender: Submitter, trace_id: str) -> bytes:
        """The answer to a chunk that was let in. Chunks are examined side by side and offered in their order."""
        try:
            try:
                offers = await run_anywhere(self._intake.prepare_lines, chunk.lines)
                if chunk.before is not None:
                    await chunk.before.wait()
                ticket = self._intake.offer(offers)
            finally:
                chunk.offered.set()
            return await run_anywhere(self._answer, ticket, chunk.first, sender, trace_id)
        finally:
            self._under_way -= 1

    def _answer(self, ticket: PendingCommit, first: int, sender: Submitter, trace_id: str) -> bytes:
        verdicts = self._intake.verdicts(ticket)
        sender.charge(verdicts)
        return b"".join(answer_line(first + place, one, trace_id) for place, one in enumerate(verdicts))


@dataclass(frozen=True)
class Chunk:
    """Some lines of an upload."""

    lines: Sequence[bytes]
    first: int
    """Number of its first line in the upload, from 0."""
    before: asyncio.Event | None
    """Set once the chunk before it was offered; None for the first."""
    offered: asyncio.Event


class BulkAnswer(Response):
    """The streamed answer to one upload."""

    media_type = NDJSON

    def __init__(self, uploads: BulkUploadService, sender: Submitter, trace_id: str) -> None:
        super().__init__(media_type=NDJSON)
        self._uploads = uploads
        self._sender = sender
        self._trace_id = trace_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the upload to its end and answers every line."""
        headers = [(b"content-type", NDJSON.encode())]
        with self._uploads.upload(self._sender.member):
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            spool = VerdictSpool(self._uploads.room)
            arrived = asyncio.Event()
            answering = asyncio.create_task(self._answer(receive, spool, arrived))
            try:
                while not answering.done() or spool.length:
                    if part := spool.take():
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                        continue
                    arrived.clear()
                    if not answering.done():
                        await arrived.wait()
                await answering
            except ConnectionAbortedError:
                return
            finally:
                answering.cancel()
                # What it writes next would stand in a spool that is closed.
                await asyncio.gather(answering, return_exceptions=True)
                spool.close()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _answer(self, receive: Receive, spool: VerdictSpool, arrived: asyncio.Event) -> None:
        """Spools every verdict in order, and wakes whoever sends them; raises ConnectionAbortedError."""
        # One is being awaited and one waits to be put, so that as many as the bound are under way.
        under_way: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(CHUNKS_OF_UPLOAD_MAX - 2)
        reader = asyncio.create_task(self._read(receive, under_way))
        try:
            while (answer := await under_way.get()) is not None:
                await self._spool(spool, await answer, arrived)
            await self._spool(spool, await reader, arrived)
        finally:
            reader.cancel()
            arrived.set()

    async def _spool(self, spool: VerdictSpool, lines: bytes, arrived: asyncio.Event) -> None:
        while self._uploads.room.is_full:  # noqa: ASYNC110 - an event would belong to one event loop
            await asyncio.sleep(FULL_PAUSE_S)
        spool.put(lines)
        arrived.set()

    async def _read(self, receive: Receive, under_way: asyncio.Queue[asyncio.Task[bytes] | None]) -> bytes:
        """Puts each chunk under way; the last line, where a limit ended the upload."""
        count, last = 0, b""
        before: asyncio.Event | None = None
        fault: Exception | None = None
        try:
            async for lines in chunked(_received(receive), self._uploads.lines_max):
                self._sender.require_room()
                await self._uploads.let_in()
                chunk = Chunk(lines, count, before, asyncio.Event())
                await under_way.put(asyncio.create_task(self._uploads.answer(chunk, self._sender, self._trace_id)))
                count, before = count + len(lines), chunk.offered
        except GatewayRefusal as refusal:
            last = answer_line(count, refusal, self._trace_id)
        except Exception as error:  # noqa: BLE001 - raised below: whoever answers waits for the end mark first
            fault = error
        await under_way.put(None)
        if fault is not None:
            raise fault
        return last


def answer_line(number: int, verdict: SubmissionResult, trace_id: str) -> bytes:
    """One line of the answer."""
    if isinstance(verdict, Acceptance):
        said: dict[str, object] = {
            "line": number,
            "status": 202 if verdict.is_new else 200,
            "record_id": verdict.record_id,
            "receipt": verdict.receipt,
        }
        if verdict.remarks:
            said["remarks"] = [remark.told() for remark in verdict.remarks]
    else:
        document = problem(verdict, trace_id)
        said = {"line": number, "status": kind_of(verdict).status, "problem": document}
    return orjson.dumps(said) + b"\n"


async def chunked(parts: AsyncIterator[bytes], lines_max: int) -> AsyncIterator[list[bytes]]:
    """The lines of the parts, in chunks; blank ones are left out. Raises GatewayRefusal past a limit."""
    waiting: list[bytes] = []
    begun: list[bytes] = []  # parts of a line whose end has not come: joined once, or each would be copied again
    begun_bytes, waiting_bytes, total = 0, 0, 0
    async for part in parts:
        *whole, rest = part.split(b"\n")
        if whole and begun:
            whole[0] = b"".join([*begun, whole[0]])
            begun, begun_bytes = [], 0
        if rest:
            begun.append(rest)
            begun_bytes += len(rest)
        if begun_bytes > LINE_BYTES_MAX:
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
    last = b"".join(begun).strip(b"\r\x1e \t")
    too_many = bool(last) and total == lines_max
    if last and not too_many:
        waiting.append(last)
    if waiting:
        yield waiting
    if too_many:
        raise GatewayRefusal("too-large", f"an upload has at most {lines_max} lines")


async def _received(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return
