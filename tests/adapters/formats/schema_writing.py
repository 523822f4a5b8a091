"""Writes a text at a leaf of a format's list of names, in whatever form its messages are written."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CII = "urn:un:unece:uncefact:data:standard:"
MODEL = "iata:datamodel:3"

Leaf = tuple[str, ...]
Namespaces = Callable[[str, int, bool, "str | None"], "str | None"]
"""Name of an element, its depth below the root, whether it is a leaf, its parent's namespace -> its namespace."""


def of_parent(_name: str, _depth: int, _leaf: bool, parent: str | None) -> str | None:
    return parent


def of_ubl(_name: str, _depth: int, leaf: bool, _parent: str | None) -> str | None:
    return f"{UBL}{'CommonBasicComponents-2' if leaf else 'CommonAggregateComponents-2'}"


def of_cii(name: str, depth: int, _leaf: bool, parent: str | None) -> str | None:
    if name in ("DateTimeString", "DateString"):
        qualified = parent is not None and "Formatted" in name
        return f"{CII}{'QualifiedDataType' if qualified else 'UnqualifiedDataType'}:100"
    return f"{CII}ReusableAggregateBusinessInformationEntity:100" if depth else parent


def of_cargo_xml(_name: str, depth: int, _leaf: bool, parent: str | None) -> str | None:
    return MODEL if depth else parent


UNITS = {"currencyID": ("NOK", ("Amount",)), "unitCode": ("TNE", ("Measure", "Quantity"))}
"""Attribute -> its value, and the ends of the names of elements that have it."""


def put_element(root: etree._Element, path: Leaf, text: str, namespaces: Namespaces) -> None:
    """Writes the text at the path, in the holders that are there or in new ones."""
    at = root
    for depth, name in enumerate(path):
        leaf = depth == len(path) - 1
        namespace = namespaces(name, depth, leaf, etree.QName(at).namespace)
        if name == "DateTimeString" and path[-2].startswith("Formatted"):
            namespace = f"{CII}QualifiedDataType:100"
        mark = f"{{{namespace}}}{name}" if namespace else name
        inner = at.find(mark)
        at = inner if inner is not None else etree.SubElement(at, mark)
    if path[-1] == "DateTimeString" and namespaces is of_cii:
        at.set("format", "102")
    if path[-1].endswith("DateTime") and "urn:wco" in str(etree.QName(at).namespace):
        mark = f"{{{etree.QName(at).namespace}}}DateTimeString"
        at = etree.SubElement(at, mark)
    at.text = text
    for name, (value, ends) in UNITS.items():
        if path[-1].endswith(ends):
            at.set(name, value)


def put_member(root: Any, path: Leaf, text: str) -> None:
    """Writes the text at the path of JSON members, of which those with `[]` behind them are lists."""
    at = root
    for name in path[:-1]:
        inner = at.setdefault(name.removesuffix("[]"), [{}] if name.endswith("[]") else {})
        at = inner[0] if isinstance(inner, list) else inner
    at[path[-1].removesuffix("[]")] = [text] if path[-1].endswith("[]") else text


def put_field(records: list[list[str]], path: Leaf, text: str) -> None:
    """Writes the text into the field, counted from 1, of the first record of that number."""
    number, place = path[0], int(path[1].split()[0])
    record = next((record for record in records if record[0] == number), None)
    if record is None:
        record = [number]
        # Behind what it belongs to: before the end record.
        records.insert(len(records) - 1, record)
    record.extend([""] * (place - len(record)))
    record[place - 1] = text


def put_line(lines: list[str], path: Leaf, text: str) -> None:
    """Writes the text into the field, counted from 1, of the first line with that identifier."""
    code, place = path[0], int(path[1].split()[0])
    at = next((at for at, line in enumerate(lines) if line.startswith((f"{code}/", f"{code}-")) or line == code), None)
    if at is None:
        at = len(lines) - 1 if lines[-1] == "LAST" else len(lines)
        lines.insert(at, code)
    fields = lines[at].split("/")
    fields.extend([""] * (place + 1 - len(fields)))
    fields[place] = text
    lines[at] = "/".join(fields)


def put_cell(rows: list[list[str]], path: Leaf, text: str) -> None:
    """Writes the text into a row of the head, a party's cell, or a cell of the first line."""
    if path[0] == "line":
        header = next(row for row in rows if row[0] == "line")
        row, place = rows[rows.index(header) + 1], header.index(path[1])
    else:
        row = next(row for row in rows if row[0] == path[0])
        place = 1 if len(path) == 1 else ("name", "uscc", "country", "address").index(path[1]) + 1
    row.extend([""] * (place + 1 - len(row)))
    row[place] = text


def written(base: bytes, texts: Mapping[Leaf, str], namespaces: Namespaces, holder: str) -> bytes:
    """The message with each of the texts at its leaf."""
    if base.startswith(b"{"):
        value = json.loads(base)
        at = value[holder][0] if holder else value
        for path, text in texts.items():
            put_member(at, path, text)
        return json.dumps(value).encode()
    if base.startswith(b"00:"):
        records = [record.split(":") for record in base.decode().replace("\n", "").split("'")[:-1]]
        for path, text in texts.items():
            put_field(records, path, text)
        return ("'".join(":".join(record) for record in records) + "'").encode()
    if base.startswith(b"tongguan-"):
        rows = [row.split(",") for row in base.decode().splitlines()]
        for path, text in texts.items():
            put_cell(rows, path, text)
        return "\n".join(",".join(row) for row in rows).encode()
    if base.startswith(b"F"):
        lines = base.decode().splitlines()
        for path, text in texts.items():
            put_line(lines, path, text)
        return "\r\n".join(lines).encode()
    if base.startswith(b"PK"):
        return _written_ofd(base, texts)
    tree = etree.fromstring(base)
    root = tree if not holder else next(tree.iter(f"{{*}}{holder}"))
    for path, text in texts.items():
        put_element(root, path, text, namespaces)
    return etree.tostring(tree)


def _written_ofd(base: bytes, texts: Mapping[Leaf, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "OFD.xml":
                tree = etree.fromstring(content)
                for path, text in texts.items():
                    put_element(tree, path, text, of_parent)
                content = etree.tostring(tree)
            new.writestr(name, content)
    return buffer.getvalue()
