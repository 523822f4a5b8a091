"""A signed record is an SD-JWT as RFC 9901 says, in the one shape that design section 4 allows."""

from __future__ import annotations

import json
import re
import secrets
from hashlib import sha256
from itertools import count
from typing import Any

import pytest

from chain import sdjwt
from chain.disclosures import DISCLOSURE_CHARS_MAX, Disclosure
from chain.encoding import Json, base64url, format_json
from chain.errors import MalformedRecord
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.sdjwt import RECORD_TYP, WITHHELD, SignedRecord, issue
from tests.record_numbers import jti_of

KEY = SigningKey.generate()
UCR = "6CN91110000600037341L-1"
CLAIMS = {
    "iss": "91110000600037341L",
    "aud": "ab" * 32,
    "iat": 1_795_000_000,
    "jti": jti_of("job-1"),
    "vct": "customs.status",
    "_sd_alg": "sha-256",
}
SECTIONS: dict[str, list[Json]] = {
    "ucr": [UCR, "6CN91110000600037341L-2"],
    "status": [{"about": "declaration", "code": {"system": "cn-channel", "value": "P"}}],
    "goods_items": [{"ordinal": 1, "name": "电脑"}, {"ordinal": 2, "name": "..."}],
}


def make(**changes: Any) -> SignedRecord:
    said: dict[str, Any] = {
        "vct": "customs.status",
        "iss": CLAIMS["iss"],
        "consortium": CLAIMS["aud"],
        "iat": CLAIMS["iat"],
        "jti": jti_of("job-1"),
        "key": KEY,
    }
    return issue(changes.pop("sections", SECTIONS), **(said | changes))


def sd_jwt(payload: dict[str, Any], disclosures: list[str], typ: str = RECORD_TYP, raw: str | None = None) -> str:
    """A text signed as it stands, whatever it says."""
    jwt = sign_compact({"typ": typ}, payload, KEY)
    if raw is not None:
        signing_input = f"{jwt.split('.')[0]}.{base64url(raw.encode())}"
        jwt = f"{signing_input}.{base64url(KEY.sign(signing_input.encode()))}"
    return "~".join([jwt, *disclosures, ""])


def disclosure(value: Any, salt: str | None = None) -> str:
    return base64url(json.dumps([salt or secrets.token_urlsafe(16), value]).encode())


def element(encoded: str) -> dict[str, str]:
    return {"...": base64url(sha256(encoded.encode()).digest())}


def good() -> tuple[dict[str, Any], list[str]]:
    told = [disclosure(UCR), disclosure({"about": "order"})]
    return CLAIMS | {"ucr": [element(told[0])], "status": [element(told[1])]}, told


# RFC 9901


@pytest.mark.parametrize(
    ("encoded", "salt", "value", "digest"),
    [
        (
            "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0",
            "lklxF5jMYlGTPUovMNIvCA",
            "FR",
            "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs",
        ),
        (
            "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIlVTIl0",
            "lklxF5jMYlGTPUovMNIvCA",
            "US",
            "pFndjkZ_VCzmyTa6UjlZo3dh-ko8aIKQc9DlGzhaVYo",
        ),
        (
            "WyJuUHVvUW5rUkZxM0JJZUFtN0FuWEZBIiwgIkRFIl0",
            "nPuoQnkRFq3BIeAm7AnXFA",
            "DE",
            "7Cf6JkPudry3lcbwHgeZ8khAv1U1OSlerP0VkBJrWZ0",
        ),
    ],
    ids=["section 4.2.2", "section 5.1, US", "section 5.1, DE"],
)
def test_the_array_disclosures_of_rfc_9901_are_read_with_their_digests(
    encoded: str, salt: str, value: str, digest: str
) -> None:
    read = Disclosure.parse(encoded)
    assert (read.salt, read.value, base64url(read.digest)) == (salt, value, digest)


def test_an_object_disclosure_of_rfc_9901_section_4_2_1_is_refused() -> None:
    with pytest.raises(MalformedRecord, match="salt and value"):
        Disclosure.parse("WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0")


# The one shape


def test_a_record_is_read_as_it_was_issued() -> None:
    signed = make(amends="A" * 43)
    read = SignedRecord.parse(signed.serialize().encode())
    assert read == signed
    assert (read.iss, read.consortium, read.iat, read.jti, read.vct, read.amends, read.kid) == (
        CLAIMS["iss"],
        CLAIMS["aud"],
        CLAIMS["iat"],
        jti_of("job-1"),
        "customs.status",
        "A" * 43,
        KEY.public.kid,
    )
    assert {name: len(digests) for name, digests in read.sections.items()} == {"ucr": 2, "status": 1, "goods_items": 2}
    assert read.section("goods_items") == tuple(SECTIONS["goods_items"])
    assert read.is_fully_disclosed()
    assert read.verify(KEY.public)


