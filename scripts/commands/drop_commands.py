"""What governors type about entries that nobody can open: drop them from their batch, and see what was dropped."""

from __future__ import annotations

from typing import Annotated

import typer

from chain.index_drops import bitmap_of
from chain.proof.batch import BATCH_ENTRIES_MAX
from scripts.commands.registry import DEFAULT_DIR, DEFAULT_RPC, As, Directory, DryRun, Rpc, connected

drops_app = typer.Typer(
    help="Entries that nobody can open: vote them out of their batch, list what is out.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(drops_app, name="drop")


@drops_app.command("vote")
def vote_drop(
    batch: Annotated[int, typer.Argument(help="index of the batch", metavar="BATCH", min=0)],
    entries: Annotated[str, typer.Argument(help="places in the batch, from 0: 3,7-9", metavar="ENTRIES")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Vote, by a governor's attester account, that nobody can open these entries; a quorum takes them out for ever."""
    from chain.ledger import calls

    bitmap = entries_bitmap(entries)
    folder, ledger = connected(directory, rpc)
    account = folder.account(folder.member(by).slug, "attester")
    call = calls.drop(batch, bitmap)
    ledger.dry_run(call, account.address)
    if dry_run:
        print(f"the vote on {len(bitmap_entries(bitmap))} entries of batch {batch} would be taken; nothing was sent.")
        return
    receipt = ledger.transact(call, account)
    votes = len({vote.governor for vote in ledger.drop_votes(batch)})
    print(f"the vote stands in block {receipt.block}; {votes} governors voted on entries of batch {batch}.")


@drops_app.command("list")
def list_drops(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC) -> None:
    """Every batch of which a quorum took entries out."""
    _, ledger = connected(directory, rpc)
    for drop in ledger.drops():
        places = ",".join(str(place) for place in bitmap_entries(drop.bitmap))
        print(f"  batch {drop.batch}  entries {places}  by {drop.votes} governors in block {drop.block}")


def entries_bitmap(text: str) -> bytes:
    """The bitmap of places such as `3,7-9`, no longer than the last of them asks for; BadParameter for others."""
    places: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or last.isdecimal() != bool(dash):
            raise typer.BadParameter(f"{part!r} is no place in a batch; write such as 3,7-9")
        low, high = int(first), int(last or first)
        if not low <= high < BATCH_ENTRIES_MAX:
            raise typer.BadParameter(f"{part}: places go up, from 0 to {BATCH_ENTRIES_MAX - 1}")
        places |= set(range(low, high + 1))
    return bitmap_of(places)


def bitmap_entries(bitmap: bytes) -> list[int]:
    """The places that a bitmap names, ascending."""
    return [place for place in range(8 * len(bitmap)) if bitmap[place // 8] & 0x80 >> place % 8]
