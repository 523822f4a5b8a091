"""What strangers send as XML is a tree or one clear error, in little time and little memory."""

from __future__ import annotations

import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.message import MESSAGE_BYTES_MAX
from adapters.parsing.xml import element_path, local_name, parse_xml, peek_root
from adapters.registry import find_reader
from chain.errors import MalformedMessage

REFUSED_WITHIN_S = 0.1
"""Of this process's own time: other work on the machine does not count."""
REFUSED_WITHIN_KB = 100 * 1024

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    + b"".join(b'<!ENTITY c%d "%s">' % (i, b"&b;" * 10) for i in range(20))
    + b"]><a>&c19;</a>"
)

QUADRATIC = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 200_000 + b'">]><a>' + b"&b;" * 50_000 + b"</a>"

HOSTILE = {
    "entity bomb": (BOMB, "document type"),
    "quadratic bomb": (
        b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 200_000 + b'">]><a>' + b"&b;" * 50_000 + b"</a>",
        "document",
    ),
    "external entity": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "document type"),
    "external DTD after a comment": (
        b'<!-- <a> --><?p ?><!DOCTYPE a SYSTEM "http://[::1]/"><a/>',
        "document type",
    ),
    "entity without a DTD": (b"<a>&x;</a>", "well-formed"),
    "UTF-16 with a mark": ("<a/>".encode("utf-16"), "UTF-8"),
    "UTF-16 without a mark": ("<a/>".encode("utf-16-le"), "UTF-8"),
    "UTF-32": ("<a/>".encode("utf-32"), "UTF-8"),
    "Latin-1": ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "UTF-8"),
    "EBCDIC": ('<?xml version="1.0"?><a/>'.encode("cp500"), "every byte"),
    "GB18030 with a UTF-8 mark": (b'\xef\xbb\xbf<?xml version="1.0" encoding="GB18030"?><a/>', "UTF-8"),
    "GB18030 declared as UTF-8": ('<?xml version="1.0" encoding="UTF-8"?><a>通关</a>'.encode("gb18030"), "every byte"),
    "UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?><a>+AGE-</a>', "UTF-8"),
    "50 MB": (b"<a>" + b"x" * (50 << 20) + b"</a>", "bytes"),
    "ten million bytes of text": (b"<a>" + b"x" * (MESSAGE_BYTES_MAX - 20) + b"</a>", "well-formed"),
    "two million tags": (b"<a>" + b"<b/>" * 2_000_000 + b"</a>", "tags"),
    "a million attributes": (b"<a>" + b'<b c="" d="" e=""/>' * 333_000 + b"</a>", "attributes"),
    "300 levels": (b"<a>" * 300 + b"</a>" * 300, "depth"),
    "a million levels": (b"<a>" * 400_000, "depth"),
    "never ending comment": (b"<!-- " * 200_000, "well-formed"),
    "never ending instruction": (b"<?a " * 200_000, "well-formed"),
    "never ending start tag": (b"<a " + b"b=" * 90_000, "well-formed"),
    "truncated": (b"<a><b>1</b><c>12", "well-formed"),
    "lone surrogate": (b"<a><b>\xed\xa0\x80</b></a>", "every byte"),
    "lone surrogate by reference": (b"<a><b>&#xD800;</b></a>", "well-formed"),
    "NUL": (b"<a>\x00</a>", "UTF-8"),
    "control character": (b"<a>\x01</a>", "well-formed"),
    "C1 control character": ("<a>\x85</a>".encode(), "control or bidirectional"),
    "bidirectional override": ("<a><b>贸易\u202e司公</b></a>".encode(), "control or bidirectional"),
    "bidirectional isolate by reference": (b"<a><b>x&#x2066;y</b></a>", "control or bidirectional"),
    "bidirectional mark in an attribute": (b'<a><b k="&#x200f;"/></a>', "control or bidirectional"),
    "duplicate attribute": (b'<a k="1" k="2"/>', "well-formed"),
    "two roots": (b"<a/><b/>", "well-formed"),
    "nothing": (b"", "well-formed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused_in_time_and_memory(name: str) -> None:
    message, because = HOSTILE[name]
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    least_s = 1.0
    for _ in range(3):
        started = time.process_time()
        with pytest.raises(MalformedMessage) as refused:
            parse_xml(message)
        least_s = min(least_s, time.process_time() - started)
    assert because in str(refused.value).replace("Excessive depth", "depth")
    assert refused.value.code == "0001"
    assert least_s < REFUSED_WITHIN_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < REFUSED_WITHIN_KB


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused_where_the_reader_is_chosen_or_reads(name: str) -> None:
    with pytest.raises(MalformedMessage):
        find_reader(HOSTILE[name][0])


def test_a_forbidden_character_is_named_with_its_element() -> None:
    with pytest.raises(MalformedMessage) as refused:
        parse_xml("<List><Item/><Item><name>贸易\u202e司公</name></Item></List>".encode())
    assert refused.value.field == "Item[2]/name"
    assert "U+202E" in refused.value.rule
    assert refused.value.value == "贸易\\u202e司公"


def test_the_place_of_a_syntax_fault_is_named() -> None:
    with pytest.raises(MalformedMessage) as refused:
        parse_xml(b"<a>\n<b>&#xD800;</b></a>")
    assert refused.value.field == "b"
    assert "line 2" in (refused.value.value or "")


@pytest.mark.parametrize(
    "message",
    [
        "<a>通关</a>".encode(),
        b"\xef\xbb\xbf" + "<a>通关</a>".encode(),
        '<?xml version="1.0" encoding="utf-8"?><a>通关</a>'.encode(),
        '<?xml version="1.0" encoding="GB18030"?><a>通关</a>'.encode("gb18030"),
        '<?xml version="1.0" encoding="gbk"?><a>通关</a>'.encode("gbk"),
        '<?xml version="1.0" encoding="GB2312"?><a>通关</a>'.encode("gb2312"),
    ],
)
def test_utf8_with_or_without_its_mark_and_gb18030_are_read(message: bytes) -> None:
    assert parse_xml(message).text == "通关"


def test_comments_and_instructions_leave_no_trace() -> None:
    root = parse_xml(b"<a><!-- x --><?p y?>12<!-- z -->3</a>")
    assert (root.text, len(root)) == ("123", 0)


def test_the_root_is_seen_past_the_prolog_without_a_tree() -> None:
    root = peek_root(b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <b> -->\n<p:a k='>' xmlns='u' xmlns:p = \"urn:x\" >")
    assert (root.namespace, root.name) == ("urn:x", "a")


def test_the_peek_and_the_parser_see_the_same_root() -> None:
    message = b'<?xml version="1.0"?><p:Root xmlns:p="urn:y" xmlns="urn:z"><b/></p:Root>'
    root = parse_xml(message)
    assert root.tag == f"{{{peek_root(message).namespace}}}{peek_root(message).name}"


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
_XML_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=20)


