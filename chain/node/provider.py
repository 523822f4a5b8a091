"""The node as a `web3` provider in the same process: the same answers as over HTTP, without the wire."""

from __future__ import annotations

from typing import Any, cast

import orjson
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chain.node.node import EmbeddedNode
from chain.node.rpc import Rpc


class NodeProvider(JSONBaseProvider):
    """Answers `web3` from an `EmbeddedNode`; what it is asked passes through JSON, as it would on the wire."""

    def __init__(self, node: EmbeddedNode) -> None:
        super().__init__()
        self._rpc = Rpc(node)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One request's answer, success or error, as `web3` expects it."""
        request = orjson.loads(self.encode_rpc_request(method, params))
        return cast(RPCResponse, self._rpc.answer(request))

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse] | RPCResponse:
        """The answers to several requests, in their order."""
        answer = self._rpc.answer_bytes(self.encode_batch_rpc_request(requests))
        return cast("list[RPCResponse] | RPCResponse", orjson.loads(answer))

    def is_connected(self, show_traceback: bool = False) -> bool:
        """True: a node in this process is always there."""
        return True
