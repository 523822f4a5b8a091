"""What an operator types about one member's journal: what was refused or parked, and the receipts of what was taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import NotFound
from scripts.consortium_folder import ConsortiumFolder

if TYPE_CHECKING:
    from adapters.runner.journal import Journal, JournalEntity

Directory = Annotated[Path, typer.Argument(help="the consortium's folder", metavar="DIR")]
Member = Annotated[str, typer.Option("--member", help="whose journal: a member's slug in the folder")]
Ucr = Annotated[str, typer.Option("--ucr", help="of this consignment alone")]
RECEIPT_SUFFIX = ".receipt"

receipts_app = typer.Typer(help="Receipts of a member's records: list, show, export.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(parked)
    app.add_typer(receipts_app, name="receipts")


def parked(
    directory: Directory,
    member: Member,
    show: Annotated[str, typer.Option(help="MESSAGE/ORDINAL: print the message and the record it would become")] = "",
    replay: Annotated[str, typer.Option(help="MESSAGE/ORDINAL or file name: try it again")] = "",
    drop: Annotated[str, typer.Option(help="MESSAGE/ORDINAL or file name: give it up, with --reason")] = "",
    reason: Annotated[str, typer.Option(help="why it is given up")] = "",
) -> None:
    """List what a member's adapter refused or could not finish; show one, replay it, or drop it with a reason."""
    journal = open_journal(directory, member)
    if show:
        place, ordinal = _parked_place(show)
        print(json.dumps(_as_parked(journal, place, ordinal), ensure_ascii=False, indent=2))
        return
    if drop and not reason:
        raise typer.BadParameter("--drop needs a --reason")
    if replay or drop:
        _settle_one(journal, replay or drop, reason if drop else None)
        return
    for message, entity in journal.parked():
        name = journal.name_of(message) or message.envelope.id
        print(f"{message.place}/{entity.ordinal}  {name}  {message.envelope.kind}  {entity.code}  {entity.reason}")
    for message in journal.refused():
        name = journal.name_of(message) or message.envelope.id
        print(f"{message.place}  {name}  {message.envelope.kind}  refused  {message.code}  {message.reason}")


def _settle_one(journal: Journal, said: str, reason: str | None) -> None:
    """Replays (without a reason) or drops what is named: an entity, a refused message, or all of a file."""
    if "/" in said and said.replace("/", "").isdecimal():
        places = [_parked_place(said)]
        refused: list[int] = []
    else:
        places = [(e.place, e.ordinal) for m, e in journal.parked() if said in (journal.name_of(m), m.envelope.id)]
        refused = [m.place for m in journal.refused() if said in (journal.name_of(m), m.envelope.id, str(m.place))]
        if not places and not refused:
            raise typer.BadParameter(f"{said} is no MESSAGE/ORDINAL and no file that the list prints")
    for place, ordinal in places:
        if reason is None:
            journal.replay(place, ordinal)
        else:
            journal.drop(place, ordinal, reason)
    for place in refused:
        journal.reopen(place) if reason is None else journal.set_message(place, "dropped", reason=reason)


def _parked_place(said: str) -> tuple[int, int]:
    place, divider, ordinal = said.partition("/")
    if not (divider and place.isdecimal() and ordinal.isdecimal()):
        raise typer.BadParameter(f"{said} is no MESSAGE/ORDINAL as the list prints it, such as 12/0")
    return int(place), int(ordinal)


def _as_parked(journal: Journal, place: int, ordinal: int) -> dict[str, Any]:
    """A parked entity as an operator reads it; raises NotFound where it is not parked."""
    from adapters.preview import entity_preview
    from adapters.registry import read_message

    message, entity = next(
        ((m, e) for m, e in journal.parked() if (e.place, e.ordinal) == (place, ordinal)), (None, None)
    )
    if message is None or entity is None:
        raise NotFound("parked entity", f"{place}/{ordinal}")
    entities = read_message(message.body, sent_on=message.envelope.sent_on).entities
    read = next(found for found in entities if found.ordinal == ordinal)
    return {
        "envelope": message.envelope.format(),
        "file": journal.name_of(message),
        "code": entity.code,
        "reason": entity.reason,
        "attempts": entity.attempts,
        "entity": entity_preview(read),
        "message": message.body.decode("utf-8", "replace"),
    }


@receipts_app.command("list")
def list_receipts(directory: Directory, member: Member, ucr: Ucr = "") -> None:
    """List the records that the gateway took: record id, type, UCRs, and the file that each came from."""
    journal = open_journal(directory, member)
    for entity, ucrs in _taken(journal, ucr):
        message = journal.get_message(entity.place)
        name = journal.name_of(message) or message.envelope.id
        print(f"{entity.record_id}  {entity.type}  {','.join(ucrs)}  {name}")


@receipts_app.command("show", context_settings={"ignore_unknown_options": True})
def show_receipt(
    directory: Directory, record_id: Annotated[str, typer.Argument(metavar="RECORD_ID")], member: Member
) -> None:
    """Print the gateway's receipt of one record, as it was given out."""
    for entity, _ in _taken(open_journal(directory, member), ""):
        if entity.record_id == record_id:
            print(entity.receipt)
            return
    raise NotFound("receipt of a record", record_id)


@receipts_app.command("export")
def export_receipts(
    directory: Directory,
    target: Annotated[Path, typer.Argument(help="a folder for the receipts, one file each", metavar="OUT")],
    member: Member,
    ucr: Ucr = "",
) -> None:
    """Write each receipt to OUT/RECORD_ID.receipt, for `tongguan verify-receipt`."""
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for entity, _ in _taken(open_journal(directory, member), ucr):
        (target / f"{entity.record_id}{RECEIPT_SUFFIX}").write_text(entity.receipt, encoding="utf-8")
        count += 1
    print(f"{count} receipts written to {target}")


def _taken(journal: Journal, ucr: str) -> Iterator[tuple[JournalEntity, tuple[str, ...]]]:
    """Every record that the gateway took, with its UCRs; those of one consignment where it is named."""
    from adapters.runner.submission import record_ucrs

    for entity in journal.submitted():
        ucrs = record_ucrs(entity.record)
        if not ucr or ucr in ucrs:
            yield entity, ucrs


def open_journal(directory: Path, member: str) -> Journal:
    """The member's journal in the consortium's folder; raises what `ConsortiumFolder` raises where there is none."""
    from adapters.runner.journal import Journal
    from scripts.commands.exchange_commands import folder_option

    folder: ConsortiumFolder = folder_option(directory)
    return Journal(folder.path / "adapters" / folder.member(member).slug / "journal.sqlite", folder.passphrase())
