"""Every parser of native messages takes at most about twice as long for twice the input."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.parsing.edifact import parse_interchange
from adapters.parsing.json_fields import parse_json
from adapters.parsing.xml import parse_xml, peek_root
from adapters.registry import read_message
from adapters.sources.envelope import Envelope, MalformedEnvelope
from tests.doubling import assert_doubling

JSON: dict[str, Callable[[int], bytes]] = {
    "a doubled last name": lambda count: (
        "{" + ",".join(f'"n{number}":0' for number in [*range(count), count - 1]) + "}"
    ).encode(),
    "quotes without end behind NaN": lambda count: b'[NaN,"' + b'\\"' * count,
    "brackets": lambda count: b"[" * count,
    "escapes": lambda count: b"[" + b'"\\u0001",' * count + b"1]",
}
XML: dict[str, Callable[[int], bytes]] = {
    "siblings with a strange last one": lambda count: b"<a>" + b"<b/>" * count + b"<b>\xe2\x80\xae</b></a>",
    "attributes": lambda count: b"<a " + b" ".join(b'n%d="1"' % n for n in range(count)) + b"/>",
    "one attribute again and again": lambda count: b"<a " + b'n="1" ' * count + b"/>",
    "a comment without end": lambda count: b"<!-- " + b"<!-- " * count,
    "start tags": lambda count: b"<a>" * count,
    "lines before a fault": lambda count: b"<a>" + b"\n" * count + b"<b></a>",
    "instructions": lambda count: b"<?a ?>" * count,
    "spaces in a tag": lambda count: b"<a" + b" " * count,
}
EDIFACT: dict[str, Callable[[int], bytes]] = {
    "segments": lambda count: b"UNB+UNOC:3+A+B+1:1+1'" + b"AAA+1'" * count,
    "released marks": lambda count: b"UNB+UNOC:3+A+B+1:1+1'" + b"AAA+" + b"?'" * count,
    "release marks": lambda count: b"UNB+" + b"?" * count,
    "elements": lambda count: b"UNB+" + b"+" * count + b"'",
    "no end": lambda count: b"UNB+" + b"A" * count,
}


@pytest.mark.parametrize("name", JSON)
@pytest.mark.parametrize("parse", [parse_json, read_message])
def test_json_messages(name: str, parse: Callable[[bytes], object]) -> None:
    assert_doubling(JSON[name], parse, 4_000)


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("parse", [parse_xml, peek_root, read_message])
def test_xml_messages(name: str, parse: Callable[[bytes], object]) -> None:
    assert_doubling(XML[name], parse, 4_000)


@pytest.mark.parametrize("name", EDIFACT)
@pytest.mark.parametrize("parse", [parse_interchange, read_message])
def test_edifact_messages(name: str, parse: Callable[[bytes], object]) -> None:
    assert_doubling(EDIFACT[name], parse, 4_000)


def test_envelopes() -> None:
    assert_doubling(JSON["a doubled last name"], Envelope.parse_bytes, 4_000)


def test_an_envelope_of_brackets_is_malformed_under_a_raised_recursion_limit() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.setrecursionlimit(100_000)\n"
        "from adapters.sources.envelope import Envelope, MalformedEnvelope\n"
        "try:\n    Envelope.parse_bytes(b'[' * 900_000)\n"
        "except MalformedEnvelope as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.returncode
    assert "nested deeper" in done.stdout
    with pytest.raises(MalformedEnvelope):
        Envelope.parse_bytes(b'{"id": "a", "id": "b"}')
