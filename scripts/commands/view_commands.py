"""What a member types to learn what it may see, and to look with a browser."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from chain.errors import NotFound
from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option

policy = typer.Typer(help="Ask about the view policy.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(policy, name="policy")
    app.command()(token)


@policy.command()
def explain(
    directory: Directory,
    member: Annotated[str, typer.Argument(help="a member whose key is in the folder", metavar="MEMBER")],
    ucr: Annotated[str, typer.Argument(metavar="UCR")],
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say for every section of a consignment's records whether MEMBER sees it, and by which line of the policy.

    Exit 1 where MEMBER may not learn that the consignment exists. The question is logged as a read.
    """
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    try:
        with gateway_of(folder, folder.member(member), gateway_url) as gateway:
            said = gateway.explanation(ucr)
    except NotFound:
        print(f"{member} may not learn whether {ucr} exists: no line of the policy that it meets grants any of it.")
        sys.exit(1)
    print(json.dumps(said, ensure_ascii=False, indent=2) if as_json else explanation_text(said))


def token(
    directory: Directory,
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Print a bearer token for a member, made with its key in the folder: for the console at /console, or for curl."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        print(gateway.token())


def explanation_text(said: dict[str, Any]) -> str:
    """An explanation for people: the reader's standing, then each record with its sections, one a line."""
    part = said["takes_part_because"]
    lines = [
        f"roles       {', '.join(said['roles']) or 'none'}",
        f"conditions  {', '.join(said['conditions'])}{f' (party: {part})' if part else ''}",
        f"policy      {said['policy']}",
    ]
    record = ""
    for one in said["sections"]:
        if one["record"] != record:
            record = one["record"]
            lines += ["", f"{one['type']}  {record}  by {one['issuer']}"]
        lines.append(f"  {'sees' if one['seen'] else '-   '}  {one['section']:<20} {one['why']}")
    return "\n".join(lines)
