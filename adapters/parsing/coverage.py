"""What a message says and its reader never asked for: each such text becomes a remark on the record.

A reader's fields note what they read. What is left is either named in the format's table of things to leave out, each
with its reason, or kept as said in a remark. So no text of a message is lost without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from lxml import etree

from adapters.parsing.json_fields import Value
from adapters.parsing.xml import local_name
from adapters.parsing.xml_fields import Faults
from chain.records.base import Remark

UNREAD_MAX: Final = 60
"""Unread texts that are kept one by one; of more, those of one path stand together in one remark."""
PATHS_MAX: Final = 200
"""Different paths whose texts are kept; how many more texts there are is said."""
TEXTS_MAX: Final = 20_000
"""Unread texts that are looked at."""
JOINED_CHARS_MAX: Final = 3_900
"""Characters of one path's texts together."""
ATTRIBUTES_MAX: Final = 8
"""Attributes of one unread text that are kept."""
TEXT_CHARS_MAX: Final = 500
"""Characters of one unread text that are kept."""
RULE: Final = "not-read"
PERSONAL: Final = re.compile(
    r"(?i)phone|telefax|mail|fax$|personname|firstname|familyname|middlename|passport(?:number|id|$)|idnumber|bankaccount|"
    r"signatory|signature|certificate$|drawer|reviewer|payee|address/|contact/|person/|party/"
)
"""Names of elements that hold what identifies a person: they are named in the remark, what they say is not repeated,
since remarks are shown to more readers than parties are."""

Ignored = Mapping[str, str]
"""Element name, or the end of a path (`Head/SendTime`), -> why it is left out."""


def unread_elements(
    root: etree._Element, faults: Faults, ignored: Ignored, *, apart: Sequence[etree._Element] = ()
) -> tuple[Remark, ...]:
    """Remarks for every text under the element that was neither read nor is left out with a reason, and for those of
    which only the beginning was kept.

    `apart` are elements with records of their own, which are looked at by themselves.
    """
    return (*faults.take_notes(), *_remarks(_unread_texts(root, faults, ignored, frozenset(apart))))


def _unread_texts(
    root: etree._Element, faults: Faults, ignored: Ignored, apart: frozenset[etree._Element]
) -> Iterator[tuple[str, str]]:
    stack: list[tuple[etree._Element, str]] = [(child, local_name(child)) for child in reversed(root)]
    own = local_name(root)
    while stack:
        element, path = stack.pop()
        if element in apart or is_ignored(f"{own}/{path}", ignored):
            continue
        said = (element.text or "").strip()
        if said and element not in faults.read:
            yield path, said + _attributes(element)
        stack.extend((child, f"{path}/{local_name(child)}") for child in reversed(element))


def _attributes(element: etree._Element) -> str:
    """What an unread text's own attributes say (its unit, its currency), behind it."""
    shown = [f"{_plain_name(name)}={value!s}" for name, value in islice(element.items(), ATTRIBUTES_MAX)]
    return f" [{', '.join(shown)}]" if shown else ""


def _plain_name(name: object) -> str:
    """An attribute's name without its namespace."""
    return str(name).rpartition("}")[2]


def unread_members(value: Value | Mapping[str, Value], faults: Faults, ignored: Ignored) -> tuple[Remark, ...]:
    """As `unread_elements`, for the members of a JSON object."""
    return (*faults.take_notes(), *_remarks(_unread_values(value, faults, ignored)))


def _unread_values(root: Value | Mapping[str, Value], faults: Faults, ignored: Ignored) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, Value | Mapping[str, Value]]] = [("", root)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            for name, inner in reversed(value.items()):
                inside = f"{path}/{name}" if path else name
                if not is_ignored(inside, ignored) and not (
                    faults.has_read(value, name) and not isinstance(inner, dict | list)
                ):
                    stack.append((inside, inner))
        elif isinstance(value, list):
            if not faults.has_read(value, ""):
                stack.extend((path, inner) for inner in reversed(value))
        elif isinstance(value, bool):
            yield path, str(value).lower()
        elif isinstance(value, str) and value.strip():
            yield path, value.strip()


def is_ignored(path: str, ignored: Ignored) -> bool:
    """Whether the path's last names stand in the table."""
    at = len(path)
    while at > 0:
        at = path.rfind("/", 0, at)
        if path[at + 1 :] in ignored:
            return True
    return False


def _remarks(unread: Iterator[tuple[str, str]]) -> tuple[Remark, ...]:
    """A remark a text; where there are many, one a path, with its texts behind each other."""
    texts = list(islice(unread, TEXTS_MAX + 1))
    if len(texts) <= UNREAD_MAX:
        return tuple(Remark(rule=RULE, text=f"{path[-240:]}: {_shown(path, text)}") for path, text in texts)
    by_path: dict[str, list[str]] = {}
    for path, text in texts[:TEXTS_MAX]:
        by_path.setdefault(path, []).append(_shown(path, text))
    remarks = [_joined(path, by_path[path]) for path in islice(by_path, PATHS_MAX)]
    if len(texts) > TEXTS_MAX or len(by_path) > PATHS_MAX:
        kept = sum(len(by_path[path]) for path in islice(by_path, PATHS_MAX))
        more = f"{len(texts) - kept}{' and more' if len(texts) > TEXTS_MAX else ''} more texts were not read"
        remarks.append(Remark(rule=RULE, text=more))
    return tuple(remarks)


def _shown(path: str, text: str) -> str:
    return "(personal, not repeated)" if PERSONAL.search(path) else " ".join(text.split())[:TEXT_CHARS_MAX]


def _joined(path: str, texts: list[str]) -> Remark:
    """The texts of one path, in their order; how many did not fit is said."""
    line = f"{path[-240:]}: {texts[0]}"
    for count, text in enumerate(texts[1:], 1):
        if len(line) + len(text) > JOINED_CHARS_MAX:
            line += f" | and {len(texts) - count} more"
            break
        line += f" | {text}"
    return Remark(rule=RULE, text=line)
