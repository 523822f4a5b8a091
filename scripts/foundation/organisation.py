"""What an organisation does in its own folder: keys and cards before the founding, what it keeps after its check."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eth_account import Account

from chain.encoding import base64url
from chain.members import Role
from scripts.consortium_folder import (
    BrokenFolder,
    ConsortiumFolder,
    MemberProfile,
    tag_key_file,
    write_json,
    write_open,
    write_private,
)
from scripts.foundation.card import prove_possession, sign_card
from scripts.foundation.plan import FILE_BYTES_MAX, Plan, PlanFolder
from scripts.foundation.tag_secret import load_exchange_key, make_exchange_key, open_tag_secret
from scripts.witness_folder import NotesFolder, default_origin

if TYPE_CHECKING:
    from coincurve import PrivateKey

    from chain.verify.trust_root import TrustRoot

EXCHANGE_KEY_NAME = "exchange.pem"
DEFAULT_RPC = "http://127.0.0.1:8645"
Purpose = Literal["account", "attester", "gateway"]


@dataclass(frozen=True)
class CardDetails:
    """What a card says beyond member and keys."""

    holder: str = ""
    """USCC of the organisation whose folder holds the keys; empty: the member itself."""
    gateway_url: str | None = None
    validator: PrivateKey | None = None
    """The key of its QBFT validator, where it runs one."""
    validator_endpoint: str = ""
    """host:port at which other validators reach it."""


def make_member(folder: ConsortiumFolder, profile: MemberProfile, *, runs_gateway: bool) -> None:
    """Makes a member's keys in this folder, over those of a founding that did not finish."""
    passphrase = folder.make_passphrase()
    folder.make_signing_key(profile.slug)
    folder.make_account(profile.slug)
    if profile.kind == "governor":
        folder.make_account(profile.slug, "attester")
        # The log of notes is named before there is a consortium: its name must be unique, and says no more.
        NotesFolder(folder, profile.slug).renew_key(default_origin(secrets.token_bytes(8), profile.uscc))
    if runs_gateway:
        folder.make_account(profile.slug, "gateway")
        write_private(folder.member_folder(profile.slug) / EXCHANGE_KEY_NAME, make_exchange_key(passphrase))
    folder.save_member(profile)


