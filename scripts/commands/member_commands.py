"""What governors, sponsors and members type: who is a member, whose key counts, what governors decide.

`list` and `show` take `--block N`: what was in force for block N, told from the newest state alone. Every change takes
`--dry-run`, which says whether the contract would take it and sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.members import KeyState, MemberState, PolicyKind, Role, find_in_force
from scripts.commands.exchange_commands import IDS_MAY_BEGIN_WITH_A_DASH
from scripts.commands.operate_commands import NODE_PORT
from scripts.folder import ConsortiumFolder

if TYPE_CHECKING:
    from chain.ledger import Call, Ledger
    from chain.ledger.calls import Decision

Directory = Annotated[Path, typer.Option("--dir", help="the consortium's folder")]
Rpc = Annotated[str, typer.Option(help="the chain's JSON-RPC endpoint")]
As = Annotated[str, typer.Option("--as", help="whose controller account signs: a member's slug or USCC")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen; send nothing")]
Block = Annotated[int | None, typer.Option(help="as in force for this block (default: the next)")]
Member = Annotated[str, typer.Argument(help="a member's slug in this folder, or its USCC")]
DEFAULT_DIR = Path(".demo")
DEFAULT_RPC = f"http://127.0.0.1:{NODE_PORT}"

members_app = typer.Typer(help="Members: list, show, admit, re-role, suspend.", no_args_is_help=True)
keys_app = typer.Typer(help="Signing keys: list, make, add, revoke.", no_args_is_help=True)
proposals_app = typer.Typer(help="What governors decide together.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(members_app, name="member")
    app.add_typer(keys_app, name="key")
    app.add_typer(proposals_app, name="proposal")


# -- members ---------------------------------------------------------------------------------------------------------


@members_app.command("list")
def list_members(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None) -> None:
    """Every member, in force for a block."""
    folder, ledger = _connected(directory, rpc)
    at = _block(ledger, block)
    names = {member.uscc: member.name for member in folder.members()}
    print(f"Members in force for block {at}:")
    for uscc, member in sorted(ledger.members().items()):
        version = find_in_force(member.versions, at)
        if version is None:
            print(f"  {uscc}  not yet a member  {names.get(uscc, '')}")
            continue
        roles = ",".join(str(role.name) for role in Role if role in version.roles)
        sponsor = f"sponsor {version.sponsor}" if version.sponsor else "votes"
        state = f"{version.kind.name.lower()} {version.state.name.lower()}"
        print(f"  {uscc}  {state}  {roles}  {sponsor}  {names.get(uscc, '')}")


@members_app.command("show")
def show_member(member: Member, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC) -> None:
    """Every version of a member and of its keys, oldest first, as JSON."""
    folder, ledger = _connected(directory, rpc)
    uscc = _uscc(folder, member)
    keys = {thumb: key for thumb, key in ledger.keys().items() if key.versions and key.versions[0].member == uscc}
    said = {
        "uscc": uscc,
        "versions": [_plain(version) for version in ledger.member_versions(uscc)],
        "profiles": [_plain(profile) for profile in ledger.profile_versions(uscc)],
        "keys": {key.public_key.kid: [_plain(version) for version in key.versions] for key in keys.values()},
    }
    print(json.dumps(said, ensure_ascii=False, indent=2))


@members_app.command("admit")
def admit_member(
    uscc: Annotated[str, typer.Argument(metavar="USCC")],
    name: Annotated[str, typer.Option(help="registered name; its hash goes on the chain")],
    roles: Annotated[str, typer.Option(help="comma-separated, within the sponsor's own")],
    by: As,
    customs_code: Annotated[str, typer.Option(help="10-digit customs code")] = "",
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Admit a participant, as its sponsor."""
    from chain.identifiers import Uscc
    from chain.ledger import calls

    call = calls.admit(Uscc.parse(uscc), name, _roles(roles), customs_code)
    _transact(directory, rpc, by, dry_run, lambda folder, ledger: call)


