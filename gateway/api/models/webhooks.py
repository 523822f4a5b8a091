"""What the routes of webhooks answer, as OpenAPI describes it."""

from __future__ import annotations

from gateway.api.models.ingest import AnswerModel


class WebhookLine(AnswerModel):
    """A member's webhook and how far it has come."""

    id: str
    url: str
    cursor: str
    """Index of the last batch that was taken, or held nothing to tell; -1 before the first."""
    failures: int
    """How many posts failed in a row."""
    next_at: int
    """Not tried before this time, in seconds since 1970 UTC; 0 for at once."""
    last_error: str
    """Why the last post was not taken; empty where it was."""
    failing_since: int
    """When the first of the failures in a row was, in seconds since 1970 UTC; 0 for none."""
    off_at: int
    """When it was switched off because it failed for three days, in seconds since 1970 UTC; 0 while it is on. Replaying
    it from a batch switches it on."""
    types: list[str]
    """Record types that are told; empty for all."""
    rules: list[str]
    """Rules whose findings are told; empty for all."""
    severities: list[str]
    """Severities of which findings are told: `H`, `M`, `I`; empty for all."""


class WebhookList(AnswerModel):
    """A member's own webhooks."""

    webhooks: list[WebhookLine]


class RegisteredWebhook(WebhookLine):
    """A new webhook with its secret."""

    secret: str
    """Under which its posts are signed (Standard Webhooks, `v1`): `whsec_` and 32 bytes in base64. Shown this once."""


class WebhookSecret(AnswerModel):
    """A webhook's new secret."""

    secret: str
    """`whsec_` and 32 bytes in base64. Shown this once."""


class DeliveryLine(AnswerModel):
    """One post to a webhook's receiver."""

    message: str
    """Its `webhook-id`: the same for each try of the same batch."""
    batch: int
    """Index of the batch whose changes it told."""
    changes: int
    """How many it told."""
    at: int
    """When it was made, in seconds since 1970 UTC."""
    took_ms: int
    """Until the whole answer, or until it was given up, in milliseconds."""
    status: int | None
    """HTTP status of the receiver's answer; null where none came."""
    is_delivered: bool
    """Whether it was taken: answered with 2xx in time."""
    reason: str
    """Why it was not taken; empty where it was."""


class DeliveryList(AnswerModel):
    """The newest posts of one webhook, the newest first."""

    deliveries: list[DeliveryLine]
