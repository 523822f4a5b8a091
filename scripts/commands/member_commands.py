"""What sponsors and members type: who is a member, since when, and what proves it.

`list`, `show` and `prove` take `--block N`: what was in force for block N, told from the newest state alone. Every
change takes `--dry-run`, which says whether the contract would take it and sends nothing.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from chain.members import MemberKind, MemberState, MemberVersion, Role, find_in_force
from chain.proof.authorities import authorities_for
from scripts.commands.agreed_commands import policy_lines
from scripts.commands.registry import (
    DEFAULT_DIR,
    DEFAULT_RPC,
    As,
    Block,
    Directory,
    DryRun,
    Member,
    Rpc,
    asked_block,
    connected,
    key_words,
    member_words,
    plain,
    policy_value_words,
    roles_said,
    send,
    transact,
    uscc_of,
)

members_app = typer.Typer(
    help="Members: list, show, prove, new, admit, re-role, rename, suspend.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(members_app, name="member")


@members_app.command("list")
def list_members(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None) -> None:
    """Every member with its keys, the policy and the rules of voting, in force for a block."""
    folder, ledger = connected(directory, rpc)
    at = asked_block(ledger, block)
    names = {member.uscc: member.name for member in folder.members()}
    members, keys = sorted(ledger.members().items()), ledger.keys()
    governors = sum(_votes(find_in_force(member.versions, at)) for _, member in members)
    threshold = find_in_force(ledger.threshold_versions(), at)
    print(f"In force for block {at}:")
    for line in policy_lines(ledger.voted_facts(), at):
        print(f"  policy {line}")
    print(f"  {governors} governors vote; a proposal needs {threshold.threshold if threshold else 0} approvals")
    print("Members:")
    for uscc, member in members:
        print(f"  {uscc}  {member_words(find_in_force(member.versions, at))}  {names.get(uscc, '')}".rstrip())
        for key in keys.values():
            if key.versions and key.versions[0].member == uscc and key.versions[0].since_block < at:
                print(f"      key {key.public_key.kid}  {key_words(key.versions, at)}")


def _votes(version: MemberVersion | None) -> bool:
    return version is not None and version.kind is MemberKind.GOVERNOR and version.state is MemberState.ACTIVE


@members_app.command("show")
def show_member(
    member: Member, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None
) -> None:
    """Every version of a member and of its keys, oldest first, as JSON; with a block also what was in force for it."""
    folder, ledger = connected(directory, rpc)
    uscc = uscc_of(folder, member)
    keys = {thumb: key for thumb, key in ledger.keys().items() if key.versions and key.versions[0].member == uscc}
    versions = ledger.member_versions(uscc)
    said = {
        "uscc": uscc,
        "versions": [plain(version) for version in versions],
        "profiles": [plain(profile) for profile in ledger.profile_versions(uscc)],
        "keys": {key.public_key.kid: [plain(version) for version in key.versions] for key in keys.values()},
    }
    if block is not None:
        in_force = find_in_force(versions, block)
        said["in_force"] = {
            "block": block,
            "member": None if in_force is None else plain(in_force),
            "keys": {key.public_key.kid: key_words(key.versions, block) for key in keys.values()},
        }
    print(json.dumps(said, ensure_ascii=False, indent=2))


@members_app.command("prove")
def prove_member(
    member: Member, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None
) -> None:
    """Prove what a member, its keys and the policies were for a block, by storage proofs under the newest header.

    The endpoint is not believed: the header must be sealed by the trust root's validators. Exit 2 where it is not.
    """
    from chain.ledger.registry_proofs import ProvedRegistry
    from scripts.ledger_connection import trust_root_of

    folder, ledger = connected(directory, rpc)
    at, uscc = asked_block(ledger, block), uscc_of(folder, member)
    validators = trust_root_of(folder).find_validators(ledger.block_number())
    proved = ProvedRegistry.at_head(ledger, validators.addresses if validators else ())
    quorum = f"{len(proved.signers)} of {len(proved.header.extra.validators)}"
    print(f"Block {proved.header.number} is sealed by {quorum} validators of the trust root. Under it is proved:")
    print(f"For block {at}:")
    print(f"  {uscc}  {member_words(find_in_force(proved.member_versions(uscc), at))}")
    for key in ledger.keys().values():
        if key.versions and key.versions[0].member == uscc:
            print(f"  key {key.public_key.kid}  {key_words(proved.key_versions(key.thumbprint), at)}")
    for name in sorted(ledger.voted_facts().policies):
        policy = find_in_force(proved.policy_versions(name), at)
        print(f"  policy {name}  {'none yet' if policy is None else policy_value_words(name, policy.value)}")
    listed = uscc in authorities_for(proved.authority_changes(), at)
    print(f"  {uscc}  {'an authority' if listed else 'no authority'}")


@members_app.command("new")
def new_member(
    slug: Annotated[str, typer.Argument(help="short name of its folder", metavar="SLUG")],
    uscc: Annotated[str, typer.Option(help="unified social credit code, 18 characters")],
    name: Annotated[str, typer.Option(help="registered name; its hash goes on the chain")],
    roles: Annotated[str, typer.Option(help="comma-separated")],
    sponsor: Annotated[str, typer.Option(help="its sponsor's slug or USCC; none for a governor")] = "",
    customs_code: Annotated[str, typer.Option(help="10-digit customs code")] = "",
    directory: Directory = DEFAULT_DIR,
) -> None:
    """Make the keys of a member to be, in this folder; sends nothing. Prints what the others need to admit it."""
    from chain.identifiers import Uscc
    from scripts.consortium_folder import BrokenFolder, ConsortiumFolder, MemberProfile
    from scripts.foundation.organisation import make_member

    folder = ConsortiumFolder(directory)
    if (folder.member_folder(slug) / "member.json").exists():
        raise BrokenFolder(f"{folder.member_folder(slug)} is a member's already; nothing was changed")
    names = tuple(str(role.name) for role in Role if role in roles_said(roles))
    sponsored = uscc_of(folder, sponsor) if sponsor else None
    kind = "participant" if sponsored else "governor"
    profile = MemberProfile(Uscc.parse(uscc), name, slug, kind, names, customs_code, sponsored)
    make_member(folder, profile, runs_gateway=False)
    key, controller = folder.signing_key(slug), folder.account(slug)
    print(f"{slug}: USCC {profile.uscc}, controller account {controller.address}, signing key {key.public.kid}")


@members_app.command("admit")
def admit_member(
    uscc: Annotated[str, typer.Argument(help="USCC, or slug where `member new` made it here", metavar="MEMBER")],
    by: As,
    name: Annotated[str, typer.Option(help="registered name; its hash goes on the chain")] = "",
    roles: Annotated[str, typer.Option(help="comma-separated, within the sponsor's own")] = "",
    customs_code: Annotated[str, typer.Option(help="10-digit customs code")] = "",
    controller: Annotated[str, typer.Option(help="its first controller account, appointed in the same go")] = "",
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Admit a participant, as its sponsor, and appoint its controller; what is not said comes from its folder."""
    from chain.ledger import calls

    folder, ledger = connected(directory, rpc)
    number = uscc_of(folder, uscc)
    here = next((one for one in folder.members() if one.uscc == number), None)
    if here is not None:
        name, roles = name or here.name, roles or ",".join(here.roles)
        customs_code = customs_code or here.customs_code
        controller = controller or folder.account(here.slug).address
    if not name or not roles:
        raise typer.BadParameter("--name and --roles are needed for a member whose folder is not here")
    send(folder, ledger, by, dry_run, calls.admit(number, name, roles_said(roles), customs_code))
    if controller and not dry_run:
        send(folder, ledger, by, dry_run, calls.appoint_controller(number, controller))


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

    chosen = roles_said(roles)
    transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.change_roles(uscc_of(folder, member), chosen))


@members_app.command("profile")
def change_profile(
    member: Member,
    by: As,
    name: Annotated[str, typer.Option(help="registered name; its hash goes on the chain")],
    customs_code: Annotated[str, typer.Option(help="10-digit customs code; none where not said")] = "",
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Give a participant another name and customs code, as its sponsor."""
    from chain.ledger import calls

    transact(
        directory,
        rpc,
        by,
        dry_run,
        lambda folder, ledger: calls.change_profile(uscc_of(folder, member), name, customs_code),
    )


@members_app.command("suspend")
def suspend_member(
    member: Member, by: As, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, dry_run: DryRun = False
) -> None:
    """Suspend a participant, as its sponsor; only the governors reinstate it."""
    from chain.ledger import calls

    transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.suspend(uscc_of(folder, member)))
