"""Writes the vectors that are not there yet, or that no longer get their verdict (rules of another version):
`scripts/make_vectors`; `--all` writes every one anew, under other keys.

`bundles/` holds one file a bundle, `trust-roots/` the trust roots by fingerprint, `manifest.json` says what a right
verifier answers, `structures.json` worked examples of each structure below a bundle, `forms.json` faults of form.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from chain.encoding import Json, base64url
from chain.members import Role
from chain.proof import batch, rlp, storage_layout
from chain.proof.batch import BatchFacts, Purpose
from chain.proof.hashes import keccak256, sha256
from chain.proof.header import Header
from chain.proof.index_map import GroupProof, IndexMap, MapLeaf
from chain.proof.merkle import inclusion_path, leaf_hash, tree_root
from chain.proof.seals import recover_signer
from chain.proof.vrf import VrfSecretKey
from chain.verify import TrustRoot, verify_file
from chain.verify.context import Demand
from tests.catalogue import VECTORS, Vector
from tests.fakes.ledger_simulator import BROKER, CUSTOMS, UCR, Consortium, SimulatedContract
from tests.vectors import ed25519, edits

HERE = Path(__file__).resolve().parent


def write_vectors(
    names: Annotated[list[str] | None, typer.Argument(help="write these again")] = None,
    everything: Annotated[bool, typer.Option("--all", help="write every vector again")] = False,
) -> None:
    """Writes the vectors; record keys are drawn anew, so files change where they are written and their meaning not."""
    written = {} if everything else _written()
    for name in names or ():
        written.pop(name, None)
    entries = [written.get(vector.name) or _make(vector) for _, vector in sorted(VECTORS.items())]
    manifest = [entry | _meaning(VECTORS[str(entry["name"])]) for entry in entries]
    _remove_others(manifest)
    _write("manifest.json", [*manifest])
    _write("structures.json", structures())
    _write("ed25519.json", ed25519.as_json())
    _write("forms.json", edits.as_json(HERE))
    print(f"{len(manifest)} bundles")


def _written() -> dict[str, dict[str, Json]]:
    """The manifest's lines of which the files are there, by name."""
    lines: list[dict[str, Json]] = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    return {str(line["name"]): line for line in lines if _is_right(line)}


def _is_right(line: dict[str, Json]) -> bool:
    """Whether a line's files are there and get the verdict that the catalogue names."""
    bundle, root = HERE / str(line["bundle"]), HERE / str(line["trust_root"])
    vector = VECTORS.get(str(line["name"]))
    if vector is None or not bundle.exists() or not root.exists():
        return False
    question: Any = line["question"]
    report = verify_file(bundle.read_bytes(), TrustRoot.parse(root.read_bytes()), Demand(**question))
    return report.verdict is vector.verdict


def _make(vector: Vector) -> dict[str, Json]:
    """Writes one vector's files; its line, as far as it is about them."""
    said, trust_root, *asked = vector.make()
    question = asked[0] if asked else Demand()
    root_file = f"trust-roots/{trust_root.fingerprint.hex()[:16]}.json"
    (HERE / root_file).write_bytes(trust_root.format())
    (HERE / "bundles" / f"{vector.name}.json").write_bytes(said)
    return {
        "name": vector.name,
        "says": vector.says,
        "bundle": f"bundles/{vector.name}.json",
        "trust_root": root_file,
        "question": asdict(question),
    }


def _meaning(vector: Vector) -> dict[str, Json]:
    """The rest of a vector's line: what a right verifier says of it."""
    return {
        "says": vector.says,
        "verdict": vector.verdict.name,
        "check": vector.check,
        "not_counted": vector.not_counted,
        "receipt": None if vector.fate is None else str(vector.fate),
    }


def _remove_others(manifest: list[dict[str, Json]]) -> None:
    """Removes bundles and trust roots that no line names."""
    named = {str(line[name]) for line in manifest for name in ("bundle", "trust_root")}
    for folder in ("bundles", "trust-roots"):
        for file in (HERE / folder).iterdir():
            if f"{folder}/{file.name}" not in named:
                file.unlink()


