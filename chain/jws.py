"""Compact JWS (RFC 7515), strictly read: records, receipts and access tokens all travel in this form.

The header names `alg` (ES256, Ed25519 or SM2), `kid` (the signer's RFC 7638 thumbprint) and `typ`, nothing else: a key
in the header (`jwk`, `x5c`, `jku`, `x5u`), `crit`, `b64`, `none` and HMAC are refused, since each is a way to have a
stranger's word taken for a member's. The caller says which `typ` it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from chain.encoding import (
    Json,
    ReadTexts,
    base64url_bytes,
    parse_base64url,
    parse_json,
    parse_written_texts,
    write_json,
)
from chain.errors import Malformed
from chain.keys import JOSE_NAME, SIGNATURE_BYTES, KeyAlgorithm, PublicKey, SigningKey, is_low_s

JWS_CHARS_MAX = 131_072
"""Longest compact JWS that is read; a record with 200 UCRs and 999 goods items has about 90,000."""

HEADER_CHARS_MAX = 512
"""Longest encoded header; ours have about 140."""

KID_CHARS = 43
"""Length of a thumbprint in base64url."""

_ALGORITHMS: Final[Mapping[str, KeyAlgorithm]] = {name: algorithm for algorithm, name in JOSE_NAME.items()}
_KID = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]").fullmatch
"""32 bytes in canonical base64url."""
_HEADER_NAMES = frozenset({"alg", "kid", "typ"})


class MalformedJws(Malformed):
    """Not a compact JWS as this project reads it."""

    default_code = "1001"


class JwsSignature(NamedTuple):
    """A signature with what it signs and who is said to have made it; not yet verified."""

    kid: str
    """The thumbprint of the key that is said to have signed, in base64url."""
    algorithm: KeyAlgorithm
    signing_input: bytes
    raw: bytes
    """`SIGNATURE_BYTES` bytes."""

    def verify(self, key: PublicKey, digest: bytes | None = None) -> bool:
        """Whether this very key signed: `kid` and `alg` are the key's own and the signature is right.

        `digest` is the SHA-256 of the signing input, where it is known.
        """
        if key.algorithm is not self.algorithm or key.kid != self.kid:
            return False
        return key.verify(self.signing_input, self.raw, digest)

    def is_low_s(self) -> bool:
        """Whether it is the one of its two ECDSA forms that intake takes; always so for Ed25519."""
        return is_low_s(self.algorithm, self.raw)


@dataclass(frozen=True)
class CompactJws:
    """A compact JWS that is well formed; whether its signature is right is for `verify` to say."""

    text: str
    header: dict[str, Json]
    payload: dict[str, Json]
    signing_input: bytes
    signature: bytes
    algorithm: KeyAlgorithm

    @classmethod
    def parse(
        cls, text: str | bytes, *, typ: str | None = None, read_texts: ReadTexts = parse_written_texts
    ) -> CompactJws:
        """The JWS in the text, of that `typ` where one is given; raises `MalformedJws`.

        `read_texts` may be a faster reader that takes nothing that `parse_json` refuses.
        """
        said = _ascii(text)
        parts = said.split(".")
        if len(parts) != 3:
            raise MalformedJws("jws", "has three parts divided by dots", value=f"{len(parts)} parts")
        if len(parts[0]) > HEADER_CHARS_MAX:
            raise MalformedJws("jws.header", f"has at most {HEADER_CHARS_MAX} characters", value=f"{len(parts[0])}")
        header, algorithm = parse_header(parts[0], typ)
        payload = _part("payload", parts[1], read_texts)
        try:
            signature = parse_base64url(parts[2])
        except ValueError as error:
            raise MalformedJws("jws.signature", str(error), value=parts[2]) from None
        if len(signature) != SIGNATURE_BYTES:
            raise MalformedJws("jws.signature", f"has {SIGNATURE_BYTES} bytes", value=f"{len(signature)} bytes")
        signing_input = said[: len(parts[0]) + 1 + len(parts[1])].encode("ascii")
        return cls(said, header, payload, signing_input, signature, algorithm)

    @property
    def kid(self) -> str:
        """The thumbprint of the key that is said to have signed, in base64url."""
        return str(self.header["kid"])

    def verify(self, key: PublicKey) -> bool:
        """Whether this very key signed: `kid` and `alg` are the key's own and the signature is right."""
        return self.own_signature().verify(key)

    def own_signature(self) -> JwsSignature:
        """The signature with what it signs."""
        return JwsSignature(self.kid, self.algorithm, self.signing_input, self.signature)


