"""What organisations type to found a consortium together, each in a folder of its own: see docs/guides/founding.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.commands.operate_commands import NODE_PORT, UNSEALED_HELP
from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, MemberProfile, load_account, write_open

if TYPE_CHECKING:
    from scripts.foundation.check import Examination
    from scripts.foundation.plan import Founded, Plan, PlanFolder

org_app = typer.Typer(help="This organisation: its members' keys, and the cards that it hands out.")
found_app = typer.Typer(help="Found a consortium together: chain, plan, approve, run, register, check.")

OwnFolder = Annotated[Path, typer.Argument(help="this organisation's own folder", metavar="DIR")]
PlanDirectory = Annotated[Path, typer.Argument(help="the plan's folder, handed round whole", metavar="PLAN")]
Own = Annotated[Path, typer.Option("--dir", help="this organisation's own folder")]
NodeFolder = Annotated[Path | None, typer.Option("--node", help="folder of an embedded node that is not running")]
ChainRpc = Annotated[str, typer.Option("--rpc", help="the chain's JSON-RPC endpoint")]
Slug = Annotated[str, typer.Option("--as", help="which member of this folder (default: the only one)")]
DEFAULT_RPC = f"http://127.0.0.1:{NODE_PORT}"


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(org_app, name="org", no_args_is_help=True)
    app.add_typer(found_app, name="found", no_args_is_help=True)


@org_app.command("new")
def new_organisation(
    directory: OwnFolder,
    slug: Annotated[str, typer.Option(help="short name: small letters, digits, hyphens")],
    name: Annotated[str, typer.Option(help="registered name; its hash goes on the chain")],
    uscc: Annotated[str, typer.Option(help="unified social credit code, 18 characters")],
    roles: Annotated[str, typer.Option(help="comma-separated, e.g. BROKER,TRADER")],
    customs_code: Annotated[str, typer.Option(help="10-digit customs code")] = "",
    governor: Annotated[bool, typer.Option("--governor", help="it votes, and attests")] = False,
    gateway: Annotated[bool, typer.Option("--gateway", help="it runs a gateway")] = False,
) -> None:
    """Make a member's keys in this organisation's folder; nothing is sent, and no key ever leaves it."""
    from chain.identifiers import CustomsCode, Uscc
    from chain.members import Role
    from scripts.commands.registry import roles_said
    from scripts.foundation.organisation import make_member

    folder = ConsortiumFolder(directory)
    if (folder.member_folder(slug) / "member.json").exists():
        raise BrokenFolder(f"{folder.member_folder(slug)} is a member's already; nothing was changed")
    names = tuple(str(role.name) for role in Role if role in roles_said(roles))
    code = CustomsCode.parse(customs_code) if customs_code else ""
    kind = "governor" if governor else "participant"
    make_member(folder, MemberProfile(Uscc.parse(uscc), name, slug, kind, names, code), runs_gateway=gateway)
    print(f"{slug}: keys made in {folder.member_folder(slug)}; keep {folder.passphrase_file} apart and safe.")
    print(f"Next: tongguan org card {directory}")


@org_app.command("card")
def make_cards(
    directory: OwnFolder,
    member: Slug = "",
    out: Annotated[Path | None, typer.Option(help="folder for the cards (default: DIR/cards)")] = None,
    holder: Annotated[str, typer.Option(help="USCC of the organisation that holds the keys")] = "",
    gateway_url: Annotated[str, typer.Option(help="where the others' gateways and members reach this one's")] = "",
    validator_key: Annotated[Path | None, typer.Option(help="key file of this organisation's QBFT validator")] = None,
    validator_at: Annotated[str, typer.Option(help="host:port at which other validators reach it")] = "",
) -> None:
    """Sign the cards of this folder's members and print each one's fingerprint, to be read aloud."""
    from chain.verify.trust_root import spoken_fingerprint
    from scripts.foundation.card import card_fingerprint
    from scripts.foundation.organisation import CardDetails, load_validator_key, make_card

    folder = ConsortiumFolder(directory)
    validator = load_validator_key(validator_key) if validator_key else None
    if (validator is None) != (not validator_at):
        raise typer.BadParameter("go together: --validator-key and --validator-at")
    profiles = [folder.member(member)] if member else folder.members()
    if not profiles:
        raise BrokenFolder(f"{directory} holds no member. Make one: tongguan org new {directory} ...")
    for place, profile in enumerate(profiles):
        # One validator an organisation: it stands on the first card.
        own_validator = validator if place == 0 else None
        details = CardDetails(holder, gateway_url or None, own_validator, validator_at)
        text = make_card(folder, profile.slug, details)
        file = (out or folder.path / "cards") / f"{profile.slug}.card"
        write_open(file, text.encode() + b"\n")
        print(f"{file}  fingerprint {spoken_fingerprint(card_fingerprint(text))}")


@org_app.command("show")
def show_card(card: Annotated[Path, typer.Argument(help="a card's file", metavar="CARD")]) -> None:
    """Check a card and say what it says; exit 1 where it is not right."""
    from chain.verify.trust_root import spoken_fingerprint
    from scripts.foundation.card import Card, card_fingerprint

    text = _card_text(card)
    content = Card.parse(text)
    print(f"{content.name} ({content.slug})  USCC {content.uscc}  customs code {content.customs_code or '-'}")
    print(f"  {'governs' if content.governor else 'participates'} as {', '.join(content.roles)}")
    print(f"  keys are held by {content.holder}; record key {content.record_key.kid}")
    for purpose, account in content.keys.accounts.items():
        print(f"  {purpose:8} {account.address}")
    if content.keys.validator:
        print(f"  validator {content.keys.validator.address} at {content.keys.validator.endpoint}")
    if content.gateway_url:
        print(f"  gateway  {content.gateway_url}")
    print(f"Fingerprint: {spoken_fingerprint(card_fingerprint(text))}")


@found_app.command("chain")
def make_chain(directory: Annotated[Path, typer.Argument(help="a new folder for the node", metavar="DIR")]) -> None:
    """Make the chain of an embedded node, which one organisation runs for all; skip this on a QBFT network."""
    from scripts.foundation.embedded_chain import make_embedded_chain

    folder = ConsortiumFolder(directory)
    if folder.genesis.exists():
        raise BrokenFolder(f"{directory} holds a chain already; nothing was changed")
    make_embedded_chain(folder)
    print(f"A chain in {directory}. Found on it: tongguan found plan PLAN --node {directory} --card FILE ...")


@found_app.command("plan")
def plan_consortium(
    plan: PlanDirectory,
    card: Annotated[list[Path], typer.Option(help="a member's card; repeat for each")],
    sponsor: Annotated[list[str] | None, typer.Option(help="PARTICIPANT=GOVERNOR, by slug; repeat for each")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="NAME=FILE (default: the example's)")] = None,
    code: Annotated[list[str] | None, typer.Option(help="REGISTER:CODE=SLUG, e.g. customs-office:0100=customs")] = None,
    operator: Annotated[list[str] | None, typer.Option(help="SLUG=SCOPE: who operates a single window")] = None,
    threshold: Annotated[int | None, typer.Option(help="votes that decide (default: more than half)", min=1)] = None,
    least_votes: Annotated[int | None, typer.Option(help="votes of a checkpoint (default: as --threshold)")] = None,
    node: NodeFolder = None,
    rpc: ChainRpc = DEFAULT_RPC,
) -> None:
    """Draft the plan from everybody's cards: members, governors, votes, policies, chain. Sends nothing."""
    from scripts.foundation.ceremony import Draft, draft_plan
    from scripts.foundation.plan import PlanFolder

    draft = Draft(
        threshold,
        least_votes,
        dict(_pairs(sponsor, "--sponsor")),
        {name: Path(file) for name, file in _pairs(policy, "--policy")},
        [(*_register_code(name), slug) for name, slug in _pairs(code, "--code")],
        _pairs(operator, "--operator"),
    )
    with _endpoint(node, rpc) as endpoint:
        drafted = draft_plan(PlanFolder(plan), [_card_text(file) for file in card], endpoint, draft)
    _show(drafted)
    print(f"Hand {plan} round; each governor: tongguan found approve {plan} --dir DIR")


