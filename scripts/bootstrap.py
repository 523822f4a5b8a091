"""Founding a consortium: keys, genesis, contracts, members and the trust root, into one folder.

Order, and what a crash leaves: the passphrase and key files first (kept when run again), then the chain's transactions,
then `trust-root.json` last of all; a folder without it was not founded, and is founded anew on a fresh chain.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chain.encoding import base64url
from chain.members import PolicyName, Role
from chain.proof.vrf import SECRET_BYTES, SUITE, VrfSecretKey
from chain.records import RECORD_RULES_FILE
from chain.rule_tables import tables_for
from chain.rules.pack import pack_digest, pack_text
from chain.verify.trust_root import LEDGER, REGISTRY, Contract, TrustRoot, ValidatorRange
from gateway.access.policy import POLICY_FILE
from scripts.consortium_folder import (
    ConsortiumFolder,
    MemberProfile,
    load_account,
    make_account,
    tag_key_file,
    write_json,
    write_open,
    write_private,
)
from scripts.witness_folder import NOTE_KEY_POLICY, NotesFolder, default_origin

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from chain.ledger import Call, Founding, Ledger

CHAIN_ID = 20_260
GAS_LIMIT = 60_000_000
VALIDATORS = 4
FOUNDING_WAIT_S = 120.0
FOUNDING_BLOCKS_MAX = 120
"""More blocks than a founding makes on an embedded node, where each transaction is a block."""
PROPOSAL_LIFETIME_BLOCKS = 100_000
Say = Callable[[str], None]


@dataclass(frozen=True)
class Seat:
    """A member to be: what `member.json` will say, before its number is known."""

    slug: str
    name: str
    roles: tuple[str, ...]
    sponsor: str | None = None
    division: str = "110000"
    customs_district: str = "0100"

    @property
    def is_governor(self) -> bool:
        """A governor has no sponsor."""
        return self.sponsor is None


EXAMPLE_SEATS: tuple[Seat, ...] = (
    Seat("customs", "京津冀示范海关", ("CUSTOMS", "REGULATOR")),
    Seat("eport", "京津冀示范电子口岸", ("BROKER", "TRADER", "CARRIER", "TERMINAL", "GATEWAY"), division="120000"),
    Seat("tax", "示范税务局", ("BANK", "TAX", "AUDITOR")),
    Seat("gateway", "示范数据服务中心", ("GATEWAY",), sponsor="eport"),
    Seat("broker", "示范报关行", ("BROKER",), sponsor="eport"),
    Seat("trader", "示范跨境电商", ("TRADER",), sponsor="eport"),
    Seat("carrier", "示范航空物流", ("CARRIER",), sponsor="eport"),
    Seat("terminal", "示范货运站", ("TERMINAL",), sponsor="eport", division="120000", customs_district="0200"),
    Seat("bank", "示范银行", ("BANK",), sponsor="tax"),
    Seat("regulator", "示范自贸区管委会", ("REGULATOR",), sponsor="customs"),
    Seat("auditor", "示范会计师事务所", ("AUDITOR",), sponsor="tax"),
)
"""The members of an example consortium: three governors and eight participants, all invented.

