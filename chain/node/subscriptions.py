"""`eth_subscribe`: what one connection wants to hear of, and the notices it gets."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from chain.node import requests as p
from chain.node import responses
from chain.node.blocks import Block
from chain.node.errors import INVALID_PARAMS, LIMIT_EXCEEDED, SERVER_ERROR, RpcError
from chain.node.filters import logs_in
from chain.node.settings import NodeSettings
from chain.node.stored_logs import BlockLogs

KINDS = ("newHeads", "logs", "newPendingTransactions")


@dataclass(frozen=True)
class _Subscription:
    kind: str
    query: p.LogQuery


class Subscriptions:
    """The subscriptions of one connection. `notify` gets each notice as JSON bytes and must not block."""

    def __init__(self, settings: NodeSettings, notify: Callable[[bytes], None]) -> None:
        self._settings = settings
        self._notify = notify
        self._subscriptions: dict[str, _Subscription] = {}

    def answer(self, method: str, params: object) -> object:
        """What `eth_subscribe` and `eth_unsubscribe` answer; raises KeyError for any other method."""
        if method == "eth_unsubscribe":
            (name,) = p.parsed(params, (p.text,), 1)
            if self._subscriptions.pop(name, None) is None:
                raise RpcError(SERVER_ERROR, "subscription not found")
            return True
        if method != "eth_subscribe":
            raise KeyError(method)
        kind, said = p.parsed(params, (p.text, p.anything), 1)
        if kind not in KINDS:
            raise RpcError(INVALID_PARAMS, f"no {kind[:40]!r} subscription in eth namespace")
        if len(self._subscriptions) >= self._settings.subscriptions_max:
            raise RpcError(LIMIT_EXCEEDED, f"at most {self._settings.subscriptions_max} subscriptions a connection")
        query = p.LogQuery()
        if kind == "logs" and said is not None:
            try:
                query = p.log_query(said, self._settings.filter_terms_max)
            except p.Misread as error:
                raise RpcError(INVALID_PARAMS, f"invalid argument 1: {error}") from error
        name = "0x" + secrets.token_hex(16).lstrip("0")
        self._subscriptions[name] = _Subscription(kind, query)
        return name

    def on_block(self, block: Block) -> None:
        """Tell of a new block: its header, and each log that somebody asked for."""
        for name, one in list(self._subscriptions.items()):
            if one.kind == "newHeads":
                self._tell(name, responses.header(block.header))
            elif one.kind == "logs":
                for log in logs_in(BlockLogs.of(block), one.query):
                    self._tell(name, log)

    def on_pending(self, transaction_hash: bytes) -> None:
        """Tell of a transaction that was taken."""
        for name, one in list(self._subscriptions.items()):
            if one.kind == "newPendingTransactions":
                self._tell(name, responses.data(transaction_hash))

    def _tell(self, name: str, result: object) -> None:
        notice = {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": name, "result": result}}
        self._notify(orjson.dumps(notice))
