"""The node's fixtures, for tests that hold it against other people's engines and clients."""

from __future__ import annotations

from tests.chain.node.conftest import genesis, instant_node, keeper, sender, served, w3

__all__ = ["genesis", "instant_node", "keeper", "sender", "served", "w3"]