@given(_NAMES, _XML_TEXT, st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
@settings(max_examples=60, deadline=None)
def test_any_clean_text_comes_out_as_it_went_in(name: str, text: str, encoding: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    declared = "gb18030" if encoding == "gb18030" else "utf-8"
    message = f'<?xml version="1.0" encoding="{declared}"?><r><{name}>{escaped}</{name}></r>'.encode(encoding)
    child = parse_xml(message)[0]
    assert (local_name(child), child.text or "", element_path(child)) == (name, text, name)


_MARKUP = [b"<a>", b"</a>", b"<a", b">", b"/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?xml ", b"?>", b"&#x", b";"]
_ATTRIBUTES = [b'encoding="gb18030"', b"xmlns:p='u'", b"<p:a>", b"<!DOCTYPE a", b"=", b'"', b"'", b"CEB621Message"]
_BAD = [b"\xff", b"\xef\xbb\xbf", b"\x00", b"\x81\x30", b"\xed\xa0\x80"]
_GOOD = ["通".encode(), "通".encode("gb18030"), b" ", b"\n"]
_PIECES = st.sampled_from(_MARKUP + _ATTRIBUTES + _BAD + _GOOD)


@given(st.one_of(st.binary(max_size=200), st.lists(_PIECES, max_size=30).map(b"".join)))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_tree_or_a_malformed_message(message: bytes) -> None:
    for read in (parse_xml, peek_root, find_reader):
        try:
            read(message)  # type: ignore[operator]
        except MalformedMessage as refused:
            assert refused.faults
