"""Vectors for clients of the gateway in any language: questions, and what each client answers (`clients.json`).

`python -m tests.vectors.clients` writes the file anew, with new keys. Questions: `sign` a record with given salts,
`number` a record, read and verify a `receipt`, a `webhook`'s post under its secret, and what `proves` it to others;
answers are values, or `malformed`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from chain.claims import make_jti
from chain.encoding import base64url, format_json, parse_base64url
from chain.errors import Malformed
from chain.jws import CompactJws, sign_compact
from chain.keys import KeyAlgorithm, PublicKey, SigningKey
from chain.proof.merkle import inclusion_path, leaf_hash, tree_root
from chain.proof.receipt import GROUP_TYP, RECEIPT_TYP, SignedReceipt, group_member
from chain.sdjwt import issue
from chain.webhook_signature import format_secret, signature_headers, verify_webhook

FILE = Path(__file__).with_name("clients.json")
PASSPHRASE = "correct horse"
CONSORTIUM, MEMBER, WEBHOOK = "ab" * 32, "91310000MA1K35Q000", "5rZk0mYxYQ2i8bTq1cVw3A"
NOW_S = 1_796_100_300
SECRET = bytes(range(32))
NOTE = "上海 “浦东”\n\t\\ \u20ac \U0001f6a2"
"""Characters of every length, and ones that JSON escapes."""
Question = dict[str, Any]


def answer(question: Question) -> Any:
    """What the Python client answers."""
    try:
        return _ANSWERS[question["ask"]](question)
    except (Malformed, ValueError):
        return "malformed"


def _sign(question: Question) -> Any:
    key, draft = SigningKey.load(question["pem"].encode(), question["passphrase"].encode()), question["draft"]
    salts = iter(question["salts"])
    many = {"names", "references", "goods_items", "access"}
    sections = {name: value if name in many else [value] for name, value in draft["sections"].items()}
    record = issue(
        sections | {"ucr": draft["ucrs"]},
        vct=draft["type"],
        iss=draft["issuer"],
        consortium=draft["consortium"],
        iat=draft["issuedAt"],
        jti=draft["number"],
        key=key,
        amends=draft.get("amends") or draft.get("withdraws"),
        withdraws="withdraws" in draft,
        salts=lambda: next(salts),
    )
    said = {"text": record.serialize(), "record_id": record.record_id}
    return said | {"kid": key.public.kid, "jwk": key.public.jwk()}


def _receipt(question: Question) -> Any:
    receipt = SignedReceipt.parse(question["text"])
    return {"claims": dict(receipt.claims), "verifies": receipt.verify(PublicKey.from_jwk(question["jwk"]))}


def _webhook(question: Question) -> Any:
    return verify_webhook(question["headers"], question["body"].encode(), question["secret"], now_s=question["now_s"])


def _proves(question: Question) -> bool:
    jws = CompactJws.parse(question["header"], typ="tongguan-webhook+jwt")
    claims = jws.payload
    return (
        jws.verify(PublicKey.from_jwk(question["jwk"]))
        and (claims["aud"], claims["sub"]) == (question["member"], question["webhook"])
        and claims["body_sha256"] == sha256(question["body"].encode()).hexdigest()
    )


_ANSWERS: dict[str, Callable[[Question], Any]] = {
    "sign": _sign,
    "number": lambda question: make_jti(parse_base64url(question["secret"]), *question["identity"]),
    "receipt": _receipt,
    "webhook": _webhook,
    "proves": _proves,
}


def make_questions() -> Iterator[tuple[str, Question]]:
    """Each question with its name: right ones, and ones with one fault."""
    member_key, gateway_key = SigningKey.generate(KeyAlgorithm.ED25519), SigningKey.generate()
    pem = member_key.to_pem(PASSPHRASE.encode()).decode()
    draft = {
        "type": "logistics.event",
        "ucrs": ["6CN91110000MA00900572-ONE", "6CN91110000MA00900572-TWO"],
        "issuer": MEMBER,
        "consortium": CONSORTIUM,
        "number": make_jti(SECRET, "first"),
        "issuedAt": NOW_S,
        "sections": {
            "event": [
                {"code": {"system": "iata-cargo-status", "value": "DEP"}, "note": "上海 “浦东”\n\t\\ \u20ac \U0001f6a2"}
            ],
            "names": ["91310000MA1K35Q000"],
        },
    }
    salts = [base64url(bytes([number]) * 16) for number in range(4)]
    sign: Question = {"ask": "sign", "pem": pem, "passphrase": PASSPHRASE, "draft": draft, "salts": salts}
    yield "a record is signed, byte for byte", sign
    yield "a record that amends another is signed", sign | {"draft": draft | {"amends": "A" * 43}}
    yield "a record that withdraws another is signed", sign | {"draft": draft | {"withdraws": "A" * 43}}
    yield "a wrong passphrase opens nothing", sign | {"passphrase": "wrong"}
    yield "a key in the clear is refused", sign | {"pem": pem.replace("ENCRYPTED ", "")}
    for identity in ([], ["one"], ["one", "two"], ["报关单", "010120261000000779"]):
        yield f"a number of {len(identity)} parts", {"ask": "number", "secret": base64url(SECRET), "identity": identity}
    yield "a number under a short secret is refused", {"ask": "number", "secret": "AAAA", "identity": ["one"]}
    yield from _receipt_questions(gateway_key)
    yield from _webhook_questions(gateway_key)


def _receipt_questions(gateway_key: SigningKey) -> Iterator[tuple[str, Question]]:
    jwk, other = gateway_key.public.jwk(), SigningKey.generate().public.jwk()
    shared = {"iss": MEMBER, "aud": CONSORTIUM, "accepted_at": NOW_S, "anchor_by": NOW_S + 60}
    own = {"record_id": "A" * 43, "entries": [["00" * 16, "A" * 43]]}
    alone = sign_compact({"typ": RECEIPT_TYP}, {**shared, **own}, gateway_key)  # type: ignore[dict-item]
    ask: Question = {"ask": "receipt", "jwk": jwk}
    yield "a receipt alone", ask | {"text": alone}
    yield "a receipt under another key", ask | {"text": alone, "jwk": other}
    yield "a receipt with a changed signature", ask | {"text": alone[:-8] + "AAAAAAAA"}
    yield "a receipt of another kind of token", ask | {"text": sign_compact({"typ": "at+jwt"}, {}, gateway_key)}
    for size in (1, 2, 3, 7):
        leaves = [format_json({"record_id": f"{number:043d}", "entries": []}).encode() for number in range(size)]
        hashes = [leaf_hash(leaf) for leaf in leaves]
        root = {"size": size, "root": base64url(tree_root(hashes))}
        jws = sign_compact({"typ": GROUP_TYP}, {**shared, **root}, gateway_key)  # type: ignore[dict-item]
        for index in range(size):
            text = group_member(jws, leaves[index], index, inclusion_path(hashes, index))
            yield f"receipt {index} of {size}", ask | {"text": text}
        moved = group_member(jws, leaves[0], size - 1, inclusion_path(hashes, 0))
        yield f"the first receipt of {size} in the last place", ask | {"text": moved}
        short = group_member(jws, leaves[0], 0, inclusion_path(hashes, 0)[:-1])
        yield f"the first receipt of {size} with a shorter path", ask | {"text": short}
        yield f"a receipt beyond the {size}", ask | {"text": group_member(jws, leaves[0], size, ())}


def _webhook_questions(gateway_key: SigningKey) -> Iterator[tuple[str, Question]]:
    body = format_json({"type": "records.anchored", "batch": 7, "changes": [{"ucr": "通关"}]})
    headers = signature_headers(f"msg_{WEBHOOK}_7", NOW_S, body.encode(), [SECRET, bytes(32)])
    ask: Question = {"ask": "webhook", "headers": headers, "body": body, "now_s": NOW_S}
    new, old = format_secret(SECRET), format_secret(bytes(32))
    yield "a post under the new secret", ask | {"secret": new}
    yield "a post under the old secret", ask | {"secret": old}
    yield (
        "a post whose headers are capitals",
        ask | {"secret": new, "headers": {k.upper(): v for k, v in headers.items()}},
    )
    yield "a post under another secret", ask | {"secret": format_secret(bytes([1]) * 32)}
    yield "a changed post", ask | {"secret": new, "body": body + " "}
    yield "a post that is told late", ask | {"secret": new, "now_s": NOW_S + 301}
    yield "a post from the future", ask | {"secret": new, "now_s": NOW_S - 301}
    for name in headers:
        without = {key: value for key, value in headers.items() if key != name}
        yield f"a post without {name}", ask | {"secret": new, "headers": without}
    yield "a secret that is none", ask | {"secret": "whsec_AAAA"}
    claims: dict[str, Any] = {"aud": MEMBER, "sub": WEBHOOK, "body_sha256": sha256(body.encode()).hexdigest()}
    proof = {"ask": "proves", "body": body, "jwk": gateway_key.public.jwk(), "member": MEMBER, "webhook": WEBHOOK}
    proof["header"] = sign_compact({"typ": "tongguan-webhook+jwt"}, claims, gateway_key)
    yield "what proves a post to others", proof
    for name, value in (("body", "{}"), ("member", "other"), ("webhook", "other")):
        yield f"a proof for another {name}", proof | {name: value}
    yield "a proof under another key", proof | {"jwk": SigningKey.generate().public.jwk()}
    yield "a proof of another type", proof | {"header": sign_compact({"typ": "other"}, claims, gateway_key)}


def read_vectors() -> list[dict[str, Any]]:
    """The committed vectors: `name`, `question`, `answer`."""
    vectors: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return vectors


if __name__ == "__main__":
    made = [{"name": name, "question": question, "answer": answer(question)} for name, question in make_questions()]
    FILE.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(made)} vectors, {sum(vector['answer'] == 'malformed' for vector in made)} malformed")
