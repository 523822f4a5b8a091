"""Numbers of records (`jti`) for tests: the same word always gives the same one."""

from __future__ import annotations

from chain.claims import make_jti

SECRET = bytes(range(32))
"""The secret under which the tests' issuers number their records."""


def jti_of(word: str) -> str:
    """The number that an issuer of the tests gives to what it calls by this word."""
    return make_jti(SECRET, word)
