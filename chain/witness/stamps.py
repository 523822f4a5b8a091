"""RFC 3161 time stamps of the notes that a governor publishes: asked of an authority, laid down beside the note.

Order, and what a crash leaves: the note is laid down first and never waits for its stamp; the stamp follows in the file
beside it once the authority answered, or not at all. A stamp is of one note's bytes, so it goes when the note does. At
most one is asked for in a period: authorities count, and checkpoints come every few seconds.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import httpx

from chain.back_off import BackOff
from chain.errors import Refused, TongguanError, shortened
from chain.proof.hashes import sha256
from chain.proof.time_stamps import STAMP_BYTES_MAX
from chain.witness.store import replace_file

STAMP_SUFFIX = ".tsr"
"""A note's stamp stands beside it under the note's name and this."""
STAMP_MODE = 0o644
TIMEOUT_S = 20.0
PAUSE = BackOff(first_s=5.0, max_s=600.0)
"""Between two questions to an authority that did not answer."""
QUERY_TYPE = "application/timestamp-query"
OK = 200


class StampFault(TongguanError):
    """The authority gave no stamp of this note; says why."""


class Stamper(Protocol):
    """Whoever stamps bytes."""

    def stamp(self, note: bytes) -> bytes:
        """The answer of an authority (DER); raises StampFault."""
        ...


class StampClient:
    """One authority by its address. It sees the SHA-256 of a note and nothing else."""

    def __init__(self, authority: str, http: httpx.Client | None = None) -> None:
        try:
            import rfc3161_client
        except ImportError:
            raise Refused("time stamps need a package. Install it: pip install rfc3161-client") from None
        self._library = rfc3161_client
        self._authority = authority
        self._http = http or httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)

    def stamp(self, note: bytes) -> bytes:
        """The authority's answer (DER), granted and of these very bytes; raises StampFault.

        Whether its certificates lead to a root is for readers to say, each by its own trust root.
        """
        library = self._library
        query = library.TimestampRequestBuilder().data(note).hash_algorithm(library.HashAlgorithm.SHA256).build()
        answer = self._ask(query.as_bytes())
        try:
            imprint = library.decode_timestamp_response(answer).tst_info.message_imprint.message
        except ValueError as fault:
            raise StampFault(f"{self._authority} gave no time stamp: {fault}") from None
        if imprint != sha256(note):
            raise StampFault(f"{self._authority} stamped something else")
        return answer

    def _ask(self, query: bytes) -> bytes:
        answer = bytearray()
        headers = {"Content-Type": QUERY_TYPE}
        try:
            with self._http.stream("POST", self._authority, content=query, headers=headers) as response:
                for chunk in response.iter_bytes():
                    answer += chunk
                    if len(answer) > STAMP_BYTES_MAX:
                        raise StampFault(f"{self._authority} answers more than {STAMP_BYTES_MAX} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise StampFault(f"{self._authority} cannot be reached: {type(fault).__name__} {fault}") from fault
        if response.status_code != OK:
            quoted = shortened(bytes(answer).decode("utf-8", "replace").strip())
            raise StampFault(f"{self._authority} answers {response.status_code}: {quoted}")
        return bytes(answer)


class NoteStamps:
    """The stamp beside a note. One publisher's; not shared between threads."""

    def __init__(self, stamper: Stamper, note_file: Path, period_s: float) -> None:
        self.file = note_file.with_name(note_file.name + STAMP_SUFFIX)
        self._stamper = stamper
        self._period_s = period_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stamps")
        self._asked: tuple[bytes, Future[bytes]] | None = None
        self._stamped = b""
        """The note that the file in place is a stamp of, as far as this process knows."""
        self._not_before_s = float("-inf")
        self._failures = 0
        self._fault = ""

    def step(self, note: bytes, now_s: float) -> str:
        """Lays down a stamp that came in for the note in place, and asks for one where it is due; what went wrong."""
        if self._asked is not None and self._asked[1].done():
            self._take(note, now_s)
        if note != self._stamped:
            self.file.unlink(missing_ok=True)
            if self._asked is None and now_s >= self._not_before_s:
                self._asked = note, self._thread.submit(self._stamper.stamp, note)
                self._not_before_s = now_s + self._period_s
        return self._fault

    def close(self) -> None:
        """Waits for a question that is under way and lays its answer down."""
        self._thread.shutdown()
        if self._asked is not None:
            self._take(self._asked[0], self._not_before_s)

    def _take(self, note: bytes, now_s: float) -> None:
        if self._asked is None:
            return
        (asked, answer), self._asked = self._asked, None
        try:
            stamp = answer.result()
        except StampFault as fault:
            self._failures += 1
            self._not_before_s = now_s + PAUSE.pause_s(self._failures)
            self._fault = str(fault)
            return
        self._failures, self._fault = 0, ""
        if asked == note:
            replace_file(self.file, stamp, STAMP_MODE)
            self._stamped = note
