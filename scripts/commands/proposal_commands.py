"""What governors type: propose, approve, withdraw, and read what is proposed in words."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chain.encoding import base64url
from chain.members import PolicyKind, Role
from scripts.commands.exchange_commands import IDS_MAY_BEGIN_WITH_A_DASH
from scripts.commands.registry import (
    DEFAULT_DIR,
    DEFAULT_RPC,
    As,
    Directory,
    DryRun,
    Rpc,
    connected,
    role_names,
    roles_said,
    send,
    transact,
    uscc_of,
)
from scripts.consortium_folder import ConsortiumFolder

if TYPE_CHECKING:
    from chain.ledger import Ledger, Proposal
    from chain.ledger.calls import Decision

proposals_app = typer.Typer(help="What governors decide together.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(proposals_app, name="proposal")


@proposals_app.command("list")
def list_proposals(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC) -> None:
    """Every proposal with who approves it."""
    _, ledger = connected(directory, rpc)
    for number in range(ledger.proposal_count()):
        proposal = ledger.proposal(number)
        approvals = f"approved by {len(proposal.approvals)}"
        print(f"  {number}  {proposal_words(proposal)}  {_standing(ledger, proposal)}  {approvals}")


@proposals_app.command("show")
def show_proposal(
    proposal_id: Annotated[int, typer.Argument(metavar="ID")],
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
) -> None:
    """What a proposal would do, who made it and who approves it."""
    folder, ledger = connected(directory, rpc)
    proposal = ledger.proposal(proposal_id)
    names = {member.uscc: f"{member.uscc} {member.name}" for member in folder.members()}
    print(f"Proposal {proposal_id}: {proposal_words(proposal)}")
    print(f"  made in block {proposal.since_block} by {names.get(proposal.proposer, proposal.proposer)}")
    for governor in proposal.approvals:
        print(f"  approved by {names.get(governor, governor)}")
    print(f"  needs {ledger.threshold_versions()[-1].threshold} approvals; {_standing(ledger, proposal)}")


def _standing(ledger: Ledger, proposal: Proposal) -> str:
    if proposal.executed_block is not None:
        return f"executed in block {proposal.executed_block}"
    last = proposal.since_block + ledger.proposal_lifetime_blocks()
    return "lapsed" if ledger.block_number() > last else f"open until block {last}"


def _say_standing(ledger: Ledger, proposal_id: int) -> None:
    proposal = ledger.proposal(proposal_id)
    print(f"proposal {proposal_id}: {proposal_words(proposal)}; {_standing(ledger, proposal)}")


def proposal_words(proposal: Proposal) -> str:
    """What a proposal would do, in words."""
    return decision_words(proposal.action, proposal.payload)


def decision_words(number: int, payload: bytes) -> str:
    """What an action would do with this payload, in words; a payload that means nothing hides no other proposal."""
    from chain.ledger.abi import decode_values
    from chain.ledger.calls import PAYLOAD_TYPES, Action
    from chain.ledger.faults import MalformedAnswer

    action = Action(number)
    try:
        words = _WORDS[action.name](*decode_values(PAYLOAD_TYPES[action], payload))
    except (MalformedAnswer, ValueError):
        return f"{action.name.lower()} of what does not decode; it can never execute"
    # The registry looks at numbers only when it acts, and whoever reads this sits at a terminal.
    return words if words.isprintable() else f"{action.name.lower()} of no number: {words!r}"


def _standing_of(account: str, member: str, active: bool, purpose: str) -> str:
    return f"account {account} {'may' if active else 'may no longer'} {purpose} {member}"


_WORDS: dict[str, Callable[..., str]] = {
    "ADMIT_GOVERNOR": lambda uscc, code, name, roles, controller: (
        f"admit governor {uscc} with roles {role_names(Role(roles))}, controller {controller}"
    ),
    "EXPEL": lambda uscc: f"expel {uscc}",
    "SUSPEND": lambda uscc: f"suspend {uscc}",
    "REINSTATE": lambda uscc: f"reinstate {uscc}",
    "SET_THRESHOLD": lambda threshold: f"let {threshold} approvals execute a proposal",
    "SET_GATEWAY": lambda account, member, active: _standing_of(account, member, active, "anchor for"),
    "SET_CONTROLLER": lambda account, member, active: _standing_of(account, member, active, "act for"),
    "SET_POLICY": lambda kind, digest: f"set the {PolicyKind(kind).name.lower().replace('_', ' ')} to {digest.hex()}",
    "CHANGE_ROLES": lambda uscc, roles, sponsor: (
        f"give {uscc} the roles {role_names(Role(roles))}{f', sponsor {sponsor}' if sponsor else ''}"
    ),
    "CHANGE_PROFILE": lambda uscc, name, code: f"give {uscc} the name hash {name.hex()}, customs code {code or 'none'}",
    "ADD_KEY": lambda uscc, algorithm, key: f"add a key for {uscc}: {key.hex()}",
    "REVOKE_KEY": lambda thumbprint, since: (
        f"revoke key {base64url(thumbprint)}{f', compromised since block {since}' if since else ''}"
    ),
}


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

    folder, ledger = connected(directory, rpc)
    proposal = ledger.proposal(proposal_id)
    foretold = _foretold(folder, ledger, by, proposal.approvals, proposal_words(proposal)) if dry_run else ""
    if send(folder, ledger, by, dry_run, calls.approve(proposal_id), foretold) is not None:
        _say_standing(ledger, proposal_id)


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

    transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.withdraw(proposal_id))


@proposals_app.command("propose", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def propose(
    action: Annotated[
        str,
        typer.Argument(
            help="admit-governor USCC CONTROLLER NAME ROLES [CUSTOMS_CODE] | expel M | suspend M | reinstate M | "
            "threshold N | gateway ACCOUNT M (on|off) | controller ACCOUNT M (on|off) | view-policy FILE | "
            "record-rules FILE | roles M ROLES [SPONSOR] | profile M NAME [CUSTOMS_CODE] | add-key M JWK_FILE | "
            "revoke-key THUMBPRINT [BLOCK]"
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

    folder, ledger = connected(directory, rpc)
    decision = _decision(folder, action, arguments)
    foretold = _foretold(folder, ledger, by, (), decision_words(decision.action, decision.payload)) if dry_run else ""
    receipt = send(folder, ledger, by, dry_run, calls.propose(decision), foretold)
    if receipt is not None:
        _say_standing(ledger, ledger.proposal_of(receipt))


def _decision(folder: ConsortiumFolder, action: str, arguments: list[str]) -> Decision:
    if action not in _ACTIONS:
        raise typer.BadParameter(f"no action {action}; there are {', '.join(_ACTIONS)}")
    decide = _ACTIONS[action]
    try:
        inspect.signature(decide).bind(folder, *arguments)
    except TypeError as error:
        raise typer.BadParameter(f"{action} takes other arguments: {error}") from error
    try:
        return decide(folder, *arguments)
    except ValueError as error:
        raise typer.BadParameter(f"{action} takes a number or a JSON file there: {error}") from error


def _foretold(folder: ConsortiumFolder, ledger: Ledger, by: str, approvals: tuple[str, ...], what_it_does: str) -> str:
    """What one more approval would come to, as the registry counts: governors active now, against the threshold."""
    approving = {*approvals, folder.member(by).uscc} & set(ledger.governors().active)
    needed = ledger.threshold_versions()[-1].threshold
    outcome = "it would execute at once" if len(approving) >= needed else "it would wait for more"
    return f"Approval {len(approving)} of {needed} to {what_it_does}: {outcome}."


def _admit_governor(
    folder: ConsortiumFolder, uscc: str, controller: str, name: str, roles: str, customs_code: str = ""
) -> Decision:
    from chain.identifiers import Uscc
    from chain.ledger import Founder, calls

    return calls.admitting_governor(Founder(Uscc.parse(uscc), name, roles_said(roles), controller, customs_code))


def _policy(folder: ConsortiumFolder, kind: PolicyKind, file: str) -> Decision:
    from hashlib import sha256

    from chain.ledger import calls

    return calls.setting_policy(kind, sha256(Path(file).read_bytes()).digest())


def _on_member(name: str) -> Callable[..., Decision]:
    def decide(folder: ConsortiumFolder, member: str) -> Decision:
        from chain.ledger import calls

        decision: Decision = getattr(calls, name)(uscc_of(folder, member))
        return decision

    return decide


def _on_account(name: str) -> Callable[..., Decision]:
    def decide(folder: ConsortiumFolder, account: str, member: str, standing: str = "on") -> Decision:
        from chain.ledger import calls

        decision: Decision = getattr(calls, name)(account, uscc_of(folder, member), active=standing != "off")
        return decision

    return decide


def _threshold(folder: ConsortiumFolder, threshold: str) -> Decision:
    from chain.ledger import calls

    return calls.setting_threshold(int(threshold))


def _change_roles(folder: ConsortiumFolder, member: str, roles: str, sponsor: str = "") -> Decision:
    from chain.ledger import calls

    return calls.changing_roles(
        uscc_of(folder, member), roles_said(roles), uscc_of(folder, sponsor) if sponsor else None
    )


def _change_profile(folder: ConsortiumFolder, member: str, name: str, customs_code: str = "") -> Decision:
    from chain.ledger import calls

    return calls.changing_profile(uscc_of(folder, member), name, customs_code)


def _add_key(folder: ConsortiumFolder, member: str, file: str) -> Decision:
    from chain.keys import PublicKey
    from chain.ledger import calls

    return calls.adding_key(uscc_of(folder, member), PublicKey.from_jwk(json.loads(Path(file).read_bytes())))


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
    "profile": _change_profile,
    "add-key": _add_key,
    "revoke-key": _revoke,
}
