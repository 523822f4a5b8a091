"""Single records: those that wait are examined together and written together, by few threads.

A thread a request would do worse: each waits for the interpreter at every step, and all for the one writer. Here a
request only puts its record in line. A runner takes all that wait, and a second one examines what came meanwhile while
the first waits for the disk, so a record is served by the next flush and a flush serves whoever came before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context, copy_context

from gateway.ingest.group_commit import Acceptance, SubmissionResult
from gateway.ingest.service import Intake
from gateway.runtime.cpu_affinity import run_anywhere

RUNNERS_MAX = 2
RECORDS_TOGETHER_MAX = 64
"""More than this would keep the first of them waiting for the last one's examination."""


class SingleBatcher:
    """What the single records of one gateway share; belongs to one event loop."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._waiting: deque[tuple[bytes, Context, asyncio.Future[SubmissionResult]]] = deque()
        self._runners: set[asyncio.Task[None]] = set()

    async def accept(self, body: bytes) -> Acceptance:
        """Takes one SD-JWT as `Intake.accept` does, and raises what it raises."""
        verdict: asyncio.Future[SubmissionResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, copy_context(), verdict))
        if len(self._runners) < RUNNERS_MAX:
            runner = asyncio.create_task(self._run(), context=Context())
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)
        done = await verdict
        if isinstance(done, Acceptance):
            return done
        raise done

    async def _run(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), RECORDS_TOGETHER_MAX))]
            try:
                verdicts = await run_anywhere(self._intake.accept_each, [(body, who) for body, who, _ in group])
            except Exception as fault:  # noqa: BLE001 - told to each whom it met; those behind them are served
                for _, _, verdict in group:
                    if not verdict.done():
                        verdict.set_exception(fault)
                continue
            for (_, _, verdict), said in zip(group, verdicts, strict=True):
                if not verdict.done():  # whoever asked may have gone
                    verdict.set_result(said)
