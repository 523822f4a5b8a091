"""What a native file would become, for people to look at before anything is signed: entities, records, every fault.

Pure: `adapters.preview_service` is the door of it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from adapters.formats import Form
from adapters.message import Entity, ReadMessage
from adapters.registry import find_form, read_message
from chain.error_words import translate
from chain.errors import Malformed, MalformedMessage

ENTITIES_MAX: Final = 200
"""Entities that are shown in full; how many there are is told."""
FAULTS_MAX: Final = 200


def preview(content: bytes, sent_on: date) -> dict[str, Any]:
    """What the file would become, or every fault that keeps it from that, each with its line where that is known."""
    try:
        message = read_message(content, sent_on=sent_on)
    except MalformedMessage as error:
        lines = _Lines(content)
        faults = [_fault(fault, lines) for fault in error.faults[:FAULTS_MAX]]
        return {"kind": None, "entities": [], "entity_count": 0, "remarks": [], "faults": faults}
    return {
        "kind": message.kind,
        "entities": [entity_preview(entity) for entity in message.entities[:ENTITIES_MAX]],
        "entity_count": len(message.entities),
        "remarks": list(message.remarks),
        "faults": [],
    }


def message_preview(file: str, message: ReadMessage) -> dict[str, Any]:
    """A message as `tongguan read` prints it."""
    return {
        "file": file,
        "kind": message.kind,
        "message_id": message.message_id,
        "sender": message.sender,
        "remarks": list(message.remarks),
        "entities": [entity_preview(entity) for entity in message.entities],
    }


def entity_preview(entity: Entity) -> dict[str, Any]:
    """An entity with its record: `record_type` and `sections` are what `tongguan sign` takes."""
    record = entity.record
    return {
        "ordinal": entity.ordinal,
        "record_type": None if record is None else record.TYPE,
        "note": entity.note,
        "lookup": [reference.model_dump(mode="json") for reference in entity.lookup],
        "amends": None if entity.amends is None else entity.amends.model_dump(mode="json"),
        "sections": {} if record is None else record.to_sections(),
    }


class _Lines:
    """Finds the line of a field that a fault names by its path of elements, such as `Order/OrderHead/goodsValue`."""

    def __init__(self, content: bytes) -> None:
        self._by_path: dict[str, list[tuple[str, int]]] = {}
        if find_form(content) is not Form.XML:
            return
        from adapters.parsing.xml import parse_xml  # only XML pays for lxml

        try:
            root = parse_xml(content)
        except MalformedMessage:
            return  # the fault of a file that is no XML says its line itself
        names: list[str] = []
        for element in root.iter():
            depth = sum(1 for _ in element.iterancestors())
            names[depth:] = [str(element.tag).rpartition("}")[2]]
            self._by_path.setdefault(names[-1], []).append(("/".join(names), _line_of(element.sourceline)))

    def find(self, field: str) -> int | None:
        """The line of the first element at the end of such a path; None where no line can be told."""
        parts = [part.partition("[")[0] for part in field.split("/")]
        place = field.rpartition("[")[2].partition("]")[0]
        wanted = "/".join(parts)
        found = [line for path, line in self._by_path.get(parts[-1], ()) if f"/{path}".endswith(f"/{wanted}")]
        if not found:
            # What is missing is told at the element that should hold it.
            return self.find("/".join(parts[:-1])) if len(parts) > 1 else None
        number = int(place) if place.isdigit() else 0
        return found[min(number, len(found) - 1)] or None


def _line_of(told: object) -> int:
    """The parser's line, 0 where it tells none."""
    return told if isinstance(told, int) else 0


def _fault(fault: Malformed, lines: _Lines) -> dict[str, Any]:
    return {
        "code": fault.code,
        "field": fault.field,
        "line": lines.find(fault.field),
        "rule": fault.rule,
        "rule_zh": translate(fault.rule) or fault.rule,
        "value": fault.value,
        "fix": fault.fix,
        "fix_zh": translate(fault.fix) or fault.fix,
    }
