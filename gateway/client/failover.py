"""One member at several gateways: what one cannot do now, the next is asked, with the very same record.

A record that a gateway took while its answer was lost is given to the next one too: the ledger counts it once, and
both promises are good. The first gateway is asked again later for its receipt, so that neither promise goes unkept.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

import httpx

from chain.sdjwt import SignedRecord
from gateway.client.models import WAITS_FOR_ANOTHER, GatewayBusy, Receipt, TokenRefused, Verdict
from gateway.client.protocol import UPLOAD_LINES
from gateway.client.sync import GatewayClient

RETURN_S = 30.0
"""How long a gateway that failed is left alone while another works."""
UNANSWERED_MAX = 1_000
"""Records of which a gateway may hold a receipt that was not heard; beyond it the oldest is forgotten."""

T = TypeVar("T")
_log = logging.getLogger("gateway.client")


class FailoverClient:
    """Talks to the first of several gateways that works. Not for several threads at once."""

    def __init__(
        self,
        clients: Sequence[GatewayClient],
        *,
        keep_receipt: Callable[[Receipt], None] = lambda receipt: None,
        clock: Callable[[], float] = time.monotonic,
        return_s: float = RETURN_S,
    ) -> None:
        """`clients` in order of preference; `keep_receipt` is given each second receipt for a record."""
        if not clients:
            raise ValueError("one gateway at least")
        self._clients = list(clients)
        self._keep_receipt = keep_receipt
        self._clock = clock
        self._return_s = return_s
        self._failed_at: dict[int, float] = {}
        self._unanswered: dict[int, deque[SignedRecord]] = {}

    def __enter__(self) -> FailoverClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        for client in self._clients:
            client.close()

    def submit(self, record: SignedRecord) -> Receipt:
        """The receipt of the first gateway that takes the record; raises what the last one raised."""
        self.fetch_lost_receipts()
        return self._first(lambda client: client.submit(record), [record])

    def submit_bulk(self, records: Iterable[SignedRecord]) -> Iterator[Verdict]:
        """A verdict for each record, in order; what one gateway left unanswered the next is given."""
        self.fetch_lost_receipts()
        coming, first = iter(records), 0
        while portion := list(islice(coming, UPLOAD_LINES)):
            verdicts = self._first(partial(_upload, portion), portion)
            for verdict in verdicts:
                yield Verdict(first + verdict.line, verdict.receipt, verdict.problem)
            first += len(portion)

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        """The UCRs that this reference belongs to, by the first gateway that answers."""
        return self._first(lambda client: client.references(kind, value, scope, on))

    def consignment(self, ucr: str) -> dict[str, Any]:
        """Everything of one consignment that its reader may see, by the first gateway that answers."""
        return self._first(lambda client: client.consignment(ucr))

    def consignment_bundle(self, ucr: str) -> bytes:
        """The proof bundle of one consignment, by the first gateway that answers."""
        return self._first(lambda client: client.consignment_bundle(ucr))

    def fetch_lost_receipts(self) -> int:
        """Asks gateways that work again for receipts that were not heard; how many were kept."""
        kept = 0
        for place, records in self._unanswered.items():
            while records and not self._is_left_alone(place):
                try:
                    receipt = self._clients[place].submit(records[0])
                except (httpx.HTTPError, GatewayBusy, TokenRefused) as fault:
                    self._note_failure(place, fault)
                    break
                records.popleft()
                self._keep_receipt(receipt)
                kept += 1
        return kept

    def _first(self, ask: Callable[[GatewayClient], T], sent: Sequence[SignedRecord] = ()) -> T:
        order = sorted(range(len(self._clients)), key=lambda place: (self._is_left_alone(place), place))
        for number, place in enumerate(order):
            try:
                return ask(self._clients[place])
            except (httpx.HTTPError, GatewayBusy, TokenRefused) as fault:
                if _needs_another_record(fault):
                    raise
                self._note_failure(place, fault)
                if may_have_arrived(fault):
                    lost = self._unanswered.setdefault(place, deque(maxlen=UNANSWERED_MAX))
                    lost.extend(sent)
                if number == len(order) - 1:
                    raise
        raise AssertionError("unreachable: one gateway at least")

    def _note_failure(self, place: int, fault: Exception) -> None:
        if place not in self._failed_at:
            _log.warning("gateway %s: %s; the next one is asked", self._clients[place].base_url, fault)
        self._failed_at[place] = self._clock()

    def _is_left_alone(self, place: int) -> bool:
        failed_at = self._failed_at.get(place)
        if failed_at is None:
            return False
        if self._clock() - failed_at < self._return_s:
            return True
        del self._failed_at[place]
        return False


def _upload(records: Sequence[SignedRecord], client: GatewayClient) -> list[Verdict]:
    return list(client.submit_bulk(records))


def may_have_arrived(fault: Exception) -> bool:
    """Whether what was sent may have come to the gateway, though no answer came back."""
    return isinstance(fault, httpx.TransportError) and not isinstance(
        fault, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol
    )


def _needs_another_record(fault: Exception) -> bool:
    problem = getattr(fault, "problem", {})
    return str(problem.get("type", "")).rpartition("/")[2] in WAITS_FOR_ANOTHER
