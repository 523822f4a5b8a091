"""What the routes of people take and answer. Times are Unix seconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.api.models.ingest import AnswerModel

SECRET = Field(min_length=1, max_length=64)


class LinkSecret(BaseModel):
    """The secret of a one-time link."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    link: Annotated[str, SECRET]


class Enrolment(BaseModel):
    """A passkey that was just made, with the link that allowed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    link: Annotated[str, SECRET]
    credential: dict[str, Any]
    """`RegistrationResponseJSON` of WebAuthn Level 3."""


class LogIn(BaseModel):
    """A passkey's answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    credential: dict[str, Any]
    """`AuthenticationResponseJSON` of WebAuthn Level 3."""


class ProviderWish(BaseModel):
    """At whose provider somebody wants to log in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    member: Annotated[str, Field(max_length=18)]
    """USCC."""
    link: Annotated[str, Field(max_length=64)] = ""
    """Secret of a one-time link, for whom the provider is to become known; empty: known already."""


class ProviderReturn(BaseModel):
    """With what a provider sent a browser back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=4_096)]
    state: Annotated[str, Field(min_length=1, max_length=128)]
    iss: Annotated[str, Field(max_length=1_024)] = ""
    """Its issuer (RFC 9207), where it says so."""


class ProviderAddress(AnswerModel):
    """Where the browser goes to log in."""

    address: str


class NewOperator(BaseModel):
    """Whom a member invites."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(max_length=256)]
    """For the member alone."""
    rights: Annotated[list[str], Field(max_length=16)]
    """Of `read`, `submit`, `dispose`, `operate`, `administer`."""


class PasskeyOptions(AnswerModel):
    """What the browser's passkey is asked for, as WebAuthn Level 3 writes it."""

    public_key: dict[str, Any]
    name: str = ""
    """Of the operator whom the link invites."""
    member: str = ""
    """USCC of its member."""


class LogInWays(AnswerModel):
    """What the log-in page offers."""

    passkey: bool
    link: bool
    """Whether a one-time link logs in by itself: demonstrations only."""
    providers: dict[str, str]
    """Members whose people log in at the member's own identity provider, by USCC: what the provider is called."""
    rp_id: str
    """The host that passkeys are bound to."""
    public_key: dict[str, Any]
    """What a passkey is asked for, good once."""


class SessionAnswer(AnswerModel):
    """Who is logged in."""

    session: str
    member: str
    """USCC."""
    roles: list[str]
    kind: str
    operator: str
    name: str
    pseudonym: str
    """What others read in the log of reads."""
    rights: list[str]
    offices: list[str]
    """Customs offices that the registry gives to the member, 4 digits each."""
    can_dispose: bool
    """Whether this gateway signs its decisions about findings."""
    has_sandbox: bool
    """Whether this is a demonstration whose stories a visitor may have told."""
    has_preview: bool
    """Whether native files can be looked at here before they are signed."""
    may_read_statistics: bool
    """Whether the view policy shows the statistics to one of the member's roles."""
    lapses_at: int
    idle_s: int
    """Seconds without a request after which it lapses before."""
    now: int


class SessionLine(AnswerModel):
    """One browser that is logged in."""

    session: str
    created_at: int
    seen_at: int
    browser: str
    is_this: bool


class SessionList(AnswerModel):
    """An operator's browsers, the one seen last first."""

    sessions: list[SessionLine]


class OperatorLine(AnswerModel):
    """One of the member's people."""

    operator: str
    name: str
    pseudonym: str
    rights: list[str]
    created_at: int
    ended_at: int
    """0 while it may log in."""
    sessions: list[SessionLine]


class OperatorList(AnswerModel):
    """The member's people, in the order in which they were invited."""

    operators: list[OperatorLine]


class InvitationAnswer(AnswerModel):
    """A one-time link, shown once."""

    operator: str
    pseudonym: str
    link: str
    """To be opened by the person alone; its secret stands behind `#`, which browsers send to nobody."""
    until: int