@members_app.command("roles")
def change_roles(
    member: Member,
    roles: Annotated[str, typer.Argument(help="comma-separated", metavar="ROLES")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Give a participant other roles, as its sponsor."""
    from chain.ledger import calls

    chosen = _roles(roles)
    _transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.change_roles(_uscc(folder, member), chosen))


@members_app.command("suspend")
def suspend_member(
    member: Member, by: As, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, dry_run: DryRun = False
) -> None:
    """Suspend a participant, as its sponsor; only the governors reinstate it."""
    from chain.ledger import calls

    _transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.suspend(_uscc(folder, member)))


# -- keys ------------------------------------------------------------------------------------------------------------


@keys_app.command("list")
def list_keys(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None) -> None:
    """Every signing key, in force for a block."""
    _, ledger = _connected(directory, rpc)
    at = _block(ledger, block)
    print(f"Keys in force for block {at}:")
    for key in ledger.keys().values():
        version, newest = find_in_force(key.versions, at), key.versions[-1]
        state = "not yet added" if version is None else version.state.name.lower()
        leaked = newest.compromised_since
        mark = "" if leaked is None else f"  COMPROMISED since block {leaked} (said in block {newest.since_block})"
        added = "" if newest.added_by.name == "MEMBER" else f"  added by {newest.added_by.name.lower()}"
        print(f"  {key.public_key.kid}  {newest.member}  {state}{added}{mark}")


@keys_app.command("new")
def new_key(
    member: Annotated[str, typer.Option("--member", help="whose key: slug")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Rotate: make a new signing key, register it, and sign with it from now on. The old one counts until revoked."""
    from chain.keys import SigningKey
    from chain.ledger import calls
    from scripts.folder import write_private

    folder, ledger = _connected(directory, rpc)
    profile = folder.member(member)
    key = SigningKey.generate()
    _send(folder, ledger, by, dry_run, calls.add_key(profile.uscc, key.public))
    if dry_run:
        return
    path = folder.member_folder(profile.slug)
    old = folder.signing_key(profile.slug).public.kid
    (path / "signing.pem").replace(path / f"signing-{old}.pem")
    write_private(path / "signing.pem", key.to_pem(folder.passphrase()))
    print(f"New key {key.public.kid}; the old one, {old}, still counts. Revoke it: tongguan key revoke {old} --as {by}")


@keys_app.command("revoke", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def revoke_key(
    kid: Annotated[str, typer.Argument(help="key thumbprint (base64url)", metavar="THUMBPRINT")],
    by: As,
    compromised_since: Annotated[int | None, typer.Option(help="declare it leaked since this block")] = None,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Revoke a key, by its member or its member's sponsor; with a block, declare it compromised since then."""
    from chain.encoding import parse_base64url
    from chain.ledger import calls

    call = calls.revoke_key(parse_base64url(kid), compromised_since)
    _transact(directory, rpc, by, dry_run, lambda folder, ledger: call)


# -- proposals -------------------------------------------------------------------------------------------------------


@proposals_app.command("list")
def list_proposals(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC) -> None:
    """Every proposal with who approves it."""
    from chain.ledger.calls import Action

    _, ledger = _connected(directory, rpc)
    needed, head = ledger.threshold_versions()[-1].threshold, ledger.block_number()
    for number in range(ledger.proposal_count()):
        proposal = ledger.proposal(number)
        last = proposal.since_block + ledger.proposal_lifetime_blocks()
        state = "lapsed" if head > last else f"open until block {last}"
        if proposal.executed_block is not None:
            state = f"executed in block {proposal.executed_block}"
        approvals = f"{len(proposal.approvals)} of {needed}"
        print(f"  {number}  {Action(proposal.action).name}  {state}  approvals {approvals}  by {proposal.proposer}")


@proposals_app.command("approve")
def approve(
    proposal_id: Annotated[int, typer.Argument(metavar="ID")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Approve a proposal; at the threshold it executes at once."""
    from chain.ledger import calls

    _transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.approve(proposal_id))


@proposals_app.command("withdraw")
def withdraw(
    proposal_id: Annotated[int, typer.Argument(metavar="ID")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Take an approval back."""
    from chain.ledger import calls

    _transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.withdraw(proposal_id))


@proposals_app.command("propose", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def propose(
    action: Annotated[
        str,
        typer.Argument(
            help="admit-governor USCC CONTROLLER NAME ROLES [CUSTOMS_CODE] | expel M | suspend M | reinstate M | "
            "threshold N | gateway ACCOUNT M [off] | controller ACCOUNT M [off] | view-policy FILE | "
            "record-rules FILE | roles M ROLES [SPONSOR] | revoke-key THUMBPRINT [BLOCK]"
        ),
    ],
    arguments: Annotated[list[str], typer.Argument(metavar="ARGUMENTS")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Propose an action to the governors; the proposer's approval counts at once."""
    from chain.ledger import calls

    folder, ledger = _connected(directory, rpc)
    if action not in _ACTIONS:
        raise typer.BadParameter(f"no action {action}; there are {', '.join(_ACTIONS)}")
    try:
        decision = _ACTIONS[action](folder, *arguments)
    except TypeError as error:
        raise typer.BadParameter(f"{action} takes other arguments: {error}") from error
    _send(folder, ledger, by, dry_run, calls.propose(decision))
    if not dry_run:
        print(f"proposal {ledger.proposal_count() - 1}")


def _admit_governor(
    folder: ConsortiumFolder, uscc: str, controller: str, name: str, roles: str, customs_code: str = ""
) -> Decision:
    from chain.identifiers import Uscc
    from chain.ledger import Founder, calls

    return calls.admitting_governor(Founder(Uscc.parse(uscc), name, _roles(roles), controller, customs_code))


def _policy(folder: ConsortiumFolder, kind: PolicyKind, file: str) -> Decision:
    from hashlib import sha256

    from chain.ledger import calls

    return calls.setting_policy(kind, sha256(Path(file).read_bytes()).digest())


def _on_member(name: str) -> Callable[..., Decision]:
    def decide(folder: ConsortiumFolder, member: str) -> Decision:
        from chain.ledger import calls

        decision: Decision = getattr(calls, name)(_uscc(folder, member))
        return decision

    return decide


def _on_account(name: str) -> Callable[..., Decision]:
    def decide(folder: ConsortiumFolder, account: str, member: str, standing: str = "on") -> Decision:
        from chain.ledger import calls

        decision: Decision = getattr(calls, name)(account, _uscc(folder, member), active=standing != "off")
        return decision

    return decide


def _threshold(folder: ConsortiumFolder, threshold: str) -> Decision:
    from chain.ledger import calls

    return calls.setting_threshold(int(threshold))


def _change_roles(folder: ConsortiumFolder, member: str, roles: str, sponsor: str = "") -> Decision:
    from chain.ledger import calls

    return calls.changing_roles(_uscc(folder, member), _roles(roles), _uscc(folder, sponsor) if sponsor else None)


def _revoke(folder: ConsortiumFolder, kid: str, block: str = "") -> Decision:
    from chain.encoding import parse_base64url
    from chain.ledger import calls

    return calls.revoking_key(parse_base64url(kid), int(block) if block else None)


_ACTIONS: dict[str, Callable[..., Decision]] = {
    "admit-governor": _admit_governor,
    "expel": _on_member("expelling"),
    "suspend": _on_member("suspending"),
    "reinstate": _on_member("reinstating"),
    "threshold": _threshold,
    "gateway": _on_account("setting_gateway"),
    "controller": _on_account("setting_controller"),
    "view-policy": lambda folder, file: _policy(folder, PolicyKind.VIEW_POLICY, file),
    "record-rules": lambda folder, file: _policy(folder, PolicyKind.RECORD_RULES, file),
    "roles": _change_roles,
    "revoke-key": _revoke,
}


# -- inside ----------------------------------------------------------------------------------------------------------


def _connected(directory: Path, rpc: str) -> tuple[ConsortiumFolder, Ledger]:
    from scripts.connecting import connect, trust_root_of

    folder = ConsortiumFolder(directory)
    return folder, connect(trust_root_of(folder), rpc)


def _transact(
    directory: Path, rpc: str, by: str, dry_run: bool, call: Callable[[ConsortiumFolder, Ledger], Call]
) -> None:
    folder, ledger = _connected(directory, rpc)
    _send(folder, ledger, by, dry_run, call(folder, ledger))


def _send(folder: ConsortiumFolder, ledger: Ledger, by: str, dry_run: bool, call: Call) -> None:
    account = folder.account(folder.member(by).slug)
    ledger.dry_run(call, account.address)
    if dry_run:
        print(f"{call.contract}.{call.function} would be taken now; nothing was sent.")
        return
    receipt = ledger.transact(call, account)
    print(f"{call.contract}.{call.function} stands in block {receipt.block} (gas {receipt.gas_used:,}).")


def _block(ledger: Ledger, block: int | None) -> int:
    return ledger.block_number() + 1 if block is None else block


def _uscc(folder: ConsortiumFolder, member: str) -> str:
    from chain.identifiers import Uscc

    known = {one.slug: one.uscc for one in folder.members()}
    return known.get(member) or Uscc.parse(member)


def _roles(said: str) -> Role:
    roles = Role(0)
    for name in said.split(","):
        if name.strip().upper() not in Role.__members__:
            raise typer.BadParameter(f"no role {name}; there are {', '.join(Role.__members__)}")
        roles |= Role[name.strip().upper()]
    return roles


def _plain(version: Any) -> dict[str, Any]:
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
