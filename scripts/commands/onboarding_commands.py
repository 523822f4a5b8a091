"""What an enterprise and its sponsor type to make it a participant: apply, look at applications, admit."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chain.errors import Malformed, Refused
from scripts.commands.registry import DEFAULT_DIR, DEFAULT_RPC, As, Directory, DryRun, Rpc, connected, send, uscc_of

if TYPE_CHECKING:
    from scripts.foundation.application import Application

SUFFIX = ".application"
FILES_MAX = 1_000
"""Most applications that are looked at in one folder."""


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(apply)
    app.command()(applications)
    app.command()(admit)


def apply(
    directory: Annotated[Path, typer.Argument(help="the applicant's own folder, with its keys", metavar="DIR")],
    sponsor: Annotated[str, typer.Option(help="USCC of the governor that is asked")],
    trust_root: Annotated[Path, typer.Option(help="the consortium's public trust root, compared by its fingerprint")],
    member: Annotated[str, typer.Option("--as", help="which member of this folder (default: the only one)")] = "",
    out: Annotated[Path | None, typer.Option(help="where to write it (default: DIR/SLUG.application)")] = None,
) -> None:
    """Apply to become a participant: sign an application with this member's card. Nothing is sent.

    The trust root is kept in the folder, so that the member adds its keys itself once it is admitted.
    """
    from chain.identifiers import Uscc
    from chain.verify.trust_root import TrustRoot, spoken_fingerprint
    from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, write_open
    from scripts.foundation.application import sign_application
    from scripts.foundation.organisation import CardDetails, make_card

    folder = ConsortiumFolder(directory)
    profiles = [folder.member(member)] if member else folder.members()
    if len(profiles) != 1:
        raise BrokenFolder(f"{directory} holds {len(profiles)} members: say which one by --as")
    slug, content = profiles[0].slug, trust_root.read_bytes()
    root = TrustRoot.parse(content)
    application = sign_application(
        make_card(folder, slug, CardDetails()),
        consortium=root.consortium.hex(),
        sponsor=Uscc.parse(sponsor),
        applied_at=int(time.time()),
        key=folder.signing_key(slug),
    )
    file = out or folder.path / f"{slug}{SUFFIX}"
    write_open(file, application.text.encode() + b"\n")
    write_open(folder.trust_root, content)
    print(f"{file}: give it to {sponsor}, with its fingerprint by another way: "
          f"{spoken_fingerprint(application.fingerprint)}")  # fmt: skip
    print(f"Trust root {spoken_fingerprint(root.fingerprint)}: compare it with what the governors publish.")


def applications(
    inbox: Annotated[Path, typer.Argument(help="folder with applications", metavar="FOLDER")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
) -> None:
    """List applications to this sponsor, each with what speaks against it. Exit 1 where something does."""
    from scripts.foundation.application import Application, find_faults
    from scripts.ledger_connection import trust_root_of

    folder, ledger = connected(directory, rpc)
    consortium, sponsor = trust_root_of(folder).consortium.hex(), uscc_of(folder, by)
    is_clean = True
    for file in sorted(inbox.glob(f"*{SUFFIX}"))[:FILES_MAX]:
        try:
            application = Application.parse(_text(file))
        except Malformed as error:
            is_clean = False
            print(f"{file.name}: no application: {error}")
            continue
        faults = find_faults(application, ledger, consortium, sponsor)
        is_clean = is_clean and not faults
        _describe(file, application)
        for fault in faults:
            print(f"    against it: {fault.en} · {fault.zh}")
    if not is_clean:
        raise typer.Exit(1)


def admit(
    file: Annotated[Path, typer.Argument(help="the application", metavar="APPLICATION")],
    by: As,
    uscc: Annotated[str, typer.Option(help="the applicant's USCC, as its business licence says")],
    fingerprint: Annotated[str, typer.Option(help="the application's fingerprint, as the applicant told you")],
    customs_code: Annotated[str, typer.Option(help="its customs code, as customs' register says; none: not said")] = "",
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Admit an applicant as its sponsor and appoint its controller, once all agrees with what you checked yourself.

    What was admitted is kept in DIR/admissions. The applicant then adds its keys itself: tongguan key add.
    """
    from chain.ledger import calls
    from chain.members import Role
    from scripts.consortium_folder import write_json
    from scripts.foundation.application import Application, find_faults, find_mismatches
    from scripts.ledger_connection import trust_root_of

    folder, ledger = connected(directory, rpc)
    application = Application.parse(_text(file))
    card, sponsor = application.card, uscc_of(folder, by)
    checked = {"uscc": uscc, "customs_code": customs_code, "fingerprint": fingerprint}
    consortium = trust_root_of(folder).consortium.hex()
    faults = find_mismatches(application, checked) + find_faults(application, ledger, consortium, sponsor)
    if faults:
        raise Refused("; ".join(f"{fault.en} · {fault.zh}" for fault in faults))
    roles = Role(0)
    for name in card.roles:
        roles |= Role[name]
    admitted = send(folder, ledger, by, dry_run, calls.admit(card.uscc, card.name, roles, card.customs_code))
    if admitted is None:
        return
    appointed = send(folder, ledger, by, dry_run, calls.appoint_controller(card.uscc, card.controller))
    write_json(
        folder.path / "admissions" / f"{card.uscc}.json",
        {
            "application": application.text,
            "fingerprint": application.fingerprint.hex(),
            "sponsor": sponsor,
            "admitted_in_block": admitted.block,
            "controller_in_block": None if appointed is None else appointed.block,
        },
    )
    print(f"{card.uscc} is a participant. It adds its key itself:")
    print(f"    tongguan key add --member {card.slug} --as {card.slug}")


def _describe(file: Path, application: Application) -> None:
    from chain.verify.trust_root import spoken_fingerprint

    card = application.card
    day = datetime.fromtimestamp(application.applied_at, UTC).date().isoformat()
    print(f"{file.name}: {card.name}  USCC {card.uscc}  customs code {card.customs_code or '-'}  of {day}")
    print(f"    as {', '.join(card.roles)}; record key {card.record_key.kid}; controller {card.controller}")
    print(f"    fingerprint {spoken_fingerprint(application.fingerprint)}")


def _text(file: Path) -> str:
    from scripts.foundation.application import APPLICATION_CHARS_MAX

    with file.open("rb") as opened:
        return opened.read(APPLICATION_CHARS_MAX + 1).decode("ascii", errors="replace")
