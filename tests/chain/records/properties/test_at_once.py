"""What is read at once is what is read step by step: one verdict, one record, whatever a text says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.encoding import base64url, parse_base64url, parse_json
from chain.errors import Malformed
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.records import RECORD_TYPES, Record, parse_record, sign_record
from chain.records.fastpath import reader
from chain.records.fastpath.grammar import STRING_BYTES_MAX
from chain.records.fastpath.reader import parse_signed
from chain.sdjwt import RECORD_TYP, SignedRecord
from tests.chain.records.properties.test_round_trip import CONSORTIUM, ISSUER
from tests.record_numbers import jti_of
from tests.strategies import records

KEY = SigningKey.generate()


@pytest.fixture(scope="module", autouse=True)
def every_form_learned() -> Iterator[None]:
    """Each element of a form that is not known has it learned, and each record its forms joined."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "LEARNED_EVERY", 1)
        patch.setattr(reader, "WHOLE_AFTER", 1)
        yield


ODD_TEXTS = (
    *(
        "",
        "\\u0041",
        '\\"',
        "\\\\",
        "\u202e",
        "\u0085",
        "\ufeff",
        "é",
        "中文（）",
        "{",
        "{,",
        "}",
        "[",
        ",",
        "a{",
        "\x7f",
    ),
    *("2026-02-29", "2024-02-29", "2026-04-31", "2026-13-01", "2026-01-05T24:00:00Z", "2026-01-05T23:59:60Z"),
    *("0.00", "-0.00", "1.0", "01.00", "00.00000", "1.00000", "1e3", "NaN", "999", "AA", "cn-customs:999", 'x:"'),
    *("a" * STRING_BYTES_MAX, "a" * (STRING_BYTES_MAX + 1), "中" * 86, "中" * 257, "a" * 65, "a" * 4_000, "a" * 4_001),
    *("91110000600037341L", "91110000600037341M", "6CN91110000600037341L-1", "9321483", "9321484", "..."),
)
ODD_VALUES = (
    *("null", "true", "false", "0", "1", "-1", "999", "1000", "1.0", "1e3", "[]", "{}", '[""]', '{"...":"x"}'),
    *('{"_sd":[]}', '"', "", ",", '{,"a":1}', '{"a":1,}', '"a""b"', '{"value":"1.00","currency":"CNY"}'),
    *('{"currency":"CNY","value":"1.00"}', '{"mark":"rate"}', '{"mark":"rate","rate":"0.130000"}'),
)


def signed_again(signed: SignedRecord, texts: list[bytes]) -> bytes:
    """A rightly signed record of the same claims whose disclosures are these texts."""
    parts = [base64url(text) for text in texts]
    claims = json.loads(parse_base64url(signed.jwt.split(".")[1]))
    digests = iter(parts)
    for name in signed.sections:
        claims[name] = [{"...": base64url(sha256(next(digests).encode()).digest())} for _ in claims[name]]
    return "~".join([sign_compact({"typ": RECORD_TYP}, claims, KEY), *parts, ""]).encode()


def texts_of(signed: SignedRecord) -> list[bytes]:
    """The JSON text of each disclosure."""
    return [parse_base64url(one.encoded) for one in signed.disclosures]


