"""What a member's administrator types about its people: invite somebody to the console, list them, end one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from scripts.commands.exchange_commands import (
    DEFAULT_GATEWAY_URL,
    IDS_MAY_BEGIN_WITH_A_DASH,
    Directory,
    GatewayUrl,
    Reader,
    folder_option,
)

operator = typer.Typer(help="Invite, list and end the people of a member who log in to the console.")
RIGHTS_HELP = "what it may do: read, submit, dispose, operate or administer; repeat for several"


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(operator, name="operator", no_args_is_help=True)


@operator.command()
def invite(
    directory: Directory,
    member: Reader,
    name: Annotated[str, typer.Option(help="the person's name, which the member alone is told")],
    right: Annotated[list[str] | None, typer.Option(help=RIGHTS_HELP)] = None,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Invite somebody to log in for a member: prints a link that makes one passkey, once."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        invited = gateway.invite_operator(name, right or ["read"])
    until = datetime.fromtimestamp(invited["until"], UTC).strftime("%Y-%m-%d %H:%M UTC")
    print(f"{name} is operator {invited['operator']}, read log pseudonym {invited['pseudonym']}.")
    print(f"To be opened by {name} alone, once, before {until}:")
    print(invited["link"])


@operator.command("list")
def list_operators(
    directory: Directory,
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the people of a member with their rights and how many browsers they are logged in with."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        lines = gateway.operators()
    if as_json:
        print(json.dumps(lines, ensure_ascii=False, indent=2))
        return
    for line in lines:
        state = "ended" if line["ended_at"] else f"{len(line['sessions'])} sessions"
        print(f"{line['operator']}  {line['pseudonym']}  {line['name']}  {' '.join(line['rights'])}  {state}")
    print(f"{len(lines)} operators")


@operator.command(context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def end(
    directory: Directory,
    operator_id: Annotated[str, typer.Argument(metavar="OPERATOR", help="its id, as `list` prints it")],
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """End an operator with its sessions, links and passkeys."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        gateway.end_operator(operator_id)
    print(f"Operator {operator_id} was ended.")
