"""What the commands on the registry share: options, the folder's connection, sending as a member, facts in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.members import (
    NUMBER_POLICIES,
    AddedBy,
    KeyState,
    KeyVersion,
    MemberState,
    MemberVersion,
    Role,
    find_in_force,
)
from scripts.commands.operate_commands import NODE_PORT
from scripts.consortium_folder import ConsortiumFolder

if TYPE_CHECKING:
    from chain.ledger import Call, Ledger, Receipt

Directory = Annotated[Path, typer.Option("--dir", help="the consortium's folder")]
Rpc = Annotated[
    str, typer.Option(help="the chain's JSON-RPC endpoint (default: the folder's network, else this machine's node)")
]
As = Annotated[str, typer.Option("--as", help="whose controller account signs: a member's slug or USCC")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen; send nothing")]
Block = Annotated[int | None, typer.Option(help="as in force for this block (default: the next)")]
Member = Annotated[str, typer.Argument(help="a member's slug in this folder, or its USCC")]
DEFAULT_DIR = Path(".demo")
DEFAULT_RPC = ""
NODE_RPC = f"http://127.0.0.1:{NODE_PORT}"


def connected(directory: Path, rpc: str) -> tuple[ConsortiumFolder, Ledger]:
    """The folder and a client of its chain; raises BrokenFolder, LedgerFault."""
    from scripts.ledger_connection import connect, trust_root_of

    folder = ConsortiumFolder(directory)
    return folder, connect(trust_root_of(folder), rpc or folder.rpc() or NODE_RPC)


def transact(
    directory: Path, rpc: str, by: str, dry_run: bool, call: Callable[[ConsortiumFolder, Ledger], Call]
) -> None:
    """Sends the call that the folder and the chain make, as `send`."""
    folder, ledger = connected(directory, rpc)
    send(folder, ledger, by, dry_run, call(folder, ledger))


def send(
    folder: ConsortiumFolder, ledger: Ledger, by: str, dry_run: bool, call: Call, foretold: str = ""
) -> Receipt | None:
    """Sends a call from the member's controller account and says its block; with `dry_run` only what it would do."""
    account = folder.account(folder.member(by).slug)
    ledger.dry_run(call, account.address)
    if dry_run:
        print(f"{call.contract}.{call.function} would be taken now; nothing was sent.")
        if foretold:
            print(f"  {foretold}")
        return None
    receipt = ledger.transact(call, account)
    print(f"{call.contract}.{call.function} stands in block {receipt.block} (gas {receipt.gas_used:,}).")
    return receipt


def asked_block(ledger: Ledger, block: int | None) -> int:
    """The block asked about: the one named, or the next."""
    return ledger.block_number() + 1 if block is None else block


def uscc_of(folder: ConsortiumFolder, member: str) -> str:
    """The USCC that a slug of this folder stands for, or that was said; raises MalformedIdentifier."""
    from chain.identifiers import Uscc

    known = {one.slug: one.uscc for one in folder.members()}
    return known.get(member) or Uscc.parse(member)


def roles_said(said: str) -> Role:
    """The roles of a comma-separated list."""
    roles = Role(0)
    for name in said.split(","):
        if name.strip().upper() not in Role.__members__:
            raise typer.BadParameter(f"no role {name}; there are {', '.join(Role.__members__)}")
        roles |= Role[name.strip().upper()]
    return roles


def plain(version: Any) -> dict[str, Any]:
    """A version's fields as JSON values; enumerations by name, hashes in hex."""
    from dataclasses import fields

    said: dict[str, Any] = {}
    for one in fields(version):
        value = getattr(version, one.name)
        if isinstance(value, Role):
            value = [str(role.name) for role in Role if role in value]
        elif isinstance(value, MemberState | KeyState) or hasattr(value, "name"):
            value = value.name
        elif isinstance(value, bytes):
            value = value.hex()
        said[one.name] = value
    return said


def role_names(roles: Role) -> str:
    """The roles, comma-separated."""
    return ",".join(str(role.name) for role in Role if role in roles)


def member_words(version: MemberVersion | None) -> str:
    """What a member was, in words."""
    if version is None:
        return "not yet a member"
    sponsor = f"sponsor {version.sponsor}" if version.sponsor else "votes"
    if version.state is not MemberState.ACTIVE:
        sponsor = "its records do not count"
    return f"{version.kind.name.lower()} {version.state.name.lower()}  {role_names(version.roles)}  {sponsor}"


def key_words(versions: Sequence[KeyVersion], block: int) -> str:
    """What a key was for a block, and what was said of it later."""
    version, newest = find_in_force(versions, block), versions[-1]
    state = "not yet added" if version is None else version.state.name.lower()
    added = "" if newest.added_by is AddedBy.MEMBER else f"  added by {newest.added_by.name.lower()}"
    if newest.compromised_since is None:
        return state + added
    since, where = time_words(newest.compromised_since), f"(block {newest.since_block})"
    if newest.contested:
        return f"{state}{added}  CONTESTED: its member asks to declare it compromised since {since} {where}"
    return f"{state}{added}  COMPROMISED since {since} {where}"


def parse_time(text: str) -> int:
    """Unix seconds of a number, or of an ISO 8601 time with its zone; ValueError where it is neither."""
    if text.isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} names no zone, such as Z or +08:00")
    return int(moment.timestamp())


def time_words(seconds: int) -> str:
    """Unix seconds as ISO 8601 UTC; years beyond 9999 as the number itself."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def policy_value_words(name: str, value: bytes) -> str:
    """A policy's value: a number where its name stands for one, else the hash of its file."""
    return str(int.from_bytes(value, "big")) if name in NUMBER_POLICIES else value.hex()
