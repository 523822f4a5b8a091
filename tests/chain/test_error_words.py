"""What the doors say no with is said in Chinese too; and a hostile text costs no more than any other."""

from __future__ import annotations

import ast
import re
import time
from pathlib import Path

import pytest

from chain.error_words import _lines, speak_error, translate
from chain.errors import Malformed, NotFound, Refused
from tests.house.test_house import REPOSITORY

DOORS = ("gateway/api", "gateway/ingest", "gateway/access", "gateway/people", "gateway/query")
MODULES = ("sdjwt", "jws", "keys", "claims", "disclosures")
NEVER_TOLD = {
    "a line without bounds",
    "a number that is no integer ({}); decimals travel as strings",
    "must be a readable JSON file: {}",
    "{} with two meanings",
}
"""Raised at a start, or told to whoever runs the gateway: its log is English."""
LEFT_MAX = 15
"""Texts of the doors that are not translated yet: the next change may only make them fewer."""


def raised_in(file: Path) -> set[str]:
    """Texts of the errors that a module raises, with `{}` for each value; names of fields are no texts."""
    texts = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            fix = [keyword.value for keyword in node.exc.keywords if keyword.arg == "fix"]
            texts |= {text for part in [*node.exc.args, *fix] if " " in (text := rendered(part))}
    return texts


def rendered(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""


def files() -> list[Path]:
    modules = [REPOSITORY / "chain" / f"{name}.py" for name in MODULES]
    return [*modules, *(file for door in DOORS for file in sorted((REPOSITORY / door).rglob("*.py")))]


def test_what_a_stranger_is_refused_with_has_chinese_words() -> None:
    texts = {text for file in files() for text in raised_in(file)} - NEVER_TOLD
    missing = sorted(text for text in texts if translate(text) is None)
    assert len(texts) > 150
    assert len(missing) <= LEFT_MAX, "\n".join(missing)


def test_what_the_command_refuses_has_chinese_words() -> None:
    rooms = [*(REPOSITORY / "scripts" / "commands").glob("*.py"), REPOSITORY / "scripts" / "consortium_folder.py"]
    missing = sorted(text for file in rooms for text in raised_in(file) if translate(text) is None)
    assert len(missing) <= LEFT_MAX, "\n".join(missing)


SEA_AND_AIR = ("cargo_report", "transport_instruction", "container_order", "bayplan", "customs_response")
LISTS = ("cargo_xml/flight.py", "cargo_xml/houses.py", "dcsa_arrival/reader.py", "ubl_certificate/reader.py")


def noted_in(file: Path) -> set[str]:
    """Rules and fixes that a reader notes as faults or refuses with; places in the message are no texts."""
    texts = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add" and len(node.args) == 2:
            parts = [node.args[1], *(keyword.value for keyword in node.keywords if keyword.arg == "fix")]
            texts |= {rendered(part) for part in parts}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MalformedMessage":
            texts |= {rendered(part) for part in node.args[1:2]}
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "rule":
            texts.add(rendered(node.value))
    return texts - {"", "{}"}


def test_what_a_reader_of_sea_and_air_refuses_has_chinese_words() -> None:
    formats = REPOSITORY / "adapters" / "formats"
    files = [*(formats / folder / "reader.py" for folder in SEA_AND_AIR), *(formats / name for name in LISTS)]
    texts = {text for file in files for text in noted_in(file)}
    assert len(texts) > 20
    assert sorted(text for text in texts if translate(text) is None) == []


def test_each_line_has_its_places_in_both_languages() -> None:
    for english, chinese in _lines():
        assert re.search(r"[\u4e00-\u9fff]", chinese), english
        places = re.findall(r"\{(\d?)\}", chinese)
        assert len(places) == english.count("{}"), english
        assert all(place == "" for place in places) or sorted(places) == [str(n) for n in range(len(places))], english


def test_values_go_where_they_belong() -> None:
    assert translate("key K belongs to A, not to B") == "密钥 K 属于 A，不属于 B"
    assert translate("no key K stands in the registry at block 7") == "区块 7 时登记簿中没有密钥 K"
    assert translate("nobody wrote this") is None


@pytest.mark.parametrize(
    ("error", "chinese"),
    [
        (Malformed("jti", "has 1 to 43 characters", value="x"), "jti：应为 1 到 43 个字符（实际为 x）"),
        (Refused("the token has lapsed", fix="Get another: POST /v1/token"), "令牌已失效。请重新获取：POST /v1/token"),
        (NotFound("webhook", "abc"), "没有名为 abc 的回调"),
        (Malformed("a", "unknown words"), "a：unknown words"),
    ],
)
def test_an_error_is_one_chinese_sentence(error: Exception, chinese: str) -> None:
    assert speak_error(error) == chinese


def test_a_text_that_quotes_a_hostile_value_is_looked_up_in_no_time() -> None:
    began = time.process_time()
    for number in range(20):
        translate(f"key {'a belongs to ' * 300} {number}")
    assert time.process_time() - began < 1
