"""The limits and manners of one node; every limit has a name, a unit and a default that suits one machine."""

from __future__ import annotations

from dataclasses import dataclass

TRANSACTION_BYTES_MAX = 128 * 1024
"""Longest raw transaction taken, as in Geth: a full batch of 2,048 entries needs 98 KB."""

STATE_BLOCKS_MIN = 16
"""Fewest blocks whose state is kept: a call may run for 5 s, and the state under it must outlast it."""


@dataclass(frozen=True)
class NodeSettings:
    """How one node behaves. Nothing here changes what a block means."""

    read_only: bool = False
    """Refuse `eth_sendRawTransaction`; no validator keys are needed and no block is made."""
    instant: bool = False
    """Seal each transaction before its hash is answered; block times run ahead of the clock if they must. For tests."""
    senders: frozenset[bytes] | None = None
    """Accounts (20 bytes each) whose transactions are taken beside the registry's."""
    registry: bytes | None = None
    """Address of the member registry: accounts that are active in it at the head may send. Where this and `senders` are
    None, everyone may."""
    state_blocks: int | None = None
    """Keep the state of so many newest blocks (at least 16) and prune older ones; None keeps all. Blocks, transactions,
    receipts and logs are always kept."""
    database_bytes_max: int = 1 << 38
    """How far the database file may grow; it is sparse, so nothing is taken beforehand."""
    request_bytes_max: int = 5 * 1024 * 1024
    """Longest HTTP body read."""
    request_values_max: int = 250_000
    """Most values of one body: a batch of proofs of 1,024 slots has 100,000. Millions of small ones take seconds."""
    body_bytes_free: int = 64 * 1024
    """Bytes of each body that count for no share: small requests are answered whatever others hold."""
    body_bytes_per_client_max: int = 32 * 1024 * 1024
    """Most bytes of bodies of one client (by address) at once; further ones are refused (429)."""
    body_bytes_all_max: int = 128 * 1024 * 1024
    """Most bytes of bodies at once."""
    batch_requests_max: int = 100
    """Most requests in one JSON-RPC batch."""
    answer_bytes_max: int = 25 * 1024 * 1024
    """Longest answer to one batch; what comes after is answered with a limit error."""
    answer_bytes_per_client_max: int = 64 * 1024 * 1024
    """Most bytes of answers to one client (by address) that are being made, or wait in its WebSockets."""
    answer_bytes_all_max: int = 256 * 1024 * 1024
    """The same for all clients."""
    log_span_blocks_max: int = 50_000
    """Most blocks that one `eth_getLogs` may span."""
    log_answers_max: int = 10_000
    """Most logs in one answer."""
    log_answer_bytes_max: int = 8 * 1024 * 1024
    """Most bytes of logs in one answer, about."""
    filter_terms_max: int = 1_000
    """Most addresses, or topics in one position, of one log filter."""
    filters_max: int = 1_000
    """Most filters kept at once."""
    filters_per_client_max: int = 200
    """Most filters of one client (by address) kept at once."""
    filter_idle_s: float = 300.0
    """A filter that nobody has asked about for so long is forgotten."""
    subscriptions_max: int = 100
    """Most subscriptions of one WebSocket connection."""
    call_gas_max: int = 50_000_000
    """Most gas that `eth_call` and its kin may use."""
    call_timeout_s: float = 5.0
    """Longest time that one `eth_call` or gas estimate may run."""
    crowded_call_timeout_s: float = 1.0
    """Longest time while all slots are taken and a client waits that runs nothing."""
    calls_at_once_max: int = 4
    """Most `eth_call`s and their kin that run side by side; further ones wait as long as a call may run."""
    calls_per_client_max: int = 3
    """Most of them for one client (by address), so that no client keeps all others waiting."""
    batch_timeout_s: float = 10.0
    """What is left of a JSON-RPC batch after so long is answered with a limit error."""
    requests_at_once_max: int = 64
    """Most requests that are answered side by side; further ones wait."""
    requests_per_client_max: int = 32
    """Most of them for one client (by address); further ones are refused (429)."""
    websockets_max: int = 256
    """Most WebSocket connections at once."""
    websockets_per_client_max: int = 32
    """Most of them of one client (by address)."""
    runnable_age_max_s: float = 30.0
    """A transaction that could run and is in no block after so long makes the node unhealthy."""
    clock_settle_s: float = 300.0
    """After the wall clock jumped, no block is made until it is back, or has stood for so long where it jumped to."""
    proof_slots_max: int = 1_024
    """Most storage slots in one `eth_getProof`."""
    fee_history_blocks_max: int = 1_024
    """Most blocks in one `eth_feeHistory`."""
    pool_transactions_max: int = 4_096
    """Most transactions that wait; more are refused."""
    pool_bytes_max: int = 64 * 1024 * 1024
    """Most bytes of transactions that wait."""
    pool_per_sender_max: int = 1_024
    """Most waiting transactions of one sender, gaps included."""
    websocket_backlog_max: int = 1_000
    """Notices that wait for a slow WebSocket reader before its connection is closed."""
    websocket_backlog_bytes_max: int = 1024 * 1024
    """Bytes of answers that wait for a WebSocket's reader while further requests of it are taken."""
    websocket_message_bytes_max: int = 1024 * 1024
    """Longest WebSocket message read: the largest transaction fits, in hex."""
    cors_origins: tuple[str, ...] = ()
    """Origins that browsers may call from; none unless told."""

    def __post_init__(self) -> None:
        if self.state_blocks is not None and self.state_blocks < STATE_BLOCKS_MIN:
            raise ValueError(f"at least {STATE_BLOCKS_MIN} blocks' states must be kept, not {self.state_blocks}")
