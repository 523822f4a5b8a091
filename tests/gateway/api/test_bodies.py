"""Bodies are bounded, strict and of the type that their route names."""

from __future__ import annotations

import asyncio
from typing import Annotated

import pytest
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from chain.byte_shares import ByteShares
from chain.errors import Malformed
from gateway.api.bodies import (
    BODY_BYTES_MAX,
    FORM_FIELDS_MAX,
    JSON,
    OPEN_BODY_BYTES_MAX,
    parse_form,
    parse_model,
    read_body,
    request_schema,
)
from gateway.runtime.refusals import GatewayRefusal
from tests.doubling import assert_doubling


class Wanted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(max_length=20)]
    after: str = ""


class Sent:
    """A request whose body comes in parts; `taken` counts what was read of it."""

    def __init__(self, parts: list[bytes], **headers: str) -> None:
        self.taken = 0
        self._parts = parts
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        self.request = Request({"type": "http", "method": "POST", "headers": named}, self._receive)

    async def _receive(self) -> dict[str, object]:
        self.taken += 1
        part = self._parts[self.taken - 1] if self.taken <= len(self._parts) else b""
        return {"type": "http.request", "body": part, "more_body": self.taken < len(self._parts)}


def _read(sent: Sent, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    return asyncio.run(read_body(sent.request, bytes_max, (JSON,)))


def test_a_body_that_would_pass_its_members_share_is_refused_and_others_are_read() -> None:
    shares = ByteShares(per_client_max=100_000, total_max=150_000)

    async def read(member: str, size: int) -> int:
        with shares.holding(member, BODY_BYTES_MAX) as holding:
            return len(await read_body(Sent([b"a" * 1_000] * (size // 1_000)).request, 2_000_000, holding=holding))

    with shares.holding("carrier") as elsewhere:
        assert elsewhere.grow(90_000)
        with pytest.raises(GatewayRefusal, match="may hold 32 MB of bodies at once"):
            asyncio.run(read("carrier", 80_000))
        assert asyncio.run(read("carrier", 60_000)) == 60_000  # a small one is read whatever else is held
        assert asyncio.run(read("broker", 120_000)) == 120_000
    assert shares.total == 0


def test_a_body_is_read_up_to_its_bound_and_no_further() -> None:
    whole = Sent([b"a" * 1_000] * 64, content_type=JSON)
    assert len(_read(whole)) == 64_000
    endless = Sent([b"a" * 1_000] * 10_000, content_type=JSON)
    with pytest.raises(GatewayRefusal, match="more than 65536 bytes"):
        _read(endless)
    assert endless.taken == 66


def test_a_length_that_is_too_large_is_refused_before_anything_is_read() -> None:
    for length in (str(BODY_BYTES_MAX + 1), "9" * 300):
        sent = Sent([b"a"], content_type=JSON, content_length=length)
        with pytest.raises(GatewayRefusal, match="more than"):
            _read(sent)
        assert sent.taken == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": ""},
        {"content_type": JSON, "content_encoding": "gzip"},
    ],
)
def test_another_type_or_a_compressed_body_is_refused_unread(headers: dict[str, str]) -> None:
    sent = Sent([b"{}"], **headers)
    with pytest.raises(GatewayRefusal) as refused:
        _read(sent)
    assert refused.value.kind.status == 415
    assert sent.taken == 0


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"[" * 60_000, "nested deeper"),
        (b'{"url": "a", "url": "b"}', "stands twice"),
        (b'{"url": "a", "more": 1}', "more"),
        (b'{"url": "' + b"a" * 21 + b'"}', "url"),
        (b'{"url": 1.5}', "no integer"),
        (b"\xff", "UTF-8"),
        (b"[]", "object"),
        (b"", "JSON"),
    ],
)
def test_a_json_body_is_strict_and_the_fault_is_named(body: bytes, named: str) -> None:
    with pytest.raises(Malformed, match=named):
        parse_model(Wanted, body)
    assert parse_model(Wanted, b'{"url": "a"}') == Wanted(url="a")


@pytest.mark.parametrize(
    "body",
    [b"&".join(b"f%d=1" % n for n in range(FORM_FIELDS_MAX + 1)), b"url=a&url=b", b"\xff=1", b"url", b"url=a&more=1"],
)
def test_a_form_is_bounded_and_names_each_field_once(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_form(Wanted, body)
    assert parse_form(Wanted, b"url=a%20b&after=1") == Wanted(url="a b", after="1")


def test_bodies_are_parsed_in_linear_time() -> None:
    assert_doubling(lambda count: b"[" * count, lambda body: parse_model(Wanted, body), OPEN_BODY_BYTES_MAX)
    assert_doubling(lambda count: b"a=1&" * count, lambda body: parse_form(Wanted, body), 2_000)


def test_the_schema_beside_a_route_says_what_the_reader_takes() -> None:
    schema = request_schema(Wanted)["requestBody"]["content"][JSON]["schema"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["url"]
    assert schema["properties"]["url"]["maxLength"] == 20