def structures() -> Json:
    """Worked examples of what a bundle is made of; the same on every run."""
    secret = VrfSecretKey(bytes(range(32)))
    record, ucr_digest = (
        Words(sha256(b"record"), f"header.payload.{base64url(bytes(range(64)))}"),
        sha256(b"ucr element"),
    )
    y, read_y = (secret.output(purpose.vrf_input(UCR)) for purpose in (Purpose.UCR, Purpose.ACCESS))
    tag = batch.lane_tag(y, BROKER)
    digest = batch.entry_digest(record, ucr_digest)
    entries = [batch.entry(tag, digest)] + [batch.entry(bytes([n]) * 16, bytes([n]) * 32) for n in range(4)]
    facts = BatchFacts(
        7, batch.entries_root(entries), len(entries), keccak256(b"".join(entries)), b"\xaa" * 20, 42, 1_700_000_000
    )
    index_map = IndexMap()
    index_map.apply(facts.index, [*entries, batch.entry(batch.lane_tag(y, CUSTOMS), bytes(32))])
    it = Consortium(seed="vectors")
    drawn = Header.from_rlp(it.header_rlp(round_number=1))
    # The state holds keys that are drawn anew, so the example has a state root of its own.
    header = it.sealed(Header((*drawn.fields[:3], sha256(b"state"), *drawn.fields[4:])), range(3))
    return {
        "batch": {
            "tag_secret": secret.seed.hex(),
            "tag_key": secret.public.raw.hex(),
            "ucr": UCR,
            "issuer": BROKER,
            "y": y.hex(),
            "vrf_proof": secret.prove(Purpose.UCR.vrf_input(UCR)).hex(),
            "tag": tag.hex(),
            "access_tag": batch.lane_tag(read_y, BROKER).hex(),
            "record_digest": record.digest.hex(),
            "signature": bytes(range(64)).hex(),
            "ucr_digest": ucr_digest.hex(),
            "entry_digest": digest.hex(),
            "entry": entries[0].hex(),
            "entries": [entry.hex() for entry in entries],
            "root": facts.root.hex(),
            "entries_hash": facts.entries_hash.hex(),
            "gateway": facts.gateway.hex(),
            "batch_id": facts.batch_id().hex(),
            "consortium": bytes(32).hex(),
            "index": facts.index,
            "block": facts.block,
            "timestamp": facts.timestamp,
            "commitment": facts.commitment(bytes(32)).hex(),
        },
        "merkle": [_merkle(size) for size in range(1, 9)],
        "index_map": {
            "root": index_map.root.hex(),
            "leaves": [
                _leaf(leaf) | {"hash": leaf.hash().hex()}
                for leaf in sorted(index_map.leaves.values(), key=lambda leaf: leaf.tag)
            ],
            "present": _group_proof(index_map.prove_group(tag[:8])),
            "hiding": _group_proof(index_map.prove_group(tag[:8], [tag])),
            "absent": _group_proof(index_map.prove_group(b"\xff" * 8)),
        },
        "header": {
            "rlp": header.to_rlp().hex(),
            "number": header.number,
            "block_hash": header.block_hash.hex(),
            "seal_hash": header.seal_hash.hex(),
            "signers": [recover_signer(seal, header.seal_hash).hex() for seal in header.extra.seals],
        },
        "slots": {
            "member": {"uscc": BROKER, "version": 1, "slot": _slot(storage_layout.member_slot(BROKER, 1))},
            "key": {
                "thumbprint": sha256(b"key").hex(),
                "version": 0,
                "slot": _slot(storage_layout.key_slot(sha256(b"key"), 0)),
            },
            "account": {
                "address": facts.gateway.hex(),
                "version": 0,
                "slot": _slot(storage_layout.account_slot(facts.gateway, 0)),
            },
            "policy": {
                "name": "view",
                "version": 0,
                "slots": [_slot(s) for s in storage_layout.policy_slots("view", 0)],
            },
            "assignment": {
                "register": "customs-office",
                "code": "0100",
                "version": 0,
                "slot": _slot(storage_layout.assignment_slot("customs-office", "0100", 0)),
            },
            "commitment": {"index": 7, "slot": _slot(storage_layout.commitment_slot(7))},
            "checkpoint": {"index": 2, "slots": [_slot(slot) for slot in storage_layout.checkpoint_slots(2)]},
        },
        "storage": _storage(),
        "words": {
            "member": {
                "word": _slot(5 | 1 << 40 | 2 << 48 | (Role.BROKER | Role.TRADER) << 56),
                "since_block": 5,
                "state": "ACTIVE",
                "kind": "PARTICIPANT",
                "roles": ["BROKER", "TRADER"],
            },
            "checkpoint": {
                "word": _slot(storage_layout.CheckpointWord(64, 3, 1, 99).format_word()),
                "batch_count": 64,
                "votes": 3,
                "dissent": 1,
                "since_block": 99,
            },
        },
        "rlp": [
            {"encoded": rlp.encode(item).hex(), "item": said}
            for item, said in ((b"", ""), (b"\x00", "00"), (b"\x80", "80"), (b"a" * 56, "61" * 56))
        ],
        "rlp_refused": ["", "00ff", "8100", "b800", "b90000", "f800", "c2", "8161"],
    }


def _storage() -> Json:
    """A storage trie of two words, and what its nodes prove: both words, and that a third slot holds nothing."""
    words = {
        storage_layout.batch_count_slot(): 8,
        storage_layout.commitment_slot(7): int.from_bytes(sha256(b"commitment"), "big"),
    }
    trie = SimulatedContract(bytes(20), bytes(32), words).storage()
    slots = [*words, storage_layout.checkpoint_slots(0)[1]]
    nodes = {node for slot in slots for node in trie.prove(slot.to_bytes(32, "big"))}
    return {
        "root": trie.root.hex(),
        "nodes": sorted(node.hex() for node in nodes),
        "words": [
            {
                "slot": _slot(slot),
                "key": keccak256(slot.to_bytes(32, "big")).hex(),
                "word": _slot(words[slot]) if slot in words else None,
            }
            for slot in slots
        ],
    }


def _merkle(size: int) -> Json:
    leaves = [bytes([n]) for n in range(size)]
    return {
        "leaves": [leaf.hex() for leaf in leaves],
        "root": tree_root(leaves).hex(),
        "leaf_hashes": [leaf_hash(leaf).hex() for leaf in leaves],
        "paths": [[part.hex() for part in inclusion_path(leaves, index)] for index in range(size)],
    }


def _group_proof(proof: GroupProof) -> Json:
    return {
        "prefix": proof.prefix.hex(),
        "siblings": [part.hex() for part in proof.siblings],
        "lanes": [_leaf(lane) for lane in proof.lanes],
        "hidden": [{"path": part.path, "hash": part.hash.hex()} for part in proof.hidden],
        "other": None if proof.other is None else _leaf(proof.other),
    }


def _leaf(leaf: MapLeaf) -> dict[str, Json]:
    return {"tag": leaf.tag.hex(), "count": leaf.count, "dropped": leaf.dropped, "head": leaf.head.hex()}


class Words(NamedTuple):
    """What an entry is made of."""

    digest: bytes
    jwt: str


def _slot(number: int) -> str:
    return number.to_bytes(32, "big").hex()


def _write(name: str, value: Json) -> None:
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(write_vectors)
