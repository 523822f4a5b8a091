"""XML from strangers becomes a tree, or one clear error within a tenth of a second and 100 MB.

Refused before a tree is built: too long, other encodings than UTF-8 (with or without its mark) and GB18030, a DTD (and
with it every entity and bomb), more markup than the largest legal message has. Refused after: bidirectional and control
characters, also where they hide in a character reference. Nothing is fetched, nothing is expanded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from adapters.message import MESSAGE_BYTES_MAX
from chain.errors import MalformedMessage

XML_TAGS_MAX = 500_000
"""Opening and closing tags, comments and the like. A CEB621 of 100 lists of 99 lines, the legal most, has 400,000."""
XML_ATTRIBUTES_MAX = 200_000
"""Equals signs outside of a start tag count too: it is a bound on memory, not a rule of the trade."""
XML_PROLOG_BYTES_MAX = 16 * 1024
"""Where the root element begins at the latest."""

FORMAT_CODE = "0001"
"""Gateway code 报文格式错误: not well formed, wrong encoding, too large (7-1 table, 2022-05)."""

UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Control and bidirectional characters: they make a name read as another; none belongs in a customs message."""

_HARMLESS = bytes(set(range(256)) - {0x7F, 0xC2, 0xD8, 0xE2, 0xEF})
"""Bytes that begin no `UNSEEN` character in UTF-8; only a body with others is searched, element by element. Characters
below U+0020 are refused by the parser itself."""

