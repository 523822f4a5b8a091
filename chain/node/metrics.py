"""The node's figures in the text form of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chain.node.node import EmbeddedNode
from chain.node.rpc import Rpc


class NodeFigures(Collector):
    """Reads a node's figures when they are asked for; nothing is counted twice."""

    def __init__(self, node: EmbeddedNode, rpc: Rpc) -> None:
        self._node, self._rpc = node, rpc

    def collect(self) -> Iterator[Metric]:
        """All figures of this moment."""
        node, counters = self._node, self._rpc.counters
        yield _gauge("head_block", "Number of the newest block.", node.head.number)
        yield _gauge("head_timestamp_seconds", "Time of the newest block.", node.head.timestamp)
        yield _gauge("waiting_transactions", "Transactions that wait for a block.", node.waiting)
        yield _gauge("database_bytes", "Size of the database on disk.", node.database_bytes)
        yield _gauge("state_from_block", "First block whose state is kept.", node.state_from)
        yield _gauge("fault", "1 while no block can be made.", int(bool(node.fault)))
        yield _by_method("requests", "JSON-RPC requests.", counters.asked)
        yield _by_method("failed_requests", "JSON-RPC errors answered.", counters.failed)


def exposition(node: EmbeddedNode, rpc: Rpc) -> bytes:
    """All figures, one a line, each with its help and type (Prometheus text format 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(NodeFigures(node, rpc))
    return generate_latest(registry)


def _gauge(name: str, sentence: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tongguan_node_{name}", sentence, value)


def _by_method(name: str, sentence: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"tongguan_node_{name}", sentence, labels=("method",))
    for method, count in sorted(dict(counts).items()):
        family.add_metric((method,), count)
    return family
