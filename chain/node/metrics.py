"""The node's figures in the text form of Prometheus."""

from __future__ import annotations

from chain.node.node import EmbeddedNode
from chain.node.rpc import Rpc


def exposition(node: EmbeddedNode, rpc: Rpc) -> str:
    """All figures, one a line, each with its help and type (Prometheus text format 0.0.4)."""
    figures: list[tuple[str, str, str, dict[str, float]]] = [
        ("tongguan_node_head_block", "gauge", "Number of the newest block", {"": node.head.number}),
        ("tongguan_node_head_timestamp_seconds", "gauge", "Time of the newest block", {"": node.head.timestamp}),
        ("tongguan_node_waiting_transactions", "gauge", "Transactions that wait for a block", {"": node.waiting}),
        ("tongguan_node_database_bytes", "gauge", "Size of the database on disk", {"": node.database_bytes}),
        ("tongguan_node_state_from_block", "gauge", "First block whose state is kept", {"": node.state_from}),
        ("tongguan_node_fault", "gauge", "1 while no block can be made", {"": int(bool(node.fault))}),
        ("tongguan_node_requests_total", "counter", "JSON-RPC requests", _by_method(rpc.counters.asked)),
        ("tongguan_node_failed_requests_total", "counter", "JSON-RPC errors answered", _by_method(rpc.counters.failed)),
    ]
    lines = []
    for name, kind, sentence, values in figures:
        lines += [f"# HELP {name} {sentence}.", f"# TYPE {name} {kind}"]
        lines += [f"{name}{label} {value}" for label, value in sorted(values.items())]
    return "\n".join(lines) + "\n"


def _by_method(counts: dict[str, int]) -> dict[str, float]:
    return {f'{{method="{method}"}}': count for method, count in dict(counts).items()}
