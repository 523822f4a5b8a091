"""A small, honest Ethereum node: what it stores survives, what it answers is right.

```
genesis.py    what the chain starts from, and block 0          blocks.py   headers of QBFT shape, sealed; whole blocks
vm.py         transactions run on a state, London rules        calls.py    eth_call, gas estimates and access lists
trie.py       Merkle Patricia tries: roots, proofs, changes    trusted_rlp.py  RLP that the node wrote itself
accounts.py   what is under a state root, with proofs          account_overlay.py  accounts while transactions run
store.py      everything on disk, in LMDB                      pruning.py  older states that are let go
transactions.py  a raw transaction, read and checked once      mempool.py  transactions that wait
node_cache.py trie nodes and codes used last                   node.py     one node: takes, seals, keeps, tells
requests.py   what a caller asks, parsed                       responses.py  what the node answers, in JSON's shapes
methods.py    the JSON-RPC methods                             rpc.py      JSON-RPC 2.0: requests in, answers out
http.py       HTTP and WebSocket                               provider.py the same for `web3`, in process
```

In a test, a node that seals at once and never waits for the clock:

```python
node = EmbeddedNode.open(tmp_path, genesis, validator_keys, NodeSettings(instant=True))
web3 = Web3(NodeProvider(node))
...
node.close()
```

`tests/chain/node/conftest.py` holds fixtures made that way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chain.node.genesis import Genesis
    from chain.node.node import EmbeddedNode
    from chain.node.provider import NodeProvider
    from chain.node.settings import NodeSettings

__all__ = ["EmbeddedNode", "Genesis", "NodeProvider", "NodeSettings"]


def __getattr__(name: str) -> object:
    """The public names, each imported when first asked for: py-evm takes most of a second to load."""
    from importlib import import_module

    homes = {"EmbeddedNode": "node", "Genesis": "genesis", "NodeProvider": "provider", "NodeSettings": "settings"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"chain.node.{homes[name]}"), name)
    return value
