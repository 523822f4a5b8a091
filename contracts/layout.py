"""The storage layout of the contracts as a table, from the compiler's own words in the artifacts.

`python -m contracts.layout` prints it; `contracts/README.md` holds it and a test compares the two.
"""

from __future__ import annotations

import sys
from typing import Any

from contracts import ContractName, artifact


def layout_table(name: ContractName) -> str:
    """Markdown: each storage variable with its slot and type, then the fields of each struct with word and bits."""
    layout = artifact(name).storage_layout
    types: dict[str, Any] = layout["types"]
    lines = [f"### {name}", "", "| slot | variable | type |", "|---|---|---|"]
    for variable in layout["storage"]:
        lines.append(f"| {variable['slot']} | `{variable['label']}` | `{_label(types, variable['type'])}` |")
    lines += ["", "| struct | word | bits | field | type |", "|---|---|---|---|---|"]
    for kind in sorted(types):
        for member in types[kind].get("members", ()):
            low = 8 * member["offset"]
            high = low + 8 * int(types[member["type"]]["numberOfBytes"]) - 1
            struct = types[kind]["label"].removeprefix("struct ").split(".")[-1]
            label = _label(types, member["type"])
            lines.append(f"| {struct} | {member['slot']} | {low}–{high} | `{member['label']}` | `{label}` |")
    return "\n".join(lines)


def layout_document() -> str:
    """Both contracts' tables, as they stand in the README."""
    return "\n\n".join(layout_table(name) for name in ("MemberRegistry", "RecordLedger"))


def _label(types: dict[str, Any], kind: str) -> str:
    label: str = types[kind]["label"]
    for noise in ("struct ", "enum ", "IMemberRegistry.", "IRecordLedger."):
        label = label.replace(noise, "")
    return label


if __name__ == "__main__":
    sys.stdout.write(layout_document() + "\n")
