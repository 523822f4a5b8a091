"""Forms: texts that are of a record's form, and such with one fault of form each. The same every time.

`forms.json` holds them for verifiers in other languages, but for the longest, beside the edits of `edits.py`.
`records` are SD-JWTs: a right reader takes those whose `is_record` is true and refuses every other; signatures are
zeros, since a form is judged before them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chain.encoding import Json, base64url, format_json
from chain.errors import MalformedRecord
from chain.proof.hashes import sha256
from chain.sdjwt import SignedRecord

ID = "A" * 43
HEADER = {"alg": "ES256", "kid": ID, "typ": "tongguan-record+sd-jwt"}
CLAIMS: Mapping[str, Json] = {
    "iss": "91110000100000001W",
    "aud": "0" * 64,
    "iat": 1_700_000_000,
    "jti": ID,
    "vct": "customs.declaration",
    "_sd_alg": "sha-256",
}
SALT = "A" * 22
SIGNATURE = base64url(bytes(64))
DISCLOSURE_CHARS_MAX = 262_144
STORED_CHARS_MAX = 20_000
"""Longer texts are judged by the tests and do not stand in the file."""


class Form(NamedTuple):
    """A text, and whether it is a record by its form."""

    says: str
    text: str
    is_record: bool = False


def disclosure(value: str, salt: str = f'"{SALT}"') -> str:
    """A disclosure whose value, and salt, are these JSON texts."""
    return base64url(f"[{salt},{value}]".encode())


UCR_ELEMENT = disclosure('"6CN91110000100000001W-0001"')
STATUS_ELEMENT = disclosure('{"code":"R"}')


def element(encoded: str) -> dict[str, Json]:
    """The array element that a disclosure belongs to."""
    return {"...": base64url(sha256(encoded.encode()))}


SECTIONS: Mapping[str, Json] = {"ucr": [element(UCR_ELEMENT)], "status": [element(STATUS_ELEMENT)]}


def record(
    header: str | None = None,
    payload: str | None = None,
    disclosures: tuple[str, ...] = (UCR_ELEMENT, STATUS_ELEMENT),
    signature: str = SIGNATURE,
    tail: str = "",
) -> str:
    """A record of these parts, each as JSON text; what is not given is right."""
    first = format_json(HEADER) if header is None else header
    second = format_json({**CLAIMS, **SECTIONS}) if payload is None else payload
    jwt = f"{base64url(first.encode())}.{base64url(second.encode())}.{signature}"
    return "~".join((jwt, *disclosures, tail))


def with_header(**changed: Json) -> str:
    """A record whose header has other members; None takes one away."""
    members = {name: value for name, value in {**HEADER, **changed}.items() if value is not None}
    return record(header=format_json(members))


def with_claims(*absent: str, **changed: Json) -> str:
    """A record that has other claims or sections, or lacks some."""
    members = {name: value for name, value in {**CLAIMS, **SECTIONS, **changed}.items() if name not in absent}
    return record(payload=format_json(members))


def with_value(value: str, salt: str = f'"{SALT}"') -> str:
    """A record whose section `status` has this value, as JSON text."""
    said = disclosure(value, salt)
    payload = format_json({**CLAIMS, **SECTIONS, "status": [element(said)]})
    return record(payload=payload, disclosures=(UCR_ELEMENT, said))


def elements(count: int) -> list[Json]:
    """So many elements, none disclosed."""
    return [element(str(number)) for number in range(count)]


def records() -> list[Form]:
    """Every form of a record that the page tells of."""
    return [*_right(), *_headers(), *_claims(), *_sections(), *_json_texts(), *_disclosures()]


def _right() -> list[Form]:
    lists = {"names": 64, "references": 1_000, "goods_items": 999, "access": 200, "ucr": 200}
    return [
        Form("a record", record(), True),
        Form("all disclosures withheld", record(disclosures=()), True),
        Form("Ed25519", with_header(alg="Ed25519"), True),
        Form("SM2", with_header(alg="SM2"), True),
        Form("claims in another order", record(payload=format_json({**SECTIONS, **CLAIMS})), True),
        Form("white space in the payload", record(payload=f" {format_json({**CLAIMS, **SECTIONS})}\n"), True),
        Form("amends", with_claims(amends=ID), True),
        Form("withdraws", with_claims(withdraws=ID), True),
        Form("iat 0", with_claims(iat=0), True),
        Form("iat 2^40 - 1", with_claims(iat=2**40 - 1), True),
        *(Form(f"{most} {name}", _undisclosed({name: elements(most)}), True) for name, most in lists.items()),
        Form("32 sections", _undisclosed(_many_sections(30)), True),
        Form("a section of 32 characters", _undisclosed({"s" * 32: [element("s")]}), True),
        Form("a salt of 64 characters", with_value("1", f'"{"A" * 64}"'), True),
        Form("16 levels", with_value("[" * 15 + "]" * 15), True),
        Form("2^53 - 1", with_value(str(2**53 - 1)), True),
        Form("-(2^53 - 1)", with_value(str(1 - 2**53)), True),
        Form("a pair of surrogates, escaped", with_value('"\\ud83d\\ude00"'), True),
        Form("digest-like names in a text", with_value('"..."'), True),
    ]


def _undisclosed(sections: Mapping[str, Json]) -> str:
    """A record with these sections beside its own, nothing disclosed."""
    return record(payload=format_json({**CLAIMS, **SECTIONS, **sections}), disclosures=())


def _many_sections(count: int) -> dict[str, Json]:
    """So many sections beside those of every record here."""
    return {"s" + "_abc"[number // 9] * (number % 9 + 1): [element(str(number))] for number in range(count)}


def _headers() -> list[Form]:
    doubled = format_json(HEADER)[:-1] + ',"alg":"ES256"}'
    jwt = record().split("~", 1)[0]
    head, payload, _ = jwt.split(".")
    return [
        Form("alg EdDSA", with_header(alg="EdDSA")),
        Form("alg none", with_header(alg="none")),
        Form("alg HS256", with_header(alg="HS256")),
        Form("alg es256", with_header(alg="es256")),
        Form("alg is a number", with_header(alg=1)),
        Form("no alg", with_header(alg=None)),
        Form("no kid", with_header(kid=None)),
        Form("kid of 42 characters", with_header(kid="A" * 42)),
        Form("kid of 44 characters", with_header(kid="A" * 44)),
        Form("kid with stray bits", with_header(kid="A" * 42 + "B")),
        Form("kid with a character of base64", with_header(kid="+" + "A" * 42)),
        Form("no typ", with_header(typ=None)),
        Form("typ of a receipt", with_header(typ="tongguan-receipt+jwt")),
        Form("a key in the header", with_header(jwk={})),
        Form("crit", with_header(crit=[])),
        Form("alg twice in the header", record(header=doubled)),
        Form("the header is an array", record(header="[]")),
        Form("the header is no JSON", record(header="{")),
        Form("a header of more than 512 characters", record(header=format_json(HEADER) + " " * 300)),
        Form("a JWT of two parts", f"{head}.{payload}~{UCR_ELEMENT}~"),
        Form("a JWT of four parts", f"{jwt}.~{UCR_ELEMENT}~"),
        Form("the payload is an array", record(payload="[]")),
        Form("a signature of 63 bytes", record(signature=base64url(bytes(63)))),
        Form("a signature of 65 bytes", record(signature=base64url(bytes(65)))),
        Form("a padded signature", record(signature=SIGNATURE + "==")),
        Form("a signature with stray bits", record(signature=SIGNATURE[:-1] + "B")),
        Form(
            "a JWT of more than 131,072 characters", record(payload=format_json({**CLAIMS, **SECTIONS}) + " " * 98_400)
        ),
    ]


def _claims() -> list[Form]:
    wrong: dict[str, tuple[Json, ...]] = {
        "iss": ("91110000100000001", "91110000100000001w", "91110000100000001-", 9, "91110000100000001WW"),
        "aud": ("0" * 63, "0" * 65, "A" * 64, "g" * 64, 0),
        "iat": (-1, 2**40, "1700000000", True, None),
        "jti": ("A" * 42, "A" * 44, "A" * 42 + "B", "=" * 43, 7),
        "vct": (
            "customs",
            "Customs.declaration",
            "customs.",
            ".x",
            f"{'a' * 25}.x",
            f"x.{'a' * 33}",
            "a.b.c",
            "a.1",
            1,
        ),
        "_sd_alg": ("sha-512", "SHA-256", "", 256),
        "amends": ("", "A" * 42, "A" * 42 + "B", None, 1),
        "withdraws": ("", "A" * 42, "A" * 42 + "B", None, True),
    }
    return [
        *(Form(f"no {name}", with_claims(name)) for name in CLAIMS),
        *(
            Form(f"{name} is {format_json(value)[:24]}", with_claims(**{name: value}))
            for name, values in wrong.items()
            for value in values
        ),
        Form("amends and withdraws", with_claims(amends=ID, withdraws=ID)),
    ]


def _sections() -> list[Form]:
    too_many = {"ucr": 201, "names": 65, "references": 1_001, "goods_items": 1_000, "access": 201, "parties": 2}
    digest = element("x")["..."]
    wrong: dict[str, Any] = {
        "a digest alone": [digest],
        "an element with another member": [{"...": digest, "x": 1}],
        "an element without its digest": [{}],
        "a digest of 31 bytes": [{"...": base64url(bytes(31))}],
        "a digest of 33 bytes": [{"...": base64url(bytes(33))}],
        "a digest with stray bits": [{"...": "A" * 42 + "B"}],
        "a digest that is no text": [{"...": 1}],
        "an empty section": [],
        "a section that is no array": {"...": digest},
        "a section that is a text": "x",
    }
    names = ("Ucr", "ucr2", "_ucr", "s" * 33, "", "ü", "...", "exp", "a-b")
    doubled: list[Json] = [element(UCR_ELEMENT)]
    return [
        Form("no ucr", with_claims("ucr")),
        *(Form(f"{most} {name}", _undisclosed({name: elements(most)})) for name, most in too_many.items()),
        *(Form(says, _undisclosed({"parties": value})) for says, value in wrong.items()),
        *(Form(f"a section {name!r}", _undisclosed({name: [element("x")] if name != "exp" else 1})) for name in names),
        Form("33 sections", _undisclosed(_many_sections(31))),
        Form("a digest twice in a section", _undisclosed({"goods_items": [*elements(1), *elements(1)]})),
        Form("a digest in two sections", _undisclosed({"parties": doubled})),
    ]


def _json_texts() -> list[Form]:
    payload = format_json({**CLAIMS, **SECTIONS})
    texts = {
        "2^53": str(2**53),
        "-2^53": str(-(2**53)),
        "twenty digits": "1" * 20,
        "a fraction": "1.0",
        "an exponent": "1e3",
        "a leading zero": "01",
        "a plus sign": "+1",
        "NaN": "NaN",
        "Infinity": "-Infinity",
        "a name twice": '{"a":1,"a":1}',
        "a name twice, once escaped": '{"a":1,"\\u0061":1}',
        "17 levels": "[" * 16 + "]" * 16,
        "half of a surrogate pair": '"\\ud83d"',
        "a surrogate pair the wrong way round": '"\\ude00\\ud83d"',
        "a control character": '"\t"',
        "an escape that is none": '"\\x"',
        "a single quotation mark": "'x'",
        "a comma at the end": "[1,]",
        "a comment": "1/**/",
    }
    return [
        *(Form(f"{says} in a value", with_value(text)) for says, text in texts.items()),
        Form("a claim twice", record(payload=payload[:-1] + ',"iat":1700000000}')),
        Form("a section twice", record(payload=payload[:-1] + f',"ucr":{format_json(SECTIONS["ucr"])}}}')),
        Form("iat as a fraction", record(payload=payload.replace("1700000000", "1700000000.0"))),
        Form("iat as an exponent", record(payload=payload.replace("1700000000", "17e8"))),
        Form("a byte order mark", record(payload="\ufeff" + payload)),
        Form("something after the payload", record(payload=payload + "x")),
    ]


def _disclosures() -> list[Form]:
    both = (UCR_ELEMENT, STATUS_ELEMENT)
    longest = disclosure(f'"{"x" * (DISCLOSURE_CHARS_MAX * 3 // 4)}"')
    payload = format_json({**CLAIMS, **SECTIONS, "status": [element(longest)]})
    salts = {"21 characters": '"' + "A" * 21 + '"', "65 characters": '"' + "A" * 65 + '"', "a space": f'"{SALT} "'}
    nested = {
        "an element": '[{"...":"x"}]',
        "_sd": '{"_sd":[]}',
        "_sd_alg": '{"a":{"_sd_alg":1}}',
        "escaped": '{"\\u005fsd":1}',
    }
    pairs = {"three items": f'["{SALT}",1,2]', "one item": f'["{SALT}"]', "an object": "{}", "no JSON": "["}
    return [
        *(Form(f"a salt of {says}", with_value("1", salt)) for says, salt in salts.items()),
        Form("a salt that is a number", with_value("1", "1")),
        *(Form(f"a value with a further digest: {says}", with_value(text)) for says, text in nested.items()),
        *(Form(f"a disclosure of {says}", _with_disclosure(base64url(text.encode()))) for says, text in pairs.items()),
        Form("a padded disclosure", _with_disclosure(base64url(f'["{SALT}",1]'.encode()) + "=")),
        Form("a disclosure that is not UTF-8", _with_disclosure(base64url(f'["{SALT}","'.encode() + b'\xff"]'))),
        Form("an empty disclosure", record(disclosures=(*both, ""))),
        Form("a disclosure too long", record(payload=payload, disclosures=(UCR_ELEMENT, longest))),
        Form("a disclosure twice", record(disclosures=(UCR_ELEMENT, *both))),
        Form("a disclosure of no element", record(disclosures=(*both, disclosure("1")))),
        Form("no tilde at the end", record().removesuffix("~")),
        Form("a key binding", record(tail="eyJ9.e30.AA")),
        Form("a letter that is not ASCII", record(tail="é~")),
        Form("a space before it", " " + record()),
        Form("a line end after it", record() + "\n"),
    ]


def _with_disclosure(encoded: str) -> str:
    """A record whose `status` has this disclosure."""
    payload = format_json({**CLAIMS, **SECTIONS, "status": [element(encoded)]})
    return record(payload=payload, disclosures=(UCR_ELEMENT, encoded))


def is_record(text: str) -> bool:
    """Whether ours takes it."""
    try:
        SignedRecord.parse(text)
    except MalformedRecord:
        return False
    return True
