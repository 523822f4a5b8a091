"""Random changes to messages that keep most of their structure, so that they reach behind a reader's first check."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from lxml import etree

BYTES_MAX = 256 * 1024
"""What is changed stays below this, so that one limit of time fits all."""

STRANGE = (
    *("", " ", "-1", "0", "-0", "1e400", "1e-400", "NaN", "Infinity", "9" * 40, "0." + "1" * 30, "0" * 3000 + "1"),
    *("2026-02-30", "00000000", "20260229", "99991231235959", "0001-01-01T00:00:00", "9999-12-31T23:59:59-23:59"),
    *(
        "x" * 5000,
        "报关" * 400,
        "\u202e",
        "\u2066x\u2069",
        "\ufeff",
        "\u0085",
        "\x7f",
        "\U0001f600",
        "e\u0301",
        "\u0663",
    ),
    *("<", "&amp;", "]]>", "'", "+:?'", "??'", "{}", "%s", "../../etc/passwd", "CN", "142", "KGM", "I", "E", "true"),
)


def changed_bytes(body: bytes, random: Random) -> bytes:
    """Some bytes altered, cut, doubled or moved."""
    said = bytearray(body)
    for _ in range(random.randint(1, 5)):
        at, what = random.randrange(len(said) + 1), random.random()
        end = at + random.choice((1, 1, 2, 8, 60, 900))
        if what < 0.35:
            said[at:end] = random.randbytes(random.randint(0, 4))
        elif what < 0.6:
            del said[at:end]
        elif what < 0.8:
            said[at:at] = said[at:end] * random.choice((1, 2, 40))
        else:
            said[at:at] = random.choice(STRANGE).encode()
    return bytes(said[:BYTES_MAX])


def changed_xml(body: bytes, donors: Sequence[bytes], random: Random) -> bytes:
    """Elements and attributes altered, dropped, doubled, moved, renamed, nested, taken from another message."""
    root, donor = _tree(body), _tree(random.choice(donors))
    if root is None or donor is None:
        return changed_bytes(body, random)
    for _ in range(random.randint(1, 4)):
        random.choice(_XML_CHANGES)(root, donor, random)
    text = etree.tostring(root, encoding="unicode")
    said = text.encode("utf-8", "surrogatepass")
    what = random.random()
    if what < 0.08:
        encoding = random.choice(("gb18030", "utf-16", "utf-8-sig", "latin-1"))
        said = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding, "replace")
    elif what < 0.2:
        said = changed_bytes(said, random)
    return said[:BYTES_MAX]


def changed_json(body: bytes, donors: Sequence[bytes], random: Random) -> bytes:
    """Members altered, dropped, doubled, moved, nested, renamed, taken from another message."""
    value, donor = json.loads(body), json.loads(random.choice(donors))
    for _ in range(random.randint(1, 4)):
        here, there = spots(value), spots(donor)
        if not here:
            break
        change_json(random.choice(here), random.choice(there) if there else None, random)
    said = json.dumps(value, ensure_ascii=random.random() < 0.3).encode("utf-8", "surrogatepass")
    what = random.random()
    if what < 0.1:
        said = said.replace(b'{"', b'{"' + random.choice((b'@id":1,"', b'type":{},"', b'eventID":[],"')), 1)
    elif what < 0.2:
        said = changed_bytes(said, random)
    return said[:BYTES_MAX]


def changed_edifact(body: bytes, donors: Sequence[bytes], random: Random) -> bytes:
    """Segments, elements and components altered, dropped, doubled, moved, taken from another interchange."""
    said = _changed_parts(body, donors, random, b"'", (b"+", b":"))
    if random.random() < 0.6:  # true again in its counts, so that it is read to the end
        said = _counted(said)
    elif random.random() < 0.3:
        said = changed_bytes(said, random)
    return said[:BYTES_MAX]


def changed_numbered(body: bytes, donors: Sequence[bytes], random: Random) -> bytes:
    """Records and fields of a platform file altered, dropped, doubled, moved, taken from another file."""
    return _changed_parts(body, donors, random, b"'", (b":",))[:BYTES_MAX]


def changed_cargo_imp(body: bytes, donors: Sequence[bytes], random: Random) -> bytes:
    """Lines and fields of a Cargo-IMP message altered, dropped, doubled, moved, taken from another message."""
    return _changed_parts(body, donors, random, b"\n", (b"/", b"-"))[:BYTES_MAX]


def _changed_parts(body: bytes, donors: Sequence[bytes], random: Random, end: bytes, marks: Sequence[bytes]) -> bytes:
    segments, others = body.split(end), random.choice(donors).split(end)
    for _ in range(random.randint(1, 5)):
        at, what = random.randrange(len(segments)), random.random()
        if what < 0.12 and len(segments) > 1:
            del segments[at]
        elif what < 0.24:
            segments[at:at] = [segments[at]] * random.choice((1, 2, 50))
        elif what < 0.36:
            segments.insert(at, random.choice(others))
        elif what < 0.42:
            other = random.randrange(len(segments))
            segments[at], segments[other] = segments[other], segments[at]
        else:
            mark = random.choice(marks)
            parts = segments[at].split(mark)
            parts[random.randrange(len(parts))] = random.choice(STRANGE).encode()
            segments[at] = mark.join(parts * random.choice((1, 1, 1, 60)))
    return end.join(segments)


def _tree(body: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(body, etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _any(root: etree._Element, random: Random) -> etree._Element:
    return random.choice(list(root.iter()))


def _set_text(root: etree._Element, donor: etree._Element, random: Random) -> None:
    said = random.choice(STRANGE) if random.random() < 0.7 else (_any(donor, random).text or "")
    try:
        _any(root, random).text = said
    except ValueError:  # lxml writes no control characters; a reference to one is written by hand elsewhere
        _any(root, random).text = "&#x1;"


def _drop(root: etree._Element, donor: etree._Element, random: Random) -> None:
    found = _any(root, random)
    if (parent := found.getparent()) is not None:
        parent.remove(found)


def _double(root: etree._Element, donor: etree._Element, random: Random) -> None:
    found = _any(root, random)
    if (parent := found.getparent()) is not None:
        many = random.choice((1, 1, 2, 51, 101)) if len(found) < 20 else 1
        for _ in range(many):
            parent.insert(parent.index(found), copy.deepcopy(found))


def _move(root: etree._Element, donor: etree._Element, random: Random) -> None:
    place, found = _any(root, random), copy.deepcopy(_any(root, random))
    place.insert(random.randint(0, len(place)), found)


def _take(root: etree._Element, donor: etree._Element, random: Random) -> None:
    place = _any(root, random)
    place.insert(random.randint(0, len(place)), copy.deepcopy(_any(donor, random)))


def _rename(root: etree._Element, donor: etree._Element, random: Random) -> None:
    _any(root, random).tag = random.choice((str(_any(root, random).tag), str(_any(donor, random).tag), "n" * 3000))


def _attribute(root: etree._Element, donor: etree._Element, random: Random) -> None:
    found = _any(root, random)
    names = [*found.attrib, "currencyID", "unitCode", "Version", "guid", "a" * 2000]
    try:
        found.set(random.choice(names), random.choice(STRANGE))
    except ValueError:
        found.attrib.clear()


def _nest(root: etree._Element, donor: etree._Element, random: Random) -> None:
    found = _any(root, random)
    for _ in range(random.choice((1, 5, 300))):
        found = etree.SubElement(found, found.tag)
    found.text = random.choice(STRANGE[:10])


_XML_CHANGES: tuple[Callable[[etree._Element, etree._Element, Random], None], ...] = (
    *(_set_text, _set_text, _set_text, _drop, _drop, _double, _move, _take, _rename, _attribute, _nest),
)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place inside the value, as its holder and the key or index there."""
    found: list[tuple[Any, Any]] = []
    open_ = [value]
    while open_:
        holder = open_.pop()
        for key, child in list(holder.items()) if isinstance(holder, dict) else list(enumerate(holder)):
            found.append((holder, key))
            if isinstance(child, dict | list):
                open_.append(child)
    return found


