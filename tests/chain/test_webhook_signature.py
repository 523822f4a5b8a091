"""Signatures of webhooks, held against Standard Webhooks' own published example and against each single fault."""

from __future__ import annotations

import pytest

from chain.webhook_signature import UnverifiedWebhook, format_secret, parse_secret, signature_headers, verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""With the message below and its signature: the example of the specification and of its libraries."""
MESSAGE, TIME_S, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": MESSAGE, "webhook-timestamp": str(TIME_S), "webhook-signature": SIGNATURE}


def test_the_published_example_is_made_and_verified() -> None:
    assert signature_headers(MESSAGE, TIME_S, BODY, [parse_secret(SECRET)]) == HEADERS
    assert verify_webhook(HEADERS, BODY, SECRET, now_s=TIME_S) == MESSAGE
    assert format_secret(parse_secret(SECRET)) == SECRET


def test_one_of_several_signatures_is_enough_and_headers_have_no_case() -> None:
    headers = {name.upper(): value for name, value in HEADERS.items()}
    headers["WEBHOOK-SIGNATURE"] = f"v1a,AAAA v1,AAAA {SIGNATURE}"
    assert verify_webhook(headers, BODY, SECRET, now_s=TIME_S + 299) == MESSAGE


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"webhook-id": ""}, "webhook-id"),
        ({"webhook-id": "msg_other"}, "webhook-signature"),
        ({"webhook-timestamp": ""}, "webhook-timestamp"),
        ({"webhook-timestamp": "soon"}, "webhook-timestamp"),
        ({"webhook-timestamp": "９" * 4}, "webhook-timestamp"),
        ({"webhook-timestamp": "9" * 5000}, "webhook-timestamp"),
        ({"webhook-timestamp": str(TIME_S + 1)}, "webhook-signature"),
        ({"webhook-timestamp": str(TIME_S - 301)}, "webhook-timestamp"),
        ({"webhook-signature": ""}, "webhook-signature"),
        ({"webhook-signature": SIGNATURE.replace("v1", "v2")}, "webhook-signature"),
        ({"webhook-signature": SIGNATURE[:-4]}, "webhook-signature"),
        ({"webhook-signature": "v1,\N{EURO SIGN}"}, "webhook-signature"),
        ({"webhook-signature": "v1,x " * 100 + SIGNATURE}, "webhook-signature"),
    ],
)
def test_a_changed_header_is_refused_by_name(changed: dict[str, str], field: str) -> None:
    with pytest.raises(UnverifiedWebhook) as refused:
        verify_webhook(HEADERS | changed, BODY, SECRET, now_s=TIME_S)
    assert refused.value.field == field


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_\N{EURO SIGN}", "whsec_" + "A" * 400])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(UnverifiedWebhook, match="secret"):
        verify_webhook(HEADERS, BODY, secret, now_s=TIME_S)
