"""What a company and its broker type about a mandate (代理报关委托): offer it, confirm it, end it, look at it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import NotFound
from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option

if TYPE_CHECKING:
    from chain.records import TradeMandate
    from gateway.client import GatewayClient
    from scripts.consortium_folder import ConsortiumFolder

mandates = typer.Typer(help="Offer, confirm, end and list mandates.", no_args_is_help=True)
Side = Annotated[str, typer.Argument(help="record id of a side of the mandate", metavar="RECORD")]


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(mandates, name="mandate")


@mandates.command()
def offer(
    directory: Directory,
    member: Reader,
    principal: Annotated[str, typer.Option(help="the company that is acted for: slug or USCC")],
    agent: Annotated[str, typer.Option(help="the broker: slug or USCC")],
    ucr: Annotated[list[str], typer.Option(help="consignment that it is for; repeat for several")],
    starts: Annotated[str, typer.Option(help="first day in Beijing, YYYY-MM-DD")],
    ends: Annotated[str, typer.Option(help="last day in Beijing, YYYY-MM-DD")],
    office: Annotated[list[str] | None, typer.Option(help="customs office, 4 digits; none: all")] = None,
    goods: Annotated[list[str] | None, typer.Option(help="beginning of an HS code; none: all goods")] = None,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """Offer a mandate to the other side. It holds once the other confirms it and both records are anchored."""
    from chain.identifiers import Ucr, Uscc
    from chain.records import TradeMandate

    folder = folder_option(directory)
    parties = [Uscc.parse(_uscc(folder, name)) for name in (principal, agent)]
    head: dict[str, Any] = {"principal": parties[0], "agent": parties[1], "starts": starts, "ends": ends}
    head |= {"offices": office or [], "goods": goods or []}
    record = TradeMandate.from_sections({"mandate": [head]}).with_names(parties).for_ucrs([*map(Ucr.parse, ucr)])
    name = _say(folder, member, gateway_url, lambda gateway: (record, None))
    print(f"offered: record {name}")
    print(f"The other side confirms it: tongguan mandate confirm {directory} {name} --member SLUG")


@mandates.command()
def confirm(directory: Directory, record: Side, member: Reader, gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL) -> None:
    """Confirm what the other side offered, word for word."""

    def answer(gateway: GatewayClient) -> tuple[TradeMandate, None]:
        offered = _side(gateway, record)
        return offered.model_copy(update={"mandate": offered.mandate.model_copy(update={"offer": record})}), None

    name = _say(folder_option(directory), member, gateway_url, answer)
    print(f"confirmed: record {name}; the mandate holds for what is anchored after it")


@mandates.command()
def end(directory: Directory, record: Side, member: Reader, gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL) -> None:
    """End a mandate by withdrawing one's own side of it; what was declared under it stays as it was."""
    name = _say(folder_option(directory), member, gateway_url, lambda gateway: (_side(gateway, record), record))
    print(f"ended: record {name} withdraws {record}")


@mandates.command("list")
def list_mandates(
    directory: Directory,
    ucr: Annotated[str, typer.Argument(metavar="UCR")],
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
) -> None:
    """List the mandates of a consignment's owner, and declarations without one. Exit 1 where there are such."""
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    with gateway_of(folder, folder.member(member), gateway_url) as gateway:
        view = gateway.consignment(ucr)
    for mandate in view["mandates"]:
        print("  ".join(_words(mandate)))
    for name in view["without_mandate"]:
        print(f"without mandate · 无委托: record {name}")
    if view["without_mandate"]:
        raise typer.Exit(1)


def _words(mandate: dict[str, Any]) -> list[str]:
    if mandate["ended_block"] is not None:
        state = f"ended by {mandate['ended_by']} in block {mandate['ended_block']}"
    elif mandate["since_block"] is None:
        state = "not anchored yet"
    else:
        state = f"since block {mandate['since_block']}"
    offices, goods = (", ".join(mandate[name]) or "all" for name in ("offices", "goods"))
    period = f"{mandate['starts']} to {mandate['ends']}"
    return [mandate["agent"], period, f"offices {offices}", f"goods {goods}", state, f"offer {mandate['offer']}"]


def _side(gateway: GatewayClient, record_id: str) -> TradeMandate:
    """The side of a mandate that the gateway shows; raises NotFound where the record is none."""
    from chain.records import TradeMandate

    answer = gateway.record(record_id)
    if answer["type"] != TradeMandate.TYPE or "mandate" not in answer["sections"]:
        raise NotFound("side of a mandate", record_id)
    return TradeMandate.from_sections(answer["sections"])


def _say(folder: ConsortiumFolder, member: str, gateway_url: str, make: Any) -> str:
    """Signs and submits what `make` gives, a record and what it withdraws; the record's id."""
    from chain.claims import make_jti
    from chain.records import sign_record
    from scripts.ledger_connection import trust_root_of
    from scripts.local_adapters import gateway_of

    profile, now = folder.member(member), time.time()
    with gateway_of(folder, profile, gateway_url) as gateway:
        record, withdrawn = make(gateway)
        signed = sign_record(
            record,
            key=folder.signing_key(profile.slug),
            iss=profile.uscc,
            consortium=trust_root_of(folder).consortium.hex(),
            iat=int(now),
            jti=make_jti(folder.jti_secret(profile.slug), "mandate", withdrawn or "", str(now)),
            amends=withdrawn,
            withdraws=withdrawn is not None,
        )
        gateway.submit(signed)
    return signed.record_id


def _uscc(folder: ConsortiumFolder, name: str) -> str:
    """The USCC of a member of this folder; another text as it is."""
    try:
        return folder.member(name).uscc
    except NotFound:
        return name