@found_app.command("show")
def show_plan(plan: PlanDirectory) -> None:
    """Check a plan and say what it says, with the fingerprint of every card; exit 1 where it is not right."""
    from scripts.foundation.plan import PlanFolder

    folder = PlanFolder(plan)
    content = folder.read()
    _show(content)
    approved = folder.approvers(content)
    print(f"Approved by: {', '.join(approved) or 'nobody yet'}")


@found_app.command("approve")
def approve_plan(plan: PlanDirectory, directory: Own, member: Slug = "") -> None:
    """Sign the plan as a governor, after comparing every card's fingerprint with what its organisation read aloud."""
    from scripts.foundation.plan import PlanFolder

    own, folder = ConsortiumFolder(directory), PlanFolder(plan)
    content = folder.read()
    slug = member or _only_governor(own)
    file = folder.approve(content, slug, own.signing_key(slug))
    _show(content)
    print(f"{slug} approves: {file}. Send it to whoever runs the plan, into its folder approvals/.")


@found_app.command("run")
def run_ceremony(
    plan: PlanDirectory,
    node: NodeFolder = None,
    rpc: ChainRpc = DEFAULT_RPC,
    funder: Annotated[Path | None, typer.Option(help="with --rpc: key file of an account that may send")] = None,
) -> None:
    """Deploy the contracts of an approved plan; anybody may, and gains nothing by it. Writes founded.json."""
    from eth_account import Account

    from scripts.bootstrap import funder_passphrase
    from scripts.foundation.ceremony import run_plan
    from scripts.foundation.check import compute_trust_root, connect_to_plan
    from scripts.foundation.plan import PlanFolder

    folder = PlanFolder(plan)
    content = folder.read()
    with _endpoint(node, rpc) as endpoint:
        # Who deploys has no right afterwards, so its key is kept nowhere: a plan's folder holds no secret.
        deployer = load_account(funder, funder_passphrase()) if funder else Account.create()
        founded = run_plan(folder, content, endpoint, deployer, print)
        if node:
            # The node takes transactions from the registry's accounts once it knows the registry.
            root = compute_trust_root(connect_to_plan(endpoint, content, founded), content)
            write_open(ConsortiumFolder(node).trust_root, root.format())
    print(f"Hand {plan} round again; each organisation: tongguan found register {plan} --dir DIR")


