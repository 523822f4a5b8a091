"""The gateway's client: all that adapters and the command know of the gateway.

`GatewayClient` waits for each answer; `AsyncGatewayClient` is the same for asyncio; `FailoverClient` goes on with the
next of several gateways. Both sign client assertions and
renew their token by themselves. What the gateway answers becomes a value or an error: `GatewayRefused` where the same
request would be refused again, `GatewayBusy` where it may be tried again later (the chain or store is not available, a
quota, a record to amend that has not come yet), `NotFound` where it knows nothing of that name. A broken connection is
httpx's own error.
"""

from gateway.client.aio import AsyncGatewayClient
from gateway.client.failover import FailoverClient
from gateway.client.models import (
    LATER_SLUGS,
    WAITS_FOR_ANOTHER,
    Change,
    GatewayBusy,
    GatewayRefused,
    OwnRecord,
    Receipt,
    State,
    TokenRefused,
    Verdict,
)
from gateway.client.protocol import (
    ASSERTION_LIFETIME_S,
    ASSERTION_TYP,
    ASSERTION_TYPE,
    NDJSON,
    SD_JWT,
    TIMEOUT_S,
    TOKEN_MARGIN_S,
    UPLOAD_LINES,
)
from gateway.client.sync import GatewayClient

__all__ = [
    "ASSERTION_LIFETIME_S",
    "ASSERTION_TYP",
    "ASSERTION_TYPE",
    "LATER_SLUGS",
    "NDJSON",
    "SD_JWT",
    "TIMEOUT_S",
    "TOKEN_MARGIN_S",
    "UPLOAD_LINES",
    "WAITS_FOR_ANOTHER",
    "AsyncGatewayClient",
    "Change",
    "FailoverClient",
    "GatewayBusy",
    "GatewayClient",
    "GatewayRefused",
    "OwnRecord",
    "Receipt",
    "State",
    "TokenRefused",
    "Verdict",
]
