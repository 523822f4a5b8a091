"""What an outside witness types: make its key, trust a log, run."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scripts.witness_folder import WitnessFolder

WITNESS_PORT = 8730
"""Not the port to which an example consortium's gateway posts: no webhook of a member reaches a witness."""
SHUTDOWN_S = 5


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(witness)


def witness(
    directory: Annotated[Path, typer.Argument(help="the witness's own folder", metavar="DIR")],
    new: Annotated[
        str, typer.Option(help="make a witness of this name, such as example.edu/witness", metavar="NAME")
    ] = "",
    trust: Annotated[
        list[str] | None, typer.Option(help="a log's verifier key: cosign its heads", metavar="KEY")
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen on; keep a proxy with TLS before it")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = WITNESS_PORT,
) -> None:
    """Cosign that a consortium's log of checkpoints only grows (C2SP tlog-witness).

    With --new or --trust it changes its folder and ends; without, it runs until interrupted.
    """
    from chain.proof.notes import NoteKey
    from scripts.witness_folder import WitnessFolder

    folder = WitnessFolder(directory)
    if new:
        key = folder.make(new)
        print(f"Made the witness {key.name} in {directory}. Its verifier key, for the consortium and for auditors:")
        print(f"  {key.text}")
    for text in trust or []:
        log = NoteKey.parse(text)
        folder.trust(log)
        print(f"Trusts the log {log.name}.")
    if new or trust:
        print(f"Next: tongguan witness {directory}")
        return
    _serve(folder, host, port)


def _serve(folder: WitnessFolder, host: str, port: int) -> None:
    import uvicorn

    from chain.errors import Refused
    from chain.http_limits import Connections, bounded_http
    from chain.witness.cosigner import Cosigner
    from chain.witness.server import witness_app
    from chain.witness.store import WitnessStore

    logs, key = folder.logs(), folder.key()
    if not logs:
        raise Refused(f"the witness trusts no log yet. Trust one: tongguan witness {folder.path} --trust KEY")
    store = WitnessStore(folder.notes)
    cosigner = Cosigner(
        key.name, folder.secret(), logs, store, time.time, lambda text: print(f"ALARM: {text}", file=sys.stderr)
    )
    print(f"Witness {key.text}", flush=True)
    for origin in cosigner.origins:
        print(f"  cosigns {origin}: {store.size(origin)} checkpoints so far", flush=True)
    print(f"Listening on http://{host}:{port} (interrupt to stop)", flush=True)
    uvicorn.run(
        witness_app(cosigner),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        http=bounded_http(Connections()),
        ws="none",
    )
    store.close()
