"""What governors can propose: from what they type to the registry's action, and from an action to words."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chain.encoding import base64url, parse_base64url
from chain.members import Role, parse_text
from scripts.commands.registry import parse_time, policy_value_words, role_names, roles_said, time_words, uscc_of
from scripts.consortium_folder import ConsortiumFolder

if TYPE_CHECKING:
    from chain.ledger import Proposal
    from chain.ledger.calls import Decision

_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")
ACTIONS_HELP = (
    "admit-governor USCC CONTROLLER NAME ROLES [CUSTOMS_CODE] | expel M | suspend M | reinstate M | threshold N | "
    "gateway ACCOUNT M (on|off) | controller ACCOUNT M (on|off) | policy NAME (FILE|NUMBER) | roles M ROLES [SPONSOR] "
    "| profile M NAME [CUSTOMS_CODE] | add-key M JWK_FILE | compromise-key THUMBPRINT TIME | reject-compromise "
    "THUMBPRINT | assign REGISTER CODE (M|none) | operator M (SCOPE|none) | tag-key HEX SUITE FIRST_BATCH"
)


def parse_decision(folder: ConsortiumFolder, action: str, arguments: list[str]) -> Decision:
    """The decision that these words name; BadParameter where they name none."""
    if action not in _ACTIONS:
        raise typer.BadParameter(f"no action {action}; there are {', '.join(_ACTIONS)}")
    decide = _ACTIONS[action]
    try:
        inspect.signature(decide).bind(folder, *arguments)
    except TypeError as error:
        raise typer.BadParameter(f"{action} takes other arguments: {error}") from error
    from eth_abi.exceptions import EncodingError

    try:
        return decide(folder, *arguments)
    except (ValueError, EncodingError) as error:
        raise typer.BadParameter(f"{action} does not take that: {error}") from error


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


def _account_words(account: str, member: str, active: bool, purpose: str) -> str:
    return f"account {account} {'may' if active else 'may no longer'} {purpose} {member}"


def _policy_words(name: bytes, value: bytes) -> str:
    text = parse_text(name)
    return f"set the policy {text} to {policy_value_words(text, value)}"


_WORDS: dict[str, Callable[..., str]] = {
    "ADMIT_GOVERNOR": lambda uscc, code, name, roles, controller: (
        f"admit governor {uscc} with roles {role_names(Role(roles))}, controller {controller}"
    ),
    "EXPEL": lambda uscc: f"expel {uscc}",
    "SUSPEND": lambda uscc: f"suspend {uscc}",
    "REINSTATE": lambda uscc: f"reinstate {uscc}",
    "SET_THRESHOLD": lambda threshold: f"let {threshold} approvals execute a proposal",
    "SET_GATEWAY": lambda account, member, active: _account_words(account, member, active, "anchor for"),
    "SET_CONTROLLER": lambda account, member, active: _account_words(account, member, active, "act for"),
    "SET_POLICY": _policy_words,
    "CHANGE_ROLES": lambda uscc, roles, sponsor: (
        f"give {uscc} the roles {role_names(Role(roles))}{f', sponsor {sponsor}' if sponsor else ''}"
    ),
    "CHANGE_PROFILE": lambda uscc, name, code: f"give {uscc} the name hash {name.hex()}, customs code {code or 'none'}",
    "ADD_KEY": lambda uscc, algorithm, key: f"add a key for {uscc}: {key.hex()}",
    "COMPROMISE_KEY": lambda thumbprint, since: (
        f"declare key {base64url(thumbprint)} compromised since {time_words(since)}"
    ),
    "REJECT_COMPROMISE": lambda thumbprint: f"reject the request to declare key {base64url(thumbprint)} compromised",
    "ASSIGN": lambda register, code, member: (
        f"give {parse_text(register)} {parse_text(code)} to {member}"
        if member
        else f"release {parse_text(register)} {parse_text(code)}"
    ),
    "SET_OPERATOR": lambda member, scope: (
        f"make {member} operator of the single window for UCRs of {parse_text(scope)}"
        if any(scope)
        else f"end that {member} operates the single window"
    ),
    "SET_TAG_KEY": lambda key, suite, first: f"begin a new epoch of tags at batch {first}: suite {suite}, {key.hex()}",
}


def _admit_governor(
    folder: ConsortiumFolder, uscc: str, controller: str, name: str, roles: str, customs_code: str = ""
) -> Decision:
    from chain.identifiers import Uscc
    from chain.ledger import Founder, calls

    address = _parse_address(controller)
    return calls.admitting_governor(Founder(Uscc.parse(uscc), name, roles_said(roles), address, customs_code))


def _parse_address(text: str) -> str:
    """An account's address, as its owner says it; raises ValueError."""
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError(f"{text} is no address: 0x and 40 hex digits")
    return text


def _policy(folder: ConsortiumFolder, name: str, file_or_number: str) -> Decision:
    from chain.ledger import calls

    value = int(file_or_number) if file_or_number.isdigit() else sha256(Path(file_or_number).read_bytes()).digest()
    return calls.setting_policy(name, value)


def _on_member(name: str) -> Callable[..., Decision]:
    def decide(folder: ConsortiumFolder, member: str) -> Decision:
        from chain.ledger import calls

        decision: Decision = getattr(calls, name)(uscc_of(folder, member))
        return decision

    return decide


def _on_account(name: str) -> Callable[..., Decision]:
    def decide(folder: ConsortiumFolder, account: str, member: str, standing: str = "on") -> Decision:
        from chain.ledger import calls

        if standing not in ("on", "off"):
            raise ValueError(f"{standing} is neither on nor off")
        address = _parse_address(account)
        decision: Decision = getattr(calls, name)(address, uscc_of(folder, member), active=standing == "on")
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


def _compromise(folder: ConsortiumFolder, kid: str, since: str) -> Decision:
    from chain.ledger import calls

    return calls.compromising_key(parse_base64url(kid), parse_time(since))


def _reject_compromise(folder: ConsortiumFolder, kid: str) -> Decision:
    from chain.ledger import calls

    return calls.rejecting_compromise(parse_base64url(kid))


def _assign(folder: ConsortiumFolder, register: str, code: str, member: str) -> Decision:
    from chain.ledger import calls

    return calls.assigning(register, code, None if member == "none" else uscc_of(folder, member))


def _operator(folder: ConsortiumFolder, member: str, scope: str) -> Decision:
    from chain.ledger import calls

    return calls.setting_operator(uscc_of(folder, member), None if scope == "none" else scope)


def _tag_key(folder: ConsortiumFolder, public_key: str, suite: str, first_batch: str) -> Decision:
    from chain.ledger import calls

    return calls.setting_tag_key(bytes.fromhex(public_key.removeprefix("0x")), int(suite), int(first_batch))


_ACTIONS: dict[str, Callable[..., Decision]] = {
    "admit-governor": _admit_governor,
    "expel": _on_member("expelling"),
    "suspend": _on_member("suspending"),
    "reinstate": _on_member("reinstating"),
    "threshold": _threshold,
    "gateway": _on_account("setting_gateway"),
    "controller": _on_account("setting_controller"),
    "policy": _policy,
    "roles": _change_roles,
    "profile": _change_profile,
    "add-key": _add_key,
    "compromise-key": _compromise,
    "reject-compromise": _reject_compromise,
    "assign": _assign,
    "operator": _operator,
    "tag-key": _tag_key,
}
