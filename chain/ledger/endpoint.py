"""One Ethereum endpoint, read strictly: every answer is parsed at this door or refused with what is wrong with it.

Nothing here believes that the endpoint is honest or up to date; it says where an answer cannot be true.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import orjson
import urllib3
from web3.exceptions import Web3Exception
from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chain.ledger.abi import decode_revert
from chain.ledger.faults import LedgerUnreachable, MalformedAnswer, RpcRefused, without_secrets
from chain.ledger.types import Log, ProofAnswer

REVERT_CODE = 3
"""JSON-RPC error code of a reverted call, as geth introduced it; others use -32000 or -32015 with the data."""
PROOF_NODES_MAX = 64
"""A trie over 256-bit keys is no deeper."""
INTERNAL_ERROR_CODE = -32603
"""JSON-RPC's code of a fault that is the endpoint's own."""
CONNECTIONS_KEPT = 16
"""Connections to one endpoint that are kept open; threads beyond them open their own."""
HTTP_OK = 200
PART_BYTES = 1 << 18
ANSWER_BYTES_MAX = 256 << 20
"""Of one answer: beyond what engines give at all."""
ANSWER_TIMES = 3
"""How many times as long as for its next piece one waits for a whole answer."""
HEAD_MOVES_S = (0.02, 0.05, 0.2)
"""Pauses before asking again: while Besu moves its head it has no newest block and no newest state, for milliseconds.

It tells the first by a null, the second by an internal error.
"""


class Endpoint:
    """JSON-RPC over a web3 provider, or over HTTP where a URL is given. `timeout_s` bounds each HTTP request."""

    def __init__(self, provider: BaseProvider | str, timeout_s: float) -> None:
        if isinstance(provider, str):
            provider = _Http(provider, timeout_s)
        self._provider = provider

    def request(self, method: str, *params: object) -> Any:
        """The raw result. Raises LedgerUnreachable, RpcRefused, or the contract's error where a call reverted."""
        for pause in HEAD_MOVES_S:
            try:
                return self._ask(method, params)
            except RpcRefused as refusal:
                if refusal.code != INTERNAL_ERROR_CODE:
                    raise
                time.sleep(pause)
        return self._ask(method, params)

    def _ask(self, method: str, params: Sequence[object]) -> Any:
        try:
            response = self._provider.make_request(RPCEndpoint(method), list(params))
        except (OSError, Web3Exception, ValueError, urllib3.exceptions.HTTPError) as fault:
            raise LedgerUnreachable(method, without_secrets(f"{type(fault).__name__}: {fault}")) from fault
        if not isinstance(response, Mapping):
            raise LedgerUnreachable(method, "the answer is no JSON object")
        error = response.get("error")
        if error is not None:
            raise _refusal(method, error)
        if "result" not in response:
            raise LedgerUnreachable(method, "the answer holds neither result nor error")
        return response["result"]

    def quantity(self, method: str, *params: object) -> int:
        """A number."""
        return parse_quantity(self.request(method, *params), method)

    def content(self, method: str, *params: object) -> bytes:
        """Bytes of any length."""
        return parse_bytes(self.request(method, *params), method)

    def block(self, block: int | str, *, full: bool = False) -> Mapping[str, Any] | None:
        """A block by number or tag; None where the endpoint has none."""
        answer = self.request("eth_getBlockByNumber", block_id(block), full)
        for pause in HEAD_MOVES_S if isinstance(block, str) else ():
            if answer is not None:
                break
            time.sleep(pause)
            answer = self.request("eth_getBlockByNumber", block_id(block), full)
        if answer is None:
            return None
        fields = parse_object(answer, "eth_getBlockByNumber")
        if isinstance(block, int) and parse_quantity(fields.get("number"), "eth_getBlockByNumber") != block:
            raise MalformedAnswer("eth_getBlockByNumber", f"asked for block {block}, got {fields.get('number')}")
        return fields

    def logs(self, address: str, topics: Sequence[str], from_block: int, to_block: int) -> list[Log]:
        """The events of one contract in a range of blocks, in chain order."""
        query = {
            "address": address,
            "topics": list(topics),
            "fromBlock": hex(from_block),
            "toBlock": hex(to_block),
        }
        answer = self.request("eth_getLogs", query)
        if not isinstance(answer, Sequence) or isinstance(answer, str):
            raise MalformedAnswer("eth_getLogs", "is no list")
        found = [parse_log(one, "eth_getLogs") for one in answer]
        for log in found:
            if log.address != address or not from_block <= log.block <= to_block:
                raise MalformedAnswer("eth_getLogs", "holds an event that was not asked for")
        return sorted(found, key=lambda log: (log.block, log.place))

    def proof(self, address: str, slots: Sequence[int], block: int) -> ProofAnswer:
        """An EIP-1186 answer for these slots, parsed but not checked against a state root."""
        method = "eth_getProof"
        answer = parse_object(self.request(method, address, [word(slot) for slot in slots], hex(block)), method)
        storage: dict[int, tuple[int, tuple[bytes, ...]]] = {}
        for one in answer.get("storageProof") or ():
            part = parse_object(one, method)
            slot = int.from_bytes(parse_bytes(_even(part.get("key")), method), "big")
            storage[slot] = (parse_quantity(part.get("value"), method), _nodes(part.get("proof"), method))
        if set(storage) != set(slots):
            raise MalformedAnswer(method, "does not hold the slots that were asked for")
        return ProofAnswer(
            account_nodes=_nodes(answer.get("accountProof"), method),
            nonce=parse_quantity(answer.get("nonce"), method),
            balance_wei=parse_quantity(answer.get("balance"), method),
            storage_hash=parse_bytes(answer.get("storageHash"), method, 32),
            code_hash=parse_bytes(answer.get("codeHash"), method, 32),
            storage=storage,
        )


