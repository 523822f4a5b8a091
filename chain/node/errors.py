"""What can go wrong in a node, with the JSON-RPC codes that Ethereum clients expect.

Codes: JSON-RPC 2.0 section 5.1, EIP-1474 (-32000 to -32005), and 3 for a revert with data as Geth answers it.
"""

from __future__ import annotations

from chain.errors import Malformed, Refused, StoreFault, TongguanError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
TRANSACTION_REJECTED = -32003
METHOD_NOT_SUPPORTED = -32004
LIMIT_EXCEEDED = -32005
REVERTED = 3


class MalformedGenesis(Malformed):
    """Not a genesis file of this node."""


class NodeStoreFault(StoreFault):
    """The node's database is damaged, of another chain, full, or in use by another process."""


class TrieNodeMissing(KeyError):
    """No trie node or code of this hash is kept. A KeyError, because that is what py-evm's databases raise."""


class CannotSeal(TongguanError):
    """The validator keys at hand are not a quorum of the genesis validators."""


class TransactionRefused(Refused):
    """A transaction that this node does not take; `rpc_code` is the JSON-RPC error code for it."""

    def __init__(self, reason: str, *, rpc_code: int = SERVER_ERROR) -> None:
        self.rpc_code = rpc_code
        super().__init__(reason)


class RpcError(TongguanError):
    """An error answer of JSON-RPC: code, message and, for a revert, the data that the contract gave."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        self.code = code
        self.message = message
        self.data = data
        super().__init__(message)

    def to_json(self) -> dict[str, object]:
        """The error object of JSON-RPC 2.0 section 5.1."""
        answer: dict[str, object] = {"code": self.code, "message": self.message}
        if self.data is not None:
            answer["data"] = self.data
        return answer


class ExecutionTimedOut(RpcError):
    """A call ran longer than the node gives one caller."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(SERVER_ERROR, f"execution aborted (timeout = {limit_s:g}s)")
