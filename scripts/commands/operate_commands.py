"""What an operator types: found a consortium and run its parts."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from chain.lifecycle import PENDING_S
from chain.node.settings import STATE_BLOCKS_MIN
from scripts.consortium_folder import ConsortiumFolder

DIR_HELP = "the consortium's folder"
NODE_PORT = 8645
GATEWAY_PORT = 8700
SINGLE_WINDOW_PORT = 8710
UNSEALED_HELP = "with --rpc: take a network that cannot give proofs; every bundle of it is UNTRUSTED_CHAIN"
UNSEALED_WARNING = "UNTRUSTED_CHAIN: nobody seals this network's blocks, so nothing on it can be proved to a stranger."

STATE_BLOCKS_HELP = "the node keeps the state of the newest N blocks only; a proof bundle needs the newest alone"

StateBlocks = Annotated[int | None, typer.Option(help=STATE_BLOCKS_HELP, metavar="N", min=STATE_BLOCKS_MIN)]
Directory = Annotated[Path, typer.Argument(help=DIR_HELP, metavar="DIR")]


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(init)
    app.command()(up)
    app.command()(node)
    app.command()(gateway)
    app.command()(attester)
    app.command("single-window")(single_window)


def init(
    directory: Directory,
    rpc: Annotated[str, typer.Option(help="found it on this running network instead of an embedded node")] = "",
    funder: Annotated[Path | None, typer.Option(help="with --rpc: key file of an account that may send")] = None,
    unsealed: Annotated[bool, typer.Option("--unsealed", help=UNSEALED_HELP)] = False,
) -> None:
    """Make a new example consortium: keys, genesis, contracts, members, trust root."""
    from scripts.bootstrap import found

    folder = ConsortiumFolder(directory)
    if folder.is_founded():
        print(f"{directory} already holds a consortium; nothing was changed.")
        return
    root = found(folder, rpc=rpc, funder=funder, unsealed=unsealed, say=lambda text: print(f"  {text}"))
    print(f"Founded consortium {root.consortium.hex()[:16]}… in {directory}.")
    print(f"Trust root fingerprint: {root.short_fingerprint}")
    if root.is_unsealed:
        print(UNSEALED_WARNING)
    print(f"Next: tongguan up {directory}")


def up(
    directory: Directory,
    node_port: Annotated[int, typer.Option()] = NODE_PORT,
    gateway_port: Annotated[int, typer.Option()] = GATEWAY_PORT,
    state_blocks: StateBlocks = None,
) -> None:
    """Run node, gateway and attesters of a consortium on this machine, in one process group, until interrupted."""
    from scripts.local_network import Machine
    from scripts.processes import StopSignal

    folder = ConsortiumFolder(directory)
    folder.require_founded()
    stopped = StopSignal()
    with Machine(folder, node_port=node_port, gateway_port=gateway_port, state_blocks=state_blocks) as machine:
        machine.start_core(print)
        print(f"Gateway: {machine.gateway_url}   node: {machine.rpc_url}   (interrupt to stop)", flush=True)
        machine.run_until(stopped)


def node(
    directory: Annotated[Path | None, typer.Argument(help=DIR_HELP, metavar="DIR")] = None,
    named: Annotated[Path | None, typer.Option("--dir", help="the same, as `python -m chain.node` takes it")] = None,
    port: Annotated[int, typer.Option(help="loopback port")] = NODE_PORT,
    state_blocks: StateBlocks = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="answer questions only; needs no keys")] = False,
) -> None:
    """Run the embedded Ethereum node of a consortium."""
    folder = named or directory
    if folder is None or (named and directory):
        raise typer.BadParameter("name the consortium's folder, once", param_hint="DIR")
    options = ["--read-only"] if read_only else []
    if state_blocks is not None:
        options += ["--state-blocks", str(state_blocks)]
    _run_module("chain.node", "--dir", str(folder), "--port", str(port), *options)


def gateway(
    directory: Directory,
    port: Annotated[int, typer.Option(help="TCP port")] = GATEWAY_PORT,
    host: Annotated[str, typer.Option(help="address to listen on; TLS is a proxy's before it")] = "127.0.0.1",
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint, instead of the settings' one")] = "",
) -> None:
    """Run the gateway of a consortium, or of one organisation."""
    folder = ConsortiumFolder(directory)
    folder.require_founded()
    where = ("--settings", str(folder.gateway / "settings.json"), "--port", str(port), "--host", host)
    _run_module("gateway", *where, *(("--rpc", rpc) if rpc else ()))


def single_window(
    directory: Directory,
    port: Annotated[int, typer.Option(help="loopback port")] = SINGLE_WINDOW_PORT,
) -> None:
    """Run the single-window stand-in, which tells stories by the consortium's members."""
    folder = ConsortiumFolder(directory)
    folder.require_founded()
    _run_module("adapters.single_window_mock", "--dir", str(directory), "--port", str(port))


def attester(
    directory: Directory,
    member: Annotated[list[str] | None, typer.Option(help="governor (slug); repeat for several on one machine")] = None,
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint; else the folder's own network or node")] = "",
    quiet_s: Annotated[float, typer.Option(help="a checkpoint is due this long after the last batch")] = 5.0,
    every_batches: Annotated[int, typer.Option(help="and at every multiple of so many batches")] = 64,
    heartbeat_s: Annotated[float, typer.Option(help="and at least this often while batches wait for one")] = 15.0,
    poll_s: Annotated[float, typer.Option(help="how often the chain is asked")] = 0.5,
    gateway_url: Annotated[
        str, typer.Option("--gateway", help="own gateway: entries that nobody could open are voted out by its word")
    ] = "",
    drop_after_s: Annotated[int, typer.Option(help="and not before their batch is so old", min=1)] = PENDING_S,
) -> None:
    """Attest the index map for governors whose attester keys are in this folder, and vote out what nobody can open.

    Follows the chain and derives the map itself. Where its root differs from what others attested it says so on
    standard error, votes for its own, and goes on; so it does while the chain does not answer. Exit 2 where the chain
    cannot be believed.
    """
    from chain.attester import AttestationPolicy
    from scripts.local_attesters import attest_until, make_attesters
    from scripts.processes import StopSignal, tell_line

    folder = ConsortiumFolder(directory)
    folder.require_founded()
    policy = AttestationPolicy(every_batches, quiet_s, heartbeat_s)
    stopped = StopSignal()
    attesters = make_attesters(
        folder,
        rpc or folder.rpc() or f"http://127.0.0.1:{NODE_PORT}",
        member or [],
        policy,
        gateway=gateway_url,
        drop_after_s=drop_after_s,
        say=tell_line,
    )
    attest_until(
        stopped,
        attesters.step,
        say=tell_line,
        warn=partial(tell_line, error=True),
        poll_s=poll_s,
    )


def _run_module(module: str, *arguments: str) -> None:
    """Becomes `python -m module`, so that signals and exit codes are the part's own."""
    import os

    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - our own module
