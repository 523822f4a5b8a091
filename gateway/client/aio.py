"""The client for asyncio: the same questions as the one that waits, awaited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import httpx

from chain.bounded_answers import PLAIN, ask_bounded_async
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


class AsyncGatewayClient:
    """Talks to one gateway as one member, in one event loop; several questions may be under way at once."""

    def __init__(
        self,
        base_url: str,
        *,
        signer: SigningKey | None = None,
        member: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        answer_s: float = ANSWER_S,
    ) -> None:
        """Without `signer` only what needs no token can be asked: the trust root."""
        self._asker = Asker(base_url, signer, member)
        self._http = httpx.AsyncClient(
            base_url=self._asker.base_url, transport=transport, timeout=timeout_s, headers=PLAIN
        )
        self._answer_bytes_max, self._answer_s = answer_bytes_max, answer_s

    async def __aenter__(self) -> AsyncGatewayClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def submit(self, record: SignedRecord) -> Receipt:
        """The receipt for a record; the same record again gives the same one."""
        return await self._ask(self._asker.submit(record))

    async def submit_bulk(self, records: Iterable[SignedRecord]) -> AsyncIterator[Verdict]:
        """A verdict for each record, in order, as the gateway reaches it."""
        coming, first = iter(records), 0
        while portion := list(islice(coming, UPLOAD_LINES)):
            for verdict in await self._ask(self._asker.upload(portion, first)):
                yield verdict
            first += len(portion)

    def records(self, state: State | None = None) -> AsyncIterator[OwnRecord]:
        """One's own records in order of acceptance, of one state where one is named."""
        return self._paged(partial(self._asker.own_records, state))

    async def references(self, kind: str, value: str, scope: str = "", on: str = "") -> list[str]:
        """The UCRs that this reference belongs to; empty where none is known yet."""
        return await self._ask(self._asker.references(kind, value, scope, on))

    async def single_use_bundle(self, kind: str, maker: str, number: str) -> bytes:
        """The proof in how many consignments a maker used a number (kind `invoice`), exactly as it verifies."""
        return await self._ask(self._asker.single_use_bundle(kind, maker, number))

    async def record(self, record_id: str) -> dict[str, Any]:
        """One record as its reader may see it."""
        return await self._ask(self._asker.get(record_path(record_id)))

    async def record_bundle(self, record_id: str) -> bytes:
        """The proof bundle of one record, exactly as it verifies."""
        return await self._ask(self._asker.get_bytes(record_path(record_id, "/bundle")))

    async def lane_proof(self, record_id: str) -> bytes:
        """In which lanes one's own record belongs, with VRF proofs, exactly as `tongguan audit` reads it."""
        return await self._ask(self._asker.get_bytes(record_path(record_id, "/lane-proof")))

    async def erasure_plan(self, subject: str, sections: Iterable[str]) -> dict[str, Any]:
        """What of a consignment (UCR) or a record (id) this member may have erased, of sections with these names."""
        return await self._ask(self._asker.erasure_plan(subject, sections))

    async def consignment(self, ucr: str) -> dict[str, Any]:
        """Everything of one consignment that its reader may see."""
        return await self._ask(self._asker.get(consignment_path(ucr)))

    async def consignment_bundle(self, ucr: str) -> bytes:
        """The proof bundle of one consignment, exactly as it verifies."""
        return await self._ask(self._asker.get_bytes(consignment_path(ucr, "/bundle")))

    async def lanes(self, ucr: str) -> dict[str, Any]:
        """All lanes of one consignment with the anchored records as their reader sees them."""
        return await self._ask(self._asker.get(consignment_path(ucr, "/lanes")))

    async def changes(self, after: int | None = None) -> AsyncIterator[Change]:
        """What is anchored for consignments that the member sees, after a batch (None: from now on), without end.

        Raises GatewayRefused and httpx.HTTPError where the feed ends; go on after the last batch that was told whole.
        """
        ask = await self._ask(self._asker.feed(after))
        feed = self._http.stream(ask.method, ask.url, params=dict(ask.params), headers=dict(ask.headers))
        async with feed as answer:
            if answer.status_code != httpx.codes.OK:
                await answer.aread()
                checked(answer)
            async for line in answer.aiter_lines():
                for change in read_changes([line]):
                    yield change

    async def explanation(self, ucr: str) -> dict[str, Any]:
        """For every section of a consignment's records, whether its reader sees it and by which line of the policy."""
        return await self._ask(self._asker.get(consignment_path(ucr, "/explanation")))

    async def document(self, sha256: str) -> dict[str, Any]:
        """Which records cite this file."""
        return await self._ask(self._asker.get(document_path(sha256)))

    async def search(self, **criteria: str) -> dict[str, Any]:
        """One page of what fits the criteria."""
        return await self._ask(self._asker.get("/v1/search", criteria))

    async def findings(self, **criteria: str) -> dict[str, Any]:
        """One page of the queue of findings."""
        return await self._ask(self._asker.get("/v1/findings", criteria))

    async def access_log(self, **criteria: str) -> dict[str, Any]:
        """Who read what."""
        return await self._ask(self._asker.get("/v1/access-log", criteria))

    async def webhooks(self) -> list[dict[str, Any]]:
        """One's own webhooks, with how far each has come."""
        answer = await self._ask(self._asker.get("/v1/webhooks"))
        return list(answer["webhooks"])

    async def add_webhook(
        self,
        url: str,
        after: str = "",
        types: Sequence[str] = (),
        rules: Sequence[str] = (),
        severities: Sequence[str] = (),
    ) -> dict[str, Any]:
        """A new webhook that is told what it wants after a batch (empty: from now on), with its `secret`, once."""
        wanted = {"types": [*types], "rules": [*rules], "severities": [*severities]}
        return await self._ask(self._asker.post_json("/v1/webhooks", {"url": url, "after": after, **wanted}))

    async def webhook_deliveries(self, webhook: str) -> list[dict[str, Any]]:
        """The newest posts of a webhook, taken or not, the newest first."""
        answer = await self._ask(self._asker.get(webhook_path(webhook, "/deliveries")))
        return list(answer["deliveries"])

    async def replay_webhook(self, webhook: str, after: str = "-1") -> None:
        """Has everything after a batch posted again; `-1` for the beginning."""
        await self._ask(self._asker.post_json(webhook_path(webhook, "/replay"), {"after": after}))

    async def change_webhook_secret(self, webhook: str) -> str:
        """A webhook's new secret; the one before it signs along for a day."""
        answer = await self._ask(self._asker.post_json(webhook_path(webhook, "/secret")))
        return str(answer["secret"])

    async def remove_webhook(self, webhook: str) -> None:
        """Ends a webhook."""
        await self._ask(self._asker.delete(webhook_path(webhook)))

    async def trust_root(self) -> bytes:
        """The trust root file. Compare its fingerprint out of band before you believe it."""
        return await self._ask(self._asker.trust_root())

    def batches(self, after: int = -1) -> AsyncIterator[dict[str, Any]]:
        """Batches in chain order, after an index."""
        return self._listed("/v1/ledger/batches", "batches", {"after": after})

    async def batch(self, index: int) -> dict[str, Any]:
        """One batch with its entries."""
        return await self._ask(self._asker.get(f"/v1/ledger/batches/{index}"))

    def checkpoints(self, after: int = -1) -> AsyncIterator[dict[str, Any]]:
        """Checkpoints in chain order, after an index."""
        return self._listed("/v1/ledger/checkpoints", "checkpoints", {"after": after})

    def unopened(self) -> AsyncIterator[dict[str, Any]]:
        """Entries that no gateway could open within a day, by batch; for the gateway's own member and governors."""
        return self._listed("/v1/replication/unopened", "batches", {})

    def operator_log(self, after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """What was done with the gateway after a line, oldest first; for the member that runs it."""
        return self._listed("/v1/operator-log", "lines", {"after": after})

    async def invite_operator(self, name: str, rights: Sequence[str]) -> dict[str, Any]:
        """A new operator of the member: `operator`, `pseudonym`, and the one-time `link` that counts `until`."""
        return await self._ask(self._asker.invite_operator(name, rights))

    async def operators(self) -> list[dict[str, Any]]:
        """The member's operators with their sessions."""
        lines: list[dict[str, Any]] = (await self._ask(self._asker.get("/v1/people")))["operators"]
        return lines

    async def end_operator(self, operator: str) -> None:
        """Ends an operator with its sessions, links and passkeys."""
        await self._ask(self._asker.end_operator(operator))

    async def first_consignments(self) -> dict[str, Any]:
        """The first page of `consignments`, with what the gateway says that it lacks."""
        return await self._ask(self._asker.get("/v1/consignments"))

    async def tombstones(self, after: int) -> dict[str, Any]:
        """What was erased at the gateway, after a place; for other gateways."""
        return await self._ask(self._asker.get("/v1/replication/tombstones", {"after": after}))

    async def replication(self) -> dict[str, Any]:
        """How far the gateway holds what it may hold; for its own member and for governors."""
        return await self._ask(self._asker.get("/v1/replication"))

    def consignments(self) -> AsyncIterator[dict[str, Any]]:
        """Every consignment that the member may see, as hits of a search, by UCR."""
        return self._listed("/v1/consignments", "hits", {})

    def members(self, as_of: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """Members in force for a block; for the next one where none is named."""
        return self._listed("/v1/ledger/members", "members", {"as_of": as_of})

    def keys(self, as_of: int | None = None, member: str = "") -> AsyncIterator[dict[str, Any]]:
        """Keys in force for a block; for the next one where none is named."""
        return self._listed("/v1/ledger/keys", "keys", {"as_of": as_of, "member": member})

    async def is_ready(self) -> bool:
        """Whether the gateway takes and anchors records now."""
        try:
            return await self._ask(self._asker.ready())
        except httpx.HTTPError:
            return False

    async def wait_until(self, record_id: str, state: State, timeout_s: float = 30.0, poll_s: float = 0.1) -> OwnRecord:
        """One's own record once it is in that state or beyond; raises GatewayRefused, or TimeoutError."""
        until = time.monotonic() + timeout_s
        while True:
            come = await self._ask(self._asker.come(record_id, state, until))
            if come is not None:
                return come
            await asyncio.sleep(poll_s)

    async def token(self) -> str:
        """A bearer token for this member, as other programs send it; raises as every request here."""
        return await self._ask(self._asker.token())

    def _listed(self, path: str, name: str, criteria: Criteria) -> AsyncIterator[dict[str, Any]]:
        return self._paged(partial(self._asker.page, path, name, criteria))

    async def _paged(self, page: Callable[[str | None], Page[T]]) -> AsyncIterator[T]:
        after: str | None = None
        while True:
            found, after = await self._ask(page(after))
            for one in found:
                yield one
            if after is None:
                return

    async def _ask(self, question: Question[T]) -> T:
        try:
            ask = next(question)
            while True:
                answer = await ask_bounded_async(
                    self._http, bytes_max=self._answer_bytes_max, limit_s=self._answer_s, **vars(ask)
                )
                ask = question.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
