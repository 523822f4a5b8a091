"""Log-in with a member's own identity provider: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).

The gateway is the relying party; the member's provider says who its people are, and an operator's row says who of them
may do what here: a subject that no link has made known is nobody. What a log-in under way rests on (state, nonce,
verifier) is sealed in a cookie of the browser that began it, good for minutes and once, so a stranger who begins leaves
no row. The provider is believed for its own member alone; its answers are bounded in size and time.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chain.encoding import base64url, parse_base64url
from chain.errors import Malformed, NotFound, StoreFault
from gateway.runtime.refusals import GatewayRefusal
from gateway.settings import GatewaySettings, OidcProvider
from gateway.store.assertions import use_assertion
from gateway.store.store import Store

LOG_IN_S: Final = 600
"""How long somebody may take at the provider."""
METADATA_AGE_S: Final = 3_600
KEYS_AGE_S: Final = 60
"""A token under an unknown key has the keys asked for again, so often at most."""
TIMEOUT_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 262_144
TOKEN_CHARS_MAX: Final = 16_384
SKEW_S: Final = 60
ALGORITHMS: Final = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]
"""Of ID tokens; asymmetric alone, so that the client's secret signs nothing."""
SUBJECT_CHARS_MAX: Final = 255
CALLBACK: Final = "/console/oidc"
_SEALED_FOR: Final = "log-in at a provider"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class Identity:
    """Whom a provider recognised."""

    member: str
    """USCC of the member whose provider it is."""
    issuer: str
    subject: str
    link: str
    """Secret of the one-time link that the log-in began with; empty for none."""