@found_app.command("register")
def register_members(
    plan: PlanDirectory,
    directory: Own,
    rpc: ChainRpc = DEFAULT_RPC,
    unsealed: Annotated[bool, typer.Option("--unsealed", help=UNSEALED_HELP)] = False,
) -> None:
    """Send this organisation's own part of the plan: admissions, accounts, keys, votes. Repeat until none is open."""
    from scripts.foundation.check import connect_to_plan
    from scripts.foundation.organisation import own_accounts
    from scripts.foundation.registration import register_own

    content, founded, _ = _run_plan(plan)
    ledger = connect_to_plan(rpc, content, founded, unsealed=unsealed)
    still_open = register_own(ledger, content, own_accounts(ConsortiumFolder(directory)))
    for step in still_open:
        print(f"  open: {step.words}")
    if still_open:
        print("When the others have sent theirs, run this again.")
    else:
        print(f"Nothing is open. Next: tongguan found check {plan} --dir {directory}")


@found_app.command("check")
def check_founding(
    plan: PlanDirectory,
    directory: Own,
    rpc: ChainRpc = DEFAULT_RPC,
    expect: Annotated[str, typer.Option(help="fingerprint that another organisation read aloud")] = "",
    unsealed: Annotated[bool, typer.Option("--unsealed", help=UNSEALED_HELP)] = False,
) -> None:
    """Compute the trust root from the chain and this copy of the plan, and keep it; exit 1 where anything differs."""
    from scripts.foundation.check import NotAsPlanned, connect_to_plan, examine, require_as_planned
    from scripts.foundation.minutes import format_minutes
    from scripts.foundation.organisation import keep_founding

    content, founded, folder = _run_plan(plan)
    examination = examine(connect_to_plan(rpc, content, founded, unsealed=unsealed), content)
    minutes = format_minutes(content, founded, examination, sorted(folder.approvers(content)))
    write_open(folder.minutes, minutes.encode())
    _say_findings(examination)
    require_as_planned(examination)
    root = examination.trust_root
    if expect and "".join(expect.split()).lower() not in (root.fingerprint.hex(), root.fingerprint.hex()[:32]):
        raise NotAsPlanned(f"the fingerprint here is {root.short_fingerprint}, and {expect} was read aloud")
    keep_founding(ConsortiumFolder(directory), folder, content, root, rpc)
    print(f"As planned. Trust root fingerprint: {root.short_fingerprint}")
    print(f"Minutes: {folder.minutes}. Read the fingerprint aloud to the others: all have the same.")


