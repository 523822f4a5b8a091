"""Ed25519 is named as RFC 9864 names it, and every verifier answers alike: one equation, keys of prime order alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain.encoding import base64url
from chain.jws import CompactJws, MalformedJws, sign_compact
from chain.keys import KeyAlgorithm, MalformedKey, PublicKey, SigningKey
from tests.vectors.ed25519 import MESSAGE, EdgeCase, as_json, edge_cases

VECTORS_FILE = Path(__file__).parents[2] / "vectors" / "ed25519.json"
CASES = list(edge_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_edge_case_is_judged_as_it_says(case: EdgeCase) -> None:
    if not case.is_key:
        with pytest.raises(MalformedKey, match="prime order"):
            PublicKey.from_bytes(KeyAlgorithm.ED25519, case.key)
        return
    key = PublicKey.from_bytes(KeyAlgorithm.ED25519, case.key)
    assert key.verify(MESSAGE, case.signature) is case.verifies


def test_the_edge_cases_stand_in_their_file() -> None:
    assert json.loads(VECTORS_FILE.read_text(encoding="utf-8")) == as_json()


def test_every_key_that_we_make_is_of_prime_order() -> None:
    for _ in range(20):
        raw = SigningKey.generate(KeyAlgorithm.ED25519).public.raw
        assert PublicKey.from_bytes(KeyAlgorithm.ED25519, raw).raw == raw


def test_a_header_says_ed25519_and_never_eddsa() -> None:
    key = SigningKey.generate(KeyAlgorithm.ED25519)
    jws = CompactJws.parse(sign_compact({"typ": "x"}, {}, key))
    assert jws.header["alg"] == "Ed25519"
    assert jws.verify(key.public)
    older = {"alg": "EdDSA", "kid": key.public.kid, "typ": "x"}
    signing_input = f"{base64url(json.dumps(older).encode())}.e30".encode()
    with pytest.raises(MalformedJws, match=r"jws\.header\.alg: is one of ES256, Ed25519"):
        CompactJws.parse(f"{signing_input.decode()}.{base64url(key.sign(signing_input))}")
