"""The secret tag key, sealed to each member that runs a gateway, so that a plan can carry it in the open.

HPKE (RFC 9180) in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; `info` names the consortium
and the member, so that what was sealed for one opens for no other. Encoded `enc ‖ ciphertext` in base64url.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from chain.encoding import base64url, parse_base64url
from chain.proof.vrf import SECRET_BYTES, VrfSecretKey
from scripts.foundation.plan import MalformedPlan, Plan

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def make_exchange_key(passphrase: bytes) -> bytes:
    """A new X25519 key as encrypted PKCS#8 PEM."""
    return X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )


def load_exchange_key(pem: bytes, passphrase: bytes) -> X25519PrivateKey:
    """The X25519 key in a PEM file; raises MalformedPlan where it is another kind or does not open."""
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except ValueError as fault:
        raise MalformedPlan("exchange key", f"does not open with this passphrase: {fault}") from fault
    if not isinstance(key, X25519PrivateKey):
        raise MalformedPlan("exchange key", "must be an X25519 key")
    return key


def seal_tag_secret(secret: VrfSecretKey, exchange: bytes, consortium: str, uscc: str) -> str:
    """The secret for one member, whose X25519 public key is `exchange` (32 bytes)."""
    public = X25519PublicKey.from_public_bytes(exchange)
    return base64url(_SUITE.encrypt(secret.seed, public, _info(consortium, uscc)))


def open_tag_secret(plan: Plan, uscc: str, key: X25519PrivateKey) -> VrfSecretKey:
    """The secret that the plan seals to this member; raises MalformedPlan where it is not that of the public key."""
    sealed = plan.content.tag_key.sealed.get(uscc)
    if sealed is None:
        raise MalformedPlan("tag_key.sealed", "seals nothing to this member", value=uscc)
    try:
        seed = _SUITE.decrypt(parse_base64url(sealed), key, _info(plan.content.consortium, uscc))
    except (InvalidTag, ValueError) as fault:
        raise MalformedPlan(f"tag_key.sealed.{uscc}", "does not open with this member's exchange key") from fault
    if len(seed) != SECRET_BYTES or VrfSecretKey(seed).public.raw.hex() != plan.content.tag_key.public:
        raise MalformedPlan(f"tag_key.sealed.{uscc}", "holds another secret than that of the plan's public tag key")
    return VrfSecretKey(seed)


def _info(consortium: str, uscc: str) -> bytes:
    return f"tongguan tag secret {consortium} {uscc}".encode()
