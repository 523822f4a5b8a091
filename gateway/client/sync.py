"""The client that waits for each answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import httpx

from chain.bounded_answers import PLAIN, ask_bounded
from chain.keys import SigningKey
from chain.sdjwt import SignedRecord
from gateway.client.models import Change, OwnRecord, Receipt, State, Verdict, checked, read_changes
from gateway.client.protocol import (
    ANSWER_BYTES_MAX,
    ANSWER_S,
    TIMEOUT_S,
    UPLOAD_LINES,
    Asker,
    Criteria,
    Page,
    Question,
    consignment_path,
    document_path,
    record_path,
    webhook_path,
)

T = TypeVar("T")


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
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        answer_s: float = ANSWER_S,
    ) -> None:
        """Without `signer` only what needs no token can be asked: the trust root."""
        self._asker = Asker(base_url, signer, member)
        self._http = httpx.Client(base_url=self._asker.base_url, transport=transport, timeout=timeout_s, headers=PLAIN)
        self._answer_bytes_max, self._answer_s = answer_bytes_max, answer_s

    def __enter__(self) -> GatewayClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def submit(self, record: SignedRecord) -> Receipt:
        """The receipt for a record; the same record again gives the same one."""
        return self._ask(self._asker.submit(record))

    def submit_bulk(self, records: Iterable[SignedRecord]) -> Iterator[Verdict]:
        """A verdict for each record, in order, as the gateway reaches it."""
        coming, first = iter(records), 0
        while portion := list(islice(coming, UPLOAD_LINES)):
            yield from self._ask(self._asker.upload(portion, first))
            first += len(portion)

    def records(self, state: State | None = None) -> Iterator[OwnRecord]:
        """One's own records in order of acceptance, of one state where one is named."""
        return self._paged(partial(self._asker.own_records, state))

    def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        """The UCRs that this reference belongs to; empty where none is known yet."""
        return self._ask(self._asker.references(kind, value, scope, on))

    def single_use_bundle(self, kind: str, maker: str, number: str) -> bytes:
        """The proof in how many consignments a maker used a number (kind `invoice`), exactly as it verifies."""
        return self._ask(self._asker.single_use_bundle(kind, maker, number))

    def record(self, record_id: str) -> dict[str, Any]:
        """One record as its reader may see it."""
        return self._ask(self._asker.get(record_path(record_id)))

    def record_bundle(self, record_id: str) -> bytes:
        """The proof bundle of one record, exactly as it verifies."""
        return self._ask(self._asker.get_bytes(record_path(record_id, "/bundle")))

    def lane_proof(self, record_id: str) -> bytes:
        """In which lanes one's own record belongs, with VRF proofs, exactly as `tongguan audit` reads it."""
        return self._ask(self._asker.get_bytes(record_path(record_id, "/lane-proof")))

    def erasure_plan(self, subject: str, sections: Iterable[str]) -> dict[str, Any]:
        """What of a consignment (UCR) or a record (id) this member may have erased, of sections with these names."""
        return self._ask(self._asker.erasure_plan(subject, sections))

    def consignment(self, ucr: str) -> dict[str, Any]:
        """Everything of one consignment that its reader may see."""
        return self._ask(self._asker.get(consignment_path(ucr)))

    def consignment_bundle(self, ucr: str) -> bytes:
        """The proof bundle of one consignment, exactly as it verifies."""
        return self._ask(self._asker.get_bytes(consignment_path(ucr, "/bundle")))

    def lanes(self, ucr: str) -> dict[str, Any]:
        """All lanes of one consignment with the anchored records as their reader sees them."""
        return self._ask(self._asker.get(consignment_path(ucr, "/lanes")))

    def changes(self, after: int | None = None) -> Iterator[Change]:
        """What is anchored for consignments that the member sees, after a batch (None: from now on), without end.

        Raises GatewayRefused and httpx.HTTPError where the feed ends; go on after the last batch that was told whole.
        """
        ask = self._ask(self._asker.feed(after))
        with self._http.stream(ask.method, ask.url, params=dict(ask.params), headers=dict(ask.headers)) as answer:
            if answer.status_code != httpx.codes.OK:
                answer.read()
                checked(answer)
            yield from read_changes(answer.iter_lines())

    def explanation(self, ucr: str) -> dict[str, Any]:
        """For every section of a consignment's records, whether its reader sees it and by which line of the policy."""
        return self._ask(self._asker.get(consignment_path(ucr, "/explanation")))

    def document(self, sha256: str) -> dict[str, Any]:
        """Which records cite this file."""
        return self._ask(self._asker.get(document_path(sha256)))

    def search(self, **criteria: str) -> dict[str, Any]:
        """One page of what fits the criteria."""
        return self._ask(self._asker.get("/v1/search", criteria))

    def findings(self, **criteria: str) -> dict[str, Any]:
        """One page of the queue of findings."""
        return self._ask(self._asker.get("/v1/findings", criteria))

    def access_log(self, **criteria: str) -> dict[str, Any]:
        """Who read what."""
        return self._ask(self._asker.get("/v1/access-log", criteria))

    def webhooks(self) -> list[dict[str, Any]]:
        """One's own webhooks, with how far each has come."""
        answer = self._ask(self._asker.get("/v1/webhooks"))
        return list(answer["webhooks"])

    def add_webhook(
        self,
        url: str,
        after: str = "",
        types: Sequence[str] = (),
        rules: Sequence[str] = (),
        severities: Sequence[str] = (),
    ) -> dict[str, Any]:
        """A new webhook that is told what it wants after a batch (empty: from now on), with its `secret`, once."""
        wanted = {"types": [*types], "rules": [*rules], "severities": [*severities]}
        return self._ask(self._asker.post_json("/v1/webhooks", {"url": url, "after": after, **wanted}))

    def webhook_deliveries(self, webhook: str) -> list[dict[str, Any]]:
        """The newest posts of a webhook, taken or not, the newest first."""
        answer = self._ask(self._asker.get(webhook_path(webhook, "/deliveries")))
        return list(answer["deliveries"])

    def replay_webhook(self, webhook: str, after: str = "-1") -> None:
        """Has everything after a batch posted again; `-1` for the beginning."""
        self._ask(self._asker.post_json(webhook_path(webhook, "/replay"), {"after": after}))

    def change_webhook_secret(self, webhook: str) -> str:
        """A webhook's new secret; the one before it signs along for a day."""
        answer = self._ask(self._asker.post_json(webhook_path(webhook, "/secret")))
        return str(answer["secret"])

    def remove_webhook(self, webhook: str) -> None:
        """Ends a webhook."""
        self._ask(self._asker.delete(webhook_path(webhook)))

    def trust_root(self) -> bytes:
        """The trust root file. Compare its fingerprint out of band before you believe it."""
        return self._ask(self._asker.trust_root())

    def batches(self, after: int = -1) -> Iterator[dict[str, Any]]:
        """Batches in chain order, after an index."""
        return self._listed("/v1/ledger/batches", "batches", {"after": after})

    def batch(self, index: int) -> dict[str, Any]:
        """One batch with its entries."""
        return self._ask(self._asker.get(f"/v1/ledger/batches/{index}"))

    def checkpoints(self, after: int = -1) -> Iterator[dict[str, Any]]:
        """Checkpoints in chain order, after an index."""
        return self._listed("/v1/ledger/checkpoints", "checkpoints", {"after": after})

    def unopened(self) -> Iterator[dict[str, Any]]:
        """Entries that no gateway could open within a day, by batch; for the gateway's own member and governors."""
        return self._listed("/v1/replication/unopened", "batches", {})

    def operator_log(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """What was done with the gateway after a line, oldest first; for the member that runs it."""
        return self._listed("/v1/operator-log", "lines", {"after": after})

    def invite_operator(self, name: str, rights: Sequence[str]) -> dict[str, Any]:
        """A new operator of the member: `operator`, `pseudonym`, and the one-time `link` that counts `until`."""
        return self._ask(self._asker.invite_operator(name, rights))

    def operators(self) -> list[dict[str, Any]]:
        """The member's operators with their sessions."""
        lines: list[dict[str, Any]] = self._ask(self._asker.get("/v1/people"))["operators"]
        return lines

    def end_operator(self, operator: str) -> None:
        """Ends an operator with its sessions, links and passkeys."""
        self._ask(self._asker.end_operator(operator))

    @property
    def base_url(self) -> str:
        """The gateway's URL."""
        return self._asker.base_url

    def first_consignments(self) -> dict[str, Any]:
        """The first page of `consignments`, with what the gateway says that it lacks."""
        return self._ask(self._asker.get("/v1/consignments"))

    def tombstones(self, after: int) -> dict[str, Any]:
        """What was erased at the gateway, after a place; for other gateways."""
        return self._ask(self._asker.get("/v1/replication/tombstones", {"after": after}))

    def replication(self) -> dict[str, Any]:
        """How far the gateway holds what it may hold; for its own member and for governors."""
        return self._ask(self._asker.get("/v1/replication"))

    def consignments(self) -> Iterator[dict[str, Any]]:
        """Every consignment that the member may see, as hits of a search, by UCR."""
        return self._listed("/v1/consignments", "hits", {})

    def members(self, as_of: int | None = None) -> Iterator[dict[str, Any]]:
        """Members in force for a block; for the next one where none is named."""
        return self._listed("/v1/ledger/members", "members", {"as_of": as_of})

    def keys(self, as_of: int | None = None, member: str = "") -> Iterator[dict[str, Any]]:
        """Keys in force for a block; for the next one where none is named."""
        return self._listed("/v1/ledger/keys", "keys", {"as_of": as_of, "member": member})

    def is_ready(self) -> bool:
        """Whether the gateway takes and anchors records now."""
        try:
            return self._ask(self._asker.ready())
        except httpx.HTTPError:
            return False

    def wait_until(self, record_id: str, state: State, timeout_s: float = 30.0, poll_s: float = 0.1) -> OwnRecord:
        """One's own record once it is in that state or beyond; raises GatewayRefused, or TimeoutError."""
        until = time.monotonic() + timeout_s
        while (come := self._ask(self._asker.come(record_id, state, until))) is None:
            time.sleep(poll_s)
        return come

    def token(self) -> str:
        """A bearer token for this member, as other programs send it; raises as every request here."""
        return self._ask(self._asker.token())

    def _listed(self, path: str, name: str, criteria: Criteria) -> Iterator[dict[str, Any]]:
        return self._paged(partial(self._asker.page, path, name, criteria))

    def _paged(self, page: Callable[[str | None], Page[T]]) -> Iterator[T]:
        after: str | None = None
        while True:
            found, after = self._ask(page(after))
            yield from found
            if after is None:
                return

    def _ask(self, question: Question[T]) -> T:
        try:
            ask = next(question)
            while True:
                answer = ask_bounded(self._http, bytes_max=self._answer_bytes_max, limit_s=self._answer_s, **vars(ask))
                ask = question.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
