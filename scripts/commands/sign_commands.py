"""What a member types to sign one record by hand: a native file or JSON in, a signed SD-JWT out. Sends nothing."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chain.errors import Malformed, MalformedMessage, MalformedRecord, Refused
from scripts.commands.exchange_commands import Directory, folder_option

if TYPE_CHECKING:
    from adapters.message import Entity
    from chain.records import Record
    from scripts.consortium_folder import MemberProfile

RECORD_MEMBERS = frozenset({"record_type", "sections"})
"""Members of a JSON record, as `tongguan read` prints them for each entity."""


def register(app: typer.Typer) -> None:
    """Adds this room's commands."""
    app.command()(sign)


def sign(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help='native message, or JSON {"record_type", "sections"}', metavar="FILE")],
    member: Annotated[str, typer.Option("--member", help="who signs: a member whose key is in the folder")],
    ucr: Annotated[list[str] | None, typer.Option(help="consignment that it speaks of; repeat for several")] = None,
    entity: Annotated[int | None, typer.Option(help="which entity of a message, as `read` counts them", min=0)] = None,
    amends: Annotated[str | None, typer.Option(help="id of the record that it replaces")] = None,
    withdraws: Annotated[str | None, typer.Option(help="id of the record that it withdraws")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="where to write it; else standard output")] = None,
) -> None:
    """Sign one record with a member's key and print it as SD-JWT; send it with `tongguan submit`. Sends nothing.

    Keep what is printed: sending it again is safe. Its number follows from the file and the options, so that the same
    file signed twice is one record at a gateway, and the second is refused. Exit 1 where it cannot be signed so.
    """
    from adapters.message import MESSAGE_BYTES_MAX
    from chain.claims import make_jti
    from chain.identifiers import Ucr
    from chain.records import sign_record
    from scripts.consortium_folder import write_private
    from scripts.ledger_connection import trust_root_of

    folder = folder_option(directory)
    profile = folder.member(member)
    with file.open("rb") as opened:  # one byte more than is read, so that a longer file is refused, not held
        content = opened.read(MESSAGE_BYTES_MAX + 1)
        sent_on = datetime.fromtimestamp(os.fstat(opened.fileno()).st_mtime, UTC).date()
    if amends and withdraws:
        raise typer.BadParameter("a record amends or withdraws another, not both", param_hint="--withdraws")
    replaced = amends or withdraws
    record = _record(content, sent_on, entity, replaced)
    if ucr:
        record = record.for_ucrs([Ucr.parse(text) for text in ucr])
    _require_role(profile, record)
    identity = ("by hand", sha256(content).hexdigest(), str(entity or 0), *map(str, record.ucr), amends or "")
    if withdraws:
        identity = (*identity, "withdraws", withdraws)
    signed = sign_record(
        record,
        key=folder.signing_key(profile.slug),
        iss=profile.uscc,
        consortium=trust_root_of(folder).consortium.hex(),
        iat=int(time.time()),
        jti=make_jti(folder.jti_secret(profile.slug), *identity),
        amends=replaced,
        withdraws=withdraws is not None,
    )
    text = signed.serialize()
    if out is None:
        print(text)
        return
    write_private(out, f"{text}\n".encode())
    print(f"{out}: {record.TYPE}, record {signed.record_id}")
    print(f"Send it: tongguan submit {directory} {out} --member {member}")


def _record(content: bytes, sent_on: date, entity: int | None, amends: str | None) -> Record:
    """The record of a JSON file or of one entity of a native message; raises Malformed, Refused."""
    from adapters.registry import read_message

    written = _written_record(content)
    if written is not None:
        return written
    message = read_message(content, sent_on=sent_on)
    chosen = _chosen(message.entities, entity)
    if chosen.record is None:
        raise Refused(f"entity {chosen.ordinal} becomes no record: {chosen.note}")
    if chosen.is_draft:
        raise Refused(
            f"entity {chosen.ordinal} is a draft",
            fix="Give it to `tongguan adapter`, which signs it when a reply proves that it was lodged",
        )
    if chosen.amends is not None and amends is None:
        raise Refused(
            f"entity {chosen.ordinal} amends {chosen.amends.kind} {chosen.amends.value}",
            fix="Name the record that it replaces by --amends or --withdraws",
        )
    return chosen.record


def _chosen(entities: tuple[Entity, ...], ordinal: int | None) -> Entity:
    if ordinal is None and len(entities) == 1:
        return entities[0]
    for candidate in entities:
        if candidate.ordinal == ordinal:
            return candidate
    raise MalformedMessage(
        "message", f"has {len(entities)} entities, and one is signed at a time", fix="Name one by --entity"
    )


def _written_record(content: bytes) -> Record | None:
    """The record of a JSON file in the form that `tongguan read` prints; None where the file is none."""
    from chain.records import get_record_type

    try:
        value: Any = json.loads(content)
    except ValueError:
        return None
    if not isinstance(value, dict) or "record_type" not in value:
        return None
    if set(value) != RECORD_MEMBERS or not isinstance(value["sections"], dict):
        raise Malformed("record", "is a JSON object of `record_type` and `sections` alone", fix="See: tongguan schema")
    for name, elements in value["sections"].items():
        if not isinstance(elements, list) or not elements:
            raise MalformedRecord(f"sections.{name}", "is a list of one element or more")
    return get_record_type(str(value["record_type"])).from_sections(value["sections"])


def _require_role(profile: MemberProfile, record: Record) -> None:
    from chain.records import RECORD_RULES
    from scripts.bootstrap import roles_of

    allowed = RECORD_RULES[record.TYPE]
    if not roles_of(profile) & allowed:
        names = ", ".join(str(role.name) for role in allowed)
        raise Refused(f"{profile.slug} has no role that may say {record.TYPE}", fix=f"One of these may: {names}")
