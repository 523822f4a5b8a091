"""The slots that this room derives and the proofs that it reads are those of the real contracts on a real engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from chain.keys import SigningKey
from chain.ledger import calls
from chain.members import Role
from chain.proof import batch
from chain.proof.batch import BatchFacts, Purpose
from chain.proof.bundle import Bundle, Kind
from chain.proof.bundle_builder import (
    AnchoredBatch,
    ChainIdentity,
    ContractProof,
    GroupToShow,
    assemble,
)
from chain.proof.hashes import keccak256, sha256
from chain.proof.header import Header
from chain.proof.index_map import IndexMap
from chain.proof.slot_plan import NewestCheckpoint, Place, RecordToShow, RegistryView, plan_slots
from chain.proof.slots import required_slots
from chain.proof.vrf import VrfSecretKey
from chain.sdjwt import SignedRecord, issue
from chain.verify import Outcome, TrustRoot, Verdict, verify_file
from chain.verify.trust_root import LEDGER, REGISTRY, Contract, ValidatorRange
from tests.contracts.engines import Consortium, account, open_embedded, uscc
from tests.fakes.ledger_simulator import rules_text
from tests.record_numbers import jti_of

UCR = "6CN91110000MA00000001-1"
RULES = rules_text({"customs.status": Role.CUSTOMS})
TAG_SECRET = VrfSecretKey(b"\x07" * 32)
Y = TAG_SECRET.output(Purpose.UCR.vrf_input(UCR))
ISSUER = uscc(0)


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@dataclass
class RealChain:
    """A founded consortium with a gateway, two attesters and one issuer's key."""

    it: Consortium
    key: SigningKey = field(default_factory=SigningKey.generate)
    map: IndexMap = field(default_factory=IndexMap)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gateway = account("gateway")
        self.it.ledger.decide(calls.setting_gateway(self.gateway.address, uscc(1)), self.it.controllers[:2])
        for number in (0, 1):
            self.it.send(calls.set_attester(account(f"attester {number}").address), self.it.controllers[number])
        self.it.send(calls.add_key(ISSUER, self.key.public), self.it.controllers[0])

    def record(self, jti: str) -> SignedRecord:
        return issue(
            {"ucr": [UCR], "status": ["released"]},
            vct="customs.status",
            iss=ISSUER,
            consortium=self.it.founding.consortium.hex(),
            iat=1_700_000_000,
            jti=jti_of(jti),
            key=self.key,
        )

    def anchor(self, *records: SignedRecord) -> None:
        tag = batch.lane_tag(Y, ISSUER)
        entries = [batch.entry(tag, batch.entry_digest(one, one.ucr_elements()[0][0])) for one in records]
        index = self.it.ledger.batch_count()
        self.it.ledger.anchor(batch.entries_root(entries), len(entries), b"".join(entries), self.gateway)
        self.map.apply(index, entries)
        self.places.update({one.record_id: (index, at) for at, one in enumerate(records)})

    def attest(self) -> None:
        for number in (0, 1):
            self.it.ledger.attest(self.it.ledger.batch_count(), self.map.root, account(f"attester {number}"))

    def bundle(self, *records: SignedRecord) -> Bundle:
        ledger, tag = self.it.ledger, batch.lane_tag(Y, ISSUER)
        head = ledger.head().number
        batches = {}
        for one in ledger.batches(0):
            entries_hash, gateway = keccak256(one.entries), raw(one.gateway)
            facts = BatchFacts(one.index, one.root, one.count, entries_hash, gateway, one.block, one.timestamp)
            batches[one.index] = AnchoredBatch(facts, one.entries)
        shown = [
            RecordToShow(one, (Place(tag, one.ucr_elements()[0][0], *self.places[one.record_id]),)) for one in records
        ]
        newest = ledger.checkpoint(ledger.checkpoint_count() - 1)
        view = self.registry_view(head)
        request = plan_slots(
            Kind.CONSIGNMENT,
            shown,
            {index: one.facts for index, one in batches.items()},
            NewestCheckpoint(newest.index, newest.since_block),
            view,
        )
        slots = required_slots(request)
        addresses = self.it.addresses
        return assemble(
            self.identity(),
            UCR,
            header_rlp=ledger.header_rlp(head),
            registry=ContractProof.of(addresses.registry, ledger.proof(addresses.registry, slots["registry"], head)),
            ledger=ContractProof.of(addresses.ledger, ledger.proof(addresses.ledger, slots["ledger"], head)),
            request=request,
            batches=[batches[index] for index in request.batches],
            records=shown,
            keys=[self.key.public],
            groups=[self.group(tag, [change.member for change in view.authorities])],
            texts=[RULES],
            authorities=view.authorities,
        )

    def registry_view(self, head: int) -> RegistryView:
        ledger = self.it.ledger
        voted = ledger.voted_facts(to_block=head)
        return RegistryView(
            keys=lambda name: [v.since_block for v in ledger.key_versions(name, head)],
            members=lambda name: [v.since_block for v in ledger.member_versions(name, head)],
            accounts=lambda at: [v.since_block for v in ledger.account_versions("0x" + at.hex(), head)],
            policies=lambda name: [v.since_block for v in voted.policies.get(name, ())],
            operators=lambda uscc: [v.since_block for v in voted.operators.get(uscc, ())],
            assignments=lambda name: [v.since_block for v in voted.assignments.get(name, ())],
            is_contested=lambda _: False,
            epochs=len(voted.tag_keys),
            authorities=voted.authorities,
        )

    def group(self, tag: bytes, authorities: Sequence[str]) -> GroupToShow:
        vrf_proof = TAG_SECRET.prove(Purpose.UCR.vrf_input(UCR))
        proof = self.map.prove_group(batch.lane_prefix(Y), {tag, *(batch.lane_tag(Y, one) for one in authorities)})
        return GroupToShow(Purpose.UCR, UCR, 0, vrf_proof, proof, {tag: tuple(self.map.lanes[tag])})

    def identity(self) -> ChainIdentity:
        ledger = self.it.ledger
        return ChainIdentity(self.it.founding.consortium, ledger.chain_id, raw(ledger.block_hash(0)))

    def trust_root(self) -> TrustRoot:
        ledger, identity = self.it.ledger, self.identity()
        header = Header.from_rlp(ledger.header_rlp(ledger.block_number()))
        addresses = self.it.addresses
        return TrustRoot(
            consortium=identity.consortium,
            chain_id=identity.chain_id,
            genesis_hash=identity.genesis_hash,
            contracts=(
                Contract(REGISTRY, raw(addresses.registry), raw(ledger.code_hash(REGISTRY)), 0, None),
                Contract(LEDGER, raw(addresses.ledger), raw(ledger.code_hash(LEDGER)), 0, None),
            ),
            validators=(ValidatorRange(0, None, True, tuple(sorted(header.extra.validators))),),
            least_votes=2,
            independent_validators=False,
            independent_attesters=False,
            predecessor=None,
        )


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[RealChain]:
    node, engine = open_embedded(tmp_path / "node")
    yield RealChain(Consortium(engine, record_rules=sha256(RULES), tag_key=TAG_SECRET.public.raw))
    node.close()


def test_consignment_on_the_embedded_node_verifies_and_remembers_a_later_revocation(chain: RealChain) -> None:
    first, second = chain.record("1"), chain.record("2")
    chain.anchor(first)
    chain.anchor(second)
    chain.attest()
    bundle, trust_root = chain.bundle(first, second), chain.trust_root()
    report = verify_file(bundle.format(), trust_root)
    assert report.verdict is Verdict.VALID, [a for a in report.answers if a.outcome is not Outcome.PASS]
    assert {one.gateway_member for one in report.records} == {uscc(1)}
    assert len(report.remarks) == 3
    assert verify_file(replace(bundle, nodes=bundle.nodes[1:]).format(), trust_root).verdict is Verdict.INVALID

    chain.it.send(calls.revoke_key(chain.key.public.thumbprint), chain.it.controllers[0])
    refreshed = chain.bundle(first, second)
    report = verify_file(refreshed.format(), trust_root)
    assert report.verdict is Verdict.VALID
    assert all("revoked in block" in record.since[0].en for record in report.records)
    assert verify_file(bundle.format(), trust_root).verdict is Verdict.VALID
