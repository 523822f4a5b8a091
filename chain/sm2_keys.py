"""SM2 keys as objects and as encrypted PKCS#8 files (RFC 5958, RFC 5915): what OpenSSL writes and reads too."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any, Final

from chain import sm2
from chain.errors import Malformed

EC_PUBLIC_KEY_OID: Final = "1.2.840.10045.2.1"
PROTECTION: Final = "PBKDF2WithHMAC-SHA512AndAES256-CBC"
ITERATIONS: Final = 100_000
"""Of PBKDF2: a tenth of a second; passphrases are drawn at random (ADR 0032)."""
_PEM: Final = re.compile(
    rb"\s*-----BEGIN ENCRYPTED PRIVATE KEY-----([A-Za-z0-9+/=\s]{1,8192})-----END ENCRYPTED PRIVATE KEY-----\s*"
)


class UnopenedSm2Key(Malformed):
    """The file holds no SM2 key, or the passphrase does not open it."""

    default_code = "1999"


class Sm2PublicKey:
    """A point of the SM2 curve that verifies."""

    def __init__(self, point: bytes) -> None:
        """`point` is x ‖ y, 64 bytes; raises `ValueError` where it is none of the curve."""
        sm2.require_point(point)
        self.point = point

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the 64 raw bytes are this key's signature of the message."""
        return sm2.verify(self.point, message, signature)


class Sm2PrivateKey:
    """A secret SM2 key. It never prints itself."""

    def __init__(self, secret: int) -> None:
        if not 1 <= secret <= sm2.ORDER - 2:
            raise UnopenedSm2Key("private key", "lies between 1 and n - 2")
        self._secret = secret
        self.point = sm2.public_point(secret)

    @classmethod
    def generate(cls) -> Sm2PrivateKey:
        """A new key from the system's randomness."""
        return cls(sm2.new_secret())

    def sign(self, message: bytes) -> bytes:
        """The signature of the message, 64 raw bytes."""
        return sm2.sign(self._secret, message)

    def to_pem(self, passphrase: bytes) -> bytes:
        """The key as encrypted PKCS#8 PEM."""
        from Crypto.IO import PKCS8
        from Crypto.Util.asn1 import DerBitString, DerInteger, DerObjectId, DerOctetString, DerSequence

        secret = DerOctetString(self._secret.to_bytes(sm2.COORDINATE_BYTES, "big"))
        public = DerBitString(b"\x04" + self.point, explicit=1)
        encrypted = PKCS8.wrap(
            DerSequence([DerInteger(1), secret, public]).encode(),
            EC_PUBLIC_KEY_OID,
            passphrase,
            protection=PROTECTION,
            prot_params={"iteration_count": ITERATIONS},
            key_params=DerObjectId(sm2.CURVE_OID),
        )
        text = b64encode(encrypted)
        lines = b"\n".join(text[start : start + 64] for start in range(0, len(text), 64))
        return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + lines + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"

    @classmethod
    def load(cls, pem: bytes, passphrase: bytes) -> Sm2PrivateKey:
        """The key in an encrypted PKCS#8 PEM file; raises UnopenedSm2Key, also where the passphrase is wrong."""
        from Crypto.IO import PKCS8
        from Crypto.Util.asn1 import DerObjectId, DerOctetString, DerSequence

        found = _PEM.fullmatch(pem)
        if found is None:
            raise UnopenedSm2Key("private key", "is one encrypted PKCS#8 PEM block")
        try:
            unwrap: Any = PKCS8.unwrap
            algorithm, content, parameters = unwrap(b64decode(found.group(1)), passphrase)
            curve = "" if parameters is None else DerObjectId().decode(parameters).value
            part: Any = DerSequence().decode(content)[1]
            secret = DerOctetString().decode(part).payload
        except (ValueError, IndexError, TypeError) as error:
            raise UnopenedSm2Key("private key", "opens with the given passphrase") from error
        if algorithm != EC_PUBLIC_KEY_OID or curve != sm2.CURVE_OID:
            raise UnopenedSm2Key("private key", "is on P-256, Ed25519 or SM2")
        return cls(int.from_bytes(secret, "big"))

    def __repr__(self) -> str:
        return "Sm2PrivateKey()"
