"""SM2 signatures with SM3 (GM/T 0003.2-2012, the curve of GM/T 0003.5-2012) under the usual signer's id of GM/T 0009.

    ZA = SM3(ENTL ‖ ID ‖ a ‖ b ‖ xG ‖ yG ‖ xA ‖ yA)        e = SM3(ZA ‖ message)
    sign:   (x, _) = [k]G,  r = e + x,  s = (1 + d)⁻¹ (k - r d)      (mod n)
    verify: t = r + s ≠ 0,  (x, _) = [s]G + [t]P,  r = e + x        (mod n)

A signature is `r ‖ s`, 64 bytes. It has no twin that a stranger could make: another s for the same r takes the key.
SM3 is the library's. The curve's arithmetic is that of PyCryptodome, whose C code takes any curve with a = -3, blinds
points and multiplies in constant time; no library for Python with types and upkeep signs with SM2 (`docs/adr`, 0620).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives import hashes

FIELD: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = FIELD - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
"""The recommended curve (GM/T 0003.5): prime, coefficients, order (a prime, cofactor 1), generator."""
COORDINATE_BYTES: Final = 32
SIGNER_ID: Final = b"1234567812345678"
"""The id of a signer where none is agreed on (GM/T 0009): the member's own stands in what it signs."""
CURVE_OID: Final = "1.2.156.10197.1.301"
_NAME: Final = "SM2"


def sm3(content: bytes) -> bytes:
    """The SM3 digest (GM/T 0004), 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize()


def public_point(secret: int) -> bytes:
    """The public key of a secret one, x ‖ y."""
    x, y = map(int, (_generator() * secret).xy)
    return _word(x) + _word(y)


def require_point(point: bytes) -> None:
    """Raises `ValueError` unless the 64 bytes x ‖ y are a point of the curve; each is of its prime order."""
    x, y = int.from_bytes(point[:COORDINATE_BYTES], "big"), int.from_bytes(point[COORDINATE_BYTES:], "big")
    if len(point) != 2 * COORDINATE_BYTES or x >= FIELD or y >= FIELD or (y * y - (x * x * x + A * x + B)) % FIELD:
        raise ValueError("not a point of the SM2 curve")


def message_digest(point: bytes, message: bytes, signer_id: bytes = SIGNER_ID) -> int:
    """e of a message that the owner of this key signs."""
    return int.from_bytes(sm3(_identity_digest(point, signer_id) + message), "big")


def sign(secret: int, message: bytes, draw: Callable[[], int] | None = None) -> bytes:
    """The signature of a message, 64 bytes. `draw` gives numbers from 1 to n - 1; else the system's randomness does."""
    digest = message_digest(public_point(secret), message)
    while True:
        k = secrets.randbelow(ORDER - 1) + 1 if draw is None else draw()
        r = (digest + int((_generator() * k).xy[0])) % ORDER
        if r in (0, ORDER - k):
            continue
        # Blinded: Python's arithmetic takes time by its operands, and these are secret.
        blind = secrets.randbelow(ORDER - 1) + 1
        inverse = pow((blind + blind * secret) % ORDER, -1, ORDER)
        s = inverse * (blind * k - r * (blind * secret % ORDER)) % ORDER
        if s:
            return _word(r) + _word(s)


def verify(point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether r ‖ s is the signature of the message by the owner of this point, which is known to be one."""
    if len(signature) != 2 * COORDINATE_BYTES:
        return False
    r, s = int.from_bytes(signature[:COORDINATE_BYTES], "big"), int.from_bytes(signature[COORDINATE_BYTES:], "big")
    t = (r + s) % ORDER
    if not (0 < r < ORDER and 0 < s < ORDER) or t == 0:
        return False
    x, y = map(int, (_generator() * s + _point(point) * t).xy)
    return (x, y) != (0, 0) and (message_digest(point, message) + x) % ORDER == r


def new_secret() -> int:
    """A secret key from the system's randomness: 1 to n - 2, as GM/T 0003.1 says."""
    return secrets.randbelow(ORDER - 2) + 1


@lru_cache(maxsize=4_096)
def _identity_digest(point: bytes, signer_id: bytes) -> bytes:
    """ZA."""
    length = (8 * len(signer_id)).to_bytes(2, "big")
    return sm3(length + signer_id + b"".join(map(_word, (A, B, GX, GY))) + point)


def _word(number: int) -> bytes:
    return number.to_bytes(COORDINATE_BYTES, "big")


def _point(point: bytes) -> Any:
    from Crypto.PublicKey._point import EccPoint

    _generator()
    x, y = point[:COORDINATE_BYTES], point[COORDINATE_BYTES:]
    return EccPoint(int.from_bytes(x, "big"), int.from_bytes(y, "big"), _NAME)


@lru_cache(maxsize=1)
def _generator() -> Any:
    """The generator, after the curve was made known to the library, as it makes its own known."""
    from Crypto.Math.Numbers import Integer
    from Crypto.PublicKey import _curve, _nist_ecc  # a quarter of a second to load, for who needs it
    from Crypto.PublicKey import _point as points
    from Crypto.Util._raw_api import SmartPointer, VoidPointer, c_size_t, c_uint8_ptr, c_ulonglong

    library: Any = _nist_ecc.EcLib
    make_curve: Any = _curve._Curve
    pointer: Any = VoidPointer()
    parameters = [c_uint8_ptr(_word(number)) for number in (FIELD, B, ORDER)]
    seed = c_ulonglong(secrets.randbits(64))
    if library.new_context(pointer.address_of(), *parameters, c_size_t(COORDINATE_BYTES), seed):
        raise RuntimeError("the elliptic-curve library does not take the SM2 curve")
    context = SmartPointer(pointer.get(), library.free_context)
    numbers = [Integer(number) for number in (FIELD, B, ORDER, GX, GY)]
    curve: Any = make_curve(*numbers, None, 256, CURVE_OID, context, _NAME, None, library)
    curve.is_edwards = curve.is_montgomery = False
    curve.is_weierstrass, curve.id = True, _NAME
    curves: Any = points.__dict__["_curves"]
    with curves.curves_lock:
        curves.curves[_NAME] = curve
        curve.G = points.EccPoint(GX, GY, _NAME)
    return curve.G
