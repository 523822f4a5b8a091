"""What members type about their keys and accounts: whose signature counts, and which account may send for whom."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chain.encoding import parse_base64url
from chain.members import AccountPurpose, find_in_force
from scripts.commands.exchange_commands import IDS_MAY_BEGIN_WITH_A_DASH
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
    parse_time,
    send,
    transact,
    uscc_of,
)

if TYPE_CHECKING:
    from chain.keys import SigningKey


class Algorithm(StrEnum):
    """What a signing key may sign with."""

    ES256 = "es256"
    ED25519 = "ed25519"
    SM2 = "sm2"


Kid = Annotated[str, typer.Argument(help="key thumbprint (base64url)", metavar="THUMBPRINT")]

keys_app = typer.Typer(help="Signing keys: list, make, add, retire, revoke.", no_args_is_help=True)
compromise_app = typer.Typer(
    help="A key that leaked: ask the governors to declare it compromised.", no_args_is_help=True
)
accounts_app = typer.Typer(
    help="Ethereum accounts: who acts for a member, who attests for a governor.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    keys_app.add_typer(compromise_app, name="compromise")
    app.add_typer(keys_app, name="key")
    app.add_typer(accounts_app, name="account")


@keys_app.command("list")
def list_keys(directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, block: Block = None) -> None:
    """Every signing key, in force for a block."""
    _, ledger = connected(directory, rpc)
    at = asked_block(ledger, block)
    print(f"Keys in force for block {at}:")
    for key in ledger.keys().values():
        print(f"  {key.public_key.kid}  {key.versions[-1].member}  {key_words(key.versions, at)}")


@keys_app.command("add")
def add_key(
    member: Annotated[str, typer.Option("--member", help="whose key: slug or USCC")],
    by: As,
    public_key: Annotated[Path | None, typer.Option("--jwk", help="its public key; default: the folder's")] = None,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Register a signing key that exists already: by the member, or by its sponsor (then marked so for ever)."""
    from chain.keys import PublicKey
    from chain.ledger import calls

    folder, ledger = connected(directory, rpc)
    uscc = uscc_of(folder, member)
    if public_key is not None:
        key = PublicKey.from_jwk(json.loads(public_key.read_bytes()))
    else:
        key = folder.signing_key(folder.member(member).slug).public
    send(folder, ledger, by, dry_run, calls.add_key(uscc, key))
    if not dry_run:
        print(f"key {key.kid}")


