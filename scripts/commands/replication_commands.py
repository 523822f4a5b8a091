"""What whoever runs a gateway among others types: how whole it is, and making it whole again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option

replication = typer.Typer(help="Records of other gateways: how far this one has come.", no_args_is_help=True)
GAPS_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(replication, name="replication")
    app.command("rebuild")(rebuild_store)


@replication.command("status")
def show_status(
    directory: Directory,
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say how far a gateway holds what it may hold: batches looked at, gaps with their reasons, other gateways.

    Exit 0 where nothing is missing, 1 where something is. For the gateway's own member and for governors.
    """
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        status = gateway.replication()
    print(json.dumps(status, ensure_ascii=False, indent=2) if as_json else status_text(status))
    sys.exit(1 if status["gap_batches"] else 0)


def status_text(status: dict[str, Any]) -> str:
    """A gateway's status for people, a line each."""
    lines = [
        f"batches    {status['batches']:,} on the chain, {status['replicated_batches']:,} looked at",
        f"missing    {status['missing_entries']:,} entries in {status['gap_batches']:,} batches",
    ]
    for gap in status["gaps"][:GAPS_SHOWN]:
        lines.append(
            f"  batch {gap['batch']} of {gap['gateway'] or 'nobody known'}: {gap['missing']} entries, "
            f"asked {gap['attempts']} times: {gap['reason']}"
        )
    if status["gap_batches"] > GAPS_SHOWN:
        lines.append(f"  … and {status['gap_batches'] - GAPS_SHOWN} more: --json")
    for peer in status["peers"]:
        fault = f"last fault: {peer['last_fault']}" if peer["last_fault"] else "answers as it should"
        lines.append(f"peer       {peer['member']} {peer['url']}: {peer['records']:,} records, {fault}")
    return "\n".join(lines)


def rebuild_store(
    directory: Directory,
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint")] = "",
    settings: Annotated[Path | None, typer.Option(help="settings file of the gateway; else the one in DIR")] = None,
) -> None:
    """Make the gateway's store whole from the chain and the other gateways; stop the gateway first.

    For a store that is empty, or was restored from an old copy. May be interrupted and run again. Exit 0 where it is
    whole, 1 where something is held by nobody any more: each such batch is named.
    """
    from rich.console import Console

    from gateway.app import build
    from gateway.runtime.settings_lock import hold_settings
    from gateway.settings import GatewaySettings
    from scripts.rebuild import rebuild

    file = settings or directory / "gateway" / "settings.json"
    chosen = GatewaySettings.load(file, rpc_url=rpc or None, verifier_processes=0)
    hold_settings(file)
    gateway = build(chosen)
    if gateway.puller is None:
        print("tongguan: the settings name no peers or no replication policy: nobody can be asked", file=sys.stderr)
        sys.exit(2)
    try:
        with Console(stderr=True).status("reading the chain") as status:
            rebuilt = rebuild(
                gateway,
                gateway.puller,
                lambda batches, of, records: status.update(f"batch {batches:,} of {of:,}; {records:,} records"),
            )
    finally:
        gateway.stop()
    print(f"{rebuilt.batches:,} batches read; {rebuilt.records:,} records came from other gateways")
    for batch in rebuilt.lost:
        print(
            f"held by nobody: {batch.missing_entries} entries of batch {batch.batch}, anchored by the gateway of "
            f"{batch.gateway or 'nobody known'}: {batch.reason}"
        )
    if not rebuilt.lost:
        print("Whole: every record of every batch is here, as far as the policy gives it to this gateway.")
    sys.exit(1 if rebuilt.lost else 0)