def test_the_record_id_leaves_the_signature_out() -> None:
    signed = make()
    assert signed.record_id == base64url(sha256(signed.jwt.rpartition(".")[0].encode()).digest())


def test_what_is_visible_is_claims_and_names_alone() -> None:
    header, payload, _ = make().jwt.split(".")
    assert set(_json(header)) == {"alg", "kid", "typ"}
    assert set(_json(payload)) == {"iss", "aud", "iat", "jti", "vct", "_sd_alg", "ucr", "status", "goods_items"}
    assert "电脑" not in json.dumps(_json(payload), ensure_ascii=False)


def _json(part: str) -> dict[str, Any]:
    from chain.encoding import parse_base64url

    return dict(json.loads(parse_base64url(part)))


def test_each_salt_is_fresh_and_has_128_bits() -> None:
    salts = {d.salt for d in make().disclosures} | {d.salt for d in make().disclosures}
    assert len(salts) == 10
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", salt) for salt in salts)


def test_salts_can_be_given() -> None:
    numbers = count()
    fixed = make(salts=lambda: f"{next(numbers):022d}")
    assert [d.salt for d in fixed.disclosures] == [f"{n:022d}" for n in range(5)]


def test_a_withheld_section_keeps_its_name_and_digest() -> None:
    signed = make()
    shown = SignedRecord.parse(signed.with_sections({"ucr"}).serialize())
    assert shown.disclosed()["status"] == ((signed.sections["status"][0], WITHHELD),)
    assert not shown.is_fully_disclosed()
    assert shown.section("status") == ()
    assert shown.record_id == signed.record_id
    assert shown.verify(KEY.public)


def test_one_ucr_can_be_shown_without_the_others() -> None:
    signed = make()
    (first, _), (second, _) = signed.ucr_elements()
    assert signed.with_elements({second}).ucr_elements() == ((first, None), (second, "6CN91110000600037341L-2"))


def test_a_record_does_not_print_what_it_hides() -> None:
    assert "电脑" not in repr(make()) + str(make().disclosures)


# Refusals: each text has one fault


def _with(**changes: Any) -> str:
    payload, told = good()
    return sd_jwt({k: v for k, v in (payload | changes).items() if v is not ...}, told)


def test_the_text_that_the_faults_are_put_into_is_good() -> None:
    assert SignedRecord.parse(_with()).is_fully_disclosed()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"iss": "9111"}, "iss"),
        ({"iss": ...}, "iss"),
        ({"aud": "AB" * 32}, "aud"),
        ({"aud": ["ab" * 32]}, "aud"),
        ({"iat": True}, "iat"),
        ({"iat": "1"}, "iat"),
        ({"iat": -1}, "iat"),
        ({"iat": ...}, "iat"),
        ({"jti": ""}, "jti"),
        ({"jti": "job-1"}, "jti"),
        ({"jti": "A" * 42 + "B"}, "jti"),
        ({"jti": "A" * 44}, "jti"),
        ({"jti": "A" * 42 + "="}, "jti"),
        ({"vct": "customs"}, "vct"),
        ({"_sd_alg": "sha-512"}, "_sd_alg"),
        ({"_sd_alg": ...}, "_sd_alg"),
        ({"amends": "x"}, "amends"),
        ({"amends": None}, "amends"),
        ({"amends": "A" * 42 + "B"}, "amends"),
        ({"ucr": ...}, "ucr"),
        ({"ucr": []}, "ucr"),
        ({"exp": 1}, "exp"),
        ({"cnf": {}}, "cnf"),
        ({"_sd": []}, "_sd"),
        ({"Status": []}, "Status"),
        ({"remarks": "open"}, "remarks"),
        ({"remarks": []}, "remarks"),
        ({"remarks": ["undisclosed"]}, "remarks"),
        ({"remarks": [{"...": "x"}]}, "remarks"),
        ({"remarks": [{"...": base64url(bytes(31))}]}, "remarks"),
        ({"remarks": [{"...": base64url(bytes(32)) + "="}]}, "remarks"),
        ({"remarks": [{"...": base64url(bytes(32)), "a": 1}]}, "remarks"),
        ({"remarks": [{"...": base64url(bytes(32))}, {"...": base64url(bytes([1] * 32))}]}, "remarks"),
        ({"remarks": [{"...": base64url(bytes(32))}], "source": [{"...": base64url(bytes(32))}]}, "record"),
        ({"goods_items": [{"...": base64url(n.to_bytes(32))} for n in range(1000)]}, "goods_items"),
        ({"ucr": [{"...": base64url(n.to_bytes(32))} for n in range(201)]}, "ucr"),
        ({"a" * 33: [{"...": base64url(bytes(32))}]}, "a" * 33),
        (
            {f"s{chr(97 + n // 26)}{chr(97 + n % 26)}": [{"...": base64url(bytes([n] * 32))}] for n in range(33)},
            "record",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_claim_that_the_shape_does_not_allow_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedRecord) as refused:
        SignedRecord.parse(_with(**changes))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("encoded", "rule"),
    [
        (disclosure(1) + "=", "canonical"),
        (disclosure(1, salt="short"), "salt"),
        (disclosure(1, salt="é" * 22), "salt"),
        (disclosure(1, salt="A" * 65), "salt"),
        (base64url(b'["AAAAAAAAAAAAAAAAAAAAAA"]'), "salt and value"),
        (base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","name",1]'), "salt and value"),
        (base64url(b'{"AAAAAAAAAAAAAAAAAAAAAA":1}'), "salt and value"),
        (base64url(b'[1,"AAAAAAAAAAAAAAAAAAAAAA"]'), "salt"),
        (base64url(b'["AAAAAAAAAAAAAAAAAAAAAA",{"a":1,"a":1}]'), "twice"),
        (base64url(b'["AAAAAAAAAAAAAAAAAAAAAA",1.5]'), "integer"),
        (base64url(b'["AAAAAAAAAAAAAAAAAAAAAA",NaN]'), "integer"),
        (base64url(b'["AAAAAAAAAAAAAAAAAAAAAA","\\ud800"]'), "surrogate"),
        (disclosure({"...": "x"}), "digests"),
        (disclosure([{"deep": {"_sd": []}}]), "digests"),
        (base64url(b'["AAAAAAAAAAAAAAAAAAAAAA",{"\\u005fsd":[]}]'), "digests"),
        (disclosure(json.loads("[" * 16 + "]" * 16)), "nested"),
        (disclosure("x" * DISCLOSURE_CHARS_MAX), "at most"),
        ("", "not JSON"),
        ("é", "canonical"),
    ],
    ids=lambda value: str(value)[-24:] if len(str(value)) < 20 else "disclosure",
)
def test_a_disclosure_of_another_shape_is_refused(encoded: str, rule: str) -> None:
    payload, told = good()
    with pytest.raises(MalformedRecord, match=rule):
        SignedRecord.parse(
            sd_jwt(payload | {"remarks": [element(encoded)]} if encoded.isascii() else payload, [*told, encoded])
        )


