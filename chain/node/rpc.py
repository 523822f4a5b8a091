"""JSON-RPC 2.0: one request or a batch in, one answer or a batch out; never an exception, never a traceback.

https://www.jsonrpc.org/specification
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import orjson
from eth.vm.interrupt import EVMMissingData

from chain.byte_shares import ByteShares, Holding
from chain.errors import shortened
from chain.node.call_slots import CLIENT
from chain.node.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    SERVER_ERROR,
    NodeStoreFault,
    RpcError,
    TrieNodeMissing,
)
from chain.node.methods import Methods
from chain.node.node import EmbeddedNode

VERSION = "2.0"

Special = Callable[[str, object], object]
"""Answers methods of one connection; raises KeyError for any other method."""

logger = logging.getLogger(__name__)


@dataclass
class Counters:
    """How often each method was asked and failed, for the metrics page. Unknown methods count under one name."""

    asked: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)

    def count(self, method: str, *, failed: bool) -> None:
        """Note one request."""
        self.asked[method] = self.asked.get(method, 0) + 1
        if failed:
            self.failed[method] = self.failed.get(method, 0) + 1


class Rpc:
    """Answers JSON-RPC for one node. Any thread may call it."""

    def __init__(self, node: EmbeddedNode) -> None:
        self.methods = Methods(node)
        self.counters = Counters()
        self._settings = settings = node.settings
        self.answers = ByteShares(settings.answer_bytes_per_client_max, settings.answer_bytes_all_max)
        """Of answers that are being made, or wait for their reader."""

    def answer_bytes(self, body: bytes, special: Special | None = None) -> bytes:
        """The answer to a request body, both JSON in UTF-8; empty where no answer is due (notifications).

        `special` as in `answer`.
        """
        if body.count(b",") + body.count(b"[") + body.count(b"{") > self._settings.request_values_max:
            # Before parsing: the collector goes through all lists again and again while millions of them are made.
            limit = self._settings.request_values_max
            return orjson.dumps(_failed(None, RpcError(LIMIT_EXCEEDED, f"a request has at most {limit} values")))
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return orjson.dumps(_failed(None, RpcError(PARSE_ERROR, f"parse error: {str(error)[:100]}")))
        if not isinstance(request, list):
            answer = self.answer(request, special)
            return b"" if answer is None else orjson.dumps(answer)
        return self._answer_batch(request, special)

    def answer(self, request: object, special: Special | None = None) -> dict[str, object] | None:
        """The answer to one request; None for a notification.

        `special` answers methods of its own (subscriptions of one connection) and raises KeyError for any other.
        """
        checked = _checked(request)
        if isinstance(checked, RpcError):
            return _failed(None, checked)
        method, params, is_notification, name = checked
        try:
            result = self._result(method, params, special)
        except RpcError as error:
            self._count(method, failed=True)
            return None if is_notification else _failed(name, error)
        self._count(method, failed=False)
        return None if is_notification else {"jsonrpc": VERSION, "id": name, "result": result}

    def _result(self, method: str, params: object, special: Special | None) -> object:
        try:
            if special is not None:
                try:
                    return special(method, params)
                except KeyError:
                    pass
            if method not in self.methods.table:
                raise RpcError(METHOD_NOT_FOUND, f"the method {shortened(method)} does not exist/is not available")
            return self.methods.answer(method, params)
        except RpcError:
            raise
        except (EVMMissingData, TrieNodeMissing) as error:
            # Pruned while it was being read: the block was the oldest of those kept.
            raise RpcError(SERVER_ERROR, "missing trie node: the state of this block is pruned") from error
        except NodeStoreFault as fault:
            raise RpcError(INTERNAL_ERROR, str(fault)) from fault
        except Exception as error:
            # The caller learns only that it failed; the log has the reason, without what the caller sent.
            logger.exception("answering %s failed", shortened(method))
            raise RpcError(INTERNAL_ERROR, "internal error") from error

    def _answer_batch(self, requests: list[object], special: Special | None) -> bytes:
        if not requests:
            return orjson.dumps(_failed(None, RpcError(INVALID_REQUEST, "empty batch")))
        if len(requests) > self._settings.batch_requests_max:
            limit = self._settings.batch_requests_max
            return orjson.dumps(_failed(None, RpcError(LIMIT_EXCEEDED, f"batch too large: at most {limit} requests")))
        with self.answers.holding(CLIENT.get(), self._settings.body_bytes_free) as holding:
            return self._answer_each(requests, special, holding)

    def _answer_each(self, requests: list[object], special: Special | None, holding: Holding) -> bytes:
        answers: list[bytes] = []
        length, until, has_room = 0, monotonic() + self._settings.batch_timeout_s, True
        for request in requests:
            too_large = length > self._settings.answer_bytes_max or not has_room
            if too_large or monotonic() > until:
                name = request.get("id") if isinstance(request, dict) else None
                reason = "response too large" if too_large else "the batch takes too long"
                answers.append(orjson.dumps(_failed(name, RpcError(LIMIT_EXCEEDED, reason))))
                continue
            answer = self.answer(request, special)
            if answer is not None:
                answers.append(orjson.dumps(answer))
                length += len(answers[-1])
                has_room = holding.grow(len(answers[-1]))
        return b"[" + b",".join(answers) + b"]" if answers else b""

    def _count(self, method: str, *, failed: bool) -> None:
        known = method in self.methods.table or method in ("eth_subscribe", "eth_unsubscribe")
        self.counters.count(method if known else "unknown", failed=failed)


def _checked(request: object) -> tuple[str, object, bool, object] | RpcError:
    """Method, parameters, whether no answer is due, and id of a request; or what is wrong with it."""
    if not isinstance(request, dict):
        return RpcError(INVALID_REQUEST, "a request must be an object")
    name = request.get("id")
    if isinstance(name, dict | list | bool):
        return RpcError(INVALID_REQUEST, "id must be a string, a number or null")
    method = request.get("method")
    if request.get("jsonrpc") != VERSION or not isinstance(method, str):
        return RpcError(INVALID_REQUEST, 'a request needs "jsonrpc": "2.0" and a method')
    return method, request.get("params"), "id" not in request, name


def _failed(name: object, error: RpcError) -> dict[str, object]:
    return {"jsonrpc": VERSION, "id": name, "error": error.to_json()}