_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, [], {}, [[]], [None], {"@id": 5}, {"@value": []}, {"@id": "x", "@value": "y"}, -1.5, 10**30, 0),
    *([1, "a"], [{}], "\ud800", "\x00", float("nan"), float("inf"), 1e300, {"": ""}, {"value": "1", "unit": "KGM"}),
)


def change_json(spot: tuple[Any, Any], other: tuple[Any, Any] | None, random: Random) -> None:
    """Changes what stands at one place: another value, none, one from elsewhere, doubled, renamed, nested."""
    (holder, key), what = spot, random.random()
    if what < 0.25:
        holder[key] = random.choice(STRANGE)
    elif what < 0.45:
        holder[key] = copy.deepcopy(random.choice(_ODD_VALUES))
    elif what < 0.6:
        del holder[key]
    elif what < 0.7 and other is not None:
        holder[key] = copy.deepcopy(other[0][other[1]])
    elif what < 0.8 and isinstance(holder, dict):
        holder[random.choice(("@type", "@id", "type", "eventID", "n" * 3000, "\u202e", "x"))] = holder.pop(key)
    elif what < 0.9 and isinstance(holder, list):
        holder[key:key] = [copy.deepcopy(holder[key]) for _ in range(random.choice((1, 2, 60)))]
    else:
        for _ in range(random.choice((1, 3, 40))):
            holder[key] = random.choice(([holder[key]], {"value": holder[key]}, {"@value": holder[key]}))


def _counted(body: bytes) -> bytes:
    """The interchange with the counts and references of UNT and UNZ put right, where it has those segments."""
    segments, begun, count, reference = body.split(b"'"), 0, 0, b"1"
    for at, segment in enumerate(segments):
        said = segment.strip()
        if said.startswith(b"UNH"):
            begun, count = at, count + 1
            reference = said.split(b"+")[1] if b"+" in said else b""
        elif said.startswith(b"UNT"):
            held = sum(bool(inner.strip()) for inner in segments[begun : at + 1])
            segments[at] = b"UNT+%d+%s" % (held, reference)
        elif said.startswith(b"UNZ") and said.count(b"+") == 2:
            segments[at] = b"UNZ+%d+%s" % (count, said.split(b"+")[2])
    return b"'".join(segments)
