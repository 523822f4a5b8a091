"""What the governors agreed on, as anybody reads it: policies, codes of members, operators, tag keys, authorities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from chain.members import find_in_force
from chain.proof.authorities import authorities_for
from scripts.commands.registry import (
    DEFAULT_DIR,
    DEFAULT_RPC,
    Block,
    Directory,
    Rpc,
    asked_block,
    connected,
    policy_value_words,
)

if TYPE_CHECKING:
    from chain.ledger import VotedFacts

agreed_app = typer.Typer(
    help="What the governors agreed on: policies, codes, operators, tag keys, authorities.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.add_typer(agreed_app, name="agreed")


@agreed_app.command("list")
def list_agreed(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None) -> None:
    """Every policy, code, operator and tag key, in force for a block."""
    _, ledger = connected(directory, rpc)
    at = asked_block(ledger, block)
    facts = ledger.voted_facts()
    print(f"In force for block {at}:")
    for line in (*policy_lines(facts, at), *_code_lines(facts, at), *_operator_lines(facts, at)):
        print(f"  {line}")
    for epoch, key in enumerate(facts.tag_keys):
        if key.since_block < at:
            print(f"  tag key {epoch}  from batch {key.first_batch}  suite {key.suite}  {key.public_key.hex()}")


@agreed_app.command("authorities")
def list_authorities(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None) -> None:
    """Who is an authority for a block: governors, and participants with the role CUSTOMS or TAX."""
    folder, ledger = connected(directory, rpc)
    at = asked_block(ledger, block)
    names = {member.uscc: member.name for member in folder.members()}
    listed = sorted(authorities_for(ledger.voted_facts().authorities, at))
    print(f"{len(listed)} authorities for block {at}:")
    for uscc in listed:
        print(f"  {uscc}  {names.get(uscc, '')}".rstrip())


def policy_lines(facts: VotedFacts, block: int) -> Iterator[str]:
    """Each policy with its value in force for a block."""
    for name, versions in sorted(facts.policies.items()):
        policy = find_in_force(versions, block)
        if policy is None:
            yield f"{name}  none yet"
        else:
            yield f"{name}  {policy_value_words(name, policy.value)}  since block {policy.since_block}"


def _code_lines(facts: VotedFacts, block: int) -> Iterator[str]:
    for (register_name, code), versions in sorted(facts.assignments.items()):
        version = find_in_force(versions, block)
        if version is not None and version.member is not None:
            yield f"{register_name} {code}  {version.member}  since block {version.since_block}"


def _operator_lines(facts: VotedFacts, block: int) -> Iterator[str]:
    for uscc, versions in sorted(facts.operators.items()):
        version = find_in_force(versions, block)
        if version is not None and version.scope is not None:
            yield f"operator {uscc}  of UCRs {version.scope}  since block {version.since_block}"
