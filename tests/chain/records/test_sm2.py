"""SM2 with SM3: the example of GM/T 0003.5, what is refused, keys, and records signed with it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain import sm2
from chain.jws import CompactJws, sign_compact
from chain.keys import KeyAlgorithm, MalformedKey, PublicKey, SigningKey
from chain.sm2_keys import Sm2PrivateKey, UnopenedSm2Key

# GM/T 0003.5-2012, annex A.2: the signature over "message digest" by ALICE's key under the usual id.
SECRET = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
POINT = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
MESSAGE = b"message digest"
DIGEST = 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
DRAWN = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def test_the_example_of_the_standard_is_computed_to_the_bit() -> None:
    assert sm2.public_point(SECRET) == POINT
    assert sm2.message_digest(POINT, MESSAGE) == DIGEST
    assert sm2.sign(SECRET, MESSAGE, lambda: DRAWN) == SIGNATURE
    assert sm2.verify(POINT, MESSAGE, SIGNATURE)


def test_the_digest_of_the_standard_is_computed() -> None:
    # GM/T 0004-2012, annex A.
    assert sm2.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm2.sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def _words(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


R, S = int.from_bytes(SIGNATURE[:32], "big"), int.from_bytes(SIGNATURE[32:], "big")


@pytest.mark.parametrize(
    "signature",
    [
        b"", SIGNATURE[:-1], SIGNATURE + b"\0", _words(0, S), _words(R, 0), _words(sm2.ORDER, S), _words(R, sm2.ORDER),
        _words(R, sm2.ORDER - R), _words(R, sm2.ORDER - S), _words(sm2.ORDER - R, S), _words(S, R),
        _words(R ^ 1, S), _words(R, S ^ 1),
    ],
    ids=[
        "empty", "short", "long", "r-0", "s-0", "r-n", "s-n", "t-0", "twin-of-s", "twin-of-r", "turned", "r-bit",
        "s-bit",
    ],
)  # fmt: skip
def test_a_signature_with_one_fault_is_wrong(signature: bytes) -> None:
    assert not sm2.verify(POINT, MESSAGE, signature)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, sm2.ORDER - 2), st.binary(max_size=200))
def test_what_is_signed_verifies_under_its_own_key_and_message_alone(secret: int, message: bytes) -> None:
    point = sm2.public_point(secret)
    signature = sm2.sign(secret, message)
    assert sm2.verify(point, message, signature)
    assert not sm2.verify(point, message + b"\0", signature)
    assert not sm2.verify(POINT, message, signature) or secret == SECRET


@pytest.mark.parametrize("point", [bytes(64), POINT[:63], POINT[::-1], _words(sm2.FIELD, sm2.GY)], ids=str)
def test_what_is_no_point_of_the_curve_is_no_key(point: bytes) -> None:
    with pytest.raises(MalformedKey):
        PublicKey.from_bytes(KeyAlgorithm.SM2, point)


def test_a_key_is_known_by_its_thumbprint_and_comes_back_from_its_file() -> None:
    key = SigningKey.generate(KeyAlgorithm.SM2)
    assert list(key.public.jwk()) == ["crv", "kty", "x", "y"] and key.public.jwk()["crv"] == "SM2"
    assert PublicKey.from_jwk(key.public.jwk()) == key.public
    pem = key.to_pem(b"a passphrase")
    assert SigningKey.load(pem, b"a passphrase").public == key.public
    with pytest.raises(MalformedKey, match="opens with the given passphrase"):
        SigningKey.load(pem, b"another")
    with pytest.raises(UnopenedSm2Key):
        Sm2PrivateKey.load(SigningKey.generate().to_pem(b"a passphrase"), b"a passphrase")
    assert "secret" not in repr(Sm2PrivateKey(SECRET)) and f"{SECRET:x}" not in repr(Sm2PrivateKey(SECRET))


def test_a_p256_key_is_not_taken_for_an_sm2_key() -> None:
    jwk = SigningKey.generate().public.jwk() | {"crv": "SM2"}
    with pytest.raises(MalformedKey):
        PublicKey.from_jwk(jwk)


def test_a_jws_says_sm2_and_verifies() -> None:
    key = SigningKey.generate(KeyAlgorithm.SM2)
    jws = CompactJws.parse(sign_compact({"typ": "test+jwt"}, {"iss": "somebody"}, key))
    assert jws.header["alg"] == "SM2"
    assert jws.verify(key.public)
    assert not jws.verify(SigningKey.generate(KeyAlgorithm.SM2).public)
    assert jws.own_signature().is_low_s()
