"""One reader on one input: how it ends, how long it takes, what it needs, and whether what it says holds together."""

from __future__ import annotations

import json
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random
from traceback import extract_tb
from types import FrameType
from unittest.mock import patch

from adapters.formats import Form
from adapters.formats.ceb import layout
from adapters.message import message_digest
from adapters.parsing.xml import UNSEEN
from adapters.registry import read_message
from chain.errors import Malformed, MalformedMessage
from chain.records import parse_record
from chain.records.fastpath import parse_signed
from chain.sdjwt import SignedRecord
from tests.fuzzing.changes import (
    changed_bytes,
    changed_cargo_imp,
    changed_edifact,
    changed_json,
    changed_numbered,
    changed_xml,
)
from tests.fuzzing.corpus import KEY, UCR, messages, records
from tests.fuzzing.endpoints import Broken, answer_http, answer_json_rpc, next_http, next_json_rpc
from tests.fuzzing.signed import changed_record

SECONDS_MAX = 0.1
"""Of the process's own time, for one input; the least of three runs counts."""
HANG_S = 5.0
"""Past this the reader is interrupted."""
PEAK_KB_MAX = 100 * 1024
"""Growth of the process's peak memory over a run, all inputs together."""
ERROR_CHARS_MAX = 5_000
SENT_ON = date(2026, 3, 2)
"""The day of sending of every message, for kinds whose days have no year."""


class Hangs(BaseException):
    """The reader was interrupted after `HANG_S` seconds of its own time."""


@dataclass(frozen=True)
class Outcome:
    """How one input ended."""

    end: str
    """`read`, the rule that refused it, or what went wrong."""
    found: bool
    """Whether it is a fault of the reader."""


def read_xml(message: bytes) -> str:
    """As `read_native`; a CEB message that may be read plainly must be what its tree says."""
    said = read_native(message)
    if layout.CEB_NAMESPACE.encode() in message:
        plainly = _answer(message)
        with patch.object(layout, "read_plain", lambda *given: None):
            if _answer(message) != plainly:
                raise Broken("read plainly is not what the tree says")
    return said


def _answer(message: bytes) -> object:
    try:
        return read_message(message)
    except MalformedMessage as refused:
        return [str(fault) for fault in (refused, *refused.faults)]


def read_native(message: bytes) -> str:
    """Reads a native message; raises `Broken` where the answer breaks a promise, whatever the reader raises else."""
    started = time.process_time()
    try:
        read = read_message(message, sent_on=SENT_ON)
    except MalformedMessage as refused:
        spent = time.process_time() - started
        for fault in (refused, *refused.faults):
            _check_refusal(fault)
        _check_time(spent, partial(read_message, message, sent_on=SENT_ON))
        return refused.faults[0].rule.split("; ")[0][:60]
    spent = time.process_time() - started
    for entity in read.entities:
        if entity.record is not None:
            record = entity.record.for_ucrs([UCR])
            sections = record.to_sections()
            if type(record).from_sections(sections) != record:
                raise Broken("does not come back from its sections")
            if (unseen := UNSEEN.search(json.dumps(sections, ensure_ascii=False).replace("\n", ""))) is not None:
                raise Broken(f"holds U+{ord(unseen[0]):04X}")
            if record.source is None or record.source.sha256 != message_digest(message):
                raise Broken("names another message as its source")
    _check_time(spent, partial(read_message, message, sent_on=SENT_ON))
    return "read"


def read_signed(text: bytes) -> str:
    """Reads a signed record in both ways, which must agree; what verifies must say no more than what was signed."""
    started = time.process_time()
    refused, strict = _said(SignedRecord.parse, text)
    quick_refused, quick = _said(parse_signed, text)
    spent = time.process_time() - started
    if strict != quick:
        raise Broken(f"the quick reader says {quick_refused or 'yes'}, the strict one {refused or 'yes'}")
    _check_time(spent, partial(_said, SignedRecord.parse, text))
    if strict is not None and strict[0].verify(KEY.public):
        known = {record.record_id: set(record.disclosures) for record in records()}
        if strict[0].record_id in known and not set(strict[0].disclosures) <= known[strict[0].record_id]:
            raise Broken("verifies and says what was not signed")
    return refused or "read"


READERS: dict[str, Callable[[bytes], str]] = {
    "xml": read_xml,
    "json": read_native,
    "edifact": read_native,
    "numbered": read_native,
    "cargo_imp": read_native,
    "sd-jwt": read_signed,
    "http": answer_http,
    "json-rpc": answer_json_rpc,
}
"""Readers by the name that the command knows."""


def next_input(reader: str, random: Random) -> bytes:
    """A changed message for that reader."""
    if (make := _REQUESTS.get(reader)) is not None:
        return make(random)
    whole = messages(Form[reader.upper()])
    body = random.choice(whole)
    if random.random() < 0.15:
        return changed_bytes(body, random)
    return _CHANGES[reader](body, whole, random)


_REQUESTS: dict[str, Callable[[Random], bytes]] = {
    "sd-jwt": changed_record,
    "http": next_http,
    "json-rpc": next_json_rpc,
}
_CHANGES: dict[str, Callable[[bytes, Sequence[bytes], Random], bytes]] = {
    "xml": changed_xml,
    "json": changed_json,
    "edifact": changed_edifact,
    "numbered": changed_numbered,
    "cargo_imp": changed_cargo_imp,
}


def watched(reader: str, given: bytes) -> Outcome:
    """How the reader ends on this input, with the place in the code where it breaks."""
    try:
        with _interrupted():
            return Outcome(READERS[reader](given), False)
    except Broken as broken:
        return Outcome(f"{broken}", True)
    except Hangs:
        return Outcome("hangs", True)
    except Exception as error:  # noqa: BLE001 - that none gets out but a refusal is what is being tried
        at = extract_tb(error.__traceback__)[-1]
        return Outcome(f"{type(error).__name__} in {at.name}, line {at.lineno}: {str(error)[:200]}", True)


def peak_kb() -> int:
    """The process's peak memory so far, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _said(read: Callable[[bytes], SignedRecord], text: bytes) -> tuple[str, tuple[SignedRecord, object] | None]:
    try:
        signed = read(text)
        return "", (signed, parse_record(signed))
    except Malformed as refused:
        _check_refusal(refused)
        return refused.rule[:60], None


def _check_refusal(fault: Malformed) -> None:
    said = str(fault)
    if not (fault.field and fault.rule and fault.code.isdecimal()):
        raise Broken(f"a refusal without field, rule or code: {said[:80]!r}")
    if len(said) > ERROR_CHARS_MAX:
        raise Broken(f"a refusal of more than {ERROR_CHARS_MAX} characters")
    if not said.isprintable():
        raise Broken("a refusal with characters that do not print")


def _check_time(spent: float, again: Callable[[], object]) -> None:
    for _ in range(2):
        if spent < SECONDS_MAX:
            return
        started = time.process_time()
        with suppress(Malformed):  # how it ends was judged by the first run
            again()
        spent = min(spent, time.process_time() - started)
    if spent >= SECONDS_MAX:
        raise Broken("slow")


@contextmanager
def _interrupted() -> Iterator[None]:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, HANG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
