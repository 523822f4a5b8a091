"""The rules in the data form, as the package's own file has them; `docs/spec/rules.md` says how they are run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final

from chain.rules.answers import Answer
from chain.rules.frame import Case
from chain.rules.interpreter import MalformedRule, run_form

FORM: Final = 1
"""Edition of the data form."""
REPLAYABLE_FILE: Final = resources.files("chain.rules").joinpath("replayable.json")
"""The file that a second implementation reads."""


def parse_forms(raw: bytes) -> dict[str, Mapping[str, Any]]:
    """Rule id to its form; raises `MalformedRule` for another edition of the form."""
    said = json.loads(raw)
    if said.get("form") != FORM:
        raise MalformedRule("form", f"is {FORM}", value=said.get("form"))
    return {one["id"]: one for one in said["rules"]}


FORMS: Final[Mapping[str, Mapping[str, Any]]] = parse_forms(REPLAYABLE_FILE.read_bytes())
"""Every rule of the file."""


def replay(rule_id: str, case: Case) -> Iterator[Answer]:
    """The answers of a rule in the data form."""
    return run_form(FORMS[rule_id], case)
