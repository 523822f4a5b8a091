"""Writes the rule pack that the second verifier runs: `python -m scripts.web_rule_pack`.

It is the data form of `chain/rules/replayable.json` without its texts, which no check compares, and what the pack's
hash is made of. Both verifiers know the same versions: so far this one, since none was released.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from chain.rules.pack import RULES, RULES_VERSION, parameters_digest, rules_digest
from chain.rules.parameters import DEFAULTS
from chain.rules.replayable import FORMS

PACKS = Path(__file__).resolve().parents[1] / "chain" / "verify" / "web" / "src" / "rule_packs.json"
TEXTS = ("en", "zh")


def pack() -> dict[str, Any]:
    """This version's rules for a program that runs them and tells nothing."""
    forms = {
        name: [{key: value for key, value in test.items() if key not in TEXTS} for test in form["tests"]]
        for name, form in FORMS.items()
    }
    return {
        "version": RULES_VERSION,
        "rules": rules_digest(),
        "parameters": parameters_digest(),
        "ids": sorted(RULES),
        "values": {name: str(getattr(DEFAULTS, name)) for name in sorted(_parameters(list(forms.values())))},
        "forms": forms,
    }


def packs_text() -> str:
    """The file's text."""
    return json.dumps([pack()], ensure_ascii=False, indent=1) + "\n"


def _parameters(expression: Any) -> set[str]:
    """Names of the parameters that an expression uses."""
    if isinstance(expression, dict):
        return set().union(*map(_parameters, expression.values()))
    if not isinstance(expression, list):
        return set()
    if len(expression) == 2 and expression[0] == "param":
        return {str(expression[1])}
    return set().union(*map(_parameters, expression))


def main() -> int:
    """Writes the file."""
    PACKS.write_text(packs_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
