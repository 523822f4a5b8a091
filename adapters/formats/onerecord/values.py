"""Values of ONE Record objects: names with the ontologies' prefixes, typed values, codes of code lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from adapters.mapping.logistics import ISO_TIME, SHORT, moment
from adapters.parsing.json_fields import JsonFields, Number, Value
from chain.errors import MalformedMessage
from chain.records.base import Remark
from chain.records.scalars import Code, Instant
from chain.records.transport import Place

CARGO: Final = ("cargo:", "https://onerecord.iata.org/ns/cargo#", "api:", "https://onerecord.iata.org/ns/api#")


def time_of(
    fields: JsonFields, name: str, remarks: list[Remark], place: Place | None, *, required: bool = False
) -> Instant | None:
    """The time in the member of that name, plain or as a typed value; None where it is absent or wrong."""
    inner, where = fields.see(name), f"{fields.where}/{name}"
    holder, member = fields, name
    if isinstance(inner, dict):
        holder, member = JsonFields(inner, where, fields.faults), "@value"
        holder.see("@type")
    return moment(holder.text(member, ISO_TIME, required=required), where, fields.faults, remarks, place=place)


def flag_of(fields: JsonFields, name: str) -> bool | None:
    """True or false in the member of that name, plain or as a typed value; None where it is neither."""
    found = fields.see(name)
    if isinstance(found, dict):
        for member in ("@value", "@type"):
            fields.faults.note_read(found, member)
        found = found.get("@value")
    if isinstance(found, str) and found in ("true", "false"):
        return found == "true"
    return found if isinstance(found, bool) else None


def coded(fields: JsonFields, name: str, system: str, *, required: bool = False) -> Code | None:
    """The code in the member of that name, with the list that it is of; a missing required one is noted."""
    said = code_of(fields, name)
    if said is None or not SHORT.fits(said):
        if required:
            fields.faults.add(f"{fields.where}/{name}", "is a code of its list", value=said, fix="Fill in the member")
        return None
    return Code(system=system, value=said)


def object_of(fields: JsonFields, name: str) -> JsonFields | None:
    """The one object of that name; a list is read by its first, as older data models wrote it."""
    return next(iter(objects_of(fields, name)), None)


def objects_of(fields: JsonFields, name: str) -> list[JsonFields]:
    """Every object of that name; none where the member is a text, which then counts as unread."""
    found = fields.see(name)
    if isinstance(found, str):
        fields.faults.members[id(fields.value)].discard(name)
    return list(fields.each(name)) if isinstance(found, dict | list) else []


def type_of(fields: JsonFields) -> str:
    """The kind of object that we read, or what else it says it is."""
    fields.see("@type")
    return kind_of(fields.value)


def kind_of(value: Mapping[str, Value]) -> str:
    """As `type_of`, of an object that is not read yet."""
    found = value.get("@type")
    kinds = found if isinstance(found, list) else [found]
    return next((kind for kind in kinds if isinstance(kind, str) and kind in KINDS), str(kinds[0]) if kinds else "")


KINDS: Final = ("Waybill", "Shipment", "LogisticsEvent", "CustomsInformation")


def code_of(fields: JsonFields, name: str) -> str | None:
    """The code in the member of that name, written as text or as a code list element; None where there is none."""
    value = fields.see(name)
    if isinstance(value, dict):
        for member in ("@id", "@type", "@value", "code"):
            fields.faults.note_read(value, member)
    return local_code(value)


def own_code(element: JsonFields) -> str | None:
    """The code that a code list element says; None where it says none."""
    for member in ("@id", "@type", "@value", "code"):
        element.see(member)
    return local_code(dict(element.value))


def local_code(value: Value) -> str | None:
    """The code at the end of a code list address (`...StatusCode#DEP`, `cargo:ACTUAL`), or in a CodeListElement."""
    if isinstance(value, dict):
        value = value.get("code") or value.get("@id") or value.get("@value")
    if not isinstance(value, str) or isinstance(value, Number) or not value:
        return None
    return re.split("[#/:]", value.strip())[-1] or None


def without_prefixes(value: Value) -> Value:
    """The value with the ontologies' prefixes taken off names and types; raises where two names become one.

    A message may bind another prefix than `cargo` to an ontology in its `@context`.
    """
    return _plain(value, (*_bound_prefixes(value), *CARGO))


def _bound_prefixes(value: Value) -> tuple[str, ...]:
    """Prefixes that the message's own context binds to the ontologies, with their colon."""
    context = value.get("@context") if isinstance(value, dict) else None
    parts = context if isinstance(context, list) else [context]
    return tuple(
        f"{prefix}:"
        for part in parts
        if isinstance(part, dict)
        for prefix, address in part.items()
        if isinstance(address, str) and prefix and not prefix.startswith("@") and address in CARGO
    )


def _plain(value: Value, prefixes: tuple[str, ...]) -> Value:
    if isinstance(value, list):
        return [_plain(item, prefixes) for item in value]
    if not isinstance(value, dict):
        return value
    if "@value" in value and set(value) <= {"@value", "@type", "@language"}:
        return value["@value"]  # a typed literal (JSON-LD 1.1 §4.2.1) says what it says without its type
    plain: dict[str, Value] = {}
    for name, inner in value.items():
        short = _unprefixed(name, prefixes)
        if short in plain:
            raise MalformedMessage(name, "is said once, with or without its prefix")
        plain[short] = _types(inner, prefixes) if name == "@type" else _plain(inner, prefixes)
    return plain


def _types(value: Value, prefixes: tuple[str, ...]) -> Value:
    if isinstance(value, list):
        return [_types(item, prefixes) for item in value]
    return _unprefixed(value, prefixes) if isinstance(value, str) else value


def _unprefixed(name: str, prefixes: tuple[str, ...]) -> str:
    for prefix in prefixes:
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name
