"""How soon a lie is found: from the acceptance of the record that causes it to a governor's finding on the chain."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator

from chain.claims import make_jti
from chain.identifiers import Ucr, Uscc
from chain.records import TradeParties, sign_record
from chain.records.sections import Party
from chain.sdjwt import SignedRecord
from gateway.client import GatewayClient
from scripts.benchmarks.harness import Benchmark, Context, Figure, at_most
from scripts.benchmarks.live_consortium import running
from scripts.benchmarks.load import lying_story_records
from scripts.benchmarks.local_consortium import now_s
from scripts.bootstrap import found
from scripts.consortium_folder import ConsortiumFolder

DESKS = ("customs", "tax")
P50_S_MAX, P99_S_MAX = 3.0, 6.0
LIES = 200
"""So that p99 is not the slowest one alone."""
WAIT_S = 60.0
SETTLE_S = 10.0
"""After all that is true was said: it is anchored, and the desks have looked at it."""
PAUSE_S = 1.0
"""Between two lies: the consortium is as good as idle."""


def run(context: Context) -> Iterator[Figure]:
    """One lie after the other into consignments that stand already; customs' change feed tells when each is found."""
    folder = ConsortiumFolder(context.scratch)
    root = found(folder, say=lambda text: None)
    keys = {member.uscc: folder.signing_key(member.slug) for member in folder.members()}
    count = 8 if context.quick else LIES
    customs = folder.member("customs")
    took = []
    with (
        running(context.scratch, context.say, DESKS) as live,
        GatewayClient(live.url, signer=folder.signing_key("customs"), member=customs.uscc) as reader,
    ):
        heard = Heard(reader, customs.uscc)
        heard.start()
        stories = list(lying_story_records(range(1, count + 1), keys, root.consortium.hex(), now_s()))
        truths = [(_naming(ucr, folder, root.consortium.hex()), *before) for ucr, before, _ in stories]
        for verdict in live.client.submit_bulk(record for records in truths for record in records):
            if verdict.problem:
                raise RuntimeError(str(verdict.problem))
        time.sleep(SETTLE_S)
        accepted = {}
        for ucr, _, lie in stories:
            live.client.submit(lie)
            accepted[str(ucr)] = time.monotonic()
            time.sleep(PAUSE_S)
        for name, accepted_s in accepted.items():
            took.append(heard.wait_for(name, accepted_s, WAIT_S) - accepted_s)
            context.say(f"lie {len(took)} of {count}: found after {took[-1]:.2f} s")
    ordered = sorted(took)
    yield Figure("a lie's acceptance to its finding on the chain, p50", "s", (statistics.median(ordered),),
                 limit=at_most(P50_S_MAX))  # fmt: skip
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    yield Figure("a lie's acceptance to its finding on the chain, p99", "s", (p99,), limit=at_most(P99_S_MAX))


def _naming(ucr: Ucr, folder: ConsortiumFolder, consortium: str) -> SignedRecord:
    """The owner's word on who takes part, as its adapter would say it."""
    trader = folder.member("trader")
    named = [Uscc(member.uscc) for member in folder.members()]
    return sign_record(
        TradeParties(parties=(Party(role="trader", uscc=Uscc(trader.uscc)),)).with_names(named).for_ucrs([ucr]),
        key=folder.signing_key("trader"),
        iss=trader.uscc,
        consortium=consortium,
        iat=now_s(),
        jti=make_jti(bytes(32), "who takes part", str(ucr)),
    )


class Heard(threading.Thread):
    """What the change feed tells of one governor's findings, with when it was heard."""

    def __init__(self, reader: GatewayClient, governor: str) -> None:
        super().__init__(name="heard", daemon=True)
        self._reader = reader
        self._governor = governor
        self._changed = threading.Condition()
        self._at: dict[str, list[float]] = {}

    def run(self) -> None:
        """Listens until the process ends."""
        for change in self._reader.changes():
            if change.type == "audit.finding" and change.issuer == self._governor:
                with self._changed:
                    self._at.setdefault(change.ucr, []).append(time.monotonic())
                    self._changed.notify_all()

    def wait_for(self, ucr: str, after_s: float, timeout_s: float) -> float:
        """When the consignment's first finding since then was heard, by the monotonic clock; raises TimeoutError."""

        def first() -> float | None:
            return next((at_s for at_s in self._at.get(ucr, ()) if at_s >= after_s), None)

        with self._changed:
            if not self._changed.wait_for(lambda: first() is not None, timeout_s) or (at_s := first()) is None:
                raise TimeoutError(f"no finding of {ucr} within {timeout_s:.0f} s")
            return at_s


BENCHMARK = Benchmark(
    name="findings",
    what="an idle consortium of processes with two governors' risk desks; lies in declarations, one a second",
    leaves_out="the adapter that reads the lie; a network between the processes",
    run=run,
)
