"""The route that gives bearer tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.access.rate_limits import OpenShare
from gateway.access.tokens import ASSERTION_TYPE, Token, TokenService
from gateway.api.bodies import form_body, request_schema
from gateway.api.media_types import FORM
from gateway.api.models.ingest import TokenAnswer
from gateway.api.operation import FAULTS, SIGNER, describes
from gateway.runtime.refusals import GatewayRefusal
from gateway.services import Services

ASSERTION_CHARS_MAX = 4_096
_ASSERTED = (
    "malformed",
    "bad-assertion",
    "assertion-replayed",
    "bad-signature",
    "wrong-signer",
    "quota",
    *SIGNER,
    *FAULTS,
)


class TokenRequest(BaseModel):
    """The form of a token request (RFC 6749 section 4.4 with RFC 7523); what else it holds is passed over."""

    model_config = ConfigDict(frozen=True)

    grant_type: Annotated[str, Field(max_length=64)]
    client_assertion_type: Annotated[str, Field(max_length=128)]
    client_assertion: Annotated[str, Field(max_length=ASSERTION_CHARS_MAX)]


def session_router(services: Services) -> APIRouter:
    """The route, bound to one gateway."""
    router = APIRouter(prefix="/v1", tags=["ingest"])
    settings = services.settings
    share = OpenShare(settings.open_requests_per_address_per_s, settings.open_requests_per_s, services.clock)

    @router.post("/token", response_model=TokenAnswer, openapi_extra=request_schema(TokenRequest, FORM))
    @describes(*_ASSERTED, is_open=True)
    def request_token(
        request: Request,
        response: Response,
        wanted: TokenRequest = form_body(TokenRequest),  # noqa: B008
    ) -> TokenAnswer:
        """A bearer token for a client assertion signed with a registered key (RFC 7523 section 2.2)."""
        try:
            token = _exchange(services.tokens, wanted)
        except GatewayRefusal:
            # Failures alone use the share up: else strangers behind a proxy's address would keep its members out.
            share.take(request.client.host if request.client is not None else "")
            raise
        response.headers["Cache-Control"] = "no-store"
        return TokenAnswer(access_token=token.text, expires_in=token.lifetime_s)

    return router


def _exchange(tokens: TokenService, wanted: TokenRequest) -> Token:
    if wanted.grant_type != "client_credentials":
        raise GatewayRefusal("bad-assertion", "grant_type is client_credentials", field="grant_type")
    if wanted.client_assertion_type != ASSERTION_TYPE:
        raise GatewayRefusal(
            "bad-assertion", f"client_assertion_type is {ASSERTION_TYPE}", field="client_assertion_type"
        )
    return tokens.exchange(wanted.client_assertion)