_SEEN = bytes(set(_HARMLESS) - set(b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c") - set(range(0x0E, 0x20)))
"""As `_HARMLESS`, for a body that no parser has looked at."""

_GB18030_NAMES = frozenset({"gb18030", "gbk", "gb2312"})
"""GBK and GB 2312 are parts of GB 18030; clients declare the one and send the other."""
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,39})[\"']")
_PROLOG = re.compile(rb"(?>(?:\s+|<!--.*?-->|<\?.*?\?>)*)", re.DOTALL)
# No name is tried again at half of its length: a name of 16 kB without an end took a quarter of a second.
_START_TAG = re.compile(rb"<(?:((?>[^\s<>/:!?]+)):)?((?>[^\s<>/:!?]+))((?>(?:[^>\"']+|\"[^\"]*\"|'[^']*')*))>")
_NAMESPACE = re.compile(rb"\sxmlns(?::([^\s=]+))?\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


@dataclass(frozen=True)
class RootName:
    """A root element's expanded name, as `peek_root` sees it."""

    namespace: str
    """Namespace URI; empty where the root has none."""
    name: str
    """Local name."""


def peek_root(message: bytes) -> RootName:
    """The root element's name without building a tree; raises `MalformedMessage` where no root begins in time."""
    start = message[:XML_PROLOG_BYTES_MAX].removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in start:
        raise _wrong_encoding("UTF-16, UTF-32 or binary")
    at = _root_offset(start)
    found = _START_TAG.match(start, at)
    if found is None:
        _refuse_dtd(start, at)
        rule = f"has its root element's start tag within the first {XML_PROLOG_BYTES_MAX} bytes"
        raise MalformedMessage("XML", rule, value=repr(start[at : at + 40]), code=FORMAT_CODE)
    prefix, local, attributes = found.groups()
    namespace = b""
    for bound, quoted, single in _NAMESPACE.findall(attributes):
        if bound == (prefix or b""):
            namespace = quoted or single
    return RootName(namespace.decode("utf-8", "replace"), local.decode("utf-8", "replace"))


def parse_xml(message: bytes) -> etree._Element:
    """The root of the tree, without comments and processing instructions; raises `MalformedMessage`.

    The text of every element and attribute is free of control and bidirectional characters.
    """
    body = _as_utf8(message)
    _refuse_dtd(body, _root_offset(body))
    _refuse_bulk(body)
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as problem:
        raise _not_well_formed(body, problem) from None
    if b"&#" in body or body.translate(None, _HARMLESS):
        _refuse_unseen(root)
    return root


def has_unseen(body: bytes, text: str) -> bool:
    """Whether a character of the text, which is the body in UTF-8, belongs in no message."""
    return bool(body.translate(None, _SEEN)) and UNSEEN.search(text) is not None


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    tag = str(element.tag)
    return tag[tag.rfind("}") + 1 :]


def namespace_of(element: etree._Element) -> str:
    """The element's namespace URI; empty where it has none."""
    tag = str(element.tag)
    return tag[1 : tag.rfind("}")] if tag.startswith("{") else ""


def _parser() -> etree.XMLParser:
    # A parser each time: lxml locks a shared one, and adapters run in threads. Making one costs a few microseconds.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _as_utf8(message: bytes) -> bytes:
    """The message in UTF-8 without a mark. What it declares and what it is must agree."""
    if len(message) > MESSAGE_BYTES_MAX:
        raise MalformedMessage(
            "XML", f"at most {MESSAGE_BYTES_MAX} bytes", value=f"{len(message)} bytes", code=FORMAT_CODE
        )
    if message.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in message[:XML_PROLOG_BYTES_MAX]:
        raise _wrong_encoding("UTF-16, UTF-32 or binary")
    marked = message.startswith(b"\xef\xbb\xbf")
    body = message[3:] if marked else message
    name = _declared_encoding(body)
    if name in _GB18030_NAMES and not marked:
        try:
            return body.decode("gb18030").encode("utf-8")
        except UnicodeDecodeError as problem:
            raise _not_in(name, problem) from None
    if name not in ("", "utf-8", "utf8"):
        raise _wrong_encoding(f"{name}, with a UTF-8 mark" if marked else name)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise _not_in("utf-8", problem) from None
    return body


def _declared_encoding(body: bytes) -> str:
    declaration = _DECLARATION.match(body, 0, 512)
    found = _ENCODING.search(declaration[0]) if declaration else None
    return found[1].decode("ascii").lower() if found else ""


def _wrong_encoding(said: str) -> MalformedMessage:
    rule = "is in UTF-8 (with or without its mark) or GB18030"
    return MalformedMessage("XML encoding", rule, value=said, fix="Send it in UTF-8", code=FORMAT_CODE)


def _not_in(name: str, problem: UnicodeDecodeError) -> MalformedMessage:
    bad = problem.object[problem.start : problem.start + 4].hex(" ")
    return MalformedMessage(
        "XML encoding",
        f"every byte is {name.upper()} as declared; byte {problem.start} is not",
        value=bad,
        fix="Declare the encoding that was used",
        code=FORMAT_CODE,
    )


def _root_offset(body: bytes) -> int:
    """Where the first markup stands that is no declaration, comment or processing instruction."""
    found = _PROLOG.match(body, 0, XML_PROLOG_BYTES_MAX)
    return found.end() if found else 0


def _refuse_dtd(body: bytes, at: int) -> None:
    if body.startswith(b"<!DOCTYPE", at):
        raise MalformedMessage(
            "XML", "has no document type, so no entities", value=repr(body[at : at + 40]), code=FORMAT_CODE
        )


def _refuse_bulk(body: bytes) -> None:
    tags = body.count(b"<")
    if tags > XML_TAGS_MAX:
        raise MalformedMessage("XML", f"at most {XML_TAGS_MAX} tags", value=f"{tags} tags", code=FORMAT_CODE)
    attributes = body.count(b"=")
    if attributes > XML_ATTRIBUTES_MAX:
        rule = f"at most {XML_ATTRIBUTES_MAX} attributes"
        raise MalformedMessage("XML", rule, value=f"{attributes} equals signs", code=FORMAT_CODE)


def _not_well_formed(body: bytes, problem: etree.XMLSyntaxError) -> MalformedMessage:
    line, column = problem.position
    # Up to the fault, so that a message on one line is not blamed on its last element; libxml2 counts characters.
    *earlier, last = body.split(b"\n", line)[:line]
    before = b"\n".join(earlier)[-2000:] + b"\n" + last[: 4 * column].decode("utf-8", "replace")[:column].encode()
    opened = re.findall(rb"<([^\s<>/!?]+)", before[-2000:])
    where = opened[-1].decode("utf-8", "replace") if opened else "XML"
    said = str(problem.msg).split(", line ")[0]
    return MalformedMessage(
        where, "is well-formed XML 1.0", value=f"{said}, line {line}, column {column}", code=FORMAT_CODE
    )


def _refuse_unseen(root: etree._Element) -> None:
    """Slow path: names the element that holds a forbidden character; returns where there is none."""
    for element in root.iter():
        texts = [element.text, element.tail, *element.attrib.values()]
        for text in texts:
            if text and (found := UNSEEN.search(str(text))):
                raise MalformedMessage(
                    element_path(element),
                    f"has no control or bidirectional character; it has U+{ord(found[0]):04X}",
                    value=str(text).strip(),
                    fix="Remove the character",
                    code=FORMAT_CODE,
                )


def element_path(element: etree._Element) -> str:
    """The element's place below the root, such as `Inventory[2]/InventoryHead/guid`; counted from 1 among its twins."""
    steps: list[str] = []
    at: etree._Element | None = element
    while at is not None and (parent := at.getparent()) is not None:
        twins = [child for child in parent if child.tag == at.tag]
        name = local_name(at)
        steps.append(f"{name}[{twins.index(at) + 1}]" if len(twins) > 1 else name)
        at = parent
    return "/".join(reversed(steps)) or local_name(element)
