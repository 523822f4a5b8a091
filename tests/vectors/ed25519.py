"""Edge cases of Ed25519, made by arithmetic on the curve: keys that are none, and signatures on which libraries differ.

The same on every run; `ed25519.json` holds them for verifiers in other languages. A right verifier refuses a key whose
`is_key` is false, and answers `verifies` under every other.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha512
from typing import NamedTuple

from chain.encoding import Json
from chain.keys import ED25519_ORDER

FIELD = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, FIELD) % FIELD
SECRET = 0x6E0A0A6E9D1A3F6E5B7C0D7E1F2A3B4C5D6E7F8091A2B3C4D5E6F708192A3B4C % ED25519_ORDER
NONCE = 0x1122334455667788990011223344556677889900112233445566778899001122 % ED25519_ORDER
MESSAGE = b"eyJhbGciOiJFZDI1NTE5In0.e30"


class Point(NamedTuple):
    """A point of the curve."""

    x: int
    y: int

    def plus(self, other: Point) -> Point:
        """Their sum (RFC 8032, 5.1.4, in affine coordinates)."""
        both = CURVE_D * self.x * other.x * self.y * other.y % FIELD
        x = (self.x * other.y + other.x * self.y) * pow(1 + both, -1, FIELD)
        y = (self.y * other.y + self.x * other.x) * pow(1 - both, -1, FIELD)
        return Point(x % FIELD, y % FIELD)

    def times(self, scalar: int) -> Point:
        """So many of it."""
        total, doubled = Point(0, 1), self
        while scalar:
            if scalar & 1:
                total = total.plus(doubled)
            doubled, scalar = doubled.plus(doubled), scalar >> 1
        return total

    def encode(self) -> bytes:
        """The canonical encoding (RFC 8032, 5.1.2)."""
        return (self.y | (self.x & 1) << 255).to_bytes(32, "little")


BASE = Point(
    0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A,
    0x6666666666666666666666666666666666666666666666666666666666666658,
)
ORDER_8 = Point(
    0x1FD5B9A006394A28E933993238DE4ABB5C193C7013E5E238DEA14646C545D14A,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)
"""A point of order 8."""


class EdgeCase(NamedTuple):
    """One case: a key, a message, a signature, and what a right verifier answers."""

    name: str
    says: str
    key: bytes
    signature: bytes
    is_key: bool
    verifies: bool


def sign_with(key: bytes, r_point: bytes, nonce: int, secret: int = SECRET) -> bytes:
    """R ‖ S for an R of one's choice: S = nonce + H(R ‖ key ‖ message) · secret."""
    challenge = int.from_bytes(sha512(r_point + key + MESSAGE).digest(), "little") % ED25519_ORDER
    return r_point + ((nonce + challenge * secret) % ED25519_ORDER).to_bytes(32, "little")


def edge_cases() -> Iterator[EdgeCase]:
    """Every case."""
    yield from _signatures()
    yield from _keys()


def _signatures() -> Iterator[EdgeCase]:
    key = BASE.times(SECRET).encode()
    true = sign_with(key, BASE.times(NONCE).encode(), NONCE)
    s = int.from_bytes(true[32:], "little")
    yield EdgeCase("plain", "A plain signature.", key, true, True, True)
    for times in (1, 2, 7):
        twin = true[:32] + (s + times * ED25519_ORDER).to_bytes(32, "little")
        yield EdgeCase(f"s_plus_{times}_l", "S is not below L: a twin of a true signature.", key, twin, True, False)
    yield EdgeCase("s_is_l", "S is L.", key, true[:32] + ED25519_ORDER.to_bytes(32, "little"), True, False)
    neutral = (1).to_bytes(32, "little")
    yield EdgeCase(
        "r_neutral", "R is the neutral point and the equation holds.", key, sign_with(key, neutral, 0), True, True
    )
    for name, raw in (
        ("r_neutral_plus_p", (FIELD + 1).to_bytes(32, "little")),
        ("r_neutral_with_sign", (1 | 1 << 255).to_bytes(32, "little")),
    ):
        says = "R is a second encoding of the neutral point: the bytes are compared, not the points."
        yield EdgeCase(name, says, key, sign_with(key, raw, 0), True, False)
    mixed = BASE.times(NONCE).plus(ORDER_8).encode()
    yield EdgeCase(
        "r_mixed",
        "R has a part of order 8: the equation with the cofactor holds, the one without does not.",
        key,
        sign_with(key, mixed, NONCE),
        True,
        False,
    )
    yield EdgeCase("r_no_point", "R is no point.", key, sign_with(key, (2).to_bytes(32, "little"), 0), True, False)
    yield EdgeCase("s_zero", "S is zero.", key, true[:32] + bytes(32), True, False)


def _keys() -> Iterator[EdgeCase]:
    torsion = ORDER_8
    for power in range(1, 9):
        key = torsion.encode()
        says = f"The key is {power} times a point of order 8: whoever likes signs under it."
        yield EdgeCase(
            f"key_torsion_{power}", says, key, sign_with(key, BASE.times(NONCE).encode(), NONCE, 0), False, False
        )
        mixed = BASE.times(SECRET).plus(torsion).encode()
        if power < 8:
            says = "The key has a part of small order: its holder makes signatures on which verifiers differ."
            signature = sign_with(mixed, BASE.times(NONCE).encode(), NONCE)
            yield EdgeCase(f"key_mixed_{power}", says, mixed, signature, False, False)
        torsion = torsion.plus(ORDER_8)
    for y in (FIELD, FIELD + 1, FIELD + 3, FIELD + 18):
        for sign in (0, 1):
            key = (y | sign << 255).to_bytes(32, "little")
            says = "The key is written with y not below p."
            yield EdgeCase(f"key_y_p_plus_{y - FIELD}_{sign}", says, key, bytes(64), False, False)
    for y in (1, FIELD - 1):
        key = (y | 1 << 255).to_bytes(32, "little")
        yield EdgeCase(f"key_minus_zero_{y % 7}", "The key says a negative x of zero.", key, bytes(64), False, False)
    yield EdgeCase("key_no_point", "No point has this y.", (2).to_bytes(32, "little"), bytes(64), False, False)


def as_json() -> Json:
    """The cases as they stand in `ed25519.json`."""
    return [
        {
            "name": case.name,
            "says": case.says,
            "key": case.key.hex(),
            "message": MESSAGE.decode(),
            "signature": case.signature.hex(),
            "is_key": case.is_key,
            "verifies": case.verifies,
        }
        for case in edge_cases()
    ]
