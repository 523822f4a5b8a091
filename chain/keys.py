"""Signing keys and how they are named: ES256 (ECDSA P-256 with SHA-256, RFC 7518), Ed25519 (RFC 8032, RFC 9864), and
SM2 (with SM3, GM/T 0003; `chain.sm2`).

A signature is 64 raw bytes: `r ‖ s` for ES256 and SM2, `R ‖ S` for Ed25519. Ed25519 is verified by the cofactorless
equation: S < L, and the bytes R equal the encoding of [S]B - [k]A. A public key is a canonical encoding of a point of
the prime subgroup, so that every verifier, with or without the cofactor, gives the same answer.

A key is named by its RFC 7638 thumbprint; `kid` is that in base64url.
Nothing here reads a clock, a disk or a network; `SigningKey.generate` alone uses the system's randomness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from chain.encoding import base64url, parse_base64url
from chain.errors import Malformed
from chain.sm2_keys import Sm2PrivateKey, Sm2PublicKey

_NativePublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | Sm2PublicKey
_NativePrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | Sm2PrivateKey


class TokenKey(Protocol):
    """A P-256 key that stays in hardware: `chain.hardware_keys.HardwareKey`."""

    point: bytes
    """x ‖ y."""

    @property
    def uri_text(self) -> str:
        """Where it is: what a key file holds in place of the key."""
        ...

    def sign(self, message: bytes) -> tuple[int, int]:
        """The signature (r, s) of a message, hashed with SHA-256."""
        ...


class KeyAlgorithm(IntEnum):
    """The JWS algorithm (RFC 7518, RFC 9864) that the key signs with."""

    ES256 = 1
    ED25519 = 2
    SM2 = 3
    """With SM3; digests of records and trees stay SHA-256."""


SIGNATURE_BYTES = 64
"""Length of a raw signature of any algorithm."""

JOSE_NAME: Final[Mapping[KeyAlgorithm, str]] = {
    KeyAlgorithm.ES256: "ES256",
    KeyAlgorithm.ED25519: "Ed25519",
    KeyAlgorithm.SM2: "SM2",
}
"""The `alg` of a JWS header for each algorithm; no other is ever read or written.
`EdDSA`, the older name, does not say which curve and is refused."""

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Number of points on P-256; `r` and `s` lie between 1 and this less 1 (SEC 1)."""

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
"""L: the order of the prime subgroup of Ed25519; a key times this is the neutral point."""

PEM_BYTES_MAX = 8_192
"""Longest private key file that is read; an encrypted P-256 key has about 400 bytes."""

TOKEN_URI_START: Final = b"pkcs11:"
"""How a key file begins that names a key in hardware."""
_FILE_KEYS = (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, Sm2PrivateKey)
_ECDSA = ec.ECDSA(hashes.SHA256())
_ECDSA_OF_DIGEST = ec.ECDSA(Prehashed(hashes.SHA256()))


class MalformedKey(Malformed):
    """A key that is not one of ours, or a private key that its passphrase does not open."""

    default_code = "1999"


@dataclass(frozen=True)
class PublicKey:
    """A public key that is known to be a point of its curve. Make one with `from_jwk` or `from_bytes`."""

    algorithm: KeyAlgorithm
    raw: bytes
    """ES256, SM2: 64 bytes, the coordinates x ‖ y. Ed25519: the 32 bytes of RFC 8032."""

    def __post_init__(self) -> None:
        self._native  # noqa: B018  a key off its curve must not come to exist

    def __reduce__(self) -> tuple[type[PublicKey], tuple[KeyAlgorithm, bytes]]:
        # What the library made of it cannot go to another process.
        return PublicKey, (self.algorithm, self.raw)

    @classmethod
    def from_bytes(cls, algorithm: KeyAlgorithm, raw: bytes) -> PublicKey:
        """The key as the registry's `KeyAdded` event carries it (see `raw`); raises `MalformedKey`."""
        return cls(algorithm, bytes(raw))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> PublicKey:
        """The key of a JWK that holds exactly the members its thumbprint is made of; raises `MalformedKey`."""
        algorithm = _JWK_KINDS.get((str(jwk.get("kty")), str(jwk.get("crv"))))
        if algorithm is None:
            raise MalformedKey("jwk", "is an EC key on P-256 or SM2 or an OKP key on Ed25519", value=jwk.get("kty"))
        coordinates = _JWK_SHAPE[algorithm][2]
        if set(jwk) != {"kty", "crv", *coordinates}:
            raise MalformedKey(
                "jwk", f"has the members kty, crv, {', '.join(coordinates)} and no others", value=", ".join(sorted(jwk))
            )
        return cls(algorithm, b"".join(_coordinate(jwk, name) for name in coordinates))

    def to_bytes(self) -> bytes:
        """The key as the registry's `KeyAdded` event carries it."""
        return self.raw

    def jwk(self) -> dict[str, str]:
        """The key as a JWK with its required members alone, in the order of RFC 7638."""
        kty, crv, coordinates = _JWK_SHAPE[self.algorithm]
        parts = (self.raw[start : start + 32] for start in range(0, len(self.raw), 32))
        values = {"kty": kty, "crv": crv} | dict(zip(coordinates, map(base64url, parts), strict=True))
        return dict(sorted(values.items()))

    @cached_property
    def thumbprint(self) -> bytes:
        """The RFC 7638 SHA-256 thumbprint, 32 bytes."""
        members = ",".join(f'"{name}":"{value}"' for name, value in self.jwk().items())
        return hashlib.sha256(f"{{{members}}}".encode("ascii")).digest()

    @cached_property
    def kid(self) -> str:
        """The thumbprint in base64url, 43 characters."""
        return base64url(self.thumbprint)

    def verify(self, message: bytes, signature: bytes, digest: bytes | None = None) -> bool:
        """Whether the 64 raw bytes are this key's signature of the message.

        Who has computed the SHA-256 of the message gives it as `digest`, so that ES256 does not compute it again.
        """
        if len(signature) != SIGNATURE_BYTES:
            return False
        native = self._native
        try:
            if isinstance(native, ed25519.Ed25519PublicKey):
                native.verify(signature, message)
                return True
            if isinstance(native, Sm2PublicKey):
                return native.verify(message, signature)
            r, s = signature[:32], signature[32:]
            if not (_ZERO < r < _ORDER and _ZERO < s < _ORDER):
                return False
            if digest is None:
                native.verify(_der(r, s), message, _ECDSA)
            else:
                native.verify(_der(r, s), digest, _ECDSA_OF_DIGEST)
            return True
        except InvalidSignature:
            return False

    @cached_property
    def _native(self) -> _NativePublicKey:
        return _native_key(self.algorithm, self.raw)