def sign_compact(
    header: Mapping[str, Json],
    payload: Mapping[str, Json],
    key: SigningKey,
    *,
    write_json: Callable[[object], bytes] = write_json,
) -> str:
    """The payload signed; `alg` and `kid` are put into the header, which may hold `typ` and nothing else."""
    return sign_parts(header, payload, key, write_json=write_json)[0]


def sign_parts(
    header: Mapping[str, Json],
    payload: Mapping[str, Json],
    key: SigningKey,
    *,
    write_json: Callable[[object], bytes] = write_json,
) -> tuple[str, JwsSignature]:
    """As `sign_compact`, and the signature itself."""
    algorithm, kid = key.public.algorithm, key.public.kid
    if not header.keys() <= {"typ"}:
        raise MalformedJws("jws.header", "is given typ alone", value=", ".join(sorted(header)))
    first = _header(algorithm, kid, tuple(header.items()))
    signing_input = b"%b.%b" % (first, base64url_bytes(write_json(dict(payload))))
    signature = JwsSignature(kid, algorithm, signing_input, key.sign(signing_input))
    return (b"%b.%b" % (signing_input, base64url_bytes(signature.raw))).decode("ascii"), signature


@lru_cache(maxsize=256)
def _header(algorithm: KeyAlgorithm, kid: str, said: tuple[tuple[str, Json], ...]) -> bytes:
    """The header as it is signed, the same for all that a key signs of one type."""
    return base64url_bytes(write_json({"alg": JOSE_NAME[algorithm], "kid": kid, **dict(said)}))


def _ascii(text: str | bytes) -> str:
    if len(text) > JWS_CHARS_MAX:
        raise MalformedJws("jws", f"has at most {JWS_CHARS_MAX} characters", value=f"{len(text)} characters")
    try:
        return text.decode("ascii") if isinstance(text, bytes) else text.encode("ascii").decode("ascii")
    except UnicodeError:
        raise MalformedJws("jws", "is ASCII text") from None


def _part(name: str, encoded: str, read_texts: ReadTexts) -> dict[str, Json]:
    try:
        text = parse_base64url(encoded)
        written = read_texts((text,))
        members = parse_json(text) if written is None else written[0]
    except ValueError as error:
        raise MalformedJws(f"jws.{name}", str(error), value=encoded) from None
    if not isinstance(members, dict):
        raise MalformedJws(f"jws.{name}", "is a JSON object", value=encoded)
    return members


def parse_header(encoded: str, typ: str | None) -> tuple[dict[str, Json], KeyAlgorithm]:
    """A header of that `typ`, where one is given, and what it says is signed with; raises `MalformedJws`."""
    header, algorithm = _parse_header(encoded)
    if typ is not None and header.get("typ") != typ:
        raise MalformedJws("jws.header.typ", f"is {typ}", value=header.get("typ"))
    return dict(header), algorithm


@lru_cache(maxsize=4_096)  # every record that a key signs has the same header
def _parse_header(encoded: str) -> tuple[dict[str, Json], KeyAlgorithm]:
    header = _part("header", encoded, parse_written_texts)
    if unknown := sorted(set(header) - _HEADER_NAMES):
        raise MalformedJws("jws.header", "holds alg, kid and typ alone", value=", ".join(unknown))
    algorithm = _ALGORITHMS.get(str(header.get("alg")))
    if algorithm is None:
        raise MalformedJws("jws.header.alg", f"is one of {', '.join(_ALGORITHMS)}", value=header.get("alg"))
    kid = header.get("kid")
    if not isinstance(kid, str) or not _KID(kid):
        raise MalformedJws("jws.header.kid", f"is a key thumbprint of {KID_CHARS} characters", value=kid)
    if not isinstance(header.get("typ"), str):
        raise MalformedJws("jws.header.typ", "says what kind of thing was signed", value=header.get("typ"))
    return header, algorithm
