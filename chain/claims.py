"""The visible claims of a record that are no sections, each with its form."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from chain.encoding import Json, base64url
from chain.errors import MalformedRecord

_CLAIM_RULES: Final[Mapping[str, tuple[str, str]]] = {
    "iss": (r"[0-9A-Z]{18}", "is a USCC of 18 digits and capital letters"),
    "aud": (r"[0-9a-f]{64}", "is a consortium id of 64 lowercase hex digits"),
    "jti": (r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", "is an HMAC-SHA-256 in base64url, 43 characters"),
    "vct": (r"[a-z]{1,24}\.[a-z_]{1,32}", "is a record type such as customs.declaration"),
    "_sd_alg": (r"sha-256", "is sha-256"),
    "amends": (r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", "is a record id of 43 characters"),
    "withdraws": (r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", "is a record id of 43 characters"),
}
_REPLACING: Final = ("amends", "withdraws")
"""Claims that a record may have, one of them at most."""
_CLAIMS_TOGETHER = re.compile("\n".join(pattern for pattern, _ in _CLAIM_RULES.values())).fullmatch
"""All of them in one match, each on a line; no claim has several."""
_NO_AMENDS: Final = "A" * 43
"""Stands for a claim that is not there, where all are matched together."""
CLAIMS: Final = frozenset(_CLAIM_RULES) | {"iat"}
"""The claims that are no sections."""
_IAT_MAX = 2**40 - 1


JTI_SECRET_BYTES: Final = 32
"""Length of the secret under which an issuer numbers its records."""


def make_jti(secret: bytes, *identity: str) -> str:
    """An issuer's number of a record: HMAC-SHA-256 under its secret over the parts of what it is read from.

    The parts are joined by zero bytes. The same secret and parts always give the same number, so that a second run
    submits the same record; without the secret nobody can test a guess of the parts, also after their erasure.
    """
    if len(secret) != JTI_SECRET_BYTES:
        raise ValueError(f"a secret for record numbers has {JTI_SECRET_BYTES} bytes")
    message = b"\x00".join([b"tongguan-jti", *[part.encode() for part in identity]])
    return base64url(hmac.digest(secret, message, "sha256"))


class Claims(NamedTuple):
    """The claims of a record that are no sections and that are not the same in every record, each of the right form."""

    iss: str
    aud: str
    iat: int
    jti: str
    vct: str
    amends: str | None = None
    """The record that it replaces, be it amended or withdrawn."""
    withdraws: bool = False
    """Whether it withdraws that record."""


def check_claims(claims: Mapping[str, Any]) -> Claims:
    """The claims that are no sections; raises `MalformedRecord` where one is not right."""
    iss, aud, jti, vct = (claims.get("iss"), claims.get("aud"), claims.get("jti"), claims.get("vct"))
    iat, amends, withdrawn = claims.get("iat"), *(claims.get(name, _NO_AMENDS) for name in _REPLACING)
    try:
        texts = (iss, aud, jti, vct, claims.get("_sd_alg"), amends, withdrawn)
        right = _CLAIMS_TOGETHER("\n".join(texts))  # type: ignore[arg-type]
    except TypeError:
        right = None
    if right is None:
        for name in _CLAIM_RULES:
            if name not in _REPLACING or name in claims:
                _claim(claims, name)
    if type(iat) is not int or not 0 <= iat <= _IAT_MAX:
        raise MalformedRecord("iat", "is a time in whole seconds since 1970", value=iat)
    if "withdraws" not in claims:
        return Claims(iss, aud, iat, jti, vct, claims.get("amends"))  # type: ignore[arg-type]
    if "amends" in claims:
        raise MalformedRecord("withdraws", "stands instead of amends, not beside it")
    return Claims(iss, aud, iat, jti, vct, claims["withdraws"], withdraws=True)  # type: ignore[arg-type]


def read_written_claims(text: bytes) -> Claims | None:
    """The claims of a payload up to its first section (`{"iss":"…",…`), written in the order and form of our writer;
    None where they are not, be they right or wrong."""
    found = _WRITTEN(text)
    if found is None:
        return None
    iss, aud, iat, jti, vct, amends, withdrawn = found.groups()
    if (issued := int(iat)) > _IAT_MAX:
        return None
    replaced = amends or withdrawn
    said = None if replaced is None else replaced.decode()
    return Claims(iss.decode(), aud.decode(), issued, jti.decode(), vct.decode(), said, withdrawn is not None)


def _written(name: str) -> str:
    return f'"{name}":"({_CLAIM_RULES[name][0]})"'


_WRITTEN: Final = re.compile(
    rf'\{{{_written("iss")},{_written("aud")},"iat":(0|[1-9][0-9]{{0,12}}),{_written("jti")},{_written("vct")}'
    rf',"_sd_alg":"sha-256"(?:,{_written("amends")}|,{_written("withdraws")})?'.encode()
).fullmatch


def _claim(claims: Mapping[str, Json], name: str) -> str:
    value = claims.get(name)
    pattern, rule = _CLAIM_RULES[name]
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise MalformedRecord(name, rule, value=value)
    return value
