"""A verifiable random function: RFC 9381, suite ECVRF-EDWARDS25519-SHA512-TAI (suite string 0x03).

Its holder alone can compute the output y of an input; whoever has the public key can check, with a proof of 80 bytes,
that y is the input's and no other. The tags of a consignment's lanes come from y (`chain.proof.batch`), so a stranger
can check that a bundle opens the right lanes.

    H = encode_to_curve(public key ‖ input)     Γ = x·H     y = SHA-512(0x03 ‖ 0x03 ‖ 8·Γ ‖ 0x00)
    proof = Γ (32) ‖ c (16) ‖ s (32)

The nonce is deterministic (RFC 9381, 5.4.2.2). The point arithmetic is libsodium's, in constant time; trying for a
point of the curve (5.4.1.1) takes a time that depends on the input, so an input must not be a secret of the caller's.
Stricter than the RFC: a public key or a Γ outside the subgroup of prime order is refused, and so is a proof with c = 0
or s = 0, which nobody meets by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha512

from nacl import bindings as sodium

from chain.errors import Malformed, TongguanError

SECRET_BYTES = PUBLIC_BYTES = 32
PROOF_BYTES = 80
OUTPUT_BYTES = 64

SUITE = 3
"""Its number in the registry: RFC 9381's suite_string."""

_SUITE = bytes((SUITE,))
_CHALLENGE_BYTES = 16
_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the prime subgroup of edwards25519."""
_NEUTRAL = b"\x01" + bytes(31)
_TRIES_MAX = 256


class MalformedVrfKey(Malformed):
    """A VRF key that is not one of this suite's."""


class MalformedVrfProof(Malformed):
    """Not in the form of a VRF proof of this suite."""


class WrongVrfProof(TongguanError):
    """A proof of ours does not verify: a fault of memory or of the library, so it must not leave the process."""


@dataclass(frozen=True)
class VrfPublicKey:
    """The public key of one epoch; only a valid point of prime order can be one."""

    raw: bytes
    """The point's encoding, 32 bytes (RFC 8032, 5.1.2)."""

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_BYTES or not sodium.crypto_core_ed25519_is_valid_point(self.raw):
            raise MalformedVrfKey("vrf key", "must be a point of prime order on edwards25519", value=self.raw.hex())

    def verified_output(self, message: bytes, proof: bytes) -> bytes | None:
        """The output that the proof proves for this input; None where it proves nothing."""
        if len(proof) != PROOF_BYTES:
            return None
        gamma, challenge, scalar = proof[:32], proof[32:48], proof[48:]
        if not 0 < int.from_bytes(scalar, "little") < _ORDER or not any(challenge):
            return None
        if not sodium.crypto_core_ed25519_is_valid_point(gamma):
            return None
        factor = challenge + bytes(16)
        point = _encode_to_curve(self.raw, message)
        u = _minus(sodium.crypto_scalarmult_ed25519_base_noclamp(scalar), _times(factor, self.raw))
        v = _minus(_times(scalar, point), _times(factor, gamma))
        if _challenge(self.raw, point, gamma, u, v) != challenge:
            return None
        return _output(gamma)


@dataclass(frozen=True)
class VrfSecretKey:
    """The secret key of one epoch, shared by the gateways that file under it."""

    seed: bytes
    """32 random bytes; scalar and nonce prefix follow from them (RFC 8032, 5.1.5)."""

    def __post_init__(self) -> None:
        if len(self.seed) != SECRET_BYTES:
            raise MalformedVrfKey("vrf secret", f"must have {SECRET_BYTES} bytes", value=len(self.seed))

    def __repr__(self) -> str:
        return "VrfSecretKey(…)"

    @cached_property
    def public(self) -> VrfPublicKey:
        """The public key, which the registry names."""
        return VrfPublicKey(sodium.crypto_scalarmult_ed25519_base_noclamp(self._scalar))

    def output(self, message: bytes) -> bytes:
        """The output y of an input, without a proof: about 0.1 ms."""
        # 8·(x·H) as (8·x)·H: a point of prime order, so the factor may be reduced.
        return _hashed_output(_times(self._scalar_by_cofactor, _encode_to_curve(self.public.raw, message)))

    def prove(self, message: bytes) -> bytes:
        """The proof that `output` is the input's; checked before it is given out. Raises WrongVrfProof.

        A fault while it was made could show the secret key: two answers under one nonce are enough for that.
        """
        public = self.public.raw
        point = _encode_to_curve(public, message)
        gamma = _times(self._scalar, point)
        nonce = sodium.crypto_core_ed25519_scalar_reduce(sha512(self._hashed[32:] + point).digest())
        u = sodium.crypto_scalarmult_ed25519_base_noclamp(nonce)
        challenge = _challenge(public, point, gamma, u, _times(nonce, point))
        secret = int.from_bytes(self._scalar, "little") * int.from_bytes(challenge, "little")
        scalar = ((int.from_bytes(nonce, "little") + secret) % _ORDER).to_bytes(32, "little")
        proof = gamma + challenge + scalar
        if self.public.verified_output(message, proof) is None:
            raise WrongVrfProof("a VRF proof that was just made does not verify")
        return proof

    @cached_property
    def _hashed(self) -> bytes:
        return sha512(self.seed).digest()

    @cached_property
    def _scalar(self) -> bytes:
        clamped = bytearray(self._hashed[:32])
        clamped[0] &= 248
        clamped[31] = clamped[31] & 63 | 64
        return bytes(clamped)

    @cached_property
    def _scalar_by_cofactor(self) -> bytes:
        return (8 * int.from_bytes(self._scalar, "little") % _ORDER).to_bytes(32, "little")


def proved_output(proof: bytes) -> bytes:
    """The output that a proof names; whether it is the input's is for `verified_output` to say.

    Raises MalformedVrfProof for what has not the form of a proof.
    """
    if len(proof) != PROOF_BYTES or not sodium.crypto_core_ed25519_is_valid_point(proof[:32]):
        raise MalformedVrfProof("vrf proof", f"must have {PROOF_BYTES} bytes and begin with a point of prime order")
    return _output(proof[:32])


def _encode_to_curve(public: bytes, message: bytes) -> bytes:
    """A point of prime order that follows from key and input, by trial (RFC 9381, 5.4.1.1)."""
    for counter in range(_TRIES_MAX):
        candidate = sha512(_SUITE + b"\x01" + public + message + bytes((counter,)) + b"\x00").digest()[:32]
        try:
            doubled = sodium.crypto_core_ed25519_add(candidate, candidate)
        except RuntimeError:
            continue  # no point of the curve: every second candidate is none
        point = _doubled(_doubled(doubled))
        if point != _NEUTRAL:
            return point
    raise MalformedVrfKey("input", "leads to no point of the curve")


def _challenge(*points: bytes) -> bytes:
    return sha512(_SUITE + b"\x02" + b"".join(points) + b"\x00").digest()[:_CHALLENGE_BYTES]


def _output(gamma: bytes) -> bytes:
    return _hashed_output(_doubled(_doubled(_doubled(gamma))))


def _hashed_output(by_cofactor: bytes) -> bytes:
    return sha512(_SUITE + b"\x03" + by_cofactor + b"\x00").digest()


def _times(scalar: bytes, point: bytes) -> bytes:
    return sodium.crypto_scalarmult_ed25519_noclamp(scalar, point)


def _minus(point: bytes, other: bytes) -> bytes:
    return sodium.crypto_core_ed25519_sub(point, other)


def _doubled(point: bytes) -> bytes:
    return sodium.crypto_core_ed25519_add(point, point)