@keys_app.command("new")
def new_key(
    member: Annotated[str, typer.Option("--member", help="whose key: slug")],
    by: As,
    algorithm: Annotated[Algorithm, typer.Option(help="what it signs with")] = Algorithm.ES256,
    pkcs11: Annotated[str, typer.Option(help="make it in this token (RFC 7512 URI); it never leaves it")] = "",
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Rotate: make a new signing key, register it, and sign with it from now on. The old one counts until retired."""
    from chain.errors import LedgerFault
    from chain.keys import KeyAlgorithm, SigningKey
    from chain.ledger import calls
    from chain.ledger.reverts import ContractRefused

    folder, ledger = connected(directory, rpc)
    profile = folder.member(member)
    old = folder.signing_key(profile.slug).public.kid
    key = _key_in_token(pkcs11) if pkcs11 and not dry_run else SigningKey.generate(KeyAlgorithm[algorithm.name])
    path = folder.member_folder(profile.slug)
    kept = path / f"signing-{key.public.kid}.pem"
    if not dry_run:
        # Written before it is registered: were the answer lost, the registry would name a key that nobody has.
        folder.save_signing_key(profile.slug, kept.name, key)
        folder.make_jti_secret(profile.slug)
    try:
        send(folder, ledger, by, dry_run, calls.add_key(profile.uscc, key.public))
    except ContractRefused:
        kept.unlink(missing_ok=True)
        raise
    except LedgerFault:
        print(f"It may yet be registered (tongguan key list): {kept} is kept. In use: signing.pem", file=sys.stderr)
        raise
    if dry_run:
        return
    before = path / f"signing-{old}.pem"
    before.unlink(missing_ok=True)
    # Two names for a moment, so that there is a signing.pem at every one.
    before.hardlink_to(path / "signing.pem")
    kept.replace(path / "signing.pem")
    print(f"New key {key.public.kid}; the old one, {old}, still counts. Retire it: tongguan key retire {old} --as {by}")


def _key_in_token(uri: str) -> SigningKey:
    from chain.hardware_keys import Curve, KeyUri, make_hardware_key
    from chain.keys import SigningKey

    return SigningKey(make_hardware_key(KeyUri.parse(uri), Curve.P256))


@keys_app.command("retire", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def retire_key(
    kid: Kid, by: As, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, dry_run: DryRun = False
) -> None:
    """End a key in good order, by its member: what it signed before stays as good as it was."""
    from chain.ledger import calls

    call = calls.retire_key(parse_base64url(kid))
    transact(directory, rpc, by, dry_run, lambda folder, ledger: call)


@keys_app.command("revoke", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def revoke_key(
    kid: Kid, by: As, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, dry_run: DryRun = False
) -> None:
    """Revoke a key from now on, by its member alone: what it signed before stands, and reports name the revocation."""
    from chain.ledger import calls

    call = calls.revoke_key(parse_base64url(kid))
    transact(directory, rpc, by, dry_run, lambda folder, ledger: call)


@compromise_app.command("request", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def request_compromise(
    kid: Kid,
    since: Annotated[str, typer.Argument(help="Unix seconds, or ISO 8601 with its zone", metavar="TIME")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Ask the governors to declare a key of one's own compromised since a time; once a key.

    Until they decide (proposal propose compromise-key, or reject-compromise), 30 days at most, what the key signed
    since then is contested and still counts.
    """
    from chain.ledger import calls

    try:
        call = calls.request_compromise(parse_base64url(kid), parse_time(since))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    transact(directory, rpc, by, dry_run, lambda folder, ledger: call)


@compromise_app.command("withdraw", context_settings=IDS_MAY_BEGIN_WITH_A_DASH)
def withdraw_request(
    kid: Kid, by: As, directory: Directory = DEFAULT_DIR, rpc: Rpc = DEFAULT_RPC, dry_run: DryRun = False
) -> None:
    """Take an open request back."""
    from chain.ledger import calls

    call = calls.withdraw_request(parse_base64url(kid))
    transact(directory, rpc, by, dry_run, lambda folder, ledger: call)


# -- accounts --------------------------------------------------------------------------------------------------------


@accounts_app.command("show")
def show_account(
    account: Annotated[str, typer.Argument(help="0x-hex address", metavar="ACCOUNT")],
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    block: Block = None,
) -> None:
    """What an account may do for which member, in force for a block."""
    _, ledger = connected(directory, rpc)
    at = asked_block(ledger, block)
    version = find_in_force(ledger.account_versions(account), at)
    if version is None:
        print(f"{account} served no member for block {at}.")
        return
    purposes = ",".join(str(one.name) for one in AccountPurpose if one in version.purposes)
    print(f"{account}  {version.member}  {version.state.name.lower()}  {purposes}  since block {version.since_block}")


@accounts_app.command("new")
def new_account(
    pkcs11: Annotated[str, typer.Option(help="the token to make its key in (RFC 7512 URI)")],
    out: Annotated[Path, typer.Option(help="account file that names the key, such as account.json")],
) -> None:
    """Make an account whose key never leaves a token; it serves nobody until `account controller` lets it."""
    from chain.hardware_keys import Curve, KeyUri, make_hardware_key
    from chain.ledger.hardware_account import HardwareAccount
    from scripts.consortium_folder import write_private

    if out.exists():
        raise typer.BadParameter(f"{out} is there already", param_hint="--out")
    account = HardwareAccount(make_hardware_key(KeyUri.parse(pkcs11), Curve.SECP256K1))
    write_private(out, pkcs11.encode())
    print(f"{account.address}: named by {out}. Let it act: tongguan account controller {account.address} --as MEMBER")


@accounts_app.command("attester")
def set_attester(
    by: As,
    account: Annotated[str, typer.Option(help="0x-hex address, or none; default: attester.json of its folder")] = "",
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Name the one account that attests for a governor, in place of the one before."""
    from chain.ledger import calls

    folder, ledger = connected(directory, rpc)
    chosen = account or folder.account(folder.member(by).slug, "attester").address
    send(folder, ledger, by, dry_run, calls.set_attester(None if chosen == "none" else chosen))


@accounts_app.command("controller")
def set_controller(
    account: Annotated[str, typer.Argument(help="0x-hex address", metavar="ACCOUNT")],
    by: As,
    off: Annotated[bool, typer.Option("--off", help="withdraw it")] = False,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Let a further account act for one's own member, or withdraw one."""
    from chain.ledger import calls

    transact(directory, rpc, by, dry_run, lambda folder, ledger: calls.set_controller(account, active=not off))


@accounts_app.command("appoint")
def appoint_controller(
    member: Member,
    account: Annotated[str, typer.Argument(help="0x-hex address", metavar="ACCOUNT")],
    by: As,
    directory: Directory = DEFAULT_DIR,
    rpc: Rpc = DEFAULT_RPC,
    dry_run: DryRun = False,
) -> None:
    """Appoint the first controller of a participant, as its sponsor; the member names further ones itself."""
    from chain.ledger import calls

    transact(
        directory, rpc, by, dry_run, lambda folder, ledger: calls.appoint_controller(uscc_of(folder, member), account)
    )