def _say_findings(examination: Examination) -> None:
    for text in examination.differences:
        print(f"  differs: {text}")
    for step in examination.open_steps:
        print(f"  open: {step.words}")


def _show(plan: Plan) -> None:
    from chain.verify.trust_root import spoken_fingerprint
    from scripts.commands.registry import role_names
    from scripts.foundation.card import card_fingerprint

    for member, planned in zip(plan.members, plan.content.members, strict=True):
        sponsor = plan.find_member(member.sponsor) if member.sponsor else None
        standing = f"sponsored by {sponsor.card.slug}" if sponsor else "governs"
        print(f"  {member.card.slug:16} {member.uscc}  {standing}  {role_names(member.roles)}")
        print(f"  {'':16} card {spoken_fingerprint(card_fingerprint(planned.card))}")
    print(
        f"  {plan.content.threshold} of {len(plan.governors)} governors decide; a checkpoint takes {plan.least_votes}"
    )
    for name, value in sorted(plan.content.policies.items()):
        print(f"  policy {name} {value[:16]}…")
    print(f"  chain {plan.content.chain_id}, block 0 {plan.content.genesis_hash[:16]}…")
    print(f"Plan fingerprint: {spoken_fingerprint(bytes.fromhex(plan.digest))}")


def _run_plan(path: Path) -> tuple[Plan, Founded, PlanFolder]:
    from scripts.foundation.plan import PlanFolder

    folder = PlanFolder(path)
    plan = folder.read()
    founded = folder.find_founded(plan)
    if founded is None:
        raise BrokenFolder(f"{path} was not run yet (no founded.json): tongguan found run {path}")
    return plan, founded, folder


@contextmanager
def _endpoint(node: Path | None, rpc: str) -> Iterator[Any]:
    from scripts.foundation.embedded_chain import open_embedded_chain

    if node is None:
        yield rpc
        return
    with open_embedded_chain(ConsortiumFolder(node)) as provider:
        yield provider


def _card_text(file: Path) -> str:
    from scripts.foundation.card import CARD_CHARS_MAX, MalformedCard

    if file.stat().st_size > CARD_CHARS_MAX + 2:
        raise MalformedCard("card", f"has at most {CARD_CHARS_MAX} characters", value=file.name)
    return file.read_text(encoding="utf-8", errors="replace")


def _pairs(values: list[str] | None, option: str) -> list[tuple[str, str]]:
    pairs = []
    for value in values or []:
        name, equals, rest = value.partition("=")
        if not (name and equals and rest):
            raise typer.BadParameter(f"is written NAME=VALUE, not {value}", param_hint=option)
        pairs.append((name, rest))
    return pairs


def _register_code(text: str) -> tuple[str, str]:
    register_name, colon, code = text.partition(":")
    if not (register_name and colon and code):
        raise typer.BadParameter(f"is written REGISTER:CODE=SLUG, not {text}", param_hint="--code")
    return register_name, code


def _only_governor(folder: ConsortiumFolder) -> str:
    governors = [profile.slug for profile in folder.members() if profile.kind == "governor"]
    if len(governors) != 1:
        raise typer.BadParameter(f"name one: {', '.join(governors) or 'no governor is here'}", param_hint="--as")
    return governors[0]
