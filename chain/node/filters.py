"""Searching logs, and the filters that clients poll."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from eth_bloom.bloom import BloomFilter

from chain.node.blocks import Log
from chain.node.call_slots import CLIENT
from chain.node.errors import INVALID_PARAMS, LIMIT_EXCEEDED, SERVER_ERROR, RpcError
from chain.node.node import EmbeddedNode
from chain.node.requests import BlockName, LogQuery
from chain.node.responses import Json, data, log
from chain.node.stored_logs import BlockLogs

PENDING_HASHES_MAX = 10_000
"""Hashes of new transactions kept for one filter between two polls; older ones are let go."""

LOG_BYTES = 700
"""About what a log's answer has beside its data."""


def matches(query: LogQuery, one: Log) -> bool:
    """Whether this log is one of those asked for."""
    if query.addresses and one.address not in query.addresses:
        return False
    if len(query.topics) > len(one.topics):
        return False
    return all(wanted is None or one.topics[i] in wanted for i, wanted in enumerate(query.topics))


def logs_in(block: BlockLogs, query: LogQuery) -> Iterator[Json]:
    """The logs of this block that are asked for, in order."""
    for index, (position, one) in enumerate(block.logs):
        if matches(query, one):
            yield log(block, position, index, one)


def logs_between(node: EmbeddedNode, query: LogQuery, first: int, last: int) -> list[Json]:
    """The logs asked for in blocks `first` to `last`; raises `RpcError` beyond the node's limits."""
    settings = node.settings
    if last - first + 1 > settings.log_span_blocks_max:
        raise RpcError(LIMIT_EXCEEDED, f"query spans more than {settings.log_span_blocks_max} blocks")
    possible = _bloom_test(query)
    found: list[Json] = []
    size = 0
    for number, bloom in node.blooms(first, last):
        if not possible(bloom):
            continue
        for one in logs_in(node.logs(number), query):
            found.append(one)
            size += len(str(one["data"])) + LOG_BYTES
            if size > settings.log_answer_bytes_max:
                raise RpcError(LIMIT_EXCEEDED, f"query returned more than {settings.log_answer_bytes_max} bytes")
            if len(found) > settings.log_answers_max:
                raise RpcError(LIMIT_EXCEEDED, f"query returned more than {settings.log_answers_max} results")
    return found


def _bloom_test(query: LogQuery) -> Callable[[int], bool]:
    """Whether a block with this Bloom filter may hold a log that is asked for."""
    groups = [query.addresses, *query.topics]
    masks = [[int(BloomFilter.from_iterable([term])) for term in group] for group in groups if group]

    def possible(bloom: int) -> bool:
        return all(any(bloom & mask == mask for mask in alternatives) for alternatives in masks)

    return possible


@dataclass
class _Filter:
    query: LogQuery | None
    """What logs; None for a filter of blocks or of waiting transactions."""
    seen: int
    """The newest block told of."""
    asked_at_s: float
    client: str = ""
    """Whose it is, by address."""
    pending: list[str] | None = None
    """Hashes of transactions taken since the last poll; None for a filter of logs or blocks."""
    stop: Callable[[], None] = field(default=lambda: None)


class Filters:
    """The filters that clients installed and poll; each is forgotten when nobody asks for a while."""

    def __init__(
        self, node: EmbeddedNode, resolve: Callable[[BlockName], int], clock: Callable[[], float] = monotonic
    ) -> None:
        self._node = node
        self._resolve = resolve
        self._clock = clock
        self._lock = threading.Lock()
        self._filters: dict[str, _Filter] = {}

    def __len__(self) -> int:
        return len(self._filters)

    def install(self, query: LogQuery | None, *, pending: bool = False) -> str:
        """A new filter's id; raises `RpcError` where there are too many."""
        name = "0x" + secrets.token_hex(16).lstrip("0")
        one = _Filter(query, self._node.head.number, self._clock(), CLIENT.get())
        if query is not None and query.first is not None and query.first.number is not None:
            # What the first poll tells starts at fromBlock, so blocks before it are not news.
            one.seen = max(one.seen, query.first.number - 1)
        with self._lock:
            self._forget_idle()
            if len(self._filters) >= self._node.settings.filters_max:
                raise RpcError(LIMIT_EXCEEDED, f"at most {self._node.settings.filters_max} filters are kept")
            own_max = self._node.settings.filters_per_client_max
            if sum(kept.client == one.client for kept in self._filters.values()) >= own_max:
                raise RpcError(LIMIT_EXCEEDED, f"at most {own_max} filters of one client are kept")
            self._filters[name] = one
        if pending:
            hashes: list[str] = []
            one.pending = hashes

            def note(transaction_hash: bytes) -> None:
                hashes.append(data(transaction_hash))
                del hashes[:-PENDING_HASHES_MAX]

            one.stop = self._node.listen_pending(note)
        return name

    def changes(self, name: str) -> list[Json] | list[str]:
        """What is new since the last poll: logs, or hashes of blocks or transactions."""
        with self._lock:
            one = self._get(name)
            if one.pending is not None:
                told = list(one.pending)
                del one.pending[: len(told)]
                return told
            first, last = one.seen + 1, self._node.head.number
            last = min(last, first + self._node.settings.log_span_blocks_max - 1)
            one.seen = max(one.seen, last)
        if one.query is None:
            return [data(self._node.header(number).hash) for number in range(first, last + 1)]
        if one.query.last is not None and one.query.last.number is not None:
            last = min(last, one.query.last.number)
        return logs_between(self._node, one.query, first, last) if first <= last else []

    def logs(self, name: str) -> list[Json]:
        """All logs that the filter asks for, old and new."""
        with self._lock:
            query = self._get(name).query
        if query is None:
            raise RpcError(INVALID_PARAMS, "filter not found")
        return find_logs(self._node, query, self._resolve)

    def uninstall(self, name: str) -> bool:
        """Whether there was such a filter; it is forgotten."""
        with self._lock:
            one = self._filters.pop(name, None)
        if one is not None:
            one.stop()
        return one is not None

    def _get(self, name: str) -> _Filter:
        self._forget_idle()
        one = self._filters.get(name)
        if one is None:
            raise RpcError(SERVER_ERROR, "filter not found")
        one.asked_at_s = self._clock()
        return one

    def _forget_idle(self) -> None:
        oldest = self._clock() - self._node.settings.filter_idle_s
        for name in [name for name, one in self._filters.items() if one.asked_at_s < oldest]:
            self._filters.pop(name).stop()


def find_logs(node: EmbeddedNode, query: LogQuery, resolve: Callable[[BlockName], int]) -> list[Json]:
    """The logs that a query names, from `latest` to `latest` where it names no span, as in Geth."""
    if query.block_hash is not None:
        number = node.find_number(query.block_hash)
        if number is None:
            raise RpcError(SERVER_ERROR, "unknown block")
        return list(logs_in(node.logs(number), query))
    head = node.head.number
    first = head if query.first is None else _number(query.first, resolve)
    last = head if query.last is None else _number(query.last, resolve)
    is_last_said = query.last is not None and query.last.number is not None
    if first > last and is_last_said:
        raise RpcError(INVALID_PARAMS, "invalid block range params")
    # Who polls from the block behind the newest asks for nothing wrong: there is nothing yet.
    return logs_between(node, query, first, min(last, head)) if first <= min(last, head) else []


def _number(name: BlockName, resolve: Callable[[BlockName], int]) -> int:
    return resolve(name) if name.number is None else name.number
