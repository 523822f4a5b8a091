"""EDIFACT CUSRES: each processing indicator of customs' answer is a `customs.status`.

An answer is about the declaration whose number it names (RFF ABT, AAE, ABE, ABO), about a manifest's bill where it
names a bill, else about the message that it answers. Documents that are answered by themselves (DOC) have statuses of
their own. An answer without an indicator is recorded where it lists errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.formats.customs_response import tables
from adapters.mapping.edifact import moment_of, place_of, ucrs_of
from adapters.mapping.edifact_messages import MessageSource, names_message, read_interchange
from adapters.message import Entity, ReadMessage
from adapters.parsing.edifact import EdifactMessage, Segment
from adapters.parsing.edifact_groups import SegmentGroup, grouped, limited, unread_segments
from adapters.parsing.xml_fields import Faults
from chain.errors import MalformedMessage
from chain.records.base import Reference, Remark, Source
from chain.records.customs import CustomsStatus
from chain.records.scalars import Code, Instant
from chain.records.sections import DeclarationState, Status, StatusNote, StatusSubject

KIND: Final = "CUSRES"
STATUSES_MAX: Final = 2_000
SEGMENTS_MAX: Final = 1_000
"""Segments of one answer, and of the head; each status looks at them."""
NOTES_MAX: Final = 60
_ANSWERED: Final = re.compile("[!-~]{1,35}")


class CustomsResponseReader:
    """CUSRES."""

    kind = "EDIFACT-CUSRES"

    def recognises(self, message: bytes) -> bool:
        """Whether the first message header names it."""
        return names_message(message, KIND)

    def read(self, message: bytes) -> ReadMessage:
        """See `Reader`."""
        return read_interchange(message, KIND, _read, "has a processing indicator (GIS, GEI) or an error (ERC)")


READERS = (CustomsResponseReader(),)


def _read(message: EdifactMessage, source: MessageSource, faults: Faults) -> Iterator[Entity]:
    root = grouped(message.segments, tables.TABLE)
    begin = root.first("BGM")
    if begin is None:
        faults.add(f"UNH {message.reference}/BGM", "must be there", fix="Name the answer")
        return
    limited(root.all_segments(apart=("document",)), SEGMENTS_MAX, "in the head")
    count = 0
    for sayer in (root, *root.each("document")):
        if sayer is not root:
            limited(sayer.all_segments(), SEGMENTS_MAX, "a document")
        answer = _Answer(root, sayer, begin, faults)
        for indicator in answer.indicators():
            if count >= STATUSES_MAX:
                raise MalformedMessage("GEI", f"at most {STATUSES_MAX} statuses")
            yield answer.entity(indicator, source.at(count))
            count += 1


class _Answer:
    """One answer while it is read: of the message, or of a document in it."""

    def __init__(self, root: SegmentGroup, sayer: SegmentGroup, begin: Segment, faults: Faults) -> None:
        self.root = root
        self.sayer = sayer
        self.begin = begin
        self.faults = faults
        self.groups = (sayer,) if sayer is root else (sayer, root)

    def indicators(self) -> Iterator[Segment | None]:
        """The indicators; None once where there are errors and no indicator."""
        indicators = [*self.sayer.find("GIS"), *self.sayer.find("GEI")]
        yield from sorted(indicators, key=lambda segment: segment.place)
        if not indicators and next(self.sayer.each("error"), None) is not None:
            yield None

    def entity(self, indicator: Segment | None, source: Source) -> Entity:
        """The status of one indicator; faults are noted."""
        remarks: list[Remark] = []
        subject, number, references = self._about()
        code, state = self._code(indicator, subject, remarks)
        answered = self.begin.get(1)
        if _ANSWERED.fullmatch(answered) and not references:
            references = (Reference(kind="cop", value=answered),)
        if not references:
            rule = "names what it answers (BGM 1004, RFF ABT, ABE, ABO or BM)"
            self.faults.add(self.begin.where, rule, fix="Add RFF ABT")
            return Entity(source.ordinal, None, note="not read")
        record = CustomsStatus(
            ucr=ucrs_of((s for group in self._referring() for s in group.find("RFF", tables.UCR)), remarks),
            references=references,
            source=source,
            status=Status(
                about=subject,
                code=code,
                state=state,
                technical=code.value in tables.TECHNICAL or indicator is None,
                at=self._time(code.value, remarks),
                notes=tuple(self._notes(remarks)),
                office=self._office(remarks),
                number=number or None,
            ),
        )
        segments = [*self.sayer.all_segments(apart=("document",))]
        if self.sayer is not self.root:
            segments += self.root.all_segments(apart=("document",))
        unread = unread_segments(segments, self.root.read, tables.IGNORED)
        record = record.with_remarks(*remarks, *self.faults.take_notes(), *unread)
        return Entity(source.ordinal, record, lookup=record.references)

    def _code(
        self, indicator: Segment | None, subject: StatusSubject, remarks: list[Remark]
    ) -> tuple[Code, DeclarationState | None]:
        """The indicator in its list, and the state that it gives a declaration."""
        if indicator is None:
            return Code(system="uncl-1001", value=self.begin.get(0) or "963", name="error response"), None
        at = 0 if indicator.tag == "GIS" else 1
        value, listed, agency = (indicator.get(at, component) for component in range(3))
        if not re.fullmatch("[!-~]{1,64}", value):
            self.faults.add(indicator.where, "has a processing indicator (7365)", value=value or None)
            return Code(system="uncl-7365", value="unsaid", known=False), None
        if listed not in tables.UN_LISTS or agency not in tables.UN_AGENCIES:
            keeper = re.sub("[^!-~]", "-", listed or agency)[:40]
            text = f"indicator {value} is of the list {listed or agency}; it keeps the state"
            remarks.append(Remark(rule="own-list", text=text, field="status.code"))
            return Code(system=f"edifact-indicator-{keeper}", value=value), None
        state, meaning = tables.INDICATORS.get(value, (None, ""))
        if value not in tables.INDICATORS:
            text = f"indicator {value} says nothing of a declaration's state that we know"
            remarks.append(Remark(rule="unknown-code", text=text, field="status.code"))
        known = value in tables.INDICATORS
        coded = Code(system="uncl-7365", value=value, name=meaning or None, known=known)
        return coded, state if subject == "declaration" else None

    def _referring(self) -> Iterator[SegmentGroup]:
        """Groups in which the answer's own references stand: of a document, else of the message."""
        yield self.sayer
        yield from self.sayer.each("reference")

    def _about(self) -> tuple[StatusSubject, str, tuple[Reference, ...]]:
        """What the answer is about, its number, and the references that find it."""
        subject: StatusSubject | None = None
        number, references = "", dict[Reference, None]()
        document = self.sayer.first("DOC") if self.sayer is not self.root else None
        if document is not None and (kind := tables.DOCUMENTS.get(document.get(0))) and document.get(1):
            subject, number = ("declaration" if kind == "declaration" else "manifest"), document.get(1)
            references[Reference(kind=kind, value=number)] = None
        for groups in ([*self._referring()], [*self.root.each("reference")]):
            for qualifier, about, kind in tables.SUBJECTS:
                for segment in (s for group in groups for s in group.find("RFF", qualifier)):
                    value = segment.get(0, 1)
                    if value:
                        subject, number = subject or about, number or value
                        references[Reference(kind=kind, value=value)] = None
            if subject is not None:
                break
        if subject is None:
            subject = "manifest" if self.begin.get(0) in tables.ABOUT_LOADS else "message"
        return subject, number, tuple(references)

    def _time(self, indicator: str, remarks: list[Remark]) -> Instant | None:
        """When just this was decided, else when customs dealt with it or wrote the answer."""
        groups = [*self.groups, *self.sayer.each("reference")]
        for qualifier in (*tables.OWN_TIMES.get(indicator, ()), *tables.TIMES):
            for group in groups:
                if (segment := group.first("DTM", qualifier)) is not None:
                    return moment_of(segment, None, remarks, self.faults, "status.at")
        return None

    def _office(self, remarks: list[Remark]) -> Code | None:
        """The customs office that the answer names (LOC), as its own code."""
        for group in self.groups:
            segment = group.first("LOC", *tables.OFFICES)
            place = place_of(segment, remarks) if segment is not None else None
            if segment is not None and place is not None and segment.get(1):
                listed = re.sub("[^!-~]", "-", segment.get(1, 1) or "unsaid")[:40]
                return Code(system=f"edifact-office-{listed}", value=segment.get(1)[:64], name=place.name)
        return None

    def _notes(self, remarks: list[Remark]) -> Iterator[StatusNote]:
        """Texts (FTX) and errors (ERP, ERC) of the answer."""
        notes = [*self._texts(), *self._errors()]
        yield from notes[:NOTES_MAX]
        if len(notes) > NOTES_MAX:
            more = f"{len(notes) - NOTES_MAX} more notes are not kept"
            remarks.append(Remark(rule="cut", text=more, field="status.notes"))

    def _texts(self) -> Iterator[StatusNote]:
        for segment in self.sayer.find("FTX", *tables.NOTES):
            text = " ".join(part for at in range(5) if (part := segment.get(3, at)))
            coded = segment.get(2)
            value = re.sub("[^!-~]", "-", coded)[:64]
            code = Code(system="edifact-text", value=value) if value else None
            if text or coded:
                yield StatusNote(code=code, text=text or coded)

    def _errors(self) -> Iterator[StatusNote]:
        for error in self.sayer.each("error"):
            point = error.head
            where = ":".join(part for at in range(3) if (part := point.get(0, at))) or None
            texts = [part for s in error.find("FTX", *tables.NOTES) for at in range(5) if (part := s.get(3, at))]
            codes = [s for s in error.find("ERC") if s.get(0)]
            for segment in codes:
                listed = re.sub("[^!-~]", "-", segment.get(0, 1) or "unsaid")[:40]
                value = re.sub("[^!-~]", "-", segment.get(0))[:64]
                code = Code(system=f"edifact-error-{listed}", value=value)
                yield StatusNote(code=code, text=" ".join(texts) or f"error {segment.get(0)}", field=where)
            if not codes and texts:
                yield StatusNote(text=" ".join(texts), field=where)
