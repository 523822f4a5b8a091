"""Clients in Python, TypeScript and Java answer the same questions alike: keys, records, receipts, webhooks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from chain.jws import CompactJws, sign_compact
from chain.keys import KeyAlgorithm, PublicKey, SigningKey
from chain.records import parse_record
from chain.sdjwt import SignedRecord
from tests.gateway.client.other_clients import JAVA, LANGUAGES, TYPESCRIPT, ask
from tests.vectors.clients import MEMBER, PASSPHRASE, answer, read_vectors

VECTORS = read_vectors()
DIST_BYTES_MAX = 60_000
ALGORITHMS = (KeyAlgorithm.ES256, KeyAlgorithm.ED25519)


def test_python_answers_each_vector_as_it_stands() -> None:
    assert [answer(vector["question"]) for vector in VECTORS] == [vector["answer"] for vector in VECTORS]


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_client_answers_each_vector_as_python_does(language: str) -> None:
    answers = ask(language, [vector["question"] for vector in VECTORS])
    assert len(answers) == len(VECTORS) > 50
    for vector, given in zip(VECTORS, answers, strict=True):
        assert given == vector["answer"], vector["name"]


def test_the_vectors_hold_rights_and_wrongs_of_each_kind() -> None:
    for kind in ("sign", "number", "receipt", "webhook", "proves"):
        answers = [vector["answer"] for vector in VECTORS if vector["question"]["ask"] == kind]
        assert "malformed" in answers and any(given not in ("malformed", False) for given in answers), kind


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_another_client_signs_is_a_record_that_intake_takes(language: str, algorithm: KeyAlgorithm) -> None:
    key = SigningKey.generate(algorithm)
    event = {
        "code": {"system": "iata-cargo-status", "value": "DEP"},
        "bill": "999-12345675",
        "happened": {"utc": "2026-03-02T05:55:00Z", "said": "2026-03-02T13:55"},
    }
    draft = {
        "type": "logistics.event",
        "ucrs": ["6CN91110000MA00900572-JS"],
        "issuer": MEMBER,
        "consortium": "ab" * 32,
        "number": "A" * 43,
        "sections": {"event": event},
    }
    pem = key.to_pem(PASSPHRASE.encode()).decode()
    # The low one of two ECDSA signatures comes by chance: of a dozen a high one is among them but once in 4,096.
    questions = [{"ask": "sign", "pem": pem, "passphrase": PASSPHRASE, "draft": draft}] * 12
    for given in ask(language, questions):
        record = SignedRecord.parse(given["text"])
        assert record.verify(key.public)
        assert CompactJws.parse(record.jwt).own_signature().is_low_s()
        assert (record.record_id, given["kid"]) == (given["record_id"], key.public.kid)
        assert PublicKey.from_jwk(given["jwk"]) == key.public
        assert parse_record(record).TYPE == "logistics.event"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_signature_of_either_algorithm_is_verified_and_no_other(language: str) -> None:
    keys = [SigningKey.generate(algorithm) for algorithm in ALGORITHMS]
    texts = [sign_compact({"typ": "t"}, {"a": "通关"}, key) for key in keys]
    pairs = [(text, key) for text in texts for key in keys]
    questions = [{"ask": "jws", "typ": "t", "text": text, "jwk": key.public.jwk()} for text, key in pairs]
    assert ask(language, questions) == [True, False, False, True]


def test_the_built_typescript_client_is_what_its_sources_say(tmp_path: Path) -> None:
    esbuild = TYPESCRIPT / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists() or shutil.which("npm") is None:
        pytest.skip("npm ci was not run in gateway/client/typescript")
    shutil.copytree(TYPESCRIPT, tmp_path / "typescript", ignore=shutil.ignore_patterns("node_modules", "dist"))
    (tmp_path / "typescript" / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    for script in ("check", "build"):
        subprocess.run(["npm", "run", "--silent", script], cwd=tmp_path / "typescript", check=True)
    built = {file.name: file.read_bytes() for file in (tmp_path / "typescript" / "dist").iterdir()}
    assert built == {file.name: file.read_bytes() for file in (TYPESCRIPT / "dist").iterdir()}


def test_neither_client_depends_on_others_and_both_have_one_version() -> None:
    package = json.loads((TYPESCRIPT / "package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in package
    assert sum(file.stat().st_size for file in (TYPESCRIPT / "dist").iterdir()) < DIST_BYTES_MAX
    pom = etree.parse(JAVA / "pom.xml").getroot()
    names = {etree.QName(element).localname: element.text for element in pom}
    assert "dependencies" not in names
    assert names["version"] == package["version"]
