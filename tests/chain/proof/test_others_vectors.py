"""Vectors that others published: transparency-dev Merkle inclusion, Wycheproof P-256, and examples of the RFCs."""

from __future__ import annotations

import base64
import json

import pytest

from chain.keys import MalformedKey, PublicKey
from chain.members import KeyAlgorithm
from chain.proof.hashes import keccak256, sha256
from chain.proof.merkle import tree_root, verify_inclusion
from chain.proof.storage import EMPTY_TRIE_ROOT
from tests.samples import samples_dir


@pytest.mark.samples
def test_every_transparency_dev_inclusion_vector_is_judged_as_it_says() -> None:
    judged = 0
    for file in sorted((samples_dir() / "vectors" / "merkle" / "inclusion").rglob("*.json")):
        said = json.loads(file.read_text())
        path = [base64.b64decode(part) for part in said["proof"] or []]
        leaf, root = (base64.b64decode(said[name] or "") for name in ("leafHash", "root"))
        passed = verify_inclusion(leaf, said["leafIdx"], said["treeSize"], path, root)
        assert passed is not said["wantErr"], file
        judged += 1
    assert judged > 40


@pytest.mark.samples
def test_every_wycheproof_p256_vector_is_judged_as_it_says() -> None:
    suite = json.loads(
        (samples_dir() / "vectors" / "wycheproof" / "ecdsa_secp256r1_sha256_p1363_test.json").read_text()
    )
    judged = 0
    for group in suite["testGroups"]:
        key = PublicKey.from_bytes(KeyAlgorithm.ES256, bytes.fromhex(group["publicKey"]["uncompressed"])[1:])
        for test in group["tests"]:
            passed = key.verify(bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))
            assert passed is (test["result"] == "valid"), test
            judged += 1
    assert judged > 200


def test_root_of_the_eight_leaves_of_the_certificate_transparency_example() -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    root = tree_root([bytes.fromhex(leaf) for leaf in leaves])
    assert root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    assert tree_root([]) == sha256(b"")


def test_root_of_the_empty_trie_is_ethereums() -> None:
    assert EMPTY_TRIE_ROOT.hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_point_off_the_curve_is_no_key() -> None:
    with pytest.raises(MalformedKey):
        PublicKey.from_bytes(KeyAlgorithm.ES256, bytes(64))
