"""Keys are named as RFC 7638 says; a compact JWS is read strictly."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from chain.encoding import JSON_DEPTH_MAX, base64url, format_json, parse_base64url, parse_json
from chain.jws import JWS_CHARS_MAX, CompactJws, MalformedJws, sign_compact
from chain.keys import JOSE_NAME, MalformedKey, PublicKey, SigningKey, _der
from chain.members import KeyAlgorithm
from tests.samples import samples_dir

KEY = SigningKey.generate()
TYP = "tongguan-receipt+jwt"


def test_an_ed25519_key_is_named_as_rfc_8037_appendix_a_3_says() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert PublicKey.from_jwk(jwk).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_eddsa_signature_of_rfc_8037_appendix_a_4_verifies() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    assert PublicKey.from_jwk(jwk).verify(message, parse_base64url(signature))


def test_the_es256_signature_of_rfc_7515_appendix_a_3_verifies() -> None:
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    message = f"eyJhbGciOiJFUzI1NiJ9.{payload}".encode()
    assert PublicKey.from_jwk(jwk).verify(message, parse_base64url(signature))


def test_a_thumbprint_is_that_of_jwcrypto() -> None:
    from jwcrypto.jwk import JWK

    for algorithm in KeyAlgorithm:
        public = SigningKey.generate(algorithm).public
        assert JWK(**public.jwk()).thumbprint() == public.kid


@pytest.mark.samples
def test_every_wycheproof_signature_is_judged_as_its_file_says() -> None:
    cases = 0
    for file in sorted((samples_dir() / "vectors" / "wycheproof").glob("*.json")):
        for group in json.loads(file.read_text())["testGroups"]:
            key = PublicKey.from_bytes(KeyAlgorithm.ES256, bytes.fromhex(group["publicKey"]["uncompressed"])[1:])
            for case in group["tests"]:
                cases += 1
                verdict = key.verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
                assert verdict == (case["result"] == "valid"), (file.name, case["tcId"], case["comment"])
    assert cases > 200


@pytest.mark.parametrize("algorithm", JOSE_NAME)
@pytest.mark.parametrize("length", [0, 32, 63, 65, 70, 128])
def test_a_signature_of_another_length_is_wrong(algorithm: KeyAlgorithm, length: int) -> None:
    assert not SigningKey.generate(algorithm).public.verify(b"", bytes(length))


@pytest.mark.parametrize("zero", ["r", "s", "both"])
def test_a_signature_with_a_zero_is_wrong(zero: str) -> None:
    r, s = KEY.sign(b"x")[:32], KEY.sign(b"x")[32:]
    forged = {"r": bytes(32) + s, "s": r + bytes(32), "both": bytes(64)}[zero]
    assert not KEY.public.verify(b"x", forged)


@pytest.mark.parametrize("sign_bit", [0, 0x80])
@pytest.mark.parametrize(
    "y",
    [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
)
def test_an_ed25519_point_of_small_order_is_no_key(y: str, sign_bit: int) -> None:
    raw = bytearray(bytes.fromhex(y))
    raw[31] |= sign_bit
    with pytest.raises(MalformedKey):
        PublicKey.from_bytes(KeyAlgorithm.ED25519, bytes(raw))


@pytest.mark.parametrize("algorithm", JOSE_NAME)
def test_a_digest_that_is_known_gives_the_same_verdict(algorithm: KeyAlgorithm) -> None:
    key = SigningKey.generate(algorithm)
    for message in (b"", b"said", b"x" * 3_000):
        signature, digest = key.sign(message), sha256(message).digest()
        assert key.public.verify(message, signature, digest)
        assert not SigningKey.generate(algorithm).public.verify(message, signature, digest)
        assert not key.public.verify(message + b"!", signature, sha256(message + b"!").digest())
        assert not key.public.verify(message, signature[:-1] + bytes([signature[-1] ^ 1]), digest)


def test_signatures_of_every_length_of_number_verify_as_the_library_writes_them() -> None:
    for number in (1, 0x7F, 0x80, 0xFF, 0x100, 2**247, 2**248 - 1, 2**255 - 1, 2**255, 2**256 - 1):
        assert _der(number.to_bytes(32, "big"), b"\x80" * 32) == encode_dss_signature(number, int("80" * 32, 16))


def test_a_private_key_comes_back_from_its_file() -> None:
    for algorithm in KeyAlgorithm:
        key = SigningKey.generate(algorithm)
        assert SigningKey.load(key.to_pem(b"secret"), b"secret").public == key.public


def test_a_private_key_does_not_open_with_another_passphrase() -> None:
    with pytest.raises(MalformedKey, match="opens with the given passphrase"):
        SigningKey.load(KEY.to_pem(b"secret"), b"wrong")


def test_an_unencrypted_private_key_is_refused() -> None:
    with pytest.raises(MalformedKey, match="encrypted"):
        SigningKey.load(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"secret")


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(MalformedKey, match="not empty"):
        KEY.to_pem(b"")


def test_a_private_key_does_not_print_itself() -> None:
    assert repr(KEY) == f"SigningKey(kid={KEY.public.kid})"


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AAAA"},
        {"kid": "x"},
        {"kty": "oct"},
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"x": "AA"},
        {"x": None},
        {"y": base64url(bytes(32))},
    ],
    ids=str,
)
def test_a_jwk_that_is_none_of_ours_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedKey):
        PublicKey.from_jwk(KEY.public.jwk() | change)


@pytest.mark.parametrize(
    "text", ["QQ==", "QR", "QUJ", "Q", "QUE+", "QU/B", "QU FB", "QUFB\n", "\nQUFB", "QUF*", "QUFBé", "=", "QUFBQ==="]
)
def test_base64url_that_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="canonical base64url"):
        parse_base64url(text)
    if text.isascii():
        with pytest.raises(ValueError, match="canonical base64url"):
            parse_base64url(text.encode())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"a":1,"a":1}', "stands twice"),
        ('[{"a":{"b":1,"\\u0062":2}}]', "stands twice"),
        ("NaN", "no integer"),
        ("[Infinity]", "no integer"),
        ("1.0", "no integer"),
        ("1e400", "no integer"),
        ("9007199254740992", "beyond"),
        ("1" * 5000, "beyond"),
        ('"\\ud800"', "surrogate"),
        ('{"\\udfff":1}', "surrogate"),
        ("[" * (JSON_DEPTH_MAX + 1) + "]" * (JSON_DEPTH_MAX + 1), "nested deeper"),
        ('{"a":' * 20 + "1" + "}" * 20, "nested deeper"),
        ("[" * 100_000, "nested deeper|not JSON"),
        ('"\t"', "not JSON"),
        ("{} {}", "not JSON"),
        ("{'a':1}", "not JSON"),
        ("", "not JSON"),
        ("\ufeff{}", "not JSON|BOM"),
        (b"\xff", "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_json_that_two_readers_may_read_differently_is_refused(text: str | bytes, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        parse_json(text)


def test_json_of_the_greatest_depth_is_read() -> None:
    text = "[" * JSON_DEPTH_MAX + "]" * JSON_DEPTH_MAX
    assert format_json(parse_json(text)) == text


def _jws(header: dict[str, Any], payload: str = "{}", signature: bytes | None = None) -> str:
    signing_input = f"{base64url(json.dumps(header).encode())}.{base64url(payload.encode())}"
    return f"{signing_input}.{base64url(signature or KEY.sign(signing_input.encode()))}"


GOOD = {"alg": "ES256", "kid": KEY.public.kid, "typ": TYP}


def test_what_is_signed_is_read_and_verifies() -> None:
    read = CompactJws.parse(sign_compact({"typ": TYP}, {"a": "é"}, KEY), typ=TYP)
    assert (read.header, read.payload, read.kid) == (GOOD, {"a": "é"}, KEY.public.kid)
    assert read.verify(KEY.public)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"alg": "none"}, "jws.header.alg"),
        ({"alg": "HS256"}, "jws.header.alg"),
        ({"alg": "RS256"}, "jws.header.alg"),
        ({"alg": "ES384"}, "jws.header.alg"),
        ({"alg": "es256"}, "jws.header.alg"),
        ({"alg": ["ES256"]}, "jws.header.alg"),
        ({"kid": None}, "jws.header.kid"),
        ({"kid": "short"}, "jws.header.kid"),
        ({"typ": None}, "jws.header.typ"),
        ({"typ": "JWT"}, "jws.header.typ"),
        ({"crit": ["exp"]}, "jws.header"),
        ({"jwk": {}}, "jws.header"),
        ({"x5c": []}, "jws.header"),
        ({"jku": "https://example.org"}, "jws.header"),
        ({"b64": False}, "jws.header"),
        ({"zip": "DEF"}, "jws.header"),
    ],
    ids=str,
)
def test_a_header_that_lets_a_stranger_in_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedJws) as refused:
        CompactJws.parse(_jws(GOOD | change), typ=TYP)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c.d",
        "....",
        _jws(GOOD).replace(".", "=.", 1),
        _jws(GOOD) + "=",
        _jws(GOOD, signature=bytes(63)),
        _jws(GOOD, signature=bytes(65)),
        _jws(GOOD, payload="[]"),
        _jws(GOOD, payload='{"a":1,"a":2}'),
        _jws(GOOD, payload='{"a":1.5}'),
        "é" + _jws(GOOD),
        "A" * (JWS_CHARS_MAX + 1),
    ],
    ids=lambda text: "text",
)
def test_a_text_that_is_no_strict_jws_is_refused(text: str) -> None:
    with pytest.raises(MalformedJws):
        CompactJws.parse(text)


def test_a_jws_does_not_verify_with_another_key() -> None:
    assert not CompactJws.parse(_jws(GOOD)).verify(SigningKey.generate().public)


def test_a_jws_that_names_another_key_does_not_verify_with_the_one_that_signed() -> None:
    assert not CompactJws.parse(_jws(GOOD | {"kid": SigningKey.generate().public.kid})).verify(KEY.public)


def test_a_jws_of_one_algorithm_does_not_verify_as_the_other() -> None:
    assert not CompactJws.parse(_jws(GOOD | {"alg": "Ed25519"})).verify(KEY.public)


def test_a_header_is_given_its_typ_alone() -> None:
    with pytest.raises(MalformedJws, match="typ alone"):
        sign_compact({"typ": TYP, "jku": "x"}, {}, KEY)
