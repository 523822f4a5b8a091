"""One reader for all CEB messages: takes a message apart, checks it, and lets each kind build its records.

A fault in one entity refuses the whole message, as the official gateway does, and every fault of every entity is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from adapters.formats.ceb import layout
from adapters.formats.ceb.layout import CebEntity, CebMessage, Layout
from adapters.mapping.chinese_customs import beijing_time, day
from adapters.mapping.code_mapping import Coding
from adapters.message import Entity, ReadMessage, message_digest
from adapters.parsing.xml_fields import BUSINESS_CODE, Faults
from chain.errors import Malformed
from chain.records.base import Record, Reference, ReferenceKind, Source
from chain.records.scalars import Function, Instant
from chain.sdjwt import UCRS_MAX

DRAFT_NOTE: Final = "a draft (appStatus 1): acknowledged, not recorded"
FUNCTIONS: Final[dict[str, Function]] = {"1": "new", "2": "change", "3": "delete"}
"""`appType`: 1 新增, 2 变更, 3 删除."""


@dataclass(frozen=True)
class Built:
    """What a kind's builder makes of one entity."""

    record: Record
    lookup: tuple[Reference, ...] = ()
    """Numbers by which the gateway may know the consignment, the strongest first."""
    amends: Reference | None = None


@dataclass(frozen=True)
class Job:
    """What a builder is given beside the entity's fields."""

    source: Source
    coding: Coding
    said: Instant | None
    """When the enterprise said it (`appTime`) or the e-port answered (`returnTime`)."""
    on: str
    """The same as a day, for references; empty where the message has no time."""
    guid: str | None
    """The entity's own id."""

    def reference(self, kind: ReferenceKind, value: str | None, scope: str | None = "") -> tuple[Reference, ...]:
        """The reference, said on this day, as a tuple of one; empty where there is no number."""
        return (Reference(kind=kind, value=value, scope=scope or "", on=self.on),) if value else ()


Builder = Callable[[dict[str, str], tuple[dict[str, str], ...], Job], Built]
Check = Callable[[CebEntity, Faults], None]


def no_check(entity: CebEntity, faults: Faults) -> None:
    """For kinds whose fields alone make them usable."""


@dataclass(frozen=True)
class CebReader:
    """Reads one kind of CEB message."""

    layout: Layout
    build: Builder
    check: Check = no_check
    """Rules between fields, which find faults also where some field is faulty."""
    many: bool = False
    """Whether each line is another consignment, so that a long list becomes several records of 200 lines."""
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", self.layout.kind)

    def recognises(self, message: bytes) -> bool:
        """Whether the root is this kind's."""
        return layout.recognises(self.layout, message)

    def read(self, message: bytes) -> ReadMessage:
        """All entities in message order; raises `MalformedMessage` with every fault of every entity."""
        parsed = layout.take_apart(self.layout, message)
        digest = message_digest(message)
        entities: list[Entity] = []
        further = len(parsed.entities)
        for found in parsed.entities:
            if found.draft:
                entities.append(Entity(found.ordinal, None, DRAFT_NOTE))
                continue
            self.check(found, parsed.faults)
            if not found.sound:
                continue
            for count, part in enumerate(self._parts(found)):
                # Ordinals of first parts are those of the entities, as the envelope counts them.
                if not count:
                    entities.extend(self._map(part, parsed, digest))
                    continue
                part, further = replace(part, ordinal=further), further + 1
                later = self._map(part, parsed, digest)
                entities.extend(replace(entity, part=count, part_of=found.ordinal) for entity in later)
        parsed.faults.refuse(self.kind)
        return ReadMessage(self.kind, parsed.guid, parsed.sender, tuple(entities), tuple(parsed.remarks))

    def _parts(self, found: CebEntity) -> Iterator[CebEntity]:
        if not self.many or len(found.lines) <= UCRS_MAX:
            yield found
            return
        for start in range(0, len(found.lines), UCRS_MAX):
            yield replace(found, lines=found.lines[start : start + UCRS_MAX])

    def _map(self, found: CebEntity, parsed: CebMessage, digest: str) -> Iterator[Entity]:
        coding = Coding()
        try:
            time = found.head.get("appTime") or found.head.get("returnTime") or found.head.get("opDate")
            job = Job(
                source=Source(kind=self.kind, sha256=digest, message_id=parsed.guid, ordinal=found.ordinal),
                coding=coding,
                said=beijing_time(time) if time else None,
                on=day(time) if time else "",
                guid=found.head.get("guid"),
            )
            built = self.build(found.head, found.lines, job)
        except Malformed as fault:
            parsed.faults.note(fault, f"{found.where}/{fault.field}")
            return
        except ValidationError as problem:
            note_problems(problem, found.where, parsed.faults)
            return
        record = built.record.with_remarks(*coding.remarks) if coding.remarks else built.record
        yield Entity(found.ordinal, record, "", built.lookup, many=self._is_many(built), amends=built.amends)

    def _is_many(self, built: Built) -> bool:
        # A list without lines is looked up by its own numbers, and those are names of one thing.
        return (
            self.many
            and len(built.lookup) > 1
            and not any(reference.kind in ("pre", "cop") for reference in built.lookup)
        )


def note_problems(problem: ValidationError, where: str, faults: Faults) -> None:
    """Takes over what a record model refuses, under the entity's place."""
    for fault in problem.errors(include_url=False, include_context=False):
        path = ".".join(str(step) for step in fault["loc"])
        faults.add(f"{where} ({problem.title}.{path})", fault["msg"], value=fault["input"])


def check_weights(entity: CebEntity, faults: Faults) -> None:
    """Gross weight below net weight makes a list unusable."""
    gross, net = entity.head.get("grossWeight"), entity.head.get("netWeight")
    if gross and net and is_less("0", gross) and is_less(gross, net):
        faults.add(f"{entity.where}/grossWeight", f"is at least the net weight {net}", value=gross, code=BUSINESS_CODE)


def is_less(one: str, other: str) -> bool:
    """Whether the first plain decimal number is less than the second; False where either is none."""
    try:
        return Decimal(one) < Decimal(other)
    except ArithmeticError:
        return False
