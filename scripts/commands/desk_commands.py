"""What a governor types to run its risk desk, and to print the rule pack that the members agree on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option
from scripts.commands.operate_commands import NODE_PORT

TablesFolder = Annotated[Path | None, typer.Option(help="folder of reference tables, as the gateway's rule_tables_dir")]


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command("risk-desk")(risk_desk)
    app.command("rule-pack")(rule_pack)


def risk_desk(
    directory: Directory,
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint; else the folder's own network or node")] = "",
    replay: Annotated[int | None, typer.Option(help="look again at what was anchored from this block on")] = None,
    tables: TablesFolder = None,
) -> None:
    """Run a governor's risk desk until interrupted: look at consignments that change, say findings, signed.

    One statement a rule and consignment; amended when it changes, withdrawn when it no longer follows. Exit 1 where the
    members agreed on another rule pack, 2 where chain or journal cannot be used.
    """
    import logging
    import threading

    from adapters.risk_desk.desk import UnagreedPack
    from adapters.risk_desk.desk_loop import run_desk
    from scripts.local_adapters import gateway_of
    from scripts.local_desks import batch_before, desk_of, watch_signals

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder = folder_option(directory)
    profile = folder.member(member)
    stop = threading.Event()
    desk = desk_of(folder, profile, gateway_url, rpc or folder.rpc() or f"http://127.0.0.1:{NODE_PORT}", tables)
    watch_signals(stop)
    with gateway_of(folder, profile, gateway_url) as source:
        replay_from = None if replay is None else batch_before(source, replay)
        print(f"risk desk of {member}: rule pack {desk.pack_hash[:16]}…", flush=True)
        try:
            run_desk(
                desk,
                source,
                stop,
                replay_from=replay_from,
                report=lambda progress: (
                    print(f"looked at {progress.looked}, said {progress.said}, refused {progress.refused}", flush=True)
                    if progress.said or progress.refused
                    else None
                ),
            )
        except UnagreedPack as stopped:
            print(f"tongguan: {stopped}", file=sys.stderr)
            raise typer.Exit(1) from None


def rule_pack(tables: TablesFolder = None) -> None:
    """Print this version's rule pack with these tables: the text whose SHA-256 the governors agree on."""
    from chain.rule_tables import tables_for
    from chain.rules.pack import pack_text

    sys.stdout.write(pack_text(tables_for(tables).roots))
