"""A provider that passes requests on and falsifies chosen answers: the fault is at the wire, never inside."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

Falsify = Callable[[Any, Any], Any]
"""(params, the honest result) to the result that is told."""


class FaultyProvider(BaseProvider):
    """Answers as `inner` does until a method is given a lie, an error or an exception."""

    def __init__(self, inner: BaseProvider) -> None:
        super().__init__()
        self.inner = inner
        self.lies: dict[str, Falsify] = {}
        self.errors: dict[str, dict[str, Any]] = {}
        self.raises: dict[str, Exception] = {}
        self.answers: dict[str, Any] = {}
        self.next_answers: dict[str, list[Any]] = {}

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method in self.raises:
            raise self.raises[method]
        if method in self.errors:
            return {"jsonrpc": "2.0", "id": 1, "error": self.errors[method]}  # type: ignore[typeddict-item]
        if self.next_answers.get(method):
            once: RPCResponse = self.next_answers[method].pop(0)
            return once
        if method in self.answers:
            answer: RPCResponse = self.answers[method]
            return answer
        response = copy.deepcopy(self.inner.make_request(method, params))
        if method in self.lies and "result" in response:
            response["result"] = self.lies[method](params, response["result"])
        return response
