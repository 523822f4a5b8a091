"""The readers of records and JWS end with a value or with one `Malformed`, quickly, whatever a stranger sends.

Inputs are valid texts with parts cut, doubled, swapped and replaced, so that they reach behind the first check.
`python -m tests.fuzzing sd-jwt --seconds 600` is the longer run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.encoding import base64url, parse_base64url, parse_json
from chain.errors import Malformed
from chain.jws import CompactJws, sign_compact
from chain.keys import PublicKey, SigningKey
from chain.records import parse_record, sign_record
from chain.records.fastpath import parse_signed
from chain.sdjwt import RECORD_TYP, SignedRecord
from tests.chain.records.properties.test_round_trip import CONSORTIUM, ISSUER, SMALL
from tests.record_numbers import jti_of

KEY = SigningKey.generate()
SIGNED = sign_record(SMALL, key=KEY, iss=ISSUER, consortium=CONSORTIUM, iat=1, jti=jti_of("a"))
TEXT = SIGNED.serialize()
PAYLOAD = json.loads(parse_base64url(SIGNED.jwt.split(".")[1]))
SECONDS_MAX = 1.0
"""No single text may take longer; a good one takes a fifth of a millisecond."""

ODD_JSON = st.sampled_from(
    [
        *('{"a":1,"a":2}', "[" * 500, '{"a":' * 500, "1e999", "-0", "NaN", '"\\ud800"', '"\\u0000"', "9" * 999),
        *("null", "true", "[]", "{}", '""', '"\u202e"', "[[]]", '{"...":"x"}', '{"_sd":[]}', "\ufeff1"),
    ]
)
JUNK = st.text(max_size=20) | st.sampled_from(["~", ".", "~~", "=", "A" * 1000, "\x00", "é", "_sd", "..."])


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A valid record with one to four spots cut, doubled, moved or replaced."""
    text = TEXT
    for _ in range(draw(st.integers(1, 4))):
        first, last = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        middle = draw(st.sampled_from(["", text[first:last] * 2, text[first:last][::-1]]) | JUNK)
        text = text[:first] + middle + text[last:]
    return text


@st.composite
def resigned(draw: st.DrawFn) -> str:
    """A rightly signed record of which one claim or one disclosure is odd."""
    parts = [d.encoded for d in SIGNED.disclosures]
    claims = dict(PAYLOAD)
    name = draw(st.sampled_from([*claims, "exp", "_sd", "...", "parties"]))
    odd = draw(ODD_JSON)
    if draw(st.booleans()):
        parts.append(base64url(f'["{"A" * 22}",{odd}]'.encode("utf-8", "surrogatepass")))
    else:
        try:
            claims[name] = parse_json(odd)
        except ValueError:
            claims[name] = odd
    jwt = sign_compact({"typ": RECORD_TYP}, claims, KEY)
    return "~".join([jwt, *parts, ""])


@st.composite
def cut_elsewhere(draw: st.DrawFn) -> str:
    """A rightly signed record whose disclosures, joined by commas, are good texts cut and glued at other places."""
    texts = [parse_base64url(d.encoded) for d in SIGNED.disclosures]
    glued = b",".join(texts)
    odd = st.sampled_from([b"", b",", b" ", b"[", b"]", b"}", b'"', b"1", b"[],[]", b"\xff", b"\\u005f", b"1.0", b"-0"])
    ends = sorted(draw(st.lists(st.integers(0, len(glued)), min_size=len(texts) - 1, max_size=len(texts) - 1)))
    if draw(st.booleans()):  # at the commas, but for a few characters
        whole = [sum(len(text) + 1 for text in texts[: place + 1]) - 1 for place in range(len(texts) - 1)]
        ends = [end + draw(st.integers(-2, 2)) for end in whole]
    pieces = [glued[start:end] for start, end in zip([0, *ends], [*ends, len(glued)], strict=True)]
    place = draw(st.integers(0, len(pieces) - 1))
    pieces[place] = pieces[place].removeprefix(b",") + draw(odd)
    parts = list(dict.fromkeys(map(base64url, pieces)))
    claims = {name: said for name, said in PAYLOAD.items() if not isinstance(said, list)}
    digests = iter([{"...": base64url(sha256(part.encode()).digest())} for part in parts])
    claims |= {name: [one] for name, one in zip(SIGNED.sections, digests, strict=False)}
    return "~".join([sign_compact({"typ": RECORD_TYP}, claims, KEY), *parts[: len(SIGNED.sections)], ""])


def _said(read: Callable[[str], SignedRecord], text: str) -> tuple[SignedRecord, object] | None:
    try:
        signed = read(text)
        return signed, parse_record(signed)
    except Malformed:
        return None


def _one_by_one(text: str) -> SignedRecord:
    """Reads as if nothing could be read together: the reference for both faster ways."""
    return SignedRecord.parse(text, read_texts=lambda texts: None)


def _ends_well(read: Callable[[str], object], text: str) -> None:
    started = time.process_time()
    try:
        read(text)
    except Malformed as refused:
        assert len(str(refused)) < 4_000
    assert time.process_time() - started < SECONDS_MAX


READERS: dict[str, Callable[[str], object]] = {
    "strict": SignedRecord.parse,
    "quick": lambda text: parse_record(parse_signed(text)),
    "model": lambda text: parse_record(SignedRecord.parse(text)),
    "jws": CompactJws.parse,
}


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=spoiled() | resigned() | st.text(max_size=200))
def test_a_spoiled_record_ends_as_a_value_or_as_malformed(reader: str, text: str) -> None:
    _ends_well(READERS[reader], text)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=spoiled() | resigned() | cut_elsewhere() | st.just(TEXT))
def test_all_ways_of_reading_take_and_refuse_the_same(text: str) -> None:
    reference = _said(_one_by_one, text)
    assert _said(SignedRecord.parse, text) == reference
    assert _said(parse_signed, text) == reference


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=resigned() | cut_elsewhere())
def test_what_is_read_together_is_no_more_than_what_is_read_one_by_one(text: str) -> None:
    try:
        reference: SignedRecord | None = _one_by_one(text)
    except Malformed:
        reference = None
    try:
        read: SignedRecord | None = SignedRecord.parse(text)
    except Malformed:
        read = None
    assert read == reference
    assert (
        read is None
        or reference is None
        or [d.value for d in read.disclosures] == [d.value for d in reference.disclosures]
    )


@settings(max_examples=150, deadline=None)
@given(text=spoiled())
def test_no_spoiled_record_verifies_and_says_something_else(text: str) -> None:
    try:
        read = SignedRecord.parse(text)
    except Malformed:
        return
    if read.verify(KEY.public):
        assert read.record_id == SIGNED.record_id
        assert set(read.disclosures) <= set(SIGNED.disclosures)


@settings(max_examples=100, deadline=None)
@given(
    jwk=st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "d", "kid"]),
        st.sampled_from(["EC", "OKP", "P-256", "Ed25519", base64url(bytes(32)), base64url(b"\xff" * 32)]) | st.none(),
    )
)
def test_any_jwk_is_a_key_or_malformed(jwk: dict[str, str | None]) -> None:
    try:
        key = PublicKey.from_jwk(jwk)
    except Malformed:
        return
    assert key.jwk() == jwk