A sponsor admits within its own roles only, so a governor holds the roles that it hands out.
"""

_GB32100_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_GB32100_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def example_uscc(division: str, number: int) -> str:
    """An invented unified social credit code (GB 32100) with right check digits, told apart by `number`.

    Registration authority 9, kind 1 (enterprise), the division code, an organisation number MA plus six digits and its
    GB 11714 check digit, and the GB 32100 check digit.
    """
    body = f"91{division}{_organisation_number(f'MA{number:06d}')}"
    total = sum(_GB32100_ALPHABET.index(c) * w for c, w in zip(body, _GB32100_WEIGHTS, strict=True))
    return body + _GB32100_ALPHABET[(31 - total % 31) % 31]


def profiles(seats: tuple[Seat, ...] = EXAMPLE_SEATS) -> list[MemberProfile]:
    """The members with invented numbers: the USCC by place in the list, the customs code by district and place."""
    usccs = {seat.slug: example_uscc(seat.division, 9000 + place) for place, seat in enumerate(seats)}
    return [
        MemberProfile(
            uscc=usccs[seat.slug],
            name=seat.name,
            slug=seat.slug,
            kind="governor" if seat.is_governor else "participant",
            roles=seat.roles,
            customs_code=f"{seat.customs_district}9{place:05d}",
            sponsor=usccs[seat.sponsor] if seat.sponsor else None,
        )
        for place, seat in enumerate(seats)
    ]


def _organisation_number(body: str) -> str:
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c, 36) * w for c, w in zip(body, weights, strict=True))
    check = 11 - total % 11
    return body + ("X" if check == 10 else "0" if check == 11 else str(check))


def found(
    folder: ConsortiumFolder, *, rpc: str = "", funder: Path | None = None, unsealed: bool = False, say: Say = print
) -> TrustRoot:
    """Founds an example consortium in `folder` and returns its trust root.

    On an embedded node that is made in the folder, or on the network behind `rpc`, whose fees (if any) the account in
    the key file `funder` pays. A network that cannot give proofs is refused (NoProofs) before anything is sent to it,
    or with `unsealed` taken, and the trust root then names no validators: no bundle of it is ever believed.
    Raises LedgerFault, or the contract's error where a transaction is refused.
    """
    if rpc and not unsealed:
        qualify_network(rpc)
    consortium = secrets.token_bytes(32)
    tag_key = VrfSecretKey(secrets.token_bytes(SECRET_BYTES))
    folder.make_passphrase()
    members = profiles()
    for member in members:
        _make_keys(folder, member)
        if member.sponsor is None:
            NotesFolder(folder, member.slug).renew_key(default_origin(consortium, member.uscc))
    say(f"{len(members)} members with their keys; governors: {', '.join(m.slug for m in members if not m.sponsor)}")
    for source, name in ((POLICY_FILE, "view-policy.json"), (RECORD_RULES_FILE, "record-rules.json")):
        shutil.copyfile(source, folder.path / name)
    write_open(folder.path / "rule-pack.json", pack_text(tables_for(None).roots).encode())
    with _endpoint(folder, rpc) as endpoint:
        deployer = load_account(funder, _funder_passphrase()) if funder else folder.make_account("", "deployer")
        founding = _founding(folder, members, consortium, tag_key)
        ledger = _deploy(endpoint, deployer, founding, say, unsealed=unsealed)
        _register(ledger, folder, members)
        say(f"members, keys and accounts are on the chain (block {ledger.block_number()})")
        root = _trust_root(ledger, consortium)
    _write_gateway(folder, tag_key)
    write_open(folder.trust_root, root.format())
    return root


def _make_keys(folder: ConsortiumFolder, member: MemberProfile) -> None:
    folder.save_member(member)
    folder.make_signing_key(member.slug)
    folder.make_account(member.slug)
    if member.sponsor is None:
        folder.make_account(member.slug, "attester")
    elif "GATEWAY" in member.roles:
        folder.make_account(member.slug, "gateway")


@contextmanager
def _endpoint(folder: ConsortiumFolder, rpc: str) -> Iterator[Any]:
    """A URL, or the provider of an embedded node that was made anew in the folder and is closed afterwards."""
    if rpc:
        write_json(folder.path / "network.json", {"rpc": rpc})
        yield rpc
        return
    from chain.node import EmbeddedNode, Genesis, NodeProvider, NodeSettings

    validators = sorted(
        (make_account(folder.path / "validators" / f"{n}.json", folder.passphrase()) for n in range(VALIDATORS)),
        key=lambda account: bytes.fromhex(account.address[2:]),
    )
    addresses = tuple(bytes.fromhex(account.address[2:]) for account in validators)
    # The founding's blocks are a second apart each and must not run ahead of the clock: they begin in the past.
    began = int(time.time()) - FOUNDING_BLOCKS_MAX
    genesis = Genesis(CHAIN_ID, GAS_LIMIT, began, addresses)
    folder.genesis.write_text(genesis.format())
    database = folder.path / "node"
    shutil.rmtree(database, ignore_errors=True)
    keys = [bytes(account.key) for account in validators]
    node = EmbeddedNode.open(database, genesis, keys, NodeSettings(instant=True), clock=lambda: began)
    try:
        yield NodeProvider(node)
    finally:
        node.close()


def _founding(
    folder: ConsortiumFolder, members: list[MemberProfile], consortium: bytes, tag_key: VrfSecretKey
) -> Founding:
    from chain.ledger import Founder, Founding

    governors = [member for member in members if member.sponsor is None]
    return Founding(
        consortium=consortium,
        founders=tuple(
            Founder(m.uscc, m.name, roles_of(m), folder.account(m.slug).address, m.customs_code) for m in governors
        ),
        threshold=least_votes(len(governors)),
        policies={
            PolicyName.VIEW: sha256(POLICY_FILE.read_bytes()).digest(),
            PolicyName.RECORD_RULES: sha256(RECORD_RULES_FILE.read_bytes()).digest(),
            PolicyName.RULE_PACK: pack_digest(tables_for(None).roots),
            PolicyName.LEAST_VOTES: least_votes(len(governors)).to_bytes(32, "big"),
            **{NOTE_KEY_POLICY + m.uscc: NotesFolder(folder, m.slug).key_digest() for m in governors},
        },
        tag_key=tag_key.public.raw,
        tag_suite=SUITE,
        proposal_lifetime_blocks=PROPOSAL_LIFETIME_BLOCKS,
    )


def qualify_network(rpc: str) -> None:
    """Raises NoProofs, with what to do, where the network behind `rpc` cannot give what proofs need."""
    from chain.ledger import qualify
    from chain.ledger.faults import NoProofs

    try:
        qualify(rpc)
    except NoProofs as fault:
        fix = "Choose a QBFT network, or run without proofs, every bundle UNTRUSTED_CHAIN: --unsealed"
        raise NoProofs(fault.what, f"{fault.reason}. {fix}") from fault


def _deploy(endpoint: Any, deployer: LocalAccount, founding: Founding, say: Say, *, unsealed: bool) -> Ledger:
    from chain.ledger import Ledger, deploy, read_expectations

    addresses = deploy(endpoint, deployer, founding, timeout_s=FOUNDING_WAIT_S)
    say(f"contracts: MemberRegistry {addresses.registry}, RecordLedger {addresses.ledger}")
    expect = read_expectations(endpoint, addresses)
    return Ledger(endpoint, addresses, expect=expect, timeout_s=FOUNDING_WAIT_S, unsealed=unsealed)


def _register(ledger: Ledger, folder: ConsortiumFolder, members: list[MemberProfile]) -> None:
    """Admits the participants, then gives everyone accounts and keys: each call by whom the registry wants it from."""
    from chain.ledger import calls

    accounts = {member.uscc: folder.account(member.slug) for member in members}
    governors = [member for member in members if member.sponsor is None]
    sponsored = [(member, accounts[member.sponsor]) for member in members if member.sponsor is not None]
    attesters = {member.uscc: folder.account(member.slug, "attester") for member in governors}
    waves = _Waves(ledger)
    waves.send([
        *((calls.admit(m.uscc, m.name, roles_of(m), m.customs_code), sponsor) for m, sponsor in sponsored),
        *((calls.set_attester(attesters[m.uscc].address), accounts[m.uscc]) for m in governors),
    ])  # fmt: skip
    waves.send((calls.appoint_controller(m.uscc, accounts[m.uscc].address), sponsor) for m, sponsor in sponsored)
    waves.send((calls.add_key(m.uscc, folder.signing_key(m.slug).public), accounts[m.uscc]) for m in members)
    for member, _ in sponsored:
        if "GATEWAY" in member.roles:
            account = folder.account(member.slug, "gateway")
            decision = calls.setting_gateway(account.address, member.uscc)
            ledger.decide(decision, [accounts[governor.uscc] for governor in governors])


class _Waves:
    """Sends transactions in waves: all of one at once, each sender's in order, then all are waited for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def send(self, wave: Iterable[tuple[Call, LocalAccount]]) -> None:
        """Returns once every call of the wave stands in a block; raises the contract's error where one was refused."""
        nonces: dict[str, int] = {}
        sent = []
        for call, account in wave:
            nonce = nonces.get(account.address, -1)
            nonce = self._ledger.next_nonce(account.address) if nonce < 0 else nonce
            sent.append(self._ledger.send_raw(self._ledger.prepare(call, account, nonce)))
            nonces[account.address] = nonce + 1
        for tx_hash in sent:
            self._ledger.wait(tx_hash, FOUNDING_WAIT_S)


