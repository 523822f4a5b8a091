"""What a regulator or an operator types to look at the chain itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.operate_commands import NODE_PORT
from scripts.consortium_folder import ConsortiumFolder


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(replay)


def replay(
    directory: Annotated[Path, typer.Argument(help="the consortium's folder", metavar="DIR")],
    index: Annotated[Path, typer.Option(help="folder of the new index; must not exist")],
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint")] = f"http://127.0.0.1:{NODE_PORT}",
) -> None:
    """Rebuild an index from the chain alone, and hold it against the newest checkpoint.

    Exit 0 where the derived root is the attested one, 2 where the chain cannot be believed or reached.
    """
    from chain.follower import Follower
    from chain.index_store import IndexStore
    from scripts.ledger_connection import connect, trust_root_of

    if index.exists():
        raise typer.BadParameter(f"{index} exists; remove it, or name a new folder")
    root = trust_root_of(ConsortiumFolder(directory))
    # First of all: where nothing answers, no folder is left that would refuse the next try.
    ledger = connect(root, rpc)
    store = IndexStore.open(index, root.consortium)
    follower = Follower(ledger, store, root.consortium)
    began = time.monotonic()
    entries = 0
    while True:
        step = follower.step()
        entries += sum(batch.facts.count for batch in step.applied)
        if step.blocks_behind == 0:
            break
    took = time.monotonic() - began
    progress = store.progress()
    print(f"{progress.batch_count} batches, {entries:,} entries up to block {progress.block} in {took:.1f} s")
    for number in store.void_batches():
        print(f"batch {number} is void: its entries do not hash to its root, and none of them counts")
    print(f"map over {progress.map_count} batches: root {progress.map_root.hex()}, as attested")
    store.close()
