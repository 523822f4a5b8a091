"""A CEB message read plainly is what the tree says: one answer or one refusal, whatever a stranger writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.formats.ceb import layout, plain_text
from adapters.registry import read_message
from chain.errors import MalformedMessage
from tests.adapters.formats.customs.writing import LAYOUTS, ceb, entity, message

NUMBERS = sorted(set(LAYOUTS) - {"900"})
ODD = (
    *("<!-- x -->", "<!-- <ceb:Inventory> -->", "<![CDATA[a]]>", "<?pi x?>", "&amp;", "&#x202e;", "&#65;"),
    *("]]>", ">", "<", " ", "\t", "\n", "\r\n", "\r", "\u3000", "\u00a0", "\u202e", "\x01", "\x7f", "\x85"),
    *("\ufeff", "\ufffe", "\U0001f600", "\ud800", "=", '"', "/", "报关", "-1", "0", "9" * 40, "x" * 70, "x" * 300),
    *("<x/>", "<ceb:x>1</ceb:x>", "<ceb:note/>", "<ceb:note></ceb:note>", "<note>a</note>", "<ceb:guid>1</ceb:guid>"),
    *("<ceb:appStatus>1</ceb:appStatus>", ' a="1"', " a='1'", ' xmlns:ceb="x"', ' xmlns="x"', "</ceb:guid>"),
    *("<ceb:guid>", "<!DOCTYPE a>", '<?xml version="1.0"?>'),
)
WRAPPERS = ("x", "ceb:Inventory", "ceb:InventoryHead", "ceb:InventoryList", "ceb:BaseTransfer", "ceb:Order")


@pytest.fixture(scope="module", autouse=True)
def every_way_learned() -> Iterator[None]:
    """Each way of writing is learned at once, and as many as a test meets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_text, "LEARNED_EVERY", 1)
        patch.setattr(plain_text, "WRITTEN_MAX", 16)
        plain_text._grammar.cache_clear()
        yield
        plain_text._grammar.cache_clear()


def answer(body: bytes) -> Any:
    """All that a reader makes of the message."""
    try:
        return read_message(body)
    except MalformedMessage as refusal:
        return str(refusal), refusal.code, [(str(fault), fault.code) for fault in refusal.faults]


