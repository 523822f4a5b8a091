"""What governors type: propose, approve, withdraw, and read what is proposed in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.exchange_commands import IDS_MAY_BEGIN_WITH_A_DASH
from scripts.commands.proposal_actions import ACTIONS_HELP, decision_words, parse_decision, proposal_words
from scripts.commands.registry import (
    DEFAULT_DIR,
    DEFAULT_RPC,
    As,
    Directory,
    DryRun,
    Rpc,
    connected,
    send,
    transact,
)
from scripts.consortium_folder import ConsortiumFolder

if TYPE_CHECKING:
    from chain.ledger import Ledger, Proposal

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
    action: Annotated[str, typer.Argument(help=ACTIONS_HELP)],
    arguments: Annotated[list[str], typer.Argument(metavar="ARGUMENTS")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Propose an action to the governors; the proposer's approval counts at once."""
    from chain.ledger import calls

    folder, ledger = connected(directory, rpc)
    decision = parse_decision(folder, action, arguments)
    foretold = _foretold(folder, ledger, by, (), decision_words(decision.action, decision.payload)) if dry_run else ""
    receipt = send(folder, ledger, by, dry_run, calls.propose(decision), foretold)
    if receipt is not None:
        _say_standing(ledger, ledger.proposal_of(receipt))


def _foretold(folder: ConsortiumFolder, ledger: Ledger, by: str, approvals: tuple[str, ...], what_it_does: str) -> str:
    """What one more approval would come to, as the registry counts: governors active now, against the threshold."""
    approving = {*approvals, folder.member(by).uscc} & set(ledger.governors().active)
    needed = ledger.threshold_versions()[-1].threshold
    outcome = "it would execute at once" if len(approving) >= needed else "it would wait for more"
    return f"Approval {len(approving)} of {needed} to {what_it_does}: {outcome}."
