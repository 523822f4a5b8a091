"""Who asks: RFC 7523 client assertions are exchanged for short-lived bearer tokens.

A client assertion is a JWS of `typ` `client-authentication+jwt`, or `JWT` as stock OAuth libraries write, signed with a
registered key: `iss` and `sub` the member's USCC, `aud` this gateway's URL, `jti`, `exp` at most
`ASSERTION_LIFETIME_S_MAX` after `iat`, or after now where there is none; `nbf` is honoured. Times are seconds, with a
fraction or without (RFC 7519, NumericDate). It counts once: its digest is kept until it lapses. A token is a JWS of
`typ` `at+jwt` signed by the gateway; member, key and roles are looked up in the registry at each use, so that a
revocation takes effect with the block that holds it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from math import ceil
from types import MappingProxyType
from typing import Any, Protocol

from chain.encoding import Json, check_json_depth, find_doubled
from chain.errors import Malformed
from chain.jws import CompactJws, sign_compact
from chain.keys import SigningKey
from chain.members import MemberKind, Role
from gateway.access.rate_limits import RateLimits
from gateway.membership.registry import Registry
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.assertions import use_assertion
from gateway.store.store import Store

ASSERTION_TYPS = ("client-authentication+jwt", "JWT")
TOKEN_TYP = "at+jwt"  # noqa: S105 - the name of a kind of token, RFC 9068
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME_S_MAX = 300
JTI_CHARS_MAX = 128
TIME_S_MAX = 2**40
TICKET_SCHEME = "Session"
"""How a request that came with a session's cookie is marked inside this process; nobody outside can guess a ticket."""
TOKENS_KNOWN_MAX = 1_024
"""Tokens of our own whose signature is not checked again; what they may do is asked at each use."""


@dataclass(frozen=True)
class TokenBearer:
    """A member that proved a key and asks, as it stands at the chain's head."""

    member: str
    kid: str
    """Thumbprint of the key that it proved."""
    roles: Role
    kind: MemberKind
    operator: str = ""
    """Pseudonym of the one of the member's people who asks; empty where its key does."""


class Tickets(Protocol):
    """What knows the sessions of requests that are being answered: `gateway.people.sessions.SessionService`."""

    def bearer(self, ticket: str) -> TokenBearer: ...


@dataclass(frozen=True)
class Token:
    """A bearer token and how many seconds it counts."""

    text: str
    lifetime_s: int


