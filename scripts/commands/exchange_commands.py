"""What members type: read a native message, run an adapter, submit a record, look at a view."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import Malformed, MalformedMessage
from scripts.folder import ConsortiumFolder

if TYPE_CHECKING:
    from adapters.messages import Entity, ReadMessage

DEFAULT_GATEWAY_URL = "http://127.0.0.1:8700"


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(read)
    app.command()(schema)


def read(
    files: Annotated[list[Path], typer.Argument(help="native messages: XML, JSON or EDIFACT", metavar="FILE…")],
) -> None:
    """Print the records that native messages would become, one an entity, as JSON. Sends nothing.

    Exit 0 where every file was read, 1 where one is refused (each fault named on standard error), 2 where a file
    cannot be opened.
    """
    from adapters.messages import read_message

    code = 0
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            print(f"{file}: {error.strerror}", file=sys.stderr)
            code = 2
            continue
        try:
            message = read_message(content)
        except MalformedMessage as error:
            for fault in error.faults:
                print(f"{file}: {_fault_line(fault)}", file=sys.stderr)
            code = max(code, 1)
            continue
        print(json.dumps(_as_read(str(file), message), ensure_ascii=False, indent=2))
    raise typer.Exit(code)


def schema(record_type: Annotated[str, typer.Argument(help="e.g. customs.declaration", metavar="TYPE")]) -> None:
    """Print the JSON Schema of a record type."""
    from chain.records import json_schema

    print(json.dumps(json_schema(record_type), ensure_ascii=False, indent=2))


def _fault_line(fault: Malformed) -> str:
    said = "" if fault.value is None else f" (got {fault.value})"
    fix = f". {fault.fix}" if fault.fix else ""
    return f"{fault.code} {fault.field}: {fault.rule}{said}{fix}"


def _as_read(file: str, message: ReadMessage) -> dict[str, Any]:
    return {
        "file": file,
        "kind": message.kind,
        "message_id": message.message_id,
        "sender": message.sender,
        "remarks": list(message.remarks),
        "entities": [_entity_as_read(entity) for entity in message.entities],
    }


def _entity_as_read(entity: Entity) -> dict[str, Any]:
    record = entity.record
    return {
        "ordinal": entity.ordinal,
        "record_type": None if record is None else record.TYPE,
        "note": entity.note,
        "lookup": [reference.model_dump(mode="json") for reference in entity.lookup],
        "amends": None if entity.amends is None else entity.amends.model_dump(mode="json"),
        "sections": {} if record is None else record.to_sections(),
    }


def folder_option(path: Path) -> ConsortiumFolder:
    """The consortium's folder named on the command line; raises BrokenFolder where there is none."""
    folder = ConsortiumFolder(path)
    folder.require_founded()
    return folder
