"""The one reader of request bodies: bounded, by route and media type, and only once it is known who asks.

The framework parses no body: it would do so before a route's first line, whoever asks, and its parsers know no bound.
A route names its form here (`json_body`, `form_body`) behind the dependency that says who asks; what is read before
that stands in `OPEN_ROUTES`, by name. A test holds the application's routes against this file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from chain.byte_shares import ByteShares, Holding
from chain.encoding import parse_json_object
from chain.errors import Malformed
from gateway.api.media_types import FORM, JSON
from gateway.runtime.refusals import GatewayRefusal

BODY_BYTES_MAX = 64 * 1024
"""Of a body that is read after authentication, unless its route says otherwise."""
OPEN_BODY_BYTES_MAX = 8 * 1024
"""Of a body that is read before it is known who asks."""
FILE_BYTES_MAX = 1 << 30
"""Of a file that is hashed as it arrives and never kept."""
FORM_FIELDS_MAX = 16
HELD_BYTES_PER_MEMBER_MAX = 32 << 20
"""Of one member's records that are being read or examined one by one, beyond the first `BODY_BYTES_MAX` of each."""
HELD_BYTES_ALL_MAX = 128 << 20
"""The same of all members."""
OPEN_ROUTES: dict[str, int] = {
    "POST /v1/token": OPEN_BODY_BYTES_MAX,
    "POST /v1/log-in": OPEN_BODY_BYTES_MAX,
    "POST /v1/log-in/link": OPEN_BODY_BYTES_MAX,
    "POST /v1/log-in/provider/start": OPEN_BODY_BYTES_MAX,
    "POST /v1/log-in/provider": OPEN_BODY_BYTES_MAX,
    "POST /v1/enrolment": OPEN_BODY_BYTES_MAX,
    "POST /v1/enrolment/options": OPEN_BODY_BYTES_MAX,
}
"""All routes whose body is read before it is known who asks, and how much of it."""

Model = TypeVar("Model", bound=BaseModel)


def shares_of_bodies() -> ByteShares:
    """What members' large bodies may hold at once."""
    return ByteShares(HELD_BYTES_PER_MEMBER_MAX, HELD_BYTES_ALL_MAX)


async def read_body(
    request: Request, bytes_max: int, media_types: Sequence[str] = (), holding: Holding | None = None
) -> bytes:
    """The whole body; raises GatewayRefusal: 413 as soon as it is too large, 415 for another type or a compressed one.

    Without `media_types` any is taken. With `holding` its bytes are counted there; 429 where its share is used up.
    """
    require_plain(request)
    media_type = media_type_of(request)
    if media_types and media_type not in media_types:
        raise GatewayRefusal("media-type", f"the body is {' or '.join(media_types)}", field="content-type")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:19]) > bytes_max:
        raise _too_large(bytes_max)
    parts = []
    async for part in read_parts(request, bytes_max):
        if holding is not None and not holding.grow(len(part)):
            reason = f"a member may hold {HELD_BYTES_PER_MEMBER_MAX >> 20} MB of bodies at once"
            raise GatewayRefusal("quota", reason, retry_after_s=1)
        parts.append(part)
    return b"".join(parts)


async def read_parts(request: Request, bytes_max: int) -> AsyncIterator[bytes]:
    """The body as it arrives; raises GatewayRefusal as soon as it is too large."""
    total = 0
    async for part in request.stream():
        total += len(part)
        if total > bytes_max:
            raise _too_large(bytes_max)
        yield part


def media_type_of(request: Request) -> str:
    """The body's media type without parameters, in lower case; empty where none is named."""
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


def require_plain(request: Request) -> None:
    """Raises GatewayRefusal for a compressed body: its size would not tell what it becomes."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise GatewayRefusal("media-type", "a compressed body is not taken", field="content-encoding")


def json_body(model: type[Model], asker: Callable[..., Any], bytes_max: int = BODY_BYTES_MAX) -> Any:
    """A dependency that reads a JSON object as `model`, after `asker` has said who asks."""

    asked = Depends(asker)

    async def read(request: Request, reader: Any = asked) -> Model:
        return parse_model(model, await read_body(request, bytes_max, (JSON,)))

    return Depends(read)


def form_body(model: type[Model], bytes_max: int = OPEN_BODY_BYTES_MAX) -> Any:
    """A dependency that reads a form as `model`; only for a route that `OPEN_ROUTES` names."""

    async def read(request: Request) -> Model:
        return parse_form(model, await read_body(request, bytes_max, (FORM,)))

    return Depends(read)


def open_json_body(model: type[Model], bytes_max: int = OPEN_BODY_BYTES_MAX) -> Any:
    """A dependency that reads a JSON object as `model`; only for a route that `OPEN_ROUTES` names."""

    async def read(request: Request) -> Model:
        return parse_model(model, await read_body(request, bytes_max, (JSON,)))

    return Depends(read)


def parse_model(model: type[Model], body: bytes) -> Model:
    """The model in strict JSON; raises Malformed naming the member and the rule."""
    try:
        members = parse_json_object(body)
    except ValueError as error:
        raise Malformed("body", f"is one strict JSON object: {error}") from None
    return _model(model, members)


def parse_form(model: type[Model], body: bytes) -> Model:
    """The model in a URL-encoded form, each field once; raises Malformed naming the field and the rule."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=FORM_FIELDS_MAX
        )
    except ValueError:
        raise Malformed("body", f"is a URL-encoded form of at most {FORM_FIELDS_MAX} fields") from None
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("body", "names each field once")
    return _model(model, members)


def request_schema(model: type[BaseModel], media_type: str = JSON) -> dict[str, Any]:
    """What a route says of its body in OpenAPI (`openapi_extra`): the schema that the reader tests against."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": model.model_json_schema()}}}}


def _model(model: type[Model], members: dict[str, Any]) -> Model:
    try:
        return model.model_validate(members)
    except ValidationError as error:
        first = error.errors()[0]
        raise Malformed(".".join(map(str, first["loc"])) or "body", str(first["msg"])) from None


def _too_large(bytes_max: int) -> GatewayRefusal:
    return GatewayRefusal("too-large", f"the body has more than {bytes_max} bytes")