class TokenService:
    """Gives tokens for assertions, and readers for tokens."""

    def __init__(
        self,
        *,
        member: str,
        audiences: Collection[str],
        signer: SigningKey,
        registry: Registry,
        store: Store,
        clock: Callable[[], float],
        lifetime_s: int,
        skew_s: int,
        reads: RateLimits,
    ) -> None:
        self._member = member
        self._audiences = frozenset(audience.rstrip("/") for audience in audiences)
        self._signer = signer
        self._registry = registry
        self._store = store
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._skew_s = skew_s
        self._reads = reads
        self._own_claims = lru_cache(TOKENS_KNOWN_MAX)(self._claims)
        self.tickets: Tickets | None = None
        """Set where people log in to this gateway."""

    def exchange(self, assertion: str) -> Token:
        """A token for an assertion; raises GatewayRefusal with what is wrong with it."""
        try:
            jws = CompactJws.parse(assertion, read_texts=_read_with_fractions)
        except Malformed as error:
            raise GatewayRefusal("bad-assertion", str(error), field="client_assertion") from None
        if jws.header["typ"] not in ASSERTION_TYPS:
            raise GatewayRefusal("bad-assertion", f"typ is one of {', '.join(ASSERTION_TYPS)}", field="typ")
        signer = self._registry.snapshot().get_signer(jws.kid)
        if not jws.verify(signer.key):
            raise GatewayRefusal("bad-signature", "the assertion's signature is not this key's")
        jti, until = self._checked_claims(jws.payload, signer.member)
        self._use(sha256(f"{jws.kid}\x00{jti}".encode()).digest(), until)
        now = int(self._clock())
        claims: dict[str, Json] = {
            "iss": self._member,
            "aud": self._member,
            "sub": signer.member,
            "client_kid": jws.kid,
            "iat": now,
            "exp": now + self._lifetime_s,
            "jti": secrets.token_urlsafe(16),
        }
        return Token(sign_compact({"typ": TOKEN_TYP}, claims, self._signer), self._lifetime_s)

    def reader(self, authorization: str | None) -> TokenBearer:
        """The member behind an `Authorization` header; raises GatewayRefusal: 401 for nobody, 429 past its quota."""
        bearer = self.bearer(authorization)
        self._reads.take(bearer.member, 1)
        return bearer

    def bearer(self, authorization: str | None) -> TokenBearer:
        """The member behind an `Authorization` header, whatever it asks for; raises GatewayRefusal (401) for nobody."""
        scheme, _, text = (authorization or "").partition(" ")
        if scheme == TICKET_SCHEME and self.tickets is not None:
            return self.tickets.bearer(text)
        if scheme.lower() != "bearer" or not text:
            raise GatewayRefusal("unauthorized", "no bearer token was sent", fix="Get one: POST /v1/token")
        claims = self._own_claims(text.strip())
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires <= self._clock():
            raise GatewayRefusal("unauthorized", "the token has lapsed", fix="Get another: POST /v1/token")
        kid = str(claims.get("client_kid"))
        signer = self._registry.snapshot().get_signer(kid)
        if signer.member != claims.get("sub"):
            raise GatewayRefusal("unauthorized", "the token's key is another member's now")
        return TokenBearer(signer.member, kid, signer.member_version.roles, signer.member_version.kind)

    def _claims(self, text: str) -> Mapping[str, Json]:
        """What a token of this gateway says; raises GatewayRefusal (401) for any other. The same for ever."""
        try:
            jws = CompactJws.parse(text, typ=TOKEN_TYP)
        except Malformed:
            raise GatewayRefusal("unauthorized", "this is no access token") from None
        if not jws.verify(self._signer.public) or jws.payload.get("iss") != self._member:
            raise GatewayRefusal("unauthorized", "this gateway did not issue that token")
        return MappingProxyType(jws.payload)

    def _checked_claims(self, claims: dict[str, Json], member: str) -> tuple[str, int]:
        """The assertion's number and when it lapses."""
        if claims.get("iss") != member or claims.get("sub") != member:
            raise GatewayRefusal("wrong-signer", f"the key belongs to {member}: iss and sub must name it", field="iss")
        said = claims.get("aud")
        audiences = said if isinstance(said, list) else [said]
        if not any(isinstance(one, str) and one.rstrip("/") in self._audiences for one in audiences):
            raise GatewayRefusal(
                "bad-assertion", "the assertion is for another audience", field="aud", fix="Name this gateway's URL"
            )
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARS_MAX:
            raise GatewayRefusal("bad-assertion", f"jti has 1 to {JTI_CHARS_MAX} characters", field="jti")
        now = self._clock()
        expires, issued, not_before = (_time(claims, name) for name in ("exp", "iat", "nbf"))
        if expires is None:
            raise GatewayRefusal("bad-assertion", "exp says until when it counts", field="exp")
        for name, begins in (("iat", issued), ("nbf", not_before)):
            if begins is not None and begins > now + self._skew_s:
                raise GatewayRefusal("bad-assertion", "the assertion is not valid yet", field=name)
        if expires <= now - self._skew_s:
            raise GatewayRefusal("bad-assertion", "the assertion is not valid any more", field="exp")
        # Without `iat` its life begins now: our clock, or the sender's, which may be so much ahead.
        lasts_s = expires - (now + self._skew_s if issued is None else issued)
        if lasts_s > ASSERTION_LIFETIME_S_MAX or (issued is not None and lasts_s <= 0):
            raise GatewayRefusal("bad-assertion", f"it lasts at most {ASSERTION_LIFETIME_S_MAX} s", field="exp")
        return jti, ceil(expires)

    def _use(self, digest: bytes, until: int) -> None:
        """Notes that the assertion was used. It is kept as long as our check of its times would let it in."""
        if not use_assertion(self._store, digest, until, forget_before=int(self._clock()) - 2 * self._skew_s):
            raise GatewayRefusal("assertion-replayed", "this assertion was used before", field="jti")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate; None where the claim is not there. Raises GatewayRefusal."""
    if name not in claims:
        return None
    seconds = claims[name]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= TIME_S_MAX:
        raise GatewayRefusal("bad-assertion", f"{name} is a time in seconds since 1970", field=name)
    return seconds


def _read_with_fractions(texts: Sequence[bytes]) -> list[Any]:
    """The values of JSON texts, read as strictly as everything signed but for fractions; raises ValueError."""
    values = []
    for text in texts:
        content = text.decode("utf-8")
        check_json_depth(content)
        values.append(json.loads(content, object_pairs_hook=_members, parse_constant=_refuse_constant))
    return values


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if name := find_doubled(name for name, _ in pairs):
        raise ValueError(f"{name} stands twice")
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
