"""`python -m gateway --settings FILE [--port N] [--rpc URL] [--host H]`: runs one gateway until it is told to end."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from chain.command_line import run_program
from chain.errors import TongguanError
from chain.http_limits import Connections, bounded_http
from chain.private_files import keep_files_private
from chain.recursion_limit import restore_recursion_limit
from gateway.app import build, create_app
from gateway.runtime import allocator
from gateway.runtime.cpu_affinity import PLACEMENT
from gateway.runtime.logs import install_logs
from gateway.runtime.settings_lock import hold_settings
from gateway.settings import GatewaySettings

SWITCH_INTERVAL_S = 0.001
"""A thread that wants the interpreter waits so long at most for one that computes, and a request wants it some five
times; Python's own 5 ms would show in the slowest answers."""
STOP_TIMEOUT_S = 20


def main(arguments: list[str] | None = None) -> int:
    """Runs the gateway; 0 after an ordered end, 2 where it cannot start."""
    return run_program("gateway", run_gateway, arguments)


def run_gateway(
    settings_file: Annotated[Path, typer.Option("--settings", help="settings file (JSON)")],
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port")] = 8700,
    rpc: Annotated[str | None, typer.Option(help="the chain's JSON-RPC endpoint, instead of the settings' one")] = None,
    console_url: Annotated[str | None, typer.Option(help="where people reach the console")] = None,
    desk_key: Annotated[list[str] | None, typer.Option(metavar="USCC=FILE", help="as the setting `desk_keys`")] = None,
    sandbox_url: Annotated[str | None, typer.Option(help="with --demonstration: the single-window stand-in")] = None,
    preview_url: Annotated[str | None, typer.Option(help="as the setting `preview_url`")] = None,
    demonstration: Annotated[
        bool, typer.Option("--demonstration", help="one-time links log in, at localhost alone")
    ] = False,
) -> int:
    """The gateway of a Tongguan consortium."""
    install_logs()
    keep_files_private()
    restore_recursion_limit()
    try:
        settings = GatewaySettings.load(
            settings_file,
            rpc_url=rpc,
            console_url=console_url,
            desk_keys={uscc: Path(file) for uscc, _, file in (key.partition("=") for key in desk_key or ())} or None,
            link_log_in=demonstration or None,
            sandbox_url=sandbox_url,
            preview_url=preview_url,
        )
        hold_settings(settings_file)
        logging.getLogger().setLevel(settings.log_level)
        if not settings.public_url:
            settings = settings.model_copy(update={"public_url": f"http://{host}:{port}"})
        app = create_app(settings, build(settings))
    except (TongguanError, OSError) as fault:
        print(f"The gateway cannot start: {fault}", file=sys.stderr)
        return 2
    allocator.settle()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    if settings.views_on_one_processor:
        PLACEMENT.claim()
    # The server raises the signal that ended it once more when it is done, and that must be an ordered end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        http=bounded_http(Connections(settings.connections_max, settings.connections_per_address_max)),
        # Never by the server's own default, which believes every program on this machine.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        # The gateway has no WebSockets: a connection that asks for one stays a request.
        ws="none",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
