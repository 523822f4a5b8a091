"""Another gateway as this one asks it for batches: answers are bounded and timed, and nothing of them is believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

import httpx

from chain.encoding import parse_json_object
from chain.errors import TongguanError
from chain.keys import SigningKey
from chain.sdjwt import RECORD_CHARS_MAX
from gateway.client import GatewayClient
from gateway.replication.tombstone_page import TombstonePage

READ_TIMEOUT_S = 10.0
"""A peer that sends nothing for so long is left."""
BATCH_DEADLINE_S = 60.0
ANSWER_BYTES_MAX = 64 << 20
"""Of a token, or a page of tombstones with the records that erased."""
"""All answers for one batch."""
LINE_BYTES_MAX = RECORD_CHARS_MAX + 8
PAGES_MAX = 2_048
RECORDS_MAX = 2_048
"""A batch has no more entries, and so no more records."""


class PeerFault(TongguanError):
    """A peer did not answer as it should; says how."""


class BatchSource(Protocol):
    """A gateway that may hold records of a batch."""

    @property
    def member(self) -> str:
        """USCC of the member that runs it."""
        ...

    @property
    def url(self) -> str: ...

    def records(self, batch_index: int) -> Iterator[bytes]:
        """The SD-JWTs that it holds of a batch; raises PeerFault, also in the middle."""
        ...

    def tombstones(self, after: int) -> TombstonePage:
        """What was erased there after a place; raises PeerFault."""
        ...


class Peer:
    """One gateway behind a URL. For one thread."""

    def __init__(
        self,
        member: str,
        url: str,
        *,
        own_member: str,
        signer: SigningKey,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.member = member
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url, transport=transport, timeout=READ_TIMEOUT_S, follow_redirects=False
        )
        self._client = GatewayClient(
            self.url,
            signer=signer,
            member=own_member,
            transport=transport,
            timeout_s=READ_TIMEOUT_S,
            answer_bytes_max=ANSWER_BYTES_MAX,
            answer_s=BATCH_DEADLINE_S,
        )

    def records(self, batch_index: int) -> Iterator[bytes]:
        """See `BatchSource`."""
        deadline = time.monotonic() + BATCH_DEADLINE_S
        after: int | None = 0
        count = pages = 0
        try:
            while after is not None:
                pages += 1
                if pages > PAGES_MAX:
                    raise PeerFault("it goes on answering without end")
                following: int | None = None
                is_whole = False
                for line in self._lines(batch_index, after, deadline):
                    if line[:1] == b'"':
                        count += 1
                        if count > RECORDS_MAX:
                            raise PeerFault("it sends more records than a batch holds")
                        yield line[1:-1]
                    else:
                        following, is_whole = _following(line, after), True
                if not is_whole:
                    raise PeerFault("its answer breaks off")
                after = following
        except (httpx.HTTPError, TongguanError) as fault:
            raise fault if isinstance(fault, PeerFault) else PeerFault(str(fault)) from fault

    def tombstones(self, after: int) -> TombstonePage:
        """See `BatchSource`."""
        try:
            return TombstonePage.parse(self._client.tombstones(after))
        except (httpx.HTTPError, TongguanError, ValueError, KeyError, TypeError) as fault:
            raise PeerFault(str(fault)) from fault

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()
        self._client.close()

    def _lines(self, batch_index: int, after: int, deadline: float) -> Iterator[bytes]:
        try:
            headers = {"Authorization": f"Bearer {self._client.token()}"}
        except (ValueError, KeyError, TypeError) as fault:
            raise PeerFault("it answers a request for a token with something else") from fault
        path = f"/v1/replication/batches/{batch_index}"
        with self._http.stream("GET", path, params={"after": str(after)}, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                raise PeerFault(f"it answers {answer.status_code}")
            rest = b""
            for part in answer.iter_bytes():
                if time.monotonic() > deadline:
                    raise PeerFault(f"it takes longer than {BATCH_DEADLINE_S:.0f} s for one batch")
                *lines, rest = (rest + part).split(b"\n")
                yield from lines
                if len(rest) > LINE_BYTES_MAX:
                    raise PeerFault("it sends a line that is longer than any record")
            if rest:
                raise PeerFault("its answer ends in the middle of a line")


def _following(line: bytes, after: int) -> int | None:
    try:
        following = parse_json_object(line)["next"]
    except (ValueError, KeyError) as fault:
        raise PeerFault("its answer does not end as it should") from fault
    if following is not None and (type(following) is not int or following <= after):
        raise PeerFault("it names a place to go on that lies behind")
    return following
