"""What each call of the contracts costs on the embedded node; `python -m scripts.contract_gas` prints a table."""

from __future__ import annotations

import secrets
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.keys import SigningKey
from chain.ledger import Call, Founder, Founding, Ledger, calls, deploy, read_expectations
from chain.members import PolicyName, Role
from chain.node import EmbeddedNode, Genesis, NodeProvider, NodeSettings
from chain.node.blocks import address_of
from chain.proof.batch import BATCH_ENTRIES_MAX, ENTRY_BYTES

GOVERNORS = 3
EVERY_ROLE = Role((1 << len(Role)) - 1)


@dataclass(frozen=True)
class Cost:
    """Gas used by one kind of call, and the size of its transaction."""

    what: str
    gas: int
    transaction_bytes: int


def measure() -> list[Cost]:
    """Founds a consortium of three governors in a new chain and makes each call once."""
    with tempfile.TemporaryDirectory() as folder:
        key = secrets.token_bytes(32)
        genesis = Genesis(
            chain_id=1, gas_limit=60_000_000, timestamp=1, validators=(address_of(PrivateKey(key)),), alloc={}
        )
        node = EmbeddedNode.open(Path(folder) / "node", genesis, [key], NodeSettings(instant=True))
        try:
            return _measure_on(node)
        finally:
            node.close()


def _measure_on(node: EmbeddedNode) -> list[Cost]:
    provider = NodeProvider(node)
    controllers = [_account() for _ in range(GOVERNORS)]
    founders = tuple(
        Founder(_uscc(i), f"governor {i}", EVERY_ROLE, controllers[i].address, f"110091000{i}")
        for i in range(GOVERNORS)
    )
    policies = {str(name): secrets.token_bytes(32) for name in (PolicyName.VIEW, PolicyName.RECORD_RULES)}
    founding = Founding(secrets.token_bytes(32), founders, 2, policies, secrets.token_bytes(32), tag_suite=3)
    addresses = deploy(provider, controllers[0], founding)
    ledger = Ledger(provider, addresses, expect=read_expectations(provider, addresses))
    costs: list[Cost] = []

    def send(what: str, call: Call, sender: LocalAccount) -> None:
        raw = ledger.prepare(call, sender, ledger.next_nonce(sender.address))
        costs.append(Cost(what, ledger.wait(ledger.send_raw(raw)).gas_used, len(raw)))

    owner, gateway, attesters = _account(), _account(), [_account() for _ in range(GOVERNORS)]
    key, participant = SigningKey.generate().public, _uscc(9)
    send("admit a participant", calls.admit(participant, "participant", Role.BROKER, "1100910009"), controllers[0])
    send("appoint its controller", calls.appoint_controller(participant, owner.address), controllers[0])
    send("add a key", calls.add_key(participant, key), owner)
    send("propose a gateway account", calls.propose(calls.setting_gateway(gateway.address, _uscc(0))), controllers[0])
    send("approve it, which executes", calls.approve(0), controllers[1])
    for number, attester in enumerate(attesters):
        send(f"set attester {number}", calls.set_attester(attester.address), controllers[number])
    for count in (1, BATCH_ENTRIES_MAX, BATCH_ENTRIES_MAX):
        entries = secrets.token_bytes(count * ENTRY_BYTES)
        send(f"anchor {count:,} entries", calls.anchor(secrets.token_bytes(32), count, entries), gateway)
    for count in (2, 3):
        for number, word in enumerate(("first vote", "vote that makes the checkpoint", "later vote")):
            send(f"attest: {word}, checkpoint {count - 2}", calls.attest(count, b"\x07" * 32), attesters[number])
    send("ask for a key's compromise", calls.request_compromise(key.thumbprint, 1), owner)
    send("retire a key", calls.retire_key(key.thumbprint), owner)
    send("revoke a key", calls.revoke_key(key.thumbprint), owner)
    bitmap = secrets.token_bytes(BATCH_ENTRIES_MAX // 8)
    for number, word in enumerate(("first vote", "vote that makes the quorum")):
        send(f"drop of a full batch: {word}", calls.drop(1, bitmap), attesters[number])
    for number, word in enumerate(("first vote", "vote that makes the checkpoint")):
        send(f"attest: {word}, again after the registry changed", calls.attest(3, b"\x07" * 32), attesters[number])
    return costs


def table(costs: list[Cost]) -> str:
    """The costs as Markdown."""
    lines = ["| call | gas | transaction, bytes |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {c.what} | {c.gas:,} | {c.transaction_bytes:,} |" for c in costs)])


def _account() -> LocalAccount:
    made: LocalAccount = Account.create()
    return made


def _uscc(number: int) -> str:
    return f"91110000MA{number:08d}"


if __name__ == "__main__":
    sys.stdout.write(table(measure()) + "\n")