def by_tree(body: bytes) -> Any:
    """The same where nothing is read plainly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "read_plain", lambda *given: None)
        return answer(body)


def is_plain(number: str, body: bytes) -> bool:
    """Whether the message is read without a tree of its entities."""
    return plain_text.read_plain(LAYOUTS[number], body, layout.ENTITIES_MAX, layout.DRAFT) is not None


@st.composite
def changed(draw: st.DrawFn, text: str) -> str:
    """The message with one to three things about it odd."""
    for _ in range(draw(st.integers(1, 3))):
        ends = [place for place, mark in enumerate(text) if mark in "<>"]
        at = draw(st.sampled_from(ends)) + draw(st.integers(0, 1)) if ends else 0
        other = draw(st.sampled_from(ends)) + draw(st.integers(0, 1)) if ends else len(text)
        first, last = sorted((at, other))
        match draw(st.sampled_from(["put", "replace", "cut", "double", "swap", "wrap"])):
            case "put":
                text = text[:at] + draw(st.sampled_from(ODD)) + text[at:]
            case "replace":
                end = text.find("<", at)
                text = text[:at] + draw(st.sampled_from(ODD)) + text[max(at, end) :]
            case "cut":
                text = text[:first] + text[min(last, first + 200) :]
            case "double":
                text = text[:last] + text[first:last] + text[last:]
            case "swap":
                middle = (first + last) // 2
                text = text[:first] + text[middle:last] + text[first:middle] + text[last:]
            case _:
                tag = draw(st.sampled_from(WRAPPERS))
                text = f"{text[:first]}<{tag}>{text[first:last]}</{tag}>{text[last:]}"
    return text


@pytest.mark.parametrize("number", NUMBERS)
def test_every_kind_is_read_plainly_once_it_was_met(number: str) -> None:
    lines = 3 if LAYOUTS[number].line else 1
    body = message(number, lines)
    expected = by_tree(body)
    assert answer(body) == expected
    if b"&" not in body:
        assert is_plain(number, body)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.sampled_from(["311", "411", "621", "603", "622", "816"]), data=st.data())
def test_a_changed_message_is_read_or_refused_alike(number: str, data: st.DataObject) -> None:
    whole = message(number, 2 if LAYOUTS[number].line else 1).decode()
    answer(whole.encode())
    body = data.draw(changed(whole)).encode("utf-8", "surrogatepass")
    assert answer(body) == by_tree(body)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ODD), st.sampled_from(["gname", "gmodel", "gnum", "price", "country", "note", "itemName"]))
@example("\u3000", "gname")
@example("\t", "gmodel")
@example("]]>", "gname")
def test_an_odd_text_in_a_field_is_read_or_refused_alike(odd: str, name: str) -> None:
    answer(message("621", 2))
    for said in (odd, f"{odd}a", f"a{odd}", f"a{odd}b"):
        text = ceb("621", [entity("621", 2, {name: said})]) if odd != "\ud800" else b""
        assert answer(text) == by_tree(text)


def start_tag(**changed: str) -> str:
    """A root start tag as our messages have it."""
    said = {"guid": "0A1B2C3D-0000-4000-8000-000000000001", "version": "1.0", "xmlns:ceb": layout.CEB_NAMESPACE}
    return "".join(f' {name}="{value}"' for name, value in (said | changed).items())


@pytest.mark.parametrize(
    "text",
    [
        '<ceb:CEB621Message x="> {entity} "{root}></ceb:CEB621Message>',
        "<ceb:CEB621Message{root}><!-- -->{entity}</ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>{entity}<!-- {entity} --></ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>{entity}<x>{entity}</x></ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>{entity}<x/>{entity}</ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>{entity}</ceb:CEB621Message><x/>",
        "<ceb:CEB621Message{root}>{entity}",
        "<ceb:CEB621Message{root}>{entity}</ceb:CEB622Message>",
        "<ceb:CEB621Message{root}/>{entity}",
        "<ceb:CEB621Message{root} {root}>{entity}</ceb:CEB621Message>",
        '<ceb:CEB621Message{root} ceb:guid="x" xmlns:a="{ns}" a:guid="y">{entity}</ceb:CEB621Message>',
        '<ceb:CEB621Message xmlns:ceb="x">{entity}</ceb:CEB621Message>',
        "<ceb:CEB621Message>{entity}</ceb:CEB621Message>",
        '<CEB621Message xmlns="{ns}" guid="g">{entity}</CEB621Message>',
        '<CEB621Message xmlns="{ns}" guid="g">{bare}</CEB621Message>',
        '<CEB621Message xmlns="{ns}" xmlns:ceb="{ns}" guid="g">{bare}{entity}</CEB621Message>',
        '<?xml version="1.0" encoding="GB18030"?><ceb:CEB621Message{root}>{entity}</ceb:CEB621Message>',
        '<?xml version="1.1" encoding="UTF-8"?><ceb:CEB621Message{root}>{entity}</ceb:CEB621Message>',
        ' <?xml version="1.0"?><ceb:CEB621Message{root}>{entity}</ceb:CEB621Message>',
        '\ufeff<?xml version="1.0"?><ceb:CEB621Message{root}>{entity}</ceb:CEB621Message>',
        "<!DOCTYPE a><ceb:CEB621Message{root}>{entity}</ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>{entity}{entity}</ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>{many}</ceb:CEB621Message>",
        '<ceb:CEB621Message{root} a="&#x202e;">{entity}</ceb:CEB621Message>',
        '<ceb:CEB621Message{root} a="\u202e">{entity}</ceb:CEB621Message>',
        "<ceb:CEB621Message{root}>\u202e{entity}</ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>{entity}\u202e</ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>a{entity}b</ceb:CEB621Message>",
        "<ceb:CEB621Message{root}>\r\n{entity}\r\n</ceb:CEB621Message>",
    ],
)
def test_what_stands_around_the_entities_is_judged_alike(text: str) -> None:
    one = entity("621", 2)
    bare = one.replace("ceb:", "")
    answer(message("621", 2))
    answer(f'<CEB621Message xmlns="{layout.CEB_NAMESPACE}" guid="g">{bare}</CEB621Message>'.encode())
    said = {"entity": one, "bare": bare, "many": one * 101, "root": start_tag(), "ns": layout.CEB_NAMESPACE}
    body = text.format(**said).encode()
    assert answer(body) == by_tree(body)


def test_a_list_with_a_number_that_comes_twice_and_a_draft_are_left_to_the_tree() -> None:
    answer(message("621", 2))
    for body in (message("621", 2, {"gnum": "1"}), message("621", 1, appStatus="1"), message("621", 120)):
        assert not is_plain("621", body)
        assert answer(body) == by_tree(body)


def test_learning_from_a_message_of_which_every_line_is_written_otherwise_takes_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = []
    monkeypatch.setattr(plain_text._Element, "learn", lambda self, element: bool(compiled.append(element)) or True)
    plain_text._grammar.cache_clear()
    answer(message("621", 99))
    assert len(compiled) == 2
    end = b"</ceb:CEB621Message>"
    answer(message("621", 2).replace(end, b"\n" * plain_text.PLAIN_BYTES_MAX + end))
    assert len(compiled) == 2


def test_only_so_many_ways_of_writing_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "WRITTEN_MAX", 3)
    names = ("areaCode", "areaName", "loctNo", "licenseNo", "note", "emsNo", "voyageNo")
    for name in names:
        answer(message("621", 1, **{name: None}))
        answer(message("621", 1, **{name: "1105980088"}))
    grammar = plain_text._grammar(LAYOUTS["621"], "ceb:", "Inventory")
    assert len(grammar._head._known) <= 3