def make_card(folder: ConsortiumFolder, slug: str, details: CardDetails) -> str:
    """The card of a member whose keys are in this folder, signed."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    profile, key = folder.member(slug), folder.signing_key(slug)
    purposes: list[Purpose] = ["account", "attester", "gateway"]
    accounts = {}
    for purpose in purposes:
        if (folder.member_folder(slug) / f"{purpose}.json").exists():
            account = folder.account(slug, purpose)
            possession = prove_possession(account, profile.uscc, key.public.kid, purpose)
            accounts[purpose] = {"address": account.address.lower(), "possession": possession}
    exchange = None
    if "gateway" in accounts:
        private = load_exchange_key(_exchange_pem(folder, slug), folder.passphrase())
        exchange = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    content = {
        "uscc": profile.uscc,
        "name": profile.name,
        "slug": profile.slug,
        "holder": details.holder or profile.uscc,
        "customs_code": profile.customs_code,
        "roles": list(profile.roles),
        "governor": profile.kind == "governor",
        "gateway_url": details.gateway_url,
        "keys": {
            "record": key.public.jwk(),
            "exchange": exchange,
            "note": NotesFolder(folder, slug).key().text if profile.kind == "governor" else None,
            "accounts": accounts,
            "validator": _validator(details, profile.uscc, key.public.kid),
        },
    }
    return sign_card(content, key)


def keep_founding(folder: ConsortiumFolder, plan_folder: PlanFolder, plan: Plan, root: TrustRoot, rpc: str) -> None:
    """Writes what the founding comes to into the organisation's folder, the trust root last of all.

    The plan and its files, who the members here are in it, and for a member with a gateway its settings and keys.
    """
    own = {profile.uscc: profile for profile in folder.members()}
    for member in plan.members:
        if profile := own.get(member.uscc):
            roles = tuple(str(role.name) for role in Role if role in member.roles)
            kind = "participant" if member.sponsor else "governor"
            folder.save_member(
                MemberProfile(
                    profile.uscc, profile.name, profile.slug, kind, roles, profile.customs_code, member.sponsor
                )
            )
    if rpc:
        write_json(folder.path / "network.json", {"rpc": rpc})
    write_open(folder.path / "plan.json", plan_folder.plan_file.read_bytes())
    for name in plan.content.policies:
        file = plan_folder.policy_file(name)
        if file.exists() and file.stat().st_size <= FILE_BYTES_MAX:
            write_open(folder.path / file.name, file.read_bytes())
    for member in plan.gateways:
        if profile := own.get(member.uscc):
            _keep_gateway(folder, plan, profile)
    write_open(folder.trust_root, root.format())


def _keep_gateway(folder: ConsortiumFolder, plan: Plan, profile: MemberProfile) -> None:
    key = load_exchange_key(_exchange_pem(folder, profile.slug), folder.passphrase())
    tag_secret = open_tag_secret(plan, profile.uscc, key)
    write_private(folder.gateway / "tag-keys.json", tag_key_file([(0, tag_secret)]))
    if not (folder.gateway / "data-keys.json").exists():
        # What is stored already would be lost under another key.
        data_key = {"id": "1", "key": base64url(secrets.token_bytes(32))}
        write_private(folder.gateway / "data-keys.json", _json({"current": "1", "keys": [data_key]}))
    peers = {member.uscc: member.card.gateway_url for member in plan.gateways if member.uscc != profile.uscc}
    known = {uscc: url for uscc, url in peers.items() if url}
    write_json(folder.gateway / "settings.json", gateway_settings(folder, profile, known))


def gateway_settings(folder: ConsortiumFolder, gateway: MemberProfile, peers: Mapping[str, str]) -> dict[str, Any]:
    """What the gateway's settings file says; its paths are relative to the file, so that the folder can be moved.

    `peers` are the URLs of other gateways by the USCC of their member.
    """
    own = f"../members/{gateway.slug}"
    return {
        "member": gateway.uscc,
        "rpc_url": folder.rpc() or DEFAULT_RPC,
        "store_url": "sqlite:///store.sqlite",
        "trust_root_file": "../trust-root.json",
        "tag_keys_file": "tag-keys.json",
        "data_keys_file": "data-keys.json",
        "passphrase_file": "../passphrase",
        "account_file": f"{own}/gateway.json",
        "signing_key_file": f"{own}/signing.pem",
        "record_rules_file": "../record-rules.json",
        "view_policy_file": "../view-policy.json",
        "replication_policy_file": "../replication-policy.json",
        "peers": dict(peers),
        "index_dir": "index",
        "note_sources": [f"../members/{m.slug}/note" for m in folder.members() if m.kind == "governor"],
    }


def load_validator_key(file: Path) -> PrivateKey:
    """A validator's key as the engines keep it: 32 bytes in hex; BrokenFolder where it is not that."""
    from coincurve import PrivateKey

    try:
        return PrivateKey(bytes.fromhex(file.read_text("ascii").strip().removeprefix("0x")))
    except ValueError as error:
        raise BrokenFolder(f"{file} holds no validator key (32 bytes in hex)") from error


def own_accounts(folder: ConsortiumFolder, slugs: Sequence[str] = ()) -> dict[str, Any]:
    """The controller accounts of members whose keys are here, by USCC: of these slugs, or of all."""
    profiles = [folder.member(slug) for slug in slugs] or folder.members()
    return {profile.uscc: folder.account(profile.slug) for profile in profiles}


def _validator(details: CardDetails, uscc: str, kid: str) -> dict[str, str] | None:
    if details.validator is None:
        return None
    account = Account.from_key(details.validator.secret)
    return {
        "enode_key": details.validator.public_key.format(compressed=False)[1:].hex(),
        "endpoint": details.validator_endpoint,
        "possession": prove_possession(account, uscc, kid, "validator"),
    }


def _exchange_pem(folder: ConsortiumFolder, slug: str) -> bytes:
    file = folder.member_folder(slug) / EXCHANGE_KEY_NAME
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise BrokenFolder(f"{file} is missing: the tag key is sealed to it") from error


def _json(value: object) -> bytes:
    import json

    return json.dumps(value, indent=2).encode() + b"\n"
