"""Symmetric signatures of webhooks as Standard Webhooks 1.0 describes them (standardwebhooks.com): `v1`, HMAC-SHA256.

The signed text is `<webhook-id>.<webhook-timestamp>.<body>`; the header `webhook-signature` holds `v1,<base64>` for
each secret in force, separated by spaces. A secret is 24 to 64 bytes, written `whsec_<base64>`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

from chain.errors import Malformed

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
SECRET_PREFIX = "whsec_"  # noqa: S105  how each secret begins
VERSION = "v1"
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
TOLERANCE_S = 300
"""How far the sender's clock and ours may differ; an older post may be one that was recorded and is sent again."""
SIGNATURES_MAX = 16
TIMESTAMP_DIGITS_MAX = 12


class UnverifiedWebhook(Malformed):
    """A post that is not its sender's as it came, or that came too late."""


def format_secret(secret: bytes) -> str:
    """A secret as receivers configure it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def parse_secret(text: str) -> bytes:
    """The secret in its written form; raises UnverifiedWebhook."""
    try:
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX:
        raise UnverifiedWebhook("secret", f"is {SECRET_PREFIX} and base64 of {SECRET_BYTES_MIN} bytes or more")
    return secret


def signature_headers(message_id: str, timestamp_s: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The three headers of a post; `message_id` holds no full stop."""
    signatures = [f"{VERSION},{_signature(message_id, str(timestamp_s), body, secret)}" for secret in secrets]
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp_s),
        SIGNATURE_HEADER: " ".join(signatures),
    }


def verify_webhook(
    headers: Mapping[str, str], body: bytes, secret: str, *, now_s: float, tolerance_s: int = TOLERANCE_S
) -> str:
    """The id of a post that is its sender's and came in time; raises UnverifiedWebhook.

    `headers` are looked up without regard to case, `body` is as it came, byte for byte. The same id may come again:
    take it once.
    """
    by_name = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = by_name.get(ID_HEADER, ""), by_name.get(TIMESTAMP_HEADER, "")
    if not message_id:
        raise UnverifiedWebhook(ID_HEADER, "is missing")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= TIMESTAMP_DIGITS_MAX):
        raise UnverifiedWebhook(TIMESTAMP_HEADER, "is a time in seconds since 1970 UTC", value=timestamp)
    if abs(now_s - int(timestamp)) > tolerance_s:
        raise UnverifiedWebhook(TIMESTAMP_HEADER, f"is within {tolerance_s} s of now", value=timestamp)
    wanted = _signature(message_id, timestamp, body, parse_secret(secret)).encode()
    for part in by_name.get(SIGNATURE_HEADER, "").split(" ")[:SIGNATURES_MAX]:
        version, _, signature = part.partition(",")
        if version == VERSION and hmac.compare_digest(signature.encode(), wanted):
            return message_id
    raise UnverifiedWebhook(SIGNATURE_HEADER, "holds a signature under this secret of exactly these bytes")


def _signature(message_id: str, timestamp: str, body: bytes, secret: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
