"""The journal's own encryption: native messages and signed records at rest, under the member's passphrase.

    wrapped key = scrypt salt (16 bytes) ‖ nonce (12) ‖ AES-256-GCM of the data key
    sealed      = 0x01 ‖ nonce (12 bytes) ‖ ciphertext and tag          associated data: what the value is and whose

A random data key stands in the journal, wrapped under the passphrase, so that the passphrase may be changed without
writing the journal anew. References are kept as keyed hashes: they are looked up and never read back.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from chain.errors import StoreFault

KEY_BYTES = 32
SALT_BYTES = 16
NONCE_BYTES = 12
SCRYPT_N = 1 << 15
_VERSION = b"\x01"
_WRAPPING = b"tongguan adapter journal key"


class JournalSeal:
    """Seals and opens what one journal keeps. Safe to share between threads."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def fresh(cls) -> JournalSeal:
        """With a new random key."""
        return cls(os.urandom(KEY_BYTES))

    @classmethod
    def unwrap(cls, wrapped: bytes, passphrase: bytes) -> JournalSeal:
        """The seal that `wrap` kept; raises StoreFault where the passphrase is another."""
        salt, rest = wrapped[:SALT_BYTES], wrapped[SALT_BYTES:]
        try:
            key = AESGCM(_derive(passphrase, salt)).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _WRAPPING)
        except (InvalidTag, ValueError):
            raise StoreFault("the journal does not open with this passphrase") from None
        return cls(key)

    def wrap(self, passphrase: bytes) -> bytes:
        """The key, to be kept beside what it seals."""
        salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
        return salt + nonce + AESGCM(_derive(passphrase, salt)).encrypt(nonce, self._key, _WRAPPING)

    def seal(self, content: bytes, bound_to: str) -> bytes:
        """The content encrypted; opens only for what it is bound to."""
        nonce = os.urandom(NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, content, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes:
        """What `seal` was given; raises StoreFault where it was changed or moved."""
        if sealed[:1] != _VERSION:
            raise StoreFault(f"the journal's {bound_to} is of an unknown version")
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, bound_to.encode())
        except (InvalidTag, ValueError):
            raise StoreFault(f"the journal's {bound_to} does not open: it was changed") from None

    def seal_text(self, text: str, bound_to: str) -> bytes | str:
        """As `seal`; an empty text stays one, so that SQL can tell."""
        return self.seal(text.encode(), bound_to) if text else ""

    def open_text(self, sealed: object, bound_to: str) -> str:
        """What `seal_text` was given."""
        if sealed == "":
            return ""
        if not isinstance(sealed, bytes):
            raise StoreFault(f"the journal's {bound_to} is not sealed")
        return self.open(sealed, bound_to).decode()

    def hash_reference(self, value: str) -> str:
        """A keyed hash by which a reference is found again."""
        return hmac.new(self._key, b"reference\x00" + value.encode(), sha256).hexdigest()


def _derive(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=SCRYPT_N, r=8, p=1).derive(passphrase)
