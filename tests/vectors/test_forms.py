"""The forms as a file: each text is taken or refused as it says, and each edit is the fault of form that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.edits import wrong_edits
from tests.vectors.forms import STORED_CHARS_MAX, is_record, records

HERE = Path(__file__).resolve().parent
FORMS: dict[str, Any] = json.loads((HERE / "forms.json").read_text(encoding="utf-8"))


def test_the_file_holds_every_form_of_a_record_but_the_longest() -> None:
    assert FORMS["records"] == [form._asdict() for form in records() if len(form.text) <= STORED_CHARS_MAX]


def test_each_text_is_a_record_or_none_as_it_says() -> None:
    assert [form.says for form in records() if is_record(form.text) is not form.is_record] == []


@pytest.mark.parametrize(("kind", "least"), [("bundles", 200), ("trust_roots", 30)])
def test_each_edit_is_the_fault_that_it_names(kind: str, least: int) -> None:
    assert sum(len(base["edits"]) for base in FORMS[kind]) > least
    assert wrong_edits(HERE, FORMS[kind]) == []