class _Http(BaseProvider):
    """HTTP that takes an answer only for the question that it names: a proxy may mix them up or give an old one.

    Asked many times a second, so it does without what web3's own provider does for each question, which costs thrice.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        super().__init__()
        where = urllib3.util.parse_url(url)
        self._target = where.request_uri
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if where.auth:
            self._headers.update(urllib3.util.make_headers(basic_auth=unquote(where.auth)))
        self._whole_s = ANSWER_TIMES * timeout_s
        self._pool = urllib3.connection_from_url(url, maxsize=CONNECTIONS_KEPT, timeout=timeout_s, retries=False)
        self._numbers = itertools.count(1)

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """The answer; raises ValueError where it is another question's or none, OSError or HTTPError without one."""
        asked = next(self._numbers)
        question = orjson.dumps({"jsonrpc": "2.0", "id": asked, "method": method, "params": params})
        answer: RPCResponse = orjson.loads(self._post(question))
        if isinstance(answer, Mapping):
            told = answer.get("id")
            # An error that the endpoint could not assign to a question carries no id (JSON-RPC 2.0, section 5).
            if told != asked and not (told is None and "error" in answer):
                raise ValueError(f"the answer is to question {told!r:.40}, not to {asked}")
        return answer

    def _post(self, question: bytes) -> bytes:
        """The answer's body. An endpoint that drips, or does not end, holds a thread no longer than a slow one."""
        until = time.monotonic() + self._whole_s
        reply = self._pool.urlopen(
            *("POST", self._target),
            body=question,
            headers=self._headers,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        content = bytearray()
        try:
            while part := reply.read1(PART_BYTES):
                content += part
                if len(content) > ANSWER_BYTES_MAX:
                    raise OSError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
                if time.monotonic() > until:
                    raise OSError("an answer that does not end in time")
        except BaseException:
            reply.close()
            raise
        reply.release_conn()
        if reply.status != HTTP_OK:
            raise OSError(f"HTTP {reply.status}")
        return bytes(content)


def block_id(block: int | str | None) -> str:
    """A block parameter: a number, a tag, or the latest block for None."""
    if block is None:
        return "latest"
    return hex(block) if isinstance(block, int) else block


def word(number: int) -> str:
    """A 32-byte word as 0x-hex."""
    return f"0x{number:064x}"


def parse_object(said: object, method: str) -> Mapping[str, Any]:
    """A JSON object, or MalformedAnswer."""
    if not isinstance(said, Mapping):
        raise MalformedAnswer(method, "is no object")
    return said


def parse_quantity(said: object, method: str) -> int:
    """A 0x-hex number, or MalformedAnswer."""
    if not isinstance(said, str) or not said.startswith("0x"):
        raise MalformedAnswer(method, f"{said!r:.80} is no 0x-hex number")
    try:
        return int(said, 16)
    except ValueError as fault:
        raise MalformedAnswer(method, f"{said!r:.80} is no 0x-hex number") from fault


def parse_bytes(said: object, method: str, length: int | None = None) -> bytes:
    """0x-hex bytes, of `length` where given, or MalformedAnswer."""
    if not isinstance(said, str) or not said.startswith("0x"):
        raise MalformedAnswer(method, f"{said!r:.80} is not 0x-hex")
    try:
        content = bytes.fromhex(said[2:])
    except ValueError as fault:
        raise MalformedAnswer(method, f"{said!r:.80} is not 0x-hex") from fault
    if length is not None and len(content) != length:
        raise MalformedAnswer(method, f"{said!r:.80} has not {length} bytes")
    return content


def parse_hex(said: object, method: str, length: int) -> str:
    """0x-hex of `length` bytes, in lower case, or MalformedAnswer."""
    return "0x" + parse_bytes(said, method, length).hex()


def parse_log(said: object, method: str) -> Log:
    """An event of a receipt or log query, or MalformedAnswer."""
    fields = parse_object(said, method)
    if fields.get("removed"):
        raise MalformedAnswer(method, "holds an event of a block that was removed")
    topics = fields.get("topics")
    if not isinstance(topics, Sequence) or isinstance(topics, str):
        raise MalformedAnswer(method, "an event has no topics")
    return Log(
        address=parse_hex(fields.get("address"), method, 20),
        topics=tuple(parse_bytes(topic, method, 32) for topic in topics),
        data=parse_bytes(fields.get("data"), method),
        block=parse_quantity(fields.get("blockNumber"), method),
        tx_hash=parse_hex(fields.get("transactionHash"), method, 32),
        place=parse_quantity(fields.get("logIndex"), method),
    )


def _nodes(said: object, method: str) -> tuple[bytes, ...]:
    if not isinstance(said, Sequence) or isinstance(said, str) or len(said) > PROOF_NODES_MAX:
        raise MalformedAnswer(method, f"a proof must be a list of at most {PROOF_NODES_MAX} nodes")
    return tuple(parse_bytes(node, method) for node in said)


def _even(said: object) -> object:
    """Engines write a storage key as a number or as a word; both become bytes."""
    if isinstance(said, str) and len(said) % 2:
        return "0x0" + said[2:]
    return said


def _refusal(method: str, error: object) -> Exception:
    fields = error if isinstance(error, Mapping) else {"message": str(error)}
    code = fields.get("code", 0)
    message = str(fields.get("message", ""))
    data = fields.get("data")
    if isinstance(data, Mapping):
        data = data.get("data") or data.get("result")
    if isinstance(data, str):
        # Some engines put words before the data: "Reverted 0x…".
        data = data[data.find("0x") :] if "0x" in data else ""
        if data.startswith("0x") and ("revert" in message.lower() or code == REVERT_CODE or len(data) > len("0x")):
            return decode_revert(parse_bytes(data, method))
    if "revert" in message.lower():
        return decode_revert(b"")
    return RpcRefused(method, code if isinstance(code, int) else 0, message)
