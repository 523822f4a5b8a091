"""What an operator types first when something does not work: every part looked at, one line each, and what to do."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from chain.errors import LedgerFault, TongguanError
from chain.program_version import program_version
from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl
from scripts.commands.registry import DEFAULT_RPC, NODE_RPC, Rpc
from scripts.consortium_folder import ConsortiumFolder
from scripts.diagnosis import (
    Diagnosis,
    check_clock,
    check_disk,
    check_gateway,
    check_key,
    check_permissions,
    check_port,
    check_tag_keys,
    check_validators,
    check_versions,
    exit_code,
)
from scripts.language import is_chinese

if TYPE_CHECKING:
    from chain.ledger import Ledger

TIMEOUT_S = 3.0
"""For each question to a part: what takes longer counts as no answer."""
LOOPBACK = ("127.0.0.1", "localhost")


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(doctor)


def doctor(directory: Directory, gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL, rpc: Rpc = DEFAULT_RPC) -> None:
    """Look at clock, disk, ports, key files, node, gateway, versions and keys: a line each, and what to do.

    Changes nothing; opens members' key files to learn the public part. Exit 0 where nothing is to be done, else 1.
    """
    folder = ConsortiumFolder(directory)
    folder.require_founded()
    lines = []
    for line in diagnose(folder, gateway_url.rstrip("/"), rpc or folder.rpc() or NODE_RPC, time.time):
        print(line.format(in_chinese=is_chinese()), flush=True)
        lines.append(line)
    faults = sum(not line.is_well for line in lines)
    if is_chinese():
        print(f"共检查 {len(lines)} 项，{faults} 项待处理。" if faults else f"共检查 {len(lines)} 项，全部正常。")
    else:
        print(f"{len(lines)} looked at, {faults} to do." if faults else f"{len(lines)} looked at, all well.")
    raise typer.Exit(exit_code(lines))


def diagnose(folder: ConsortiumFolder, gateway_url: str, rpc: str, clock: Callable[[], float]) -> Iterator[Diagnosis]:
    """Every check of a folder and the parts that answer at two URLs; none raises for a part that is not there."""
    yield check_disk(folder.path, shutil.disk_usage(folder.path).free)
    yield from check_permissions(folder.path)
    readiness = _answer(f"{gateway_url}/readyz")
    yield from _check_ports("gateway", gateway_url, answers=readiness is not None)
    yield from check_gateway(gateway_url, None if readiness is None else _reasons(readiness))
    yield from check_versions(sys.version_info[:2], program_version(), _gateway_version(gateway_url, readiness))
    yield from _check_chain(folder, rpc, clock)


def _check_chain(folder: ConsortiumFolder, rpc: str, clock: Callable[[], float]) -> Iterator[Diagnosis]:
    from chain.ledger.faults import LedgerUnreachable, without_secrets
    from scripts.ledger_connection import connect, trust_root_of

    root = trust_root_of(folder)
    try:
        ledger = connect(root, rpc)
        head = ledger.head()
    except LedgerUnreachable as fault:
        yield from _check_ports("node", rpc, answers=False)
        start = "ask whoever runs it" if folder.rpc() else f"start it (tongguan node {folder.path})"
        yield Diagnosis("node", str(fault), f"{start}, or give --rpc URL")
        return
    except LedgerFault as fault:
        yield Diagnosis("node", str(fault), "give --rpc the endpoint of the chain that the trust root names")
        return
    yield from _check_ports("node", rpc, answers=True)
    yield Diagnosis("node", f"block {head.number} is the newest at {without_secrets(rpc)}")
    yield check_clock(head.timestamp, clock(), seals_always=bool(folder.rpc()))
    yield check_validators(root, head.number)
    yield from _check_keys(folder, ledger, head.number + 1)


def _check_keys(folder: ConsortiumFolder, ledger: Ledger, block: int) -> Iterator[Diagnosis]:
    for member in folder.members():
        try:
            public = folder.signing_key(member.slug).public
            versions = ledger.key_versions(public.thumbprint)
        except (TongguanError, OSError) as fault:
            yield Diagnosis(f"key {member.slug}", str(fault), "lay the member's signing.pem and its passphrase there")
            continue
        yield check_key(member.slug, public.kid, versions, block)
    if (folder.gateway / "settings.json").exists():
        yield _check_tag_keys(folder, ledger)


def _check_tag_keys(folder: ConsortiumFolder, ledger: Ledger) -> Diagnosis:
    from gateway.membership.tag_keys import TagKeys
    from gateway.settings import GatewaySettings

    try:
        epochs = TagKeys.load(GatewaySettings.load(folder.gateway / "settings.json").tag_keys_file).epochs
    except (TongguanError, OSError) as fault:
        return Diagnosis("tag keys", str(fault), "restore the gateway's settings and its file of tag keys")
    in_file = [(epoch.from_batch, epoch.secret.public.raw) for epoch in epochs]
    return check_tag_keys(ledger.tag_key_versions(), in_file, ledger.batch_count())


def _check_ports(part: str, url: str, *, answers: bool) -> Iterator[Diagnosis]:
    """The port of a part on this machine; nothing of one elsewhere."""
    place = urlsplit(url)
    if place.hostname not in LOOPBACK or place.port is None:
        return
    with socket.socket() as probe:
        probe.settimeout(TIMEOUT_S)
        is_taken = probe.connect_ex(("127.0.0.1", place.port)) == 0
    yield check_port(part, place.port, is_taken=is_taken, answers=answers)


def _answer(url: str) -> dict[str, Any] | None:
    """The JSON object at a URL, whatever its status; None where there is none."""
    import httpx

    try:
        content = httpx.get(url, timeout=TIMEOUT_S).json()
    except (httpx.HTTPError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _reasons(readiness: dict[str, Any]) -> dict[str, str]:
    parts: dict[str, dict[str, Any]] = readiness.get("parts", {})
    return {name: str(part.get("reason", "")) for name, part in parts.items() if not part.get("ready")}


def _gateway_version(gateway_url: str, readiness: dict[str, Any] | None) -> str | None:
    document = None if readiness is None else _answer(f"{gateway_url}/openapi.json")
    return None if document is None else str(document.get("info", {}).get("version", ""))
