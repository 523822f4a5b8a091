"""What a governor types about its notes: its key, its witnesses, publishing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.operate_commands import NODE_PORT, Directory

if TYPE_CHECKING:
    from chain.witness.publisher import Publisher
    from chain.witness.stamps import Stamper
    from scripts.consortium_folder import ConsortiumFolder

STAMP_EVERY_S = 600.0
"""Authorities count what they are asked, and checkpoints come every few seconds."""
Governor = Annotated[str, typer.Option("--member", help="governor (slug) whose notes these are")]

notes_app = typer.Typer(help="Notes over the log of checkpoints, cosigned by outsiders.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(notes_app, name="notes")


@notes_app.command("key")
def make_note_key(
    directory: Directory,
    member: Governor,
    origin: Annotated[str, typer.Option(help="the log's name, such as customs.example/checkpoints")] = "",
) -> None:
    """Make a governor's note key, or print the one there is; witnesses trust it by its verifier key."""
    from scripts.consortium_folder import ConsortiumFolder
    from scripts.ledger_connection import trust_root_of
    from scripts.witness_folder import NOTE_KEY_POLICY, NotesFolder, default_origin

    folder = ConsortiumFolder(directory)
    profile = folder.member(member)
    notes = NotesFolder(folder, profile.slug)
    if not notes.key_file.exists():
        key = notes.make_key(origin or default_origin(trust_root_of(folder).consortium, profile.uscc))
        print(f"Made the note key of {profile.name}, origin {key.name}.")
        name = NOTE_KEY_POLICY + profile.uscc
        print(f"Register it: tongguan proposal propose policy {name} {notes.key_file} --as {profile.slug}")
    print(notes.key().text)


@notes_app.command("witness")
def add_witness_address(
    directory: Directory,
    key: Annotated[str, typer.Argument(help="the witness's verifier key", metavar="KEY")],
    url: Annotated[str, typer.Argument(help="where it takes checkpoints", metavar="URL")],
) -> None:
    """Ask this witness for cosignatures from the next start of `notes publish` on."""
    from chain.proof.notes import NoteKey
    from chain.witness.client import Witness
    from scripts.consortium_folder import ConsortiumFolder
    from scripts.witness_folder import add_witness, witnesses_of

    folder = ConsortiumFolder(directory)
    folder.require_founded()
    add_witness(folder, Witness(NoteKey.parse(key), url))
    for witness in witnesses_of(folder):
        print(f"{witness.key.name}  {witness.url}")


@notes_app.command("publish")
def publish(
    directory: Directory,
    member: Annotated[list[str] | None, typer.Option(help="governor (slug); default: all with note keys here")] = None,
    rpc: Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint; else the folder's own network or node")] = "",
    quorum: Annotated[
        int | None, typer.Option(help="witnesses that a note needs; default: more than half of them")
    ] = None,
    stamp_authority: Annotated[
        str, typer.Option(help="RFC 3161 time-stamp authority that stamps the notes; it sees a hash", metavar="URL")
    ] = "",
    stamp_every_s: Annotated[float, typer.Option(help="at most one time stamp in so many seconds")] = STAMP_EVERY_S,
    poll_s: Annotated[float, typer.Option(help="how often the chain is asked")] = 0.5,
    once: Annotated[bool, typer.Option("--once", help="publish the newest checkpoint and end")] = False,
) -> None:
    """Sign each new head of the log of checkpoints and collect the witnesses' cosignatures.

    What a witness refuses is told on standard error, as ALARM where it was shown another history. Exit 2 where the
    chain itself tells another history than before: then nothing is signed. A time stamp stands beside its note.
    """
    from contextlib import ExitStack

    from scripts.consortium_folder import ConsortiumFolder
    from scripts.processes import StopSignal

    folder = ConsortiumFolder(directory)
    folder.require_founded()
    stopped = StopSignal()
    endpoint = rpc or folder.rpc() or f"http://127.0.0.1:{NODE_PORT}"
    with ExitStack() as stack:
        stamper = _make_stamper(stamp_authority)
        publishers = _make_publishers(folder, member or [], endpoint, quorum, stamper, stamp_every_s)
        for publisher in publishers:
            stack.callback(publisher.close)
            print(f"Log {publisher.key.text}", flush=True)
        _publish_until(stopped, publishers, poll_s, once=once)


def _make_stamper(authority: str) -> Stamper | None:
    from chain.witness.stamps import StampClient

    return StampClient(authority) if authority else None


def _make_publishers(
    folder: ConsortiumFolder,
    slugs: Sequence[str],
    rpc: str,
    quorum: int | None,
    stamper: Stamper | None,
    stamp_every_s: float,
) -> list[Publisher]:
    from chain.errors import NotFound
    from chain.witness.checkpoint_log import CheckpointLog
    from chain.witness.client import WitnessClient
    from chain.witness.publisher import Publisher
    from chain.witness.stamps import NoteStamps
    from scripts.ledger_connection import connect_patiently, trust_root_of
    from scripts.witness_folder import NotesFolder, witnesses_of

    chosen = slugs or [member.slug for member in folder.members()]
    governors = [NotesFolder(folder, folder.member(slug).slug) for slug in chosen]
    publishing = [notes for notes in governors if slugs or notes.key_file.exists()]
    if not publishing:
        raise NotFound("note key", folder.path)
    witnesses = witnesses_of(folder)
    needed = min(len(witnesses) // 2 + 1 if quorum is None else quorum, len(witnesses))
    ledger = connect_patiently(trust_root_of(folder), rpc)
    return [
        Publisher(
            ledger,
            CheckpointLog(notes.leaves),
            notes.key().name,
            notes.secret(),
            notes.note,
            [WitnessClient(witness) for witness in witnesses],
            needed,
            None if stamper is None else NoteStamps(stamper, notes.note, stamp_every_s),
        )
        for notes in publishing
    ]


def _publish_until(stopped: Callable[[], bool], publishers: Sequence[Publisher], poll_s: float, *, once: bool) -> None:
    from chain.errors import LedgerFault
    from chain.follower import UNBELIEVABLE
    from chain.witness.checkpoint_log import OtherHistory
    from chain.witness.publisher import warn_once

    tell = warn_once(lambda text: print(text, file=sys.stderr, flush=True))
    while not stopped():
        faults: list[str] = []
        try:
            for publisher in publishers:
                faults += _publish(publisher, once=once)
        except OtherHistory:
            raise
        except UNBELIEVABLE:
            raise
        except LedgerFault as fault:
            if once:
                raise
            faults = [f"no note now, tried again: {fault}"]
        tell(faults)
        if once:
            return
        time.sleep(poll_s)


def _publish(publisher: Publisher, *, once: bool) -> list[str]:
    """Takes a step of one origin and tells what it wrote; what went wrong with its witnesses."""
    done = publisher.step(time.monotonic())
    name = publisher.key.name
    if done.is_written:
        print(f"{name}: {done.size} checkpoints, cosigned by {', '.join(done.cosigned_by) or 'nobody'}", flush=True)
    elif once and done.size == 0:
        print(f"{name}: the ledger has no checkpoint yet")
    return [f"{name}: {fault}" for fault in done.faults]
