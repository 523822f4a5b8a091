"""The gateway's client: all that adapters and the command know of the gateway.

It signs client assertions and renews its token by itself. What the gateway answers becomes a value or an error:
`GatewayRefused` where the same request would be refused again, `GatewayBusy` where it may be tried again later (the
chain or store is not available, a quota, a record to amend that has not come yet), `NotFound` where it knows nothing of
that name. A broken connection is httpx's own error.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from urllib.parse import quote

import httpx

from chain.encoding import parse_base64url
from chain.errors import LedgerFault, NotFound, Refused
from chain.jws import CompactJws, sign_compact
from chain.keys import SigningKey
from chain.proof.bundle import RECEIPT_TYP
from chain.sdjwt import SignedRecord

SD_JWT = "application/sd-jwt"
NDJSON = "application/x-ndjson"
ASSERTION_TYP = "client-authentication+jwt"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME_S = 60
TOKEN_MARGIN_S = 20
"""A token is renewed so long before it lapses."""
TIMEOUT_S = 30.0
UPLOAD_LINES = 200
"""Records an upload of `submit_bulk`: this client writes a request before it reads the answer, so the answer to one
must fit into the connection's buffers; the gateway keeps so many in one transaction anyway."""
LATER_SLUGS = frozenset({"amends-unknown", "quota", "outbox-full", "ledger", "store", "internal"})
"""Kinds of problems that may go away by themselves."""

State = Literal["accepted", "anchored", "covered", "refused"]
_STATES: tuple[State, ...] = ("accepted", "anchored", "covered")


class GatewayRefused(Refused):
    """The gateway will not do this; the same request would be refused again. `problem` is its problem document."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.problem = problem
        field = str(problem.get("pointer", ""))
        super().__init__(
            str(problem.get("detail", "refused")),
            field=field,
            fix=str(problem.get("fix", "")),
            code=str(problem.get("code", "")) or None,
        )


class GatewayBusy(LedgerFault):
    """The gateway cannot do this now; try again, after `retry_after_s` where it said so."""

    def __init__(self, problem: Mapping[str, Any], retry_after_s: float | None) -> None:
        self.problem = problem
        self.retry_after_s = retry_after_s
        self.code = str(problem.get("code", ""))
        super().__init__(str(problem.get("detail", "the gateway cannot do this now")))


@dataclass(frozen=True)
class Receipt:
    """The gateway's signed promise; `jws` is what to keep."""

    jws: str
    record_id: str
    gateway: str
    """USCC of the gateway's member."""
    entries: tuple[tuple[bytes, bytes], ...]
    """(tag, entry digest) of each consignment."""
    accepted_at: int
    anchor_by: int
    """Unix seconds: anchored by then, or the promise is broken."""

    @classmethod
    def parse(cls, jws: str) -> Receipt:
        """The receipt in a compact JWS, its signature not checked; raises MalformedJws, ValueError, KeyError."""
        said: dict[str, Any] = CompactJws.parse(jws, typ=RECEIPT_TYP).payload
        entries = tuple((bytes.fromhex(tag), parse_base64url(digest)) for tag, digest in said["entries"])
        return cls(jws, said["record_id"], said["iss"], entries, said["accepted_at"], said["anchor_by"])


@dataclass(frozen=True)
class OwnRecord:
    """How far one of one's own records has come."""

    record_id: str
    type: str
    state: State
    reason: str | None
    accepted_at: int
    anchor_by: int
    batch: int | None
    receipt: str


@dataclass(frozen=True)
class Verdict:
    """What became of one line of a bulk upload: a receipt, or a problem."""

    line: int
    receipt: Receipt | None
    problem: Mapping[str, Any] | None


