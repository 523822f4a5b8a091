"""Passkeys (WebAuthn Level 3): made with a one-time link, asked for at each log-in. The user must prove to be the one.

The relying party is the host of the console's address, so a passkey answers to no other site. Attestation is not asked
for: which authenticators its people use is the member's matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.people.challenges import Challenges
from gateway.people.operators import digest_of, refused_link
from gateway.runtime.refusals import GatewayRefusal
from gateway.store import people as rows
from gateway.store.people import Operator, Passkey
from gateway.store.store import Store

RP_NAME = "Tongguan 通关"
LOG_IN = "log-in"
Options = dict[str, Any]
"""What the browser is asked for, as `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` read it."""


@dataclass(frozen=True)
class PasskeyService:
    """Enrols and recognises operators; shared between threads."""

    store: Store
    challenges: Challenges
    console_url: str
    clock: Callable[[], float]

    @property
    def origin(self) -> str:
        """Scheme, host and port of the console."""
        parts = urlsplit(self.console_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        """The relying party's id."""
        return urlsplit(self.console_url).hostname or ""

    def creation_options(self, operator: Operator, link_secret: str) -> Options:
        """What a browser needs to make a passkey for the operator whom the link invites."""
        options = generate_registration_options(
            rp_id=self.host,
            rp_name=RP_NAME,
            user_id=operator.id.encode(),
            user_name=f"{operator.name} · {operator.member}",
            user_display_name=operator.name,
            challenge=self.challenges.make(_enrolment(link_secret)),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
        )
        return _as_json(options_to_json(options))

    def enrol(self, operator: Operator, link_secret: str, credential: Options) -> None:
        """Keeps the operator's new passkey and uses the link up, both or neither; raises GatewayRefusal."""
        challenge = _challenge_in(credential)
        self.challenges.use(_enrolment(link_secret), challenge)
        try:
            verified = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise _refusal(f"the passkey was not made for this page: {error}") from None
        now = int(self.clock())
        passkey = Passkey(
            verified.credential_id, operator.id, verified.credential_public_key, verified.sign_count, created_at=now
        )
        with self.store.writing() as connection:
            if not rows.use_invitation(connection, digest_of(link_secret), now):
                raise refused_link()
            if not rows.insert_passkey(connection, passkey):
                raise _refusal("this passkey is known already")

    def request_options(self) -> Options:
        """What a browser needs to ask for any passkey of this console."""
        options = generate_authentication_options(
            rp_id=self.host,
            challenge=self.challenges.make(LOG_IN),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _as_json(options_to_json(options))

    def recognise(self, credential: Options) -> Operator:
        """The operator whose passkey signed; raises GatewayRefusal."""
        challenge = _challenge_in(credential)
        self.challenges.use(LOG_IN, challenge)
        with self.store.reading() as connection:
            passkey = rows.find_passkey(connection, _credential_id(credential))
            operator = rows.find_operator(connection, passkey.operator) if passkey else None
        if passkey is None or operator is None or operator.ended_at:
            raise _refusal("this passkey is not known here")
        try:
            verified = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise _refusal(f"the passkey's answer does not hold: {error}") from None
        with self.store.writing() as connection:
            rows.note_sign_count(connection, passkey.credential_id, verified.new_sign_count)
        return operator


def _enrolment(link_secret: str) -> str:
    return "enrolment " + digest_of(link_secret).hex()


def _challenge_in(credential: Options) -> bytes:
    """The challenge that the browser says it answered; whether it is ours is asked next."""
    try:
        client_data = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        return base64url_to_bytes(client_data["challenge"])
    except (KeyError, TypeError, ValueError):
        raise _refusal("this is no answer of a passkey") from None


def _credential_id(credential: Options) -> bytes:
    try:
        return base64url_to_bytes(credential["rawId"])
    except (KeyError, TypeError, ValueError):
        raise _refusal("this is no answer of a passkey") from None


def _as_json(text: str) -> Options:
    options: Options = json.loads(text)
    return options


def _refusal(reason: str) -> GatewayRefusal:
    return GatewayRefusal(
        "log-in", reason, field="credential", fix="Log in again, or ask your administrator for a link"
    )