class SigningKey:
    """A private key of one member. It never prints itself."""

    def __init__(self, native: _NativePrivateKey | TokenKey) -> None:
        self._native = native
        self.public = _public_key(native)

    @classmethod
    def generate(cls, algorithm: KeyAlgorithm = KeyAlgorithm.ES256) -> SigningKey:
        """A new key from the system's randomness."""
        if algorithm is KeyAlgorithm.ED25519:
            return cls(ed25519.Ed25519PrivateKey.generate())
        if algorithm is KeyAlgorithm.SM2:
            return cls(Sm2PrivateKey.generate())
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, pem: bytes, passphrase: bytes) -> SigningKey:
        """The key in an encrypted PKCS#8 PEM file; raises `MalformedKey`, also where the passphrase is wrong.

        A file that holds a PKCS#11 URI stands for the key in that token; raises then what `chain.hardware_keys` does.
        """
        if pem.startswith(TOKEN_URI_START):
            from chain.hardware_keys import Curve, HardwareKey, KeyUri  # for the few that have one

            return cls(HardwareKey(KeyUri.parse(pem.decode("utf-8", errors="replace")), Curve.P256))
        if len(pem) > PEM_BYTES_MAX:
            raise MalformedKey("private key", f"has at most {PEM_BYTES_MAX} bytes", value=f"{len(pem)} bytes")
        if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" not in pem:
            raise MalformedKey("private key", "is an encrypted PKCS#8 PEM file", fix="Make one with `tongguan key new`")
        try:
            native = serialization.load_pem_private_key(pem, passphrase)
        except UnsupportedAlgorithm:
            # The library opens the file and knows no such curve; ours tells what it is.
            return cls(Sm2PrivateKey.load(pem, passphrase))
        except (ValueError, TypeError) as error:
            raise MalformedKey("private key", "opens with the given passphrase") from error
        if isinstance(native, ed25519.Ed25519PrivateKey) or (
            isinstance(native, ec.EllipticCurvePrivateKey) and isinstance(native.curve, ec.SECP256R1)
        ):
            return cls(native)
        raise MalformedKey("private key", "is on P-256, Ed25519 or SM2")

    def to_pem(self, passphrase: bytes) -> bytes:
        """The key as encrypted PKCS#8 PEM; raises `MalformedKey` for an empty passphrase.

        Of a key in hardware it is the URI: such a key is never exported.
        """
        if not passphrase:
            raise MalformedKey("passphrase", "is not empty")
        if isinstance(self._native, Sm2PrivateKey):
            return self._native.to_pem(passphrase)
        if not isinstance(self._native, _FILE_KEYS):
            return self._native.uri_text.encode()
        return self._native.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase),
        )

    def sign(self, message: bytes) -> bytes:
        """The signature of the message, 64 raw bytes; of ES256 the twin with the low `s`."""
        if isinstance(self._native, ed25519.Ed25519PrivateKey | Sm2PrivateKey):
            return self._native.sign(message)
        if isinstance(self._native, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self._native.sign(message, _ECDSA))
        else:
            r, s = self._native.sign(message)
        s = min(s, P256_ORDER - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.public.kid})"