def least_votes(governors: int) -> int:
    """More than half of the governors."""
    return governors // 2 + 1


def roles_of(member: MemberProfile) -> Role:
    """The member's roles as the registry's bits."""
    roles = Role(0)
    for name in member.roles:
        roles |= Role[name]
    return roles


def _trust_root(ledger: Ledger, consortium: bytes) -> TrustRoot:
    from chain.proof.header import Header

    validators: tuple[ValidatorRange, ...] = ()
    if not ledger.unsealed:
        head = Header.from_rlp(ledger.header_rlp(ledger.block_number()))
        validators = (ValidatorRange(0, None, True, tuple(sorted(head.extra.validators))),)
    contracts = (
        Contract(REGISTRY, _bytes(ledger.addresses.registry), _bytes(ledger.code_hash("MemberRegistry")), 0, None),
        Contract(LEDGER, _bytes(ledger.addresses.ledger), _bytes(ledger.code_hash("RecordLedger")), 0, None),
    )
    return TrustRoot(
        consortium=consortium,
        chain_id=ledger.chain_id,
        genesis_hash=_bytes(ledger.block_hash(0)),
        contracts=contracts,
        validators=validators,
        least_votes=least_votes(len(ledger.governors().active)),
        # All keys were made in one folder on one machine; only members who each hold their own may say otherwise.
        independent_validators=False,
        independent_attesters=False,
        predecessor=None,
    )


