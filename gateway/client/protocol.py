"""What both clients ask, without a connection: each question is a generator that yields requests and is sent answers.

So there is one place that knows paths, tokens and pages; a client only carries requests to the gateway and back.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from chain.errors import NotFound
from chain.jws import sign_compact
from chain.keys import SigningKey
from chain.sdjwt import SignedRecord
from gateway.client.models import (
    GatewayBusy,
    GatewayRefused,
    OwnRecord,
    Receipt,
    State,
    TokenRefused,
    Verdict,
    checked,
    has_come,
    problem_of,
    verdict,
)

SD_JWT = "application/sd-jwt"
NDJSON = "application/x-ndjson"
JSON = "application/json"
ASSERTION_TYP = "client-authentication+jwt"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME_S = 60
TOKEN_MARGIN_S = 20
"""A token is renewed so long before it lapses."""
TIMEOUT_S = 30.0
"""For each piece of an answer."""
ANSWER_BYTES_MAX = 256 << 20
"""Of one whole answer: the lanes of a consignment of 20,000 records, about."""
ANSWER_S = 300.0
"""How long one whole answer may take."""
UPLOAD_LINES = 200
"""Records an upload of `submit_bulk`: the clients write a request before they read the answer, so the answer to one
must fit into the connection's buffers; the gateway keeps so many in one transaction anyway."""