_JWK_SHAPE: Final[Mapping[KeyAlgorithm, tuple[str, str, tuple[str, ...]]]] = {
    KeyAlgorithm.ES256: ("EC", "P-256", ("x", "y")),
    KeyAlgorithm.ED25519: ("OKP", "Ed25519", ("x",)),
    KeyAlgorithm.SM2: ("EC", "SM2", ("x", "y")),
}
_JWK_KINDS: Final = {(kty, crv): algorithm for algorithm, (kty, crv, _) in _JWK_SHAPE.items()}

_FIELD_25519 = 2**255 - 19
_SIGN_BIT_25519 = 1 << 255

_ZERO = bytes(32)
_ORDER = P256_ORDER.to_bytes(32, "big")
_HALF_ORDER = (P256_ORDER // 2).to_bytes(32, "big")


def is_low_s(algorithm: KeyAlgorithm, signature: bytes) -> bool:
    """Whether a raw signature has no twin that its reader would take as well: for ES256, `s` is at most half the order.

    Where (r, s) is right, so is (r, n - s). Ed25519 has one `S` alone, and of SM2 nobody but the signer
    can make another s.
    """
    return algorithm is not KeyAlgorithm.ES256 or signature[32:] <= _HALF_ORDER


def _coordinate(jwk: Mapping[str, object], name: str) -> bytes:
    text = jwk[name]
    try:
        raw = parse_base64url(text) if isinstance(text, str) else b""
    except ValueError as error:
        raise MalformedKey(f"jwk.{name}", str(error), value=text) from None
    if len(raw) != 32:
        raise MalformedKey(f"jwk.{name}", "is 32 bytes in base64url", value=text)
    return raw


@lru_cache(maxsize=4_096)
def _native_key(algorithm: KeyAlgorithm, raw: bytes) -> _NativePublicKey:
    """Checking that a point is on its curve costs as much as a verification; members' keys come again and again."""
    if algorithm not in _JWK_SHAPE:
        raise MalformedKey("public key", "is of ES256, Ed25519 or SM2", value=algorithm.name)
    wanted_bytes = 32 * len(_JWK_SHAPE[algorithm][2])
    if len(raw) != wanted_bytes:
        raise MalformedKey(
            "public key", f"of {JOSE_NAME[algorithm]} has {wanted_bytes} bytes", value=f"{len(raw)} bytes"
        )
    try:
        if algorithm is KeyAlgorithm.ED25519:
            _require_prime_subgroup(raw)
            return ed25519.Ed25519PublicKey.from_public_bytes(raw)
        if algorithm is KeyAlgorithm.SM2:
            return Sm2PublicKey(raw)
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)
    except ValueError:
        raise MalformedKey("public key", "is a point of its curve and of its prime order", value=raw.hex()) from None


def _require_prime_subgroup(raw: bytes) -> None:
    """Raises `ValueError` unless the bytes are the canonical encoding of a point of prime order.

    A point of small order lets anybody sign; one of mixed order makes verifiers with and without the cofactor disagree
    about signatures that its holder can make at will.
    """
    from Crypto.Signature import eddsa  # a quarter of a second to load, for the few members with such a key

    if int.from_bytes(raw, "little") % _SIGN_BIT_25519 >= _FIELD_25519:
        raise ValueError("not the canonical encoding")
    point = eddsa.import_public_key(raw).pointQ
    # Not by `is_point_at_infinity`: it takes (0, -1), of order 2, for the neutral point.
    x, y = map(int, (point * ED25519_ORDER).xy)
    if (x, y) != (0, 1) or int(point.xy[0]) == 0:
        raise ValueError("not in the prime subgroup")


def _public_key(native: _NativePrivateKey | TokenKey) -> PublicKey:
    if isinstance(native, Sm2PrivateKey):
        return PublicKey(KeyAlgorithm.SM2, native.point)
    if isinstance(native, ed25519.Ed25519PrivateKey):
        return PublicKey(KeyAlgorithm.ED25519, native.public_key().public_bytes_raw())
    if not isinstance(native, _FILE_KEYS):
        return PublicKey(KeyAlgorithm.ES256, native.point)
    point = native.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return PublicKey(KeyAlgorithm.ES256, point[1:])


def _der(r: bytes, s: bytes) -> bytes:
    """`r ‖ s` as the DER sequence of two integers that the library wants; both are known to be 1 or more."""
    first, second = _der_integer(r), _der_integer(s)
    return bytes((0x30, len(first) + len(second))) + first + second


def _der_integer(number: bytes) -> bytes:
    if number[0] >= 0x80:
        return b"\x02\x21\x00" + number
    shortest = number.lstrip(b"\x00")
    if shortest[0] & 0x80:
        return bytes((0x02, len(shortest) + 1, 0)) + shortest
    return bytes((0x02, len(shortest))) + shortest
