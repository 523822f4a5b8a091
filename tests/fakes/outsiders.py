"""Outsiders to a simulated consortium: a governor's log, witnesses who cosign it, and bundles that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chain.keys import KeyAlgorithm, SigningKey
from chain.proof.bundle import Bundle
from chain.proof.log_heads import LogHead, LogLeaf
from chain.proof.merkle import inclusion_path, tree_root
from chain.proof.notes import KeyType, Note, NoteKey, cosign_text
from chain.proof.shown_note import ShownNote
from chain.proof.witness_policy import WitnessPolicy
from chain.verify.trust_root import TrustRoot
from tests.fakes.ledger_simulator import GENESIS_TIME, Consortium

ORIGIN = "customs.example/checkpoints"
NAMES = ("archive.example/witness", "chamber.example/witness", "university.example/witness")


def _secret() -> SigningKey:
    return SigningKey.generate(KeyAlgorithm.ED25519)


@dataclass
class Outsiders:
    """One log and three witnesses, two of whom a trust root demands."""

    origin: str = ORIGIN
    log: SigningKey = field(default_factory=_secret)
    witnesses: dict[str, SigningKey] = field(default_factory=lambda: {name: _secret() for name in NAMES})
    quorum: int = 2
    time: int = GENESIS_TIME + 60
    time_stamp_roots: tuple[bytes, ...] = ()
    """Certificates (DER) that the trust root names."""

    @property
    def policy(self) -> WitnessPolicy:
        """What a trust root demands of them."""
        keys = [NoteKey(name, KeyType.WITNESS, secret.public) for name, secret in self.witnesses.items()]
        ordered = tuple(sorted(keys, key=lambda key: key.text.encode()))
        return WitnessPolicy(
            (NoteKey(self.origin, KeyType.LOG, self.log.public),), ordered, self.quorum, self.time_stamp_roots
        )

    def trust_root(self, it: Consortium) -> TrustRoot:
        """The consortium's trust root, which demands them."""
        return replace(it.trust_root(), witnesses=self.policy)

    def note(self, leaves: Sequence[bytes], names: Sequence[str] = NAMES) -> Note:
        """The note over these leaves, cosigned by these witnesses."""
        head = LogHead(self.origin, len(leaves), tree_root(leaves))
        lines = [cosign_text(head.text, name, self.witnesses[name], self.time) for name in names]
        return head.sign(self.log).with_signatures(lines)

    def show(self, bundle: Bundle, names: Sequence[str] = NAMES, later: int = 3) -> Bundle:
        """The bundle with a note, `later` checkpoints beyond its own."""
        leaves = log_leaves(bundle, later)
        note = self.note(leaves, names)
        index = bundle.checkpoint or 0
        shown = ShownNote(note, LogHead.parse(note.text), inclusion_path(leaves, index))
        return replace(bundle, cosigned_note=shown)


def log_leaves(bundle: Bundle, later: int = 3) -> list[bytes]:
    """A log that holds the header's block as the bundle's checkpoint; the others are made up."""
    index, header = bundle.checkpoint or 0, bundle.header
    leaves = [LogLeaf(at, at + 1, bytes([at]) * 32) for at in range(index + later + 1)]
    leaves[index] = LogLeaf(index, header.number, header.block_hash)
    return [leaf.content for leaf in leaves]


def at_the_checkpoint(it: Consortium) -> Consortium:
    """The consortium as of the block in which its newest checkpoint was reached: only that is a leaf."""
    it.block = it.checkpoint_block
    return it