@dataclass(frozen=True)
class _Metadata:
    """What of a provider's discovery document is needed."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class ProviderService:
    """Begins and ends log-ins at members' providers; shared between threads."""

    def __init__(self, settings: GatewaySettings, store: Store, clock: Callable[[], float]) -> None:
        self._providers = {str(member): each for member, each in settings.oidc_providers.items()}
        self._client_secrets = {
            member: each.client_secret_file.read_text().strip() if each.client_secret_file else ""
            for member, each in self._providers.items()
        }
        self._redirect_uri = settings.console_url.rstrip("/") + CALLBACK
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: dict[str, tuple[float, _Metadata]] = {}
        self._keys: dict[str, tuple[float, KeySet]] = {}
        for each in self._providers.values():
            _check_address("oidc_providers.issuer", each.issuer)

    def names(self) -> dict[str, str]:
        """The members whose people log in at a provider, each with the name of the button."""
        return {member: each.name or member for member, each in sorted(self._providers.items())}

    def begin(self, member: str, link: str = "") -> tuple[str, str]:
        """Where the browser goes, and what it keeps meanwhile; raises NotFound, GatewayRefusal."""
        provider = self._provider(member)
        metadata = self._metadata_of(provider)
        state, nonce, verifier = (secrets.token_urlsafe(_SECRET_BYTES) for _ in range(3))
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        until = int(self._clock()) + LOG_IN_S
        kept = json.dumps([member, link, state, nonce, verifier, until]).encode()
        separator = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        address = f"{metadata.authorization_endpoint}{separator}{urlencode(query)}"
        return address, base64url(self._store.vault.seal(kept, _SEALED_FOR))

    def finish(self, kept: str, code: str, state: str, issuer: str = "") -> Identity:
        """Whom the provider recognised; raises GatewayRefusal where anything does not hold.

        `issuer` is the `iss` beside the code (RFC 9207), empty where the provider sends none.
        """
        member, link, own_state, nonce, verifier, until = self._opened(kept)
        now = int(self._clock())
        if until <= now or not hmac.compare_digest(state.encode(), own_state.encode()):
            raise _refusal("the provider's answer is not to a log-in that this browser began, or came too late")
        if not use_assertion(self._store, sha256(kept.encode()).digest(), until, forget_before=now):
            raise _refusal("this log-in was ended before")
        provider = self._provider(member)
        if issuer and issuer != provider.issuer:
            raise _refusal("another provider answered than the one that was asked")
        token = self._exchange(provider, self._client_secrets[member], code, verifier)
        return Identity(member, provider.issuer, self._subject(provider, token, nonce, now), link)

    def _opened(self, kept: str) -> tuple[str, str, str, str, str, int]:
        try:
            member, link, state, nonce, verifier, until = json.loads(
                self._store.vault.unseal(parse_base64url(kept), _SEALED_FOR)
            )
        except (StoreFault, Malformed, ValueError):
            raise _refusal("this browser began no log-in at a provider") from None
        return str(member), str(link), str(state), str(nonce), str(verifier), int(until)

    def _provider(self, member: str) -> OidcProvider:
        provider = self._providers.get(member)
        if provider is None:
            raise NotFound("provider of member", member)
        return provider

    def _metadata_of(self, provider: OidcProvider) -> _Metadata:
        with self._lock:
            at, known = self._metadata.get(provider.issuer, (0.0, None))
        if known is not None and self._clock() - at < METADATA_AGE_S:
            return known
        document = _ask(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
        # OpenID Connect Discovery 1.0, section 4.3: another issuer's document must not pass for this one's.
        if document.get("issuer") != provider.issuer:
            raise _unusable("its discovery document names another issuer")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        addresses = [str(document.get(name, "")) for name in names]
        for name, address in zip(names, addresses, strict=True):
            _check_address(name, address)
        metadata = _Metadata(*addresses)
        with self._lock:
            self._metadata[provider.issuer] = (self._clock(), metadata)
        return metadata

    def _exchange(self, provider: OidcProvider, client_secret: str, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
            "client_id": provider.client_id,
        }
        basic = httpx.BasicAuth(provider.client_id, client_secret) if client_secret else None
        token = _ask(self._metadata_of(provider).token_endpoint, form, basic).get("id_token")
        if not isinstance(token, str) or len(token) > TOKEN_CHARS_MAX:
            raise _refusal("the provider gave no ID token")
        return token

    def _subject(self, provider: OidcProvider, token: str, nonce: str, now: int) -> str:
        try:
            decoded = self._decoded(provider, token)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": provider.issuer},
                    "aud": {"essential": True, "value": provider.client_id},
                    "nonce": {"essential": True, "value": nonce},
                },
                {"nonce": nonce, "client_id": provider.client_id},
            )
            claims.validate(now=now, leeway=SKEW_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _refusal(f"the provider's ID token does not hold: {type(error).__name__} {error}") from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARS_MAX:
            raise _refusal("the provider's ID token names no subject")
        return subject

    def _decoded(self, provider: OidcProvider, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._keys_of(provider), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have changed its keys.
            return jwt.decode(token, self._keys_of(provider, KEYS_AGE_S), algorithms=ALGORITHMS)

    def _keys_of(self, provider: OidcProvider, age_s: float = METADATA_AGE_S) -> KeySet:
        with self._lock:
            at, known = self._keys.get(provider.issuer, (0.0, None))
        if known is not None and self._clock() - at < age_s:
            return known
        document: Any = _ask(self._metadata_of(provider).jwks_uri)
        keys = KeySet.import_key_set(document)
        with self._lock:
            self._keys[provider.issuer] = (self._clock(), keys)
        return keys


def _ask(address: str, form: Mapping[str, str] | None = None, auth: httpx.BasicAuth | None = None) -> dict[str, Any]:
    """The JSON object that a provider answers; raises GatewayRefusal. No redirect is followed."""
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S) as client,
            client.stream("GET" if form is None else "POST", address, data=form, auth=auth) as answer,
        ):
            content = b""
            for part in answer.iter_bytes():
                content += part
                if len(content) > ANSWER_BYTES_MAX:
                    raise _unusable("its answer is too long")
            if answer.status_code != httpx.codes.OK:
                raise _unusable(f"it answered HTTP {answer.status_code}")
        document = json.loads(content)
    except httpx.HTTPError as error:
        raise _unusable(type(error).__name__) from None
    except ValueError:
        raise _unusable("its answer is no JSON") from None
    if not isinstance(document, dict):
        raise _unusable("its answer is no JSON object")
    return document


def _check_address(name: str, address: str) -> None:
    parts = urlsplit(address)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1")):
        raise Malformed(name, "begins with https://", value=address)


def _unusable(reason: str) -> GatewayRefusal:
    return _refusal(f"your member's provider cannot be used now: {reason}")


def _refusal(reason: str) -> GatewayRefusal:
    return GatewayRefusal("log-in", reason, field="code", fix="Log in again, or ask your administrator for a link")
