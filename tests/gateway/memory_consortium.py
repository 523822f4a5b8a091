"""A small consortium on paper, and a gateway over it: real keys and records, the contract's rules in memory."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from eth_account import Account
from eth_account.signers.local import LocalAccount
from fastapi import FastAPI

from chain.encoding import base64url
from chain.follower import Follower
from chain.identifiers import Ucr
from chain.index_store import IndexStore
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.ledger import Call, Head, Ledger, Receipt, RegisteredKey, RegisteredMember, VotedFacts
from chain.ledger.abi import decode_call
from chain.ledger.faults import LedgerUnreachable
from chain.ledger.reverts import AlreadyAnchored, NotGateway
from chain.members import (
    AddedBy,
    KeyAlgorithm,
    KeyState,
    KeyVersion,
    MemberKind,
    MemberState,
    MemberVersion,
    PolicyName,
    PolicyVersion,
    Role,
)
from chain.proof.batch import BatchFacts, batch_id
from chain.proof.hashes import keccak256, sha256
from chain.proof.vrf import VrfSecretKey
from chain.records import RECORD_RULES, RECORD_RULES_FILE, Code, Instant, LogisticsEvent, Reference, sign_record
from chain.records.base import Document
from chain.records.sections import Event
from chain.rule_tables import tables_for
from chain.rules.pack import pack_digest
from chain.sdjwt import SignedRecord
from chain.verify.trust_root import LEDGER, REGISTRY, Contract, TrustRoot, ValidatorRange
from gateway.access.policy import POLICY_FILE
from gateway.access.rate_limits import RateLimits
from gateway.access.tokens import ASSERTION_TYPS, TokenService
from gateway.anchoring.anchor_tracker import AnchorTracker
from gateway.anchoring.sealer import READ_PERIODS, Sealer
from gateway.api.routes.health import LoopHealth
from gateway.app import Gateway, create_app
from gateway.ingest.service import Intake
from gateway.ingest.validation import RecordValidator
from gateway.membership.registry import Registry
from gateway.membership.tag_keys import TagKey, TagKeys
from gateway.people.service import People
from gateway.runtime.loops import Loop
from gateway.runtime.tracing import Tracing
from gateway.services import Services
from gateway.settings import GatewaySettings
from gateway.store.store import Store
from gateway.store.vault import DataKeys, Vault
from tests.fakes.memory_ledger import CONSORTIUM, PaperBatch, PaperCheckpoint, PaperLedger
from tests.record_numbers import jti_of

CARRIER = "91110000MA0090065W"
BROKER = "91110000MA0090047R"
GATEWAY = "91110000MA0090030A"
SPONSOR = "91110000MA009001X0"
DATA_KEYS = json.dumps({"current": "1", "keys": [{"id": "1", "key": base64url(bytes(32))}]})
PUBLIC_URL = "http://gateway.test"


@dataclass
class PaperChain(PaperLedger):
    """The paper ledger with a registry and transactions; `gateways` may anchor."""

    members_: dict[str, list[MemberVersion]] = field(default_factory=dict)
    keys_: dict[bytes, RegisteredKey] = field(default_factory=dict)
    gateways: set[str] = field(default_factory=set)
    nonces: dict[str, int] = field(default_factory=dict)
    results: dict[str, Receipt | Exception] = field(default_factory=dict)
    registry_changed_at: list[int] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    silent: bool = False
    """The endpoint gives no answer."""
    consortium: bytes = CONSORTIUM
    rule_pack: bytes = pack_digest(tables_for(None).roots)
    lane_records_max: int | None = None
    """What the governors agreed on; None where nothing."""

    # -- the registry ----------------------------------------------------------------------------------------------

    def admit(self, uscc: str, roles: Role, kind: MemberKind = MemberKind.PARTICIPANT) -> None:
        self.set_member(uscc, MemberState.ACTIVE, roles, kind)

    def set_member(self, uscc: str, state: MemberState, roles: Role, kind: MemberKind = MemberKind.PARTICIPANT) -> None:
        version = MemberVersion(self.next_block(), state, kind, roles, SPONSOR)
        self.members_.setdefault(uscc, []).append(version)

    def add_key(self, uscc: str, key: SigningKey) -> None:
        version = KeyVersion(self.next_block(), KeyState.ACTIVE, KeyAlgorithm.ES256, AddedBy.MEMBER, None, uscc)
        self.keys_[key.public.thumbprint] = RegisteredKey(key.public.thumbprint, key.public, (version,))

    def revoke(self, key: SigningKey) -> None:
        known = self.keys_[key.public.thumbprint]
        first = known.versions[0]
        version = KeyVersion(self.next_block(), KeyState.REVOKED, first.algorithm, first.added_by, None, first.member)
        self.keys_[known.thumbprint] = RegisteredKey(known.thumbprint, known.public_key, (*known.versions, version))

    def next_block(self) -> int:
        block = len(self.blocks)
        self.blocks.append(f"0x{block:02x}")
        self.registry_changed_at.append(block)
        return block

    # -- what a ledger client answers ------------------------------------------------------------------------------

    def head(self) -> Head:  # type: ignore[override]
        if self.silent:
            raise LedgerUnreachable("eth_getBlockByNumber", "silent")
        return Head(len(self.blocks) - 1, self.blocks[-1], 1000 + len(self.blocks), bytes(32))

    def logs(self, contract: str, topics: list[str], from_block: int, to_block: int) -> Iterator[object]:
        return iter([block for block in self.registry_changed_at if from_block <= block <= to_block])

    def members(self, *, from_block: int = 0, to_block: int | None = None) -> dict[str, RegisteredMember]:
        return {uscc: RegisteredMember(uscc, tuple(said), ()) for uscc, said in self.members_.items()}

    def keys(self, *, from_block: int = 0, to_block: int | None = None) -> dict[bytes, RegisteredKey]:
        return dict(self.keys_)

    def voted_facts(self, *, from_block: int = 0, to_block: int | None = None) -> VotedFacts:
        files = {PolicyName.VIEW: POLICY_FILE, PolicyName.RECORD_RULES: RECORD_RULES_FILE}
        policies = {str(name): (PolicyVersion(0, sha256(file.read_bytes())),) for name, file in files.items()}
        policies[PolicyName.RULE_PACK] = (PolicyVersion(0, self.rule_pack),)
        if self.lane_records_max is not None:
            agreed = self.lane_records_max.to_bytes(32, "big")
            policies[PolicyName.LANE_RECORDS_MAX] = (PolicyVersion(0, agreed),)
        return VotedFacts(policies, {}, {}, (), ())

    def batches(  # type: ignore[override]
        self, first: int, *, from_block: int = 0, to_block: int | None = None
    ) -> Iterator[PaperBatch]:
        last = len(self.blocks) if to_block is None else to_block
        return super().batches(first, from_block=from_block, to_block=last)

    def checkpoint_count(self, block: int | None = None) -> int:
        return len(self.checkpoints)

    def checkpoint(self, index: int, block: int | None = None) -> PaperCheckpoint:
        return self.checkpoints[index]

    def header_rlp(self, number: int) -> bytes:
        return b""

    def block_timestamp(self, number: int) -> int:
        return self.block_time + number

    def commitment(self, index: int, block: int | None = None) -> bytes:
        return self.commitments[index]

    def find_batch_index(self, wanted: bytes, block: int | None = None) -> int | None:
        if self.silent:
            raise LedgerUnreachable("eth_call", "silent")
        return next((one.index for one in self.anchored if self.id_of(one) == wanted), None)

    def id_of(self, one: PaperBatch) -> bytes:
        return batch_id(one.root, one.count, keccak256(one.entries), bytes.fromhex(one.gateway[2:]))

    def next_nonce(self, account: str, *, pending: bool = False) -> int:
        return self.nonces.get(account.lower(), 0)

    def prepare(self, call: Call, sender: LocalAccount, nonce: int) -> bytes:
        return bytes.fromhex(sender.address[2:]) + nonce.to_bytes(8, "big") + call.data

    def send_raw(self, raw: bytes) -> str:
        if self.silent:
            raise LedgerUnreachable("eth_sendRawTransaction", "silent")
        self.sent.append(raw)
        tx_hash = "0x" + keccak256(raw).hex()
        if tx_hash not in self.results:
            self.results[tx_hash] = self._execute(raw, tx_hash)
        return tx_hash

    def wait(self, tx_hash: str, timeout_s: float | None = None) -> Receipt:
        done = self.results[tx_hash]
        if isinstance(done, Exception):
            raise done
        return done

    def _execute(self, raw: bytes, tx_hash: str) -> Receipt | Exception:
        account, nonce = "0x" + raw[:20].hex(), int.from_bytes(raw[20:28], "big")
        assert nonce == self.nonces.get(account, 0), "a nonce is used once, in order"
        self.nonces[account] = nonce + 1
        root, count, entries = decode_call("RecordLedger", "anchor", raw[28:])
        if account not in self.gateways:
            return NotGateway(account)
        wanted = batch_id(root, count, keccak256(entries), bytes.fromhex(account[2:]))
        if (index := self.find_batch_index(wanted)) is not None:
            return AlreadyAnchored(index)
        own = [entries[at : at + 48] for at in range(0, len(entries), 48)]
        self.anchor_for(account, own)
        return Receipt(tx_hash, len(self.blocks) - 1, self.blocks[-1], 0, None, ())

    def anchor_for(self, account: str, own: list[bytes]) -> int:
        index = super().anchor(own)
        one = self.anchored[index]
        self.anchored[index] = PaperBatch(
            one.index, one.root, one.count, one.entries, account, one.block, one.timestamp
        )
        facts = BatchFacts(
            index, one.root, one.count, keccak256(one.entries), bytes.fromhex(account[2:]), one.block, one.timestamp
        )
        self.commitments[index] = facts.commitment(CONSORTIUM)
        return index


TAG_SECRET = VrfSecretKey(bytes(range(32)))
_PAPER_CONTRACTS = tuple(
    Contract(name, bytes([place]) * 20, bytes(32), 0, None) for place, name in enumerate((REGISTRY, LEDGER), 1)
)
PAPER_TRUST_ROOT = TrustRoot(
    consortium=CONSORTIUM,
    chain_id=1,
    genesis_hash=bytes(32),
    contracts=_PAPER_CONTRACTS,
    validators=(ValidatorRange(0, None, True, (bytes(20),)),),
    least_votes=2,
    independent_validators=False,
    independent_attesters=False,
    predecessor=None,
)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class PaperGateway:
    """One gateway's parts over a paper chain; `reopen` is a restart after a crash."""

    def __init__(self, folder: Path, chain: PaperChain, clock: Clock, url: str = "", **settings: Any) -> None:
        self.folder = folder
        self.chain = chain
        self.clock = clock
        self.url = url or f"sqlite:///{folder}/store.sqlite"
        (folder / "data_keys_file").write_text(DATA_KEYS)
        (folder / "record_rules_file").write_bytes(RECORD_RULES_FILE.read_bytes())
        self.vault = Vault(DataKeys.load(folder / "data_keys_file"))
        self.signer = SigningKey.generate()
        self.account: LocalAccount = Account.create()
        self.tag_keys = TagKeys((TagKey(0, TAG_SECRET),))
        chain.gateways.add(self.account.address.lower())
        self.settings = make_settings(folder, self.url, **settings)
        self.tracing = Tracing()
        self.reopen()

    def reopen(self) -> None:
        self.store = Store.open(self.url, self.vault)
        self.index = IndexStore.open(self.folder / secrets.token_hex(4), CONSORTIUM)
        self.registry = Registry(self.chain, self.clock, self.settings.registry_age_max_s)
        self.registry.refresh()
        examiner = RecordValidator(
            CONSORTIUM.hex(),
            RECORD_RULES,
            self.tag_keys,
            self.settings.clock_skew_s,
            self.settings.record_age_max_s,
            pack_digest(tables_for(None).roots),
        )
        kept = (self.store, self.registry, self.index)
        self.intake = Intake(self.settings, *kept, examiner, self.signer, self.clock, self.tracing)
        follower = Follower(self.chain, self.index, CONSORTIUM)
        self.watcher = AnchorTracker(
            self.store,
            self.registry,
            follower,
            self.index,
            self.tag_keys,
            self.tracing,
            anchor_promise_s=self.settings.anchor_promise_s,
        )
        self.sealer = Sealer(
            self.settings, self.store, self.chain, self.registry, self.account, self.clock, self.tracing
        )
        self.desk = TokenService(
            member=GATEWAY,
            audiences=[PUBLIC_URL],
            signer=self.signer,
            registry=self.registry,
            store=self.store,
            clock=self.clock,
            lifetime_s=300,
            skew_s=300,
            reads=RateLimits(self.settings.member_reads_per_s, self.clock, what="requests"),
        )
        self.people = People.open(self.settings, self.store, self.registry, self.clock)
        if self.people is not None:
            self.desk.tickets = self.people.sessions

    def bearer(self, key: SigningKey, member: str = "") -> dict[str, str]:
        """The header by which a member says who it is; the carrier where none is named."""
        member, now = member or CARRIER, int(self.clock())
        times: dict[str, Any] = {"iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(9)}
        claims = {"iss": member, "sub": member, "aud": PUBLIC_URL, **times}
        token = self.desk.exchange(sign_compact({"typ": ASSERTION_TYPS[0]}, claims, key))
        return {"Authorization": f"Bearer {token.text}"}

    def services(self) -> Services:
        """What requests are served with."""
        return Services(
            settings=self.settings,
            trust_root=PAPER_TRUST_ROOT,
            store=self.store,
            ledger=cast(Ledger, self.chain),
            index=self.index,
            registry=self.registry,
            tag_keys=self.tag_keys,
            signer=self.signer,
            tokens=self.desk,
            intake=self.intake,
            clock=self.clock,
            people=self.people,
            tracing=self.tracing,
        )

    def app(self, *loops: Loop) -> FastAPI:
        """The ASGI application over these parts; its threads do not run."""
        return create_app(self.settings, Gateway(self.services(), LoopHealth(self.watcher, self.sealer, loops)))

    def seal(self) -> None:
        """Everything that waits is due, and is sealed."""
        self.clock.now += self.settings.anchor_period_s * READ_PERIODS
        self.registry.refresh()
        self.sealer.step()

    def follow(self) -> None:
        """Follower to the head."""
        while self.watcher.step():
            pass


def make_settings(folder: Path, url: str, **changed: Any) -> GatewaySettings:
    """Settings whose files nobody reads."""
    fields = GatewaySettings.model_fields.items()
    names = [name for name, said in fields if name.endswith(("_file", "_dir")) and said.is_required()]
    files = {name: folder / name for name in names} | {"view_policy_file": POLICY_FILE}
    return GatewaySettings(member=GATEWAY, store_url=url, public_url=PUBLIC_URL, **files, **changed)


@dataclass
class Town:
    """A chain with a carrier and a broker, and their keys."""

    chain: PaperChain
    clock: Clock
    carrier: SigningKey
    broker: SigningKey

    @classmethod
    def make(cls) -> Town:
        chain = PaperChain()
        carrier, broker = SigningKey.generate(), SigningKey.generate()
        chain.admit(CARRIER, Role.CARRIER)
        chain.admit(BROKER, Role.BROKER)
        chain.add_key(CARRIER, carrier)
        chain.add_key(BROKER, broker)
        return cls(chain, Clock(), carrier, broker)

    def event(self, number: int = 1, **changed: Any) -> SignedRecord:
        """A carrier's departure event for consignment `number` (or several)."""
        said: dict[str, Any] = {
            "key": self.carrier,
            "iss": CARRIER,
            "consortium": CONSORTIUM.hex(),
            "iat": int(self.clock()),
            "jti": jti_of(secrets.token_urlsafe(9)),
        }
        ucrs = changed.pop("ucrs", [number])
        record = departure(*ucrs)
        return sign_record(record, **{**said, **changed})


def ucr(number: int) -> Ucr:
    """The consignment of that number."""
    return Ucr.parse(f"6CN{CARRIER}-{number:06d}")


def departure(*numbers: int) -> LogisticsEvent:
    """A departure of these consignments."""
    moment = Instant(utc="2026-11-20T10:00:00Z", said="2026-11-20T18:00:00+08:00")
    return LogisticsEvent(
        ucr=tuple(ucr(number) for number in numbers),
        references=(Reference(kind="transport_document", value="784-1234 5675", on="2026-11-20"),),
        documents=(Document(kind=Code(system="cn-edoc", value="A"), sha256="ab" * 32),),
        event=Event(code=Code(system="iata-cargo-status", value="DEP"), happened=moment),
    )
