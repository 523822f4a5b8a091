"""No text of a message is lost: wherever something unknown is put, a remark repeats it, or its table says why not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from adapters.message import ReadMessage
from adapters.registry import read_message
from chain.errors import MalformedMessage
from tests.adapters.test_mutated_messages import MESSAGES

NAME, PROBE = "Zzz", "probe-4711"
NODES_MAX = 60
"""Places of one message at which a text is put; its first of each path."""


def one_a_kind() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for body in MESSAGES.values():
        found.setdefault(read_message(body).kind, body)
    return found


ONE_A_KIND = one_a_kind()


def is_kept(read: ReadMessage) -> bool:
    said = [
        *read.remarks,
        *(str(e.record.to_sections()) for e in read.entities if e.record),
        *(e.note for e in read.entities),
    ]
    return any(PROBE in text or NAME in text for text in said)


def probed_xml(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Each path of the message, with an unknown element put at the end of its first element that holds others."""
    tree = etree.fromstring(body)
    seen: set[str] = set()
    for element in list(tree.iter()):
        path = "/".join(etree.QName(e).localname for e in [*reversed(list(element.iterancestors())), element])
        if not len(element) or path in seen or len(seen) >= NODES_MAX:
            continue
        seen.add(path)
        namespace = etree.QName(element[0]).namespace
        probe = etree.SubElement(element, f"{{{namespace}}}{NAME}" if namespace else NAME)
        probe.text = PROBE
        yield path, etree.tostring(tree)
        element.remove(probe)


def probed_json(body: bytes) -> Iterator[tuple[str, bytes]]:
    root = json.loads(body)
    places: dict[str, list[Any]] = {}

    def walk(value: Any, path: str, steps: list[Any]) -> None:
        if isinstance(value, dict):
            places.setdefault(path, steps)
            for name, inner in value.items():
                walk(inner, f"{path}/{name}", [*steps, name])
        elif isinstance(value, list) and value:
            walk(value[0], path, [*steps, 0])

    walk(root, "", [])
    for path, steps in list(places.items())[:NODES_MAX]:
        changed = copy.deepcopy(root)
        at = changed
        for step in steps:
            at = at[step]
        at[NAME] = PROBE
        yield path, json.dumps(changed).encode()


@pytest.mark.parametrize("kind", ONE_A_KIND)
def test_a_text_that_no_table_names_is_kept_wherever_it_stands(kind: str) -> None:
    body = ONE_A_KIND[kind]
    lost = []
    for path, changed in (probed_xml if body.lstrip().startswith(b"<") else probed_json)(body):
        try:
            kept = is_kept(read_message(changed))
        except MalformedMessage:
            kept = True  # refused by its name, which loses nothing
        if not kept:
            lost.append(path)
    assert [path for path in lost if not any(part in path for part in LEFT_OUT)] == []


LEFT_OUT = {
    "/Signature": "a signature stands in the message's bytes, whose hash the record keeps",
    "/@context": "says how names are written, not what was said",
}
"""Part of a path -> why what stands there is no remark."""