@dataclass(frozen=True)
class Ask:
    """One request, in the words of httpx."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | str | None = None
    data: Mapping[str, str] | None = None


T = TypeVar("T")
Question = Generator[Ask, httpx.Response, T]
"""Yields requests, is sent their answers, and returns what they mean."""
Page = Question[tuple[list[T], str | None]]
"""What a page lists, and the cursor of the next one; None after the last."""
Criteria = Mapping[str, object]


class Asker:
    """The questions of one member to one gateway, with its token. Not for several threads at once."""

    def __init__(self, base_url: str, signer: SigningKey | None, member: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._signer = signer
        self._member = member
        self._token, self._token_until = "", 0.0

    def submit(self, record: SignedRecord) -> Question[Receipt]:
        """The receipt for a record."""
        answer = yield from self._sent("/v1/records", SD_JWT, record.serialize().encode())
        taken = answer.json()
        remarks = tuple(f"{remark['text']} · {remark['text_zh']}" for remark in taken.get("remarks", ()))
        return replace(Receipt.parse(taken["receipt"]), remarks=remarks)

    def upload(self, records: Sequence[SignedRecord], first: int) -> Question[list[Verdict]]:
        """A verdict for each of at most `UPLOAD_LINES` records, the first of which has this number."""
        body = b"".join(f'"{record.serialize()}"\n'.encode() for record in records)
        answer = yield from self._sent("/v1/records/bulk", NDJSON, body)
        verdicts = [json.loads(text) for text in answer.text.splitlines()]
        if len(verdicts) != len(records):
            raise GatewayBusy({"detail": f"{len(verdicts)} of {len(records)} lines were answered"}, None)
        return [verdict(said, first) for said in verdicts]

    def page(self, path: str, name: str, criteria: Criteria, after: str | None) -> Page[dict[str, Any]]:
        """One page of the list of that name, the one after a cursor where that is told, and the cursor of the next."""
        said = yield from self.get(path, criteria if after is None else {**criteria, "after": after})
        return said[name], said["next"]

    def own_records(self, state: State | None, after: str | None) -> Page[OwnRecord]:
        """One page of one's own records."""
        said, following = yield from self.page("/v1/records", "records", {"state": state}, after)
        return [OwnRecord(**one) for one in said], following

    def come(self, record_id: str, state: State, until: float) -> Question[OwnRecord | None]:
        """One's own record once it is in that state or beyond, else None.

        Raises NotFound, GatewayRefused where it was refused, TimeoutError where it is past `until` (monotonic seconds).
        """
        found, after = yield from self.own_records(None, None)
        while (own := next((one for one in found if one.record_id == record_id), None)) is None:
            if after is None:
                raise NotFound("record", record_id)
            found, after = yield from self.own_records(None, after)
        if has_come(own, state):
            return own
        if time.monotonic() > until:
            raise TimeoutError(f"record {record_id} was still {own.state} when the time was up")
        return None

    def references(self, kind: str, value: str, scope: str, on: str) -> Question[list[str]]:
        """The UCRs that a reference belongs to."""
        criteria = {"value": value, "scope": scope, "on": on}
        said = yield from self.get(f"/v1/references/{quote(kind, safe='')}", criteria)
        return [str(ucr) for ucr in said["ucrs"]]

    def erasure_plan(self, subject: str, sections: Iterable[str]) -> Question[dict[str, Any]]:
        """What of a consignment or a record this member may have erased."""
        return (yield from self.get("/v1/erasures/plan", {"subject": subject, "sections": ",".join(sections)}))

    def single_use_bundle(self, kind: str, maker: str, number: str) -> Question[bytes]:
        """The bundle of every use of a maker's number."""
        path = f"/v1/references/{quote(kind, safe='')}/single-use"
        answer = yield from self._asked(path, {"scope": maker, "value": number})
        return answer.content

    def get(self, path: str, criteria: Criteria | None = None) -> Question[dict[str, Any]]:
        """A JSON answer to a question with a token."""
        answer = yield from self._asked(path, criteria)
        said: dict[str, Any] = answer.json()
        return said

    def invite_operator(self, name: str, rights: Sequence[str]) -> Question[dict[str, Any]]:
        """A new operator of the member, with the one-time link by which it enrols."""
        body = json.dumps({"name": name, "rights": list(rights)}).encode()
        answer = yield from self._sent("/v1/people", "application/json", body)
        invited: dict[str, Any] = answer.json()
        return invited

    def end_operator(self, operator: str) -> Question[None]:
        """Ends an operator with its sessions, links and passkeys."""
        yield from self._ask_with_token(Ask("DELETE", f"/v1/people/{quote(operator, safe='')}"))

    def get_bytes(self, path: str) -> Question[bytes]:
        """An answer byte for byte, to a question with a token."""
        answer = yield from self._asked(path, None)
        return answer.content

    def post_json(self, path: str, content: Mapping[str, object] | None = None) -> Question[dict[str, Any]]:
        """A JSON answer to a JSON body; empty where the gateway answers without one."""
        answer = yield from self._sent(path, JSON, json.dumps(content or {}).encode())
        said: dict[str, Any] = answer.json() if answer.content else {}
        return said

    def delete(self, path: str) -> Question[None]:
        """Ends what is at a path."""
        yield from self._ask_with_token(Ask("DELETE", path))

    def feed(self, after: int | None) -> Question[Ask]:
        """The request that opens the change feed after a batch; None: from now on."""
        headers = yield from self._authorization()
        return Ask("GET", "/v1/changes", {} if after is None else {"after": str(after)}, headers)

    def trust_root(self) -> Question[bytes]:
        """The trust root file."""
        answer = yield Ask("GET", "/v1/trust-root")
        return checked(answer).content

    def ready(self) -> Question[bool]:
        """Whether the gateway takes and anchors records now."""
        answer = yield Ask("GET", "/readyz")
        return answer.status_code == 200

    def token(self) -> Question[str]:
        """A bearer token that counts for a while still."""
        if not self._token or time.monotonic() > self._token_until:
            yield from self._renew()
        return self._token

    def _asked(self, path: str, criteria: Criteria | None) -> Question[httpx.Response]:
        params = {name: str(value) for name, value in (criteria or {}).items() if value not in (None, "")}
        return (yield from self._ask_with_token(Ask("GET", path, params)))

    def _sent(self, path: str, media_type: str, body: bytes) -> Question[httpx.Response]:
        return (yield from self._ask_with_token(Ask("POST", path, headers={"Content-Type": media_type}, content=body)))

    def _ask_with_token(self, ask: Ask) -> Question[httpx.Response]:
        answer = yield replace(ask, headers={**ask.headers, **(yield from self._authorization())})
        if answer.status_code == 401:
            # The gateway was restarted with another key, or our clocks differ: one new token, then its word counts.
            self._token = ""
            answer = yield replace(ask, headers={**ask.headers, **(yield from self._authorization())})
            if answer.status_code == 401:
                raise TokenRefused(problem_of(answer))
        return checked(answer)

    def _authorization(self) -> Question[dict[str, str]]:
        return {"Authorization": f"Bearer {(yield from self.token())}"}

    def _renew(self) -> Question[None]:
        if self._signer is None:
            raise TokenRefused({"detail": "this needs a signing key: the gateway tells members only", "code": "1001"})
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._member,
            "sub": self._member,
            "aud": self.base_url,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + ASSERTION_LIFETIME_S,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_compact({"typ": ASSERTION_TYP}, claims, self._signer),
        }
        try:
            said = checked((yield Ask("POST", "/v1/token", data=form))).json()
        except GatewayRefused as refusal:
            raise TokenRefused(refusal.problem) from None
        self._token = said["access_token"]
        self._token_until = time.monotonic() + max(0, said["expires_in"] - TOKEN_MARGIN_S)


def consignment_path(ucr: str, part: str = "") -> str:
    """Where a consignment, or a part of it, is asked for."""
    return f"/v1/consignments/{quote(ucr, safe='')}{part}"


def webhook_path(webhook: str, part: str = "") -> str:
    """Where a webhook, or a part of it, is asked for."""
    return f"/v1/webhooks/{quote(webhook, safe='')}{part}"


def record_path(record_id: str, part: str = "") -> str:
    """Where a record, or a part of it, is asked for."""
    return f"/v1/records/{quote(record_id, safe='')}{part}"


def document_path(sha256: str) -> str:
    """Where the records that cite a file are asked for."""
    return f"/v1/documents/{quote(sha256, safe='')}"
