"""The VRF against RFC 9381 (appendix B.3), and against keys, proofs and outputs that are none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.proof.vrf import MalformedVrfKey, MalformedVrfProof, VrfPublicKey, VrfSecretKey, WrongVrfProof, proved_output

ORDER = 2**252 + 27742317777372353535851937790883648493
RFC_9381 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d97"
            "27d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805"
        ),
        (
            "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff"
            "66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465"
            "301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02"
        ),
        (
            "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb"
            "5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0"
            "e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e"
        ),
        (
            "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c45"
            "2118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f"
        ),
    ),
)
"""Secret key, public key, input, proof, output: examples 16 to 18."""


@pytest.mark.parametrize(("secret", "public", "message", "proof", "output"), RFC_9381)
def test_keys_proofs_and_outputs_are_those_of_the_rfc(
    secret: str, public: str, message: str, proof: str, output: str
) -> None:
    key, said = VrfSecretKey(bytes.fromhex(secret)), bytes.fromhex(message)
    assert key.public.raw.hex() == public
    assert key.prove(said).hex() == proof
    assert key.output(said).hex() == output
    verified = VrfPublicKey(bytes.fromhex(public)).verified_output(said, bytes.fromhex(proof))
    assert verified is not None and verified.hex() == output == proved_output(bytes.fromhex(proof)).hex()


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=60), st.binary(max_size=60))
def test_a_proof_proves_the_output_of_its_input_alone(seed: bytes, message: bytes, other: bytes) -> None:
    key = VrfSecretKey(seed)
    proof = key.prove(message)
    assert key.prove(message) == proof, "the nonce is deterministic"
    assert key.public.verified_output(message, proof) == key.output(message)
    if other != message:
        assert key.public.verified_output(other, proof) is None
        assert key.output(other) != key.output(message)


def test_a_proof_under_another_key_proves_nothing() -> None:
    one, other = VrfSecretKey(bytes(32)), VrfSecretKey(b"\x01" * 32)
    assert other.public.verified_output(b"ucr", one.prove(b"ucr")) is None


@settings(max_examples=80, deadline=None)
@given(st.integers(min_value=0, max_value=80 * 8 - 1))
def test_every_bit_of_a_proof_counts(bit: int) -> None:
    key = VrfSecretKey(bytes(range(32)))
    proof = bytearray(key.prove(b"ucr"))
    proof[bit // 8] ^= 1 << bit % 8
    assert key.public.verified_output(b"ucr", bytes(proof)) is None


def test_a_proof_has_one_form() -> None:
    key = VrfSecretKey(bytes(range(32)))
    proof = key.prove(b"ucr")
    larger = int.from_bytes(proof[48:], "little") + ORDER
    assert key.public.verified_output(b"ucr", proof[:48] + larger.to_bytes(32, "little")) is None
    for other in (proof[:-1], proof + b"\x00", b"", proof[:48] + bytes(32), proof[:32] + bytes(16) + proof[48:]):
        assert key.public.verified_output(b"ucr", other) is None


@pytest.mark.parametrize(
    "point",
    [
        "0100000000000000000000000000000000000000000000000000000000000000",  # the neutral point
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # order 2
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p, no canonical form
        "0200000000000000000000000000000000000000000000000000000000000000",  # on no point
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751",  # a byte short
    ],
)
def test_a_public_key_of_small_order_or_no_point_is_refused(point: str) -> None:
    with pytest.raises(MalformedVrfKey):
        VrfPublicKey(bytes.fromhex(point))


def test_a_gamma_with_a_part_of_small_order_proves_nothing() -> None:
    from nacl.bindings import crypto_core_ed25519_add

    key = VrfSecretKey(bytes(range(32)))
    proof = key.prove(b"ucr")
    of_order_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    shifted = crypto_core_ed25519_add(proof[:32], of_order_8)
    with pytest.raises(MalformedVrfProof):
        proved_output(shifted + proof[32:])
    assert key.public.verified_output(b"ucr", shifted + proof[32:]) is None


def test_a_secret_key_has_32_bytes_and_is_not_printed() -> None:
    with pytest.raises(MalformedVrfKey):
        VrfSecretKey(bytes(31))
    assert "00" not in repr(VrfSecretKey(bytes(32)))


def test_a_faulty_proof_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VrfPublicKey, "verified_output", lambda *_: None)
    with pytest.raises(WrongVrfProof):
        VrfSecretKey(bytes(32)).prove(b"ucr")
