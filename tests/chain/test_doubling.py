"""Every parser of the chain takes at most about twice as long for twice the input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from chain.encoding import base64url, parse_base64url_parts, parse_digests, parse_json, parse_written_texts
from chain.jws import CompactJws
from chain.node.genesis import Genesis
from chain.node.transactions import parse_transaction
from chain.proof.bundle_reader import parse_bundle
from chain.proof.header import Extra
from chain.records import parse_record_rules
from chain.records.fastpath import parse_signed, read_texts
from chain.recursion_limit import RECURSION_DEPTH_MAX, restore_recursion_limit
from chain.sdjwt import SignedRecord
from chain.verify.trust_root import TrustRoot
from tests.doubling import assert_doubling


def _doubled_last_name(count: int) -> str:
    return "{" + ",".join(f'"n{number}":0' for number in [*range(count), count - 1]) + "}"


TEXTS: dict[str, Callable[[int], str]] = {
    "a doubled last name": _doubled_last_name,
    "a string that never ends": lambda count: '["' + '\\"' * count,
    "brackets in strings": lambda count: json.dumps(["[{" * 10] * count),
    "brackets that close nothing": lambda count: "]" * count + "[" * 20,
    "nested too deep": lambda count: "[" * count,
    "half surrogates": lambda count: json.dumps(["\\ud83d"] * count).replace("\\\\", "\\"),
    "white space": lambda count: " " * count + "1",
    "digits": lambda count: "1" * count,
}


@pytest.mark.parametrize("name", TEXTS)
def test_strict_json_is_linear(name: str) -> None:
    assert_doubling(TEXTS[name], parse_json, 4_000)


@pytest.mark.parametrize("read", [parse_written_texts, read_texts])
def test_written_texts_are_read_in_linear_time(read: Callable[[list[bytes]], object]) -> None:
    assert_doubling(lambda count: [_doubled_last_name(8).encode()] * count, read, 2_000)
    assert_doubling(lambda count: [_doubled_last_name(count).encode()], read, 4_000)


def _disclosed(count: int) -> str:
    return (
        "e30.e30." + "A" * 86 + "~" + "".join(base64url(json.dumps(["s" * 22, n]).encode()) + "~" for n in range(count))
    )


@pytest.mark.parametrize("parse", [SignedRecord.parse, parse_signed])
@pytest.mark.parametrize(
    "make", [_disclosed, lambda count: "~" * count, lambda count: "." * count, lambda count: "A" * count + "~"]
)
def test_records_are_parsed_in_linear_time(parse: Callable[[str], object], make: Callable[[int], str]) -> None:
    assert_doubling(make, parse, 3_000)


def _jws(payload: Callable[[int], str]) -> Callable[[int], str]:
    head = base64url(b'{"alg":"ES256","kid":"' + b"A" * 43 + b'","typ":"t"}')
    return lambda count: f"{head}.{base64url(payload(count).encode())}.{'A' * 86}"


def test_signed_tokens_are_parsed_in_linear_time() -> None:
    assert_doubling(_jws(_doubled_last_name), CompactJws.parse, 4_000)


@pytest.mark.parametrize(
    "parse",
    [parse_bundle, TrustRoot.parse, Genesis.parse, parse_record_rules],
    ids=["bundle", "root", "genesis", "rules"],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda count: _doubled_last_name(count).encode(),
        lambda count: b'{"format":"tongguan-bundle/1","nodes":[' + b'"AA",' * count + b'"AA"]}',
    ],
    ids=["names", "values"],
)
def test_files_are_parsed_in_linear_time(parse: Callable[[bytes], object], make: Callable[[int], bytes]) -> None:
    assert_doubling(make, parse, 4_000)


def test_binary_forms_are_parsed_in_linear_time() -> None:
    import rlp

    assert_doubling(lambda count: rlp.encode([b"a"] * count), Extra.parse, 4_000)
    assert_doubling(lambda count: rlp.encode([b"a"] * count), lambda raw: parse_transaction(raw, 1), 4_000)
    assert_doubling(lambda count: "A" * 43 * count, lambda text: parse_base64url_parts(text, "~"), 4_000)
    assert_doubling(lambda count: ["A" * 43] * count, parse_digests, 4_000)


def test_recursion_limit_is_back_after_libraries_raised_it() -> None:
    before = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(100_000)
        restore_recursion_limit()
        assert sys.getrecursionlimit() == RECURSION_DEPTH_MAX
        import py_ecc  # noqa: F401

        assert sys.getrecursionlimit() == RECURSION_DEPTH_MAX
    finally:
        sys.setrecursionlimit(before)
