"""What a member types to have personal data erased: see what may go, and have it go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.exchange_commands import DEFAULT_GATEWAY_URL, Directory, GatewayUrl, Reader, folder_option

if TYPE_CHECKING:
    from chain.sdjwt import SignedRecord
    from gateway.client import GatewayClient
    from scripts.consortium_folder import ConsortiumFolder, MemberProfile

DONE_WAIT_S = 30.0
DONE_PAUSE_S = 0.25


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(erase)


def erase(
    directory: Directory,
    subject: Annotated[str, typer.Argument(help="consignment, or id of one record", metavar="UCR|RECORD")],
    sections: Annotated[str, typer.Option("--sections", help="names with commas between: parties,source")],
    reason: Annotated[str, typer.Option("--reason", help="why; kept for good, so name no person")],
    member: Reader,
    gateway_url: GatewayUrl = DEFAULT_GATEWAY_URL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be erased")] = False,
) -> None:
    """Erase sections of a consignment's records, or of one record, at every honest gateway and in one's own journal.

    Who issued a record may, the company of its UCRs, and governors where the members' retention policy says so. The
    signed texts and every proof stay: bundles say who had what erased, and when. Exit 0 where all of it is gone, 1
    where nothing may be erased, or others must be asked for the rest, 2 where it was not done in time.
    """
    from scripts.local_adapters import gateway_of

    folder = folder_option(directory)
    profile = folder.member(member)
    names = [name.strip() for name in sections.split(",") if name.strip()]
    with gateway_of(folder, profile, gateway_url) as gateway:
        plan = gateway.erasure_plan(subject, names)
        for line in plan["records"]:
            print(f"{line['type']} {line['record']} of {line['issuer']}: {', '.join(line['sections'])}")
        for line in plan["kept"]:
            print(f"not yours to erase · 无权删除: {line['type']} {line['record']}; ask {line['issuer']}")
        if dry_run or not plan["records"]:
            print(f"{len(plan['records'])} records, by the rule {plan['rule']!r}; nothing was erased")
            raise typer.Exit(0 if dry_run else 1)
        for signed in signed_erasures(folder, profile, plan, reason):
            gateway.submit(signed)
            print(f"erasure: record {signed.record_id}")
        left = _await_done(gateway, subject, names)
    count = _erase_from_journal(folder, profile, plan)
    done = len(plan["records"]) - left
    print(f"{done} records erased by the rule {plan['rule']!r}; {count} in {profile.slug}'s journal")
    if left:
        print("the rest goes once the erasure is anchored: ask again with --dry-run")
        raise typer.Exit(2)
    if plan["kept"]:
        raise typer.Exit(1)


def signed_erasures(
    folder: ConsortiumFolder, profile: MemberProfile, plan: dict[str, Any], reason: str
) -> list[SignedRecord]:
    """The statements for a plan: one for all records that speak of the same consignments."""
    from chain.claims import make_jti
    from chain.identifiers import Ucr
    from chain.records import AuditErasure, ErasedRecord, Erasure, sign_record
    from scripts.ledger_connection import trust_root_of

    by_ucrs: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for line in plan["records"]:
        by_ucrs.setdefault(tuple(line["ucrs"]), []).append(line)
    now = time.time()
    signed = []
    for ucrs, lines in by_ucrs.items():
        erased = tuple(ErasedRecord(record=line["record"], sections=tuple(line["sections"])) for line in lines)
        record = AuditErasure(
            erasure=Erasure(rule=plan["rule"], erased=erased, reason=reason, policy=plan["policy"])
        ).for_ucrs([*map(Ucr.parse, ucrs)])
        signed.append(
            sign_record(
                record,
                key=folder.signing_key(profile.slug),
                iss=profile.uscc,
                consortium=trust_root_of(folder).consortium.hex(),
                iat=int(now),
                jti=make_jti(folder.jti_secret(profile.slug), "erasure", *ucrs, str(now)),
            )
        )
    return signed


def _await_done(gateway: GatewayClient, subject: str, names: list[str]) -> int:
    """Waits until nothing of the plan is left; how many records are."""
    until = time.monotonic() + DONE_WAIT_S
    while left := len(gateway.erasure_plan(subject, names)["records"]):
        if time.monotonic() > until:
            return left
        time.sleep(DONE_PAUSE_S)
    return 0


def _erase_from_journal(folder: ConsortiumFolder, profile: MemberProfile, plan: dict[str, Any]) -> int:
    from adapters.runner.journal import Journal

    file = folder.path / "adapters" / profile.slug / "journal.sqlite"
    if not file.exists():
        return 0
    journal = Journal(file, folder.passphrase())
    try:
        return journal.erasures.erase({line["record"]: line["sections"] for line in plan["records"]})
    finally:
        journal.close()
