"""Cargo-IMP: which message it is, and the reader of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final

from adapters.formats.cargo_imp.houses import read_houses
from adapters.formats.cargo_imp.manifest import read_manifest
from adapters.formats.cargo_imp.parts import Reading
from adapters.formats.cargo_imp.status import read_statuses
from adapters.formats.cargo_imp.waybill import read_waybill
from adapters.mapping.logistics import noted
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.cargo_imp import CargoLine, parse_cargo_imp
from adapters.parsing.xml_fields import Faults
from chain.records.base import Source

_READERS: Final[dict[str, Callable[[Sequence[CargoLine], Source, Reading], Iterator[Entity]]]] = {
    "FWB": read_waybill,
    "FHL": read_houses,
    "FFM": read_manifest,
    "FSU": read_statuses,
    "FSA": read_statuses,
}
"""Standard message identifier -> what reads it."""
_IDENTIFIER: Final = re.compile(rb"^\x02?(?:FWB|FHL|FFM|FSU|FSA)/\d{1,3}[ \t]*\r?$", re.MULTILINE)
_VERSIONS: Final = {"FWB": 17, "FHL": 5, "FFM": 8, "FSU": 15, "FSA": 15}
"""The newest version that the 34th edition has."""


class CargoImpReader:
    """FWB, FHL, FFM, FSU, FSA."""

    kind = "Cargo-IMP"

    def recognises(self, message: bytes) -> bool:
        """Whether one of the first lines is the identifier of one of them."""
        return _IDENTIFIER.search(b"\n".join(message[:1024].splitlines()[:6])) is not None

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`; refuses what cannot do without a year."""
        return self.read_sent(message, None)

    def read_sent(self, message: bytes, sent_on: date | None) -> ReadMessage:
        """See `DatedReader`."""
        parsed = parse_cargo_imp(message)
        kind = f"Cargo-IMP-{parsed.identifier}-{int(parsed.version)}"
        reading = Reading(Faults(), sent_on)
        source = Source(kind=kind, sha256=message_digest(message))
        entities: tuple[Entity, ...] = ()
        with noted("message", reading.faults):
            entities = tuple(_READERS[parsed.identifier](parsed.lines, source, reading))
        reading.faults.refuse(kind)
        remarks = (
            (f"version {parsed.version} is newer than the edition that is read",)
            if int(parsed.version) > _VERSIONS[parsed.identifier]
            else ()
        )
        return ReadMessage(kind, None, None, entities, remarks)


READERS = (CargoImpReader(),)
