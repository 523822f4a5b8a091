"""Hostile clients beside normal load: what single records wait for then, and what memory the gateway takes.

Five hundred connections say nothing, a hundred trickle a body a byte at a time, fifty send bodies that no route takes:
nested brackets, forms of many fields, uploads without a token, compressed bombs. They begin again whenever they are
ended, for as long as the records are posted.
"""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from scripts.benchmarks.clients import Seen
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_most
from scripts.benchmarks.live_consortium import running
from scripts.benchmarks.load import signed_bodies
from scripts.benchmarks.local_consortium import now_s, percentile
from scripts.bootstrap import found
from scripts.consortium_folder import ConsortiumFolder

IDLE, TRICKLING, HOSTILE = 500, 100, 50
SINGLES_A_SECOND = 50
CONNECT_TIMEOUT_S = 5.0
TRICKLE_PAUSE_S = 0.5
HOSTILE_PAUSE_S = 0.2
"""Between two bodies of one hostile client: a member of the load, not a flood of the machine that measures."""
MEMORY_MB_MAX = 600
SOURCES = ("127.0.0.2", "127.0.0.3")
"""Loopback addresses that hostile clients come from."""
CALM = "single record to its receipt: p99, nobody hostile"
_HEAD = b"POST %b HTTP/1.1\r\nHost: gateway\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n"
_NDJSON, _FORM = b"application/x-ndjson", b"application/x-www-form-urlencoded"


def hostile_bodies() -> list[bytes]:
    """Requests that cost more to refuse than to send, if anything does."""
    brackets = b"[" * 99_000
    fields = b"&".join(b"f%d=%s" % (number, b"x" * 100) for number in range(600))
    lines = b"x\n" * 150_000
    bomb = gzip.compress(bytes(20_000_000))
    return [
        _HEAD % (b"/v1/webhooks", b"application/json", len(brackets), b"") + brackets,
        _HEAD % (b"/v1/token", _FORM, len(fields), b"") + fields,
        _HEAD % (b"/v1/records/bulk", _NDJSON, len(lines), b"") + lines,
        _HEAD % (b"/v1/records", b"application/sd-jwt", len(bomb), b"Content-Encoding: gzip\r\n") + bomb,
        _HEAD % (b"/v1/token", _FORM, 40, b"") + b"grant_type=client_credentials&assertion=" + b"x" * 8,
    ]


@contextmanager
def besiege(address: str) -> Iterator[None]:
    """All hostile clients at work, in threads, until the block ends."""
    host, _, port = address.partition(":")
    ended, sources = threading.Event(), itertools.cycle(SOURCES)

    def connected() -> socket.socket:
        # From an address of their own: bounds count by address, and the load side has another.
        return socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S, (next(sources), 0))

    def trickle() -> None:
        while not ended.is_set():
            with suppress(OSError), connected() as connection:
                connection.sendall(_HEAD % (b"/v1/token", _FORM, 8_000, b""))
                while not ended.wait(TRICKLE_PAUSE_S):
                    connection.sendall(b"a")

    def send_bodies(number: int) -> None:
        bodies = hostile_bodies()
        while not ended.wait(HOSTILE_PAUSE_S):
            number += 1
            with suppress(OSError), connected() as connection:
                connection.sendall(bodies[number % len(bodies)])
                connection.recv(65_536)

    with ExitStack() as idle:
        for _ in range(IDLE):
            with suppress(OSError):
                idle.enter_context(connected())
        threads = [threading.Thread(target=trickle) for _ in range(TRICKLING)]
        threads += [threading.Thread(target=send_bodies, args=(number,)) for number in range(HOSTILE)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def run(context: Context) -> Iterator[Figure]:
    """In turns, so that both kinds of runs see the same machine."""
    count = SINGLES_A_SECOND * (4 if context.quick else 15)
    folder = ConsortiumFolder(context.scratch)
    consortium = found(folder, say=lambda text: None).consortium.hex()
    broker = folder.member("broker")
    total = count * 2 * context.repetitions
    bodies = signed_bodies(total, folder.signing_key("broker"), broker.uscc, consortium, iat=now_s())
    with running(context.scratch, context.say) as live:
        calm: list[Seen] = []
        hard: list[Seen] = []
        memory: list[float] = []
        for place in range(context.repetitions):
            first, second = _portion(bodies, 2 * place, count), _portion(bodies, 2 * place + 1, count)
            context.say("records, nobody hostile")
            calm.append(live.post(first, SINGLES_A_SECOND))
            context.say(f"records beside {IDLE} idle, {TRICKLING} trickling, {HOSTILE} hostile clients")
            with besiege(live.address):
                time.sleep(1)
                hard.append(live.post(second, SINGLES_A_SECOND))
                memory.append(live.gateway_mb())
    yield Figure(CALM, "ms", tuple(percentile(seen.took_ms, 0.99) for seen in calm))
    yield Figure(
        "single record to its receipt: p99, beside hostile clients",
        "ms",
        tuple(percentile(seen.took_ms, 0.99) for seen in hard),
        against=CALM,
        share_limit=at_most(2),
    )
    yield Figure("memory of the gateway beside hostile clients", "MB", tuple(memory), limit=at_most(MEMORY_MB_MAX))


def _portion(bodies: Sequence[bytes], place: int, count: int) -> Sequence[bytes]:
    return bodies[place * count : (place + 1) * count]


BENCHMARK = Benchmark(
    name="hostile",
    what="single records to a gateway that strangers besiege from one address",
    leaves_out="a network; the hostile clients are threads beside the load side and take their share of the cores",
    run=run,
)
