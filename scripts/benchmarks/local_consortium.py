"""A consortium in this process: founded in a scratch folder, with an embedded node and the parts of its gateway.

Nothing of it is made for benchmarks but the clock: it turns whenever a transaction waits, so that no measurement waits
for a second to pass.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.keys import SigningKey
from chain.ledger import ContractAddresses, Expectations, Ledger
from chain.ledger import calls as ledger_calls
from chain.members import Role
from chain.node import EmbeddedNode, Genesis, NodeProvider, NodeSettings
from chain.node.__main__ import read_keys
from chain.proof.batch import ENTRY_BYTES, entries_root
from chain.verify.trust_root import LEDGER, REGISTRY, TrustRoot
from gateway.access.records import Reader
from gateway.app import Gateway, build
from gateway.settings import GatewaySettings
from scripts.bootstrap import found, roles_of
from scripts.consortium_folder import ConsortiumFolder
from scripts.ledger_connection import trust_root_of

BATCHES_PER_BLOCK = 24
"""As many full batches as fit under a gas limit of 60 million, with room."""
SEED = 20_260


class TurningClock:
    """Says that a second has passed since the newest block, unless it is held."""

    def __init__(self, head_time: int) -> None:
        self.head_time = head_time
        self.held = False

    def __call__(self) -> float:
        return float(self.head_time if self.held else self.head_time + 1)


@dataclass
class Town:
    """An example consortium with every part in this process."""

    folder: ConsortiumFolder
    node: EmbeddedNode
    clock: TurningClock
    ledger: Ledger
    gateway: Gateway
    trust_root: TrustRoot
    keys: Mapping[str, SigningKey]
    """Every member's signing key by USCC."""

    @property
    def consortium(self) -> str:
        """The consortium's id, as records name it."""
        return self.trust_root.consortium.hex()

    def uscc(self, slug: str) -> str:
        """A member's USCC."""
        return self.folder.member(slug).uscc

    def reader(self, slug: str) -> Reader:
        """A member as one who asks."""
        profile = self.folder.member(slug)
        roles: Role = roles_of(profile)
        return Reader(profile.uscc, roles, profile.customs_code, self.keys[profile.uscc].public.kid)

    def accept(self, bodies: Sequence[bytes]) -> None:
        """Takes records through the gateway's intake; raises the first refusal."""
        for verdict in self.gateway.services.intake.accept_lines([b'"' + body + b'"' for body in bodies]):
            if isinstance(verdict, Exception):
                raise verdict

    def seal(self) -> None:
        """Anchors all that waits and reads it back, through the gateway's sealer and follower."""
        sealer = self.gateway.loop_health.sealer
        while sealer.step() or sealer.is_waiting:
            pass
        self.follow()

    def anchor(self, batches: Sequence[Sequence[bytes]]) -> None:
        """Anchors these batches of entries by the gateway's account, many a block, and reads them back."""
        account = self.folder.account("gateway", "gateway")
        for start in range(0, len(batches), BATCHES_PER_BLOCK):
            portion = batches[start : start + BATCHES_PER_BLOCK]
            nonce = self.ledger.next_nonce(account.address)
            raws = [
                self.ledger.prepare(
                    ledger_calls.anchor(entries_root(one), len(one), b"".join(one)), account, nonce + place
                )
                for place, one in enumerate(portion)
            ]
            self.clock.held = True
            for raw in raws[:-1]:
                self.ledger.send_raw(raw)
            self.clock.held = False
            self.ledger.wait(self.ledger.send_raw(raws[-1]))
        self.follow()

    def attest(self) -> None:
        """A quorum of governors attests all that is anchored, by the root that the gateway derived."""
        index = self.gateway.services.index
        count = index.progress().batch_count
        root = index.advance_map(count)
        for slug in ("customs", "eport"):
            self.ledger.attest(count, root, self.folder.account(slug, "attester"))
        self.follow()

    def follow(self) -> None:
        """The gateway's follower reads to the head."""
        while self.gateway.loop_health.watcher.step():
            pass


@contextmanager
def open_town(
    path: Path, at_step: Callable[[str], None] = lambda step: None, **settings_changed: Any
) -> Iterator[Town]:
    """The consortium in the folder, founded where there is none; closed afterwards, its files are left there.

    `at_step` is called by the node at each step of making a block; `settings_changed` stand over the gateway's file.
    """
    folder = ConsortiumFolder(path)
    root = trust_root_of(folder) if folder.is_founded() else found(folder, say=lambda text: None)
    genesis = Genesis.parse(folder.genesis.read_bytes())
    clock = TurningClock(0)
    keys = read_keys(folder.path / "validators", folder.passphrase_file)
    node = EmbeddedNode.open(folder.path / "node", genesis, keys, NodeSettings(), clock=clock, at_step=at_step)
    clock.head_time = node.head.timestamp
    forget = node.listen(lambda block: setattr(clock, "head_time", block.header.timestamp))
    try:
        ledger = _ledger(node, root)
        settings = GatewaySettings.load(folder.gateway / "settings.json", public_url="http://127.0.0.1")
        # What is accepted is due at once; no thread asks the chain for news, so old news must do; a profile of this
        # process shows what verifier processes would take.
        changed: dict[str, Any] = {"anchor_period_s": 0.0, "registry_age_max_s": 86_400.0, "verifier_processes": 0}
        changed |= settings_changed
        gateway = build(settings.model_copy(update=changed), ledger=ledger)
        try:
            town = Town(folder, node, clock, ledger, gateway, root, _keys(folder))
            town.follow()
            yield town
        finally:
            gateway.services.intake.close()
            gateway.loop_health.sealer.close()
            gateway.services.store.close()
            gateway.services.index.close()
    finally:
        forget()
        node.close()


def random_entries(count: int, seed: int = SEED) -> list[bytes]:
    """Entries of consignments that nobody asks about, always the same for a seed."""
    said = random.Random(seed).randbytes(count * ENTRY_BYTES)
    return [said[at : at + ENTRY_BYTES] for at in range(0, len(said), ENTRY_BYTES)]


def folder_bytes(path: Path) -> int:
    """What the files below a folder take on disk: a sparse file counts with its used blocks."""
    return sum(file.stat().st_blocks * 512 for file in path.rglob("*") if file.is_file())


def percentile(values: Collection[float], share: float) -> float:
    """The smallest value that this share of all does not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def now_s() -> int:
    """The time in whole seconds, as records state it."""
    return int(time.time())


def _ledger(node: EmbeddedNode, root: TrustRoot) -> Ledger:
    contracts = {one.name: one for one in root.contracts}
    addresses = ContractAddresses("0x" + contracts[REGISTRY].address.hex(), "0x" + contracts[LEDGER].address.hex())
    code_hashes = {name: "0x" + one.code_hash.hex() for name, one in contracts.items()}
    expect = Expectations(root.chain_id, "0x" + root.genesis_hash.hex(), code_hashes)
    return Ledger(NodeProvider(node), addresses, expect=expect)


def _keys(folder: ConsortiumFolder) -> dict[str, SigningKey]:
    return {member.uscc: folder.signing_key(member.slug) for member in folder.members()}