def _write_gateway(folder: ConsortiumFolder, tag_secret: VrfSecretKey) -> None:
    gateway = folder.member("gateway")
    write_private(folder.gateway / "tag-keys.json", tag_key_file([(0, tag_secret)]))
    data_key = {"id": "1", "key": base64url(secrets.token_bytes(32))}
    write_private(folder.gateway / "data-keys.json", _json({"current": "1", "keys": [data_key]}))
    write_json(folder.gateway / "settings.json", gateway_settings(folder, gateway))


def _json(value: object) -> bytes:
    import json

    return json.dumps(value, indent=2).encode() + b"\n"


def _bytes(said: str) -> bytes:
    return bytes.fromhex(said.removeprefix("0x"))


def _funder_passphrase() -> bytes:
    """The funder's passphrase: TONGGUAN_FUNDER_PASSPHRASE, the file TONGGUAN_FUNDER_PASSPHRASE_FILE, or asked for."""
    import getpass

    if file := os.environ.get("TONGGUAN_FUNDER_PASSPHRASE_FILE"):
        return Path(file).read_bytes().strip()
    said = os.environ.get("TONGGUAN_FUNDER_PASSPHRASE")
    return (getpass.getpass("Passphrase of the funder's key file: ") if said is None else said).encode()


def gateway_settings(folder: ConsortiumFolder, gateway: MemberProfile) -> dict[str, Any]:
    """What the gateway's settings file says; its paths are relative to the file, so that the folder can be moved."""
    own = f"../members/{gateway.slug}"
    return {
        "member": gateway.uscc,
        "rpc_url": folder.rpc() or "http://127.0.0.1:8645",
        "store_url": "sqlite:///store.sqlite",
        "trust_root_file": "../trust-root.json",
        "tag_keys_file": "tag-keys.json",
        "data_keys_file": "data-keys.json",
        "passphrase_file": "../passphrase",
        "account_file": f"{own}/gateway.json",
        "signing_key_file": f"{own}/signing.pem",
        "record_rules_file": "../record-rules.json",
        "view_policy_file": "../view-policy.json",
        "index_dir": "index",
    }