class GatewayClient:
    """Talks to one gateway as one member. Not for several threads at once."""

    def __init__(
        self,
        base_url: str,
        *,
        signer: SigningKey | None = None,
        member: str = "",
        transport: httpx.BaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Without `signer` only what needs no token can be asked: submitting, the trust root."""
        self._base_url = base_url.rstrip("/")
        self._signer = signer
        self._member = member
        self._http = httpx.Client(base_url=self._base_url, transport=transport, timeout=timeout_s)
        self._token, self._token_until = "", 0.0

    def __enter__(self) -> GatewayClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def submit(self, record: SignedRecord) -> Receipt:
        """The receipt for a record; the same record again gives the same one."""
        answer = self._http.post("/v1/records", content=record.serialize(), headers={"Content-Type": SD_JWT})
        return Receipt.parse(_checked(answer).json()["receipt"])

    def submit_bulk(self, records: Iterable[SignedRecord]) -> Iterator[Verdict]:
        """A verdict for each record, in order, as the gateway reaches it."""
        lines = (f'"{record.serialize()}"\n'.encode() for record in records)
        first = 0
        while slice_ := list(islice(lines, UPLOAD_LINES)):
            answer = self._http.post("/v1/records/bulk", content=b"".join(slice_), headers={"Content-Type": NDJSON})
            verdicts = [json.loads(text) for text in _checked(answer).text.splitlines()]
            if len(verdicts) != len(slice_):
                raise GatewayBusy({"detail": f"{len(verdicts)} of {len(slice_)} lines were answered"}, None)
            for said in verdicts:
                yield _verdict(said, first)
            first += len(slice_)

    def records(self, state: State | None = None) -> Iterator[OwnRecord]:
        """One's own records in order of acceptance, of one state where one is named."""
        for page in self._pages("/v1/records", {"state": state}):
            for said in page["records"]:
                yield OwnRecord(**said)

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        """The UCRs that this reference belongs to; empty where none is known yet."""
        said = self._get(f"/v1/references/{quote(kind, safe='')}", {"value": value, "scope": scope, "on": on})
        return [str(ucr) for ucr in said["ucrs"]]

    def record(self, record_id: str) -> dict[str, Any]:
        """One record as its reader may see it."""
        return self._get(f"/v1/records/{quote(record_id, safe='')}")

    def record_bundle(self, record_id: str) -> bytes:
        """The proof bundle of one record, exactly as it verifies."""
        return self._get_bytes(f"/v1/records/{quote(record_id, safe='')}/bundle")

    def consignment(self, ucr: str) -> dict[str, Any]:
        """Everything of one consignment that its reader may see."""
        return self._get(f"/v1/consignments/{quote(ucr, safe='')}")

    def consignment_bundle(self, ucr: str) -> bytes:
        """The proof bundle of one consignment, exactly as it verifies."""
        return self._get_bytes(f"/v1/consignments/{quote(ucr, safe='')}/bundle")

    def explanation(self, ucr: str) -> dict[str, Any]:
        """For every section of a consignment's records, whether its reader sees it and by which line of the policy."""
        return self._get(f"/v1/consignments/{quote(ucr, safe='')}/explanation")

    def document(self, sha256: str) -> dict[str, Any]:
        """Which records cite this file."""
        return self._get(f"/v1/documents/{quote(sha256, safe='')}")

    def search(self, **criteria: str) -> dict[str, Any]:
        """One page of what fits the criteria."""
        return self._get("/v1/search", criteria)

    def access_log(self, **criteria: str) -> dict[str, Any]:
        """One page of who read what."""
        return self._get("/v1/access-log", criteria)

    def trust_root(self) -> bytes:
        """The public edition of the trust root file. Compare its fingerprint out of band before you believe it."""
        return _checked(self._http.get("/v1/trust-root")).content

    def batches(self, after: int = -1) -> Iterator[dict[str, Any]]:
        """Batches in chain order, after an index."""
        for page in self._pages("/v1/ledger/batches", {"after": after}):
            yield from page["batches"]

    def batch(self, index: int) -> dict[str, Any]:
        """One batch with its entries."""
        return self._get(f"/v1/ledger/batches/{index}")

    def checkpoints(self, after: int = -1) -> Iterator[dict[str, Any]]:
        """Checkpoints in chain order, after an index."""
        for page in self._pages("/v1/ledger/checkpoints", {"after": after}):
            yield from page["checkpoints"]

    def members(self, as_of: int | None = None) -> Iterator[dict[str, Any]]:
        """Members in force for a block; for the next one where none is named."""
        for page in self._pages("/v1/ledger/members", {"as_of": as_of}):
            yield from page["members"]

    def keys(self, as_of: int | None = None, member: str = "") -> Iterator[dict[str, Any]]:
        """Keys in force for a block; for the next one where none is named."""
        for page in self._pages("/v1/ledger/keys", {"as_of": as_of, "member": member}):
            yield from page["keys"]

    def is_ready(self) -> bool:
        """Whether the gateway takes and anchors records now."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def wait_until(self, record_id: str, state: State, timeout_s: float = 30.0, poll_s: float = 0.1) -> OwnRecord:
        """One's own record once it is in that state or beyond; raises GatewayRefused, or TimeoutError."""
        until = time.monotonic() + timeout_s
        while True:
            found = next((one for one in self.records() if one.record_id == record_id), None)
            if found is None:
                raise NotFound("record", record_id)
            if found.state == "refused" and state != "refused":
                raise GatewayRefused({"detail": found.reason, "code": "4002"})
            if found.state == state or (state in _STATES and _STATES.index(found.state) >= _STATES.index(state)):
                return found
            if time.monotonic() > until:
                raise TimeoutError(f"record {record_id} was still {found.state} after {timeout_s:g} s")
            time.sleep(poll_s)

    def _pages(self, path: str, criteria: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        asked = dict(criteria)
        while True:
            page = self._get(path, asked)
            yield page
            if page["next"] is None:
                return
            asked["after"] = page["next"]

    def _get(self, path: str, criteria: Mapping[str, object] | None = None) -> dict[str, Any]:
        said: dict[str, Any] = self._asked(path, criteria).json()
        return said

    def _get_bytes(self, path: str) -> bytes:
        return self._asked(path, None).content

    def _asked(self, path: str, criteria: Mapping[str, object] | None) -> httpx.Response:
        params = {name: str(value) for name, value in (criteria or {}).items() if value not in (None, "")}
        answer = self._http.get(path, params=params, headers=self._authorization())
        if answer.status_code == 401:
            # The gateway was restarted with another key, or our clocks differ: one new token, then its word counts.
            self._token = ""
            answer = self._http.get(path, params=params, headers=self._authorization())
        return _checked(answer)

    def token(self) -> str:
        """A bearer token for this member, as other programs send it; raises as every request here."""
        return self._authorization()["Authorization"].removeprefix("Bearer ")

    def _authorization(self) -> dict[str, str]:
        if not self._token or time.monotonic() > self._token_until:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> None:
        if self._signer is None:
            raise GatewayRefused({"detail": "this needs a signing key: the gateway tells members only", "code": "1001"})
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._member,
            "sub": self._member,
            "aud": self._base_url,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + ASSERTION_LIFETIME_S,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_compact({"typ": ASSERTION_TYP}, claims, self._signer),
        }
        said = _checked(self._http.post("/v1/token", data=form)).json()
        self._token = said["access_token"]
        self._token_until = time.monotonic() + max(0, said["expires_in"] - TOKEN_MARGIN_S)


def _verdict(said: Mapping[str, Any], first: int) -> Verdict:
    receipt = said.get("receipt")
    return Verdict(first + int(said["line"]), Receipt.parse(receipt) if receipt else None, said.get("problem"))


def _checked(answer: httpx.Response) -> httpx.Response:
    """The answer where it is a success; else the error that its problem document tells."""
    if answer.status_code < 400:
        return answer
    try:
        problem: dict[str, Any] = answer.json()
    except ValueError:
        problem = {}
    slug = str(problem.get("type", "")).rpartition("/")[2]
    if answer.status_code >= 500 or answer.status_code == 429 or slug in LATER_SLUGS:
        raise GatewayBusy(problem or {"detail": f"HTTP {answer.status_code}"}, _retry_after(answer))
    if answer.status_code == 404 and slug == "not-found":
        raise NotFound("answer", str(problem.get("detail", answer.url.path)))
    raise GatewayRefused(problem or {"detail": f"HTTP {answer.status_code}"})


def _retry_after(answer: httpx.Response) -> float | None:
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isdigit() else None
