"""The two hash functions of the project: SHA-256 for what members say, keccak-256 for what the chain says."""

from __future__ import annotations

import hashlib

from Crypto.Hash import keccak


def sha256(content: bytes) -> bytes:
    """SHA-256 (FIPS 180-4), 32 bytes."""
    return hashlib.sha256(content).digest()


def keccak256(content: bytes) -> bytes:
    """keccak-256 as Ethereum uses it (not FIPS 202 SHA3-256), 32 bytes."""
    return keccak.new(digest_bits=256, data=content).digest()