@st.composite
def changed(draw: st.DrawFn, text: bytes) -> bytes:
    """A disclosure's text with one or two things about it odd."""
    said = text.decode()
    for _ in range(draw(st.integers(1, 2))):
        ends = [place for place, mark in enumerate(said) if mark == '"']
        first = draw(st.integers(0, len(ends) // 2 - 1)) * 2 if len(ends) > 1 else 0
        begin, end = (ends[first], ends[first + 1]) if len(ends) > 1 else (0, len(said))
        match draw(st.sampled_from(["text", "value", "cut", "double", "swap", "put"])):
            case "text":
                said = said[: begin + 1] + draw(st.sampled_from(ODD_TEXTS)) + said[end:]
            case "value":
                said = said[:begin] + draw(st.sampled_from(ODD_VALUES)) + said[end + 1 :]
            case "cut":
                other = draw(st.integers(begin, len(said)))
                said = said[:begin] + said[other:]
            case "double":
                comma = said.find(",", end)
                said = said[:comma] + said[begin - 1 : comma] + said[comma:] if comma > 0 else said
            case "swap":
                said = json.dumps(reordered(json.loads(said)), ensure_ascii=False) if is_json(said) else said
            case _:
                at = draw(st.integers(0, len(said)))
                said = said[:at] + draw(st.sampled_from([",", " ", "\n", "{,", '"', "\\", "}", "1", "{"])) + said[at:]
    return said.encode()


def is_json(text: str) -> bool:
    """Whether the text is JSON at all."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def reordered(value: Any) -> Any:
    """The value with the members of every object the other way round."""
    if isinstance(value, dict):
        return {name: reordered(one) for name, one in reversed(value.items())}
    return [reordered(one) for one in value] if isinstance(value, list) else value


def step_by_step(body: bytes) -> SignedRecord:
    """The reference: nothing together, nothing proved beforehand."""
    return SignedRecord.parse(body, read_texts=lambda texts: None)


def verdict(read: Callable[[bytes], SignedRecord], body: bytes) -> tuple[Any, ...] | None:
    """All that a reader makes of a body; None where it refuses it."""
    try:
        signed = read(body)
        record = parse_record(signed)
    except Malformed:
        return None
    sections = {name: getattr(record, name) for name in type(record).model_fields}
    return signed, signed.disclosures, signed.disclosed(), signed.ucr_elements(), sections, record


@pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=RECORD_TYPES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_record_read_at_once_is_the_one_read_step_by_step(record_type: type[Record], data: st.DataObject) -> None:
    record = data.draw(records(record_type))
    body = sign_record(record, key=KEY, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a")).serialize().encode()
    for _ in ("by the grammar", "by the forms that were learned", "by all of them together"):
        assert verdict(parse_signed, body) == verdict(step_by_step, body)
    assert parse_record(parse_signed(body)) == record


@pytest.mark.parametrize("record_type", RECORD_TYPES.values(), ids=RECORD_TYPES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_record_is_taken_or_refused_alike(record_type: type[Record], data: st.DataObject) -> None:
    record = data.draw(records(record_type))
    signed = sign_record(record, key=KEY, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a"))
    parse_signed(signed.serialize().encode())  # its forms are learned, which most changes leave as they are
    texts = texts_of(signed)
    place = data.draw(st.integers(0, len(texts) - 1))
    texts[place] = data.draw(changed(texts[place]))
    body = signed_again(signed, texts)
    assert verdict(parse_signed, body) == verdict(step_by_step, body)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_changed_body_or_payload_is_taken_or_refused_alike(data: st.DataObject) -> None:
    record = data.draw(records(RECORD_TYPES["trade.order"]))
    signed = sign_record(record, key=KEY, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a"))
    body = signed.serialize().encode()
    if data.draw(st.booleans()):
        payload = data.draw(changed(parse_base64url(signed.jwt.split(".")[1])))
        header, _, signature = signed.jwt.split(".")
        body = body.replace(signed.jwt.encode(), f"{header}.{base64url(payload)}.{signature}".encode())
    else:
        at = data.draw(st.integers(0, len(body)))
        odd = data.draw(st.sampled_from([b"=", b"+", b"/", b'"', b'","', b"\\u0041", b"~", b".", b"A", b"\xff", b"\n"]))
        body = body[:at] + odd + body[at + data.draw(st.integers(0, 2)) :]
    assert verdict(parse_signed, body) == verdict(step_by_step, body)


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=80), at=st.integers(0, 200), odd=st.sampled_from("ABP_-9/+="))
def test_the_decoder_takes_only_canonical_base64url(raw: bytes, at: int, odd: str) -> None:
    from chain.records.fastpath.reader import _decode

    text = base64url(raw)
    text = text[: at % (len(text) + 1)] + odd + text[at % (len(text) + 1) + 1 :]
    try:
        expected: bytes | None = parse_base64url(text)
    except ValueError:
        expected = None
    try:
        (found,) = _decode(f'["{text}"]'.encode()) if not set("=+/") & set(text) else (None,)
    except ValueError:
        found = None
    assert found == expected


def test_a_record_of_our_own_making_is_read_at_once() -> None:
    # Else every record would be read step by step, rightly, and nobody would see that it takes five times as long.
    order = {"number": "TG1", "placed": {"utc": "2026-01-05T01:00:00Z", "said": "20260105090000"}}
    record = RECORD_TYPES["trade.order"].from_sections(
        {"ucr": ["6CN91110000600037341L-1"], "order": [parse_order(order)]}
    )
    signed = sign_record(record, key=KEY, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a"))
    assert parse_signed(signed.serialize().encode()).fits_model
    assert not SignedRecord.parse(signed.serialize()).fits_model


def parse_order(order: dict[str, Any]) -> Any:
    """As JSON."""
    return parse_json(json.dumps(order))
