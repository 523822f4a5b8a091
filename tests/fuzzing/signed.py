"""Random changes to signed records, many of them signed again, so that only their inside is odd."""

from __future__ import annotations

import json
from hashlib import sha256
from random import Random

from chain.encoding import base64url, parse_base64url
from chain.sdjwt import RECORD_TYP, SignedRecord
from tests.fuzzing.changes import change_json, changed_bytes, spots
from tests.fuzzing.corpus import KEY, records

ODD_JSON = (
    *('{"a":1,"a":2}', "[" * 500, '{"a":' * 500, "1e999", "-0", "1.0", "NaN", '"\\ud800"', '"\\u0000"', "9" * 999),
    *(
        "null",
        "true",
        "[]",
        "{}",
        '""',
        '"\u202e"',
        "[[]]",
        '{"...":"x"}',
        '{"_sd":[]}',
        "\ufeff1",
        "[" * 40 + "]" * 40,
    ),
)
ODD_CLAIMS = (*("_sd", "...", "exp", "cnf", "ucr", "parties", "source", "amends", "n" * 3000, "vct", "iat"),)


def changed_record(random: Random) -> bytes:
    """The text of a record changed in one of the ways that strangers change them."""
    record = random.choice(records())
    what = random.random()
    if what < 0.2:
        return changed_bytes(record.serialize().encode(), random)
    if what < 0.35:
        return _parts_moved(record, random)
    if what < 0.6:
        return _said_otherwise(record, random)
    return _resigned(record, random) if what < 0.85 else _cut_elsewhere(record, random)


def _parts_moved(record: SignedRecord, random: Random) -> bytes:
    """Disclosures dropped, doubled, put in another order, and others' disclosures put among them."""
    parts = [one.encoded for one in record.disclosures]
    other = random.choice(records())
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(parts) + 1)
        parts[at : at + random.randint(0, 2)] = random.choices([*parts, *(d.encoded for d in other.disclosures)], k=1)
    random.shuffle(parts)
    jwt = ".".join(random.choice((record, record, other)).jwt.split(".")[part] for part in range(3))
    return "~".join([jwt, *parts, random.choice(("", "", "", jwt))]).encode()


def _said_otherwise(record: SignedRecord, random: Random) -> bytes:
    """One section's value changed inside, well written and rightly signed: what the record models must judge."""
    at = random.randrange(len(record.disclosures))
    said = json.loads(parse_base64url(record.disclosures[at].encoded))
    for _ in range(random.randint(1, 2)):
        if inner := [spot for spot in spots(said) if spot[0] is not said or spot[1] == 1]:
            change_json(random.choice(inner), None, random)
    return said_as(record, at, said, escaped=random.random() < 0.1)


def said_as(record: SignedRecord, at: int, said: object, *, escaped: bool = False) -> bytes:
    """The record with another text in one of its disclosures, rightly signed."""
    text = json.dumps(said, ensure_ascii=escaped, separators=(",", ":"))
    return _with_disclosure(record, at, text.encode("utf-8", "surrogatepass"))


def _with_disclosure(record: SignedRecord, at: int, text: bytes) -> bytes:
    parts = [one.encoded for one in record.disclosures]
    parts[at] = base64url(text)
    claims = parse_base64url(record.jwt.split(".")[1])
    digest = base64url(sha256(parts[at].encode()).digest())
    claims = claims.replace(base64url(record.disclosures[at].digest).encode(), digest.encode())
    return "~".join([_signed({}, json.loads(claims)), *parts, ""]).encode()


def _resigned(record: SignedRecord, random: Random) -> bytes:
    """Claims, header or one disclosure odd, the signature right."""
    claims = json.loads(parse_base64url(record.jwt.split(".")[1]))
    parts, odd = [one.encoded for one in record.disclosures], random.choice(ODD_JSON)
    header: dict[str, object] = {}
    what = random.random()
    if what < 0.4:
        salt = random.choice(("A" * 22, "A" * 22, "A" * 21, "", "é" * 22, "A" * 65))
        text = f'["{salt}",{odd}]'.encode("utf-8", "surrogatepass")
        return _with_disclosure(record, random.randrange(len(parts)), text)
    if what < 0.8:
        try:
            said = json.loads(odd)
        except ValueError:
            said = odd
        claims[random.choice((*claims, *ODD_CLAIMS))] = said
    else:
        odd_header: tuple[dict[str, object], ...] = ({"crit": ["x"]}, {"jwk": {}}, {"alg": "none"}, {"typ": "JWT"})
        header |= random.choice(odd_header)
    return "~".join([_signed(header, claims), *parts, ""]).encode()


def _signed(header: dict[str, object], claims: object) -> str:
    """As the project signs, but for what it would never write: any header, any claims."""
    full = {"alg": "ES256", "kid": KEY.public.kid, "typ": RECORD_TYP, **header}
    said = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (full, claims))
    return f"{said}.{base64url(KEY.sign(said.encode()))}"


def _cut_elsewhere(record: SignedRecord, random: Random) -> bytes:
    """Rightly signed, its disclosures good texts joined by commas and cut apart at other places."""
    texts = [parse_base64url(one.encoded) for one in record.disclosures]
    glued = b",".join(texts)
    ends = [sum(len(text) + 1 for text in texts[: place + 1]) - 1 for place in range(len(texts) - 1)]
    ends = sorted(min(max(end + random.randint(-2, 2), 0), len(glued)) for end in ends)
    pieces = [glued[start:end] for start, end in zip([0, *ends], [*ends, len(glued)], strict=True)]
    at = random.randrange(len(pieces))
    odd = random.choice((b"", b",", b" ", b"[", b"]", b"}", b'"', b"1", b"[],[]", b"\xff", b"\\u005f", b"1.0", b"-0"))
    pieces[at] = pieces[at].removeprefix(b",") + odd
    parts = list(dict.fromkeys(map(base64url, pieces)))
    claims = json.loads(parse_base64url(record.jwt.split(".")[1]))
    claims = {name: said for name, said in claims.items() if not isinstance(said, list)}
    for name, part in zip(record.sections, parts, strict=False):
        claims[name] = [{"...": base64url(sha256(part.encode()).digest())}]
    return "~".join([_signed({}, claims), *parts[: len(record.sections)], ""]).encode()