def test_a_disclosure_that_belongs_to_no_section_is_refused() -> None:
    payload, told = good()
    with pytest.raises(MalformedRecord, match="belongs to a section"):
        SignedRecord.parse(sd_jwt(payload, [*told, disclosure("smuggled")]))


def test_a_disclosure_told_twice_is_refused() -> None:
    payload, told = good()
    with pytest.raises(MalformedRecord, match="once"):
        SignedRecord.parse(sd_jwt(payload, [*told, told[0]]))


def test_a_claim_told_twice_is_refused() -> None:
    payload, told = good()
    raw = format_json(payload)[:-1] + f',"jti":"{jti_of("job-2")}"}}'
    with pytest.raises(MalformedRecord, match="twice"):
        SignedRecord.parse(sd_jwt(payload, told, raw=raw))


def test_a_record_with_a_key_binding_jwt_is_refused() -> None:
    payload, told = good()
    with pytest.raises(MalformedRecord, match="key binding"):
        SignedRecord.parse(sd_jwt(payload, told) + "a.b.c")


def test_a_receipt_is_no_record() -> None:
    payload, told = good()
    with pytest.raises(MalformedRecord, match="typ"):
        SignedRecord.parse(sd_jwt(payload, told, typ="tongguan-receipt+jwt"))


@pytest.mark.parametrize(
    "body", ["", "~", "a.b.c", "a.b.c~", b"\xff\xfe~", "x" * (sdjwt.RECORD_CHARS_MAX + 1), "~" * 2000]
)
def test_a_text_that_is_no_record_is_refused(body: str | bytes) -> None:
    with pytest.raises(MalformedRecord):
        SignedRecord.parse(body)


def test_a_section_cannot_be_named_as_a_claim() -> None:
    with pytest.raises(MalformedRecord, match="not a section"):
        make(sections=SECTIONS | {"iat": [1]})


def test_a_record_that_names_no_consignment_is_not_issued() -> None:
    with pytest.raises(MalformedRecord, match="consignment"):
        make(sections={"status": [1]})


def test_a_float_is_not_issued() -> None:
    with pytest.raises(MalformedRecord, match="integer"):
        make(sections=SECTIONS | {"remarks": [1.5]})


def test_a_changed_disclosure_is_not_taken_for_the_signed_one() -> None:
    signed = make()
    forged = signed.serialize().replace(signed.disclosures[2].encoded, disclosure({"about": "order"}))
    with pytest.raises(MalformedRecord, match="belongs to a section"):
        SignedRecord.parse(forged)
