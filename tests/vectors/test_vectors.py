"""The vectors as files: each is judged as its manifest says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chain.proof import rlp
from chain.proof.storage import NodeSet, read_slot
from chain.verify import Outcome, TrustRoot, verify_file
from chain.verify.context import Demand
from tests.catalogue import VECTORS
from tests.vectors.make import structures

HERE = Path(__file__).resolve().parent
MANIFEST: list[dict[str, Any]] = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))


def test_manifest_names_every_vector_of_the_catalogue_and_every_file() -> None:
    assert [entry["name"] for entry in MANIFEST] == sorted(VECTORS)
    assert {f"bundles/{file.name}" for file in (HERE / "bundles").iterdir()} == {entry["bundle"] for entry in MANIFEST}
    roots = {f"trust-roots/{file.name}" for file in (HERE / "trust-roots").iterdir()}
    assert roots == {entry["trust_root"] for entry in MANIFEST}


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["name"])
def test_vector_file_is_judged_as_the_manifest_says(entry: dict[str, Any]) -> None:
    trust_root = TrustRoot.parse((HERE / entry["trust_root"]).read_bytes())
    report = verify_file((HERE / entry["bundle"]).read_bytes(), trust_root, Demand(**entry["question"]))
    assert report.verdict.name == entry["verdict"]
    if entry["check"] is not None:
        assert report.answers[entry["check"] - 1].outcome is not Outcome.PASS
    assert (str(report.receipts[0].fate) if report.receipts else None) == entry["receipt"]
    if not report.verdict.is_refuted:
        assert sum(one.not_counted is not None for one in report.records) == entry["not_counted"]


def test_worked_examples_of_the_structures_are_what_the_code_computes() -> None:
    assert json.loads((HERE / "structures.json").read_text(encoding="utf-8")) == structures()


def test_nodes_of_the_storage_example_prove_its_words_and_its_empty_slot() -> None:
    said: Any = structures()["storage"]
    nodes = NodeSet.of(bytes.fromhex(node) for node in said["nodes"])
    for one in said["words"]:
        word = read_slot(bytes.fromhex(said["root"]), int(one["slot"], 16), nodes)
        assert word == (0 if one["word"] is None else int(one["word"], 16))
    assert nodes.spare() == 0


def test_every_refused_rlp_example_is_refused() -> None:
    said: Any = structures()
    for encoded in said["rlp_refused"]:
        with pytest.raises(rlp.MalformedRlp):
            rlp.decode(bytes.fromhex(encoded))
