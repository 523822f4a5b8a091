"""Writes `chain/verify/words.json`: fields, types and codes in English and Chinese, from the console's own tables.

The console says them in the browser, the verifier in its report; a test holds that both say the same. Run it after a
row was added: `python -m scripts.report_words`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
CONSOLE = REPOSITORY / "gateway" / "console"
FILE = REPOSITORY / "chain" / "verify" / "words.json"
_TABLE = re.compile(r"^const ([A-Z_]+) = \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r'^  "?([^":\n]+?)"?: \[\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*"),?\s*\],$', re.MULTILINE)
_LIST = re.compile(r'^  "([a-z-]+)": ([A-Z_]+),$', re.MULTILINE)


def report_words() -> bytes:
    """The file's content."""
    words, fields, codes = (_tables(name) for name in ("words.js", "fields.js", "codes.js"))
    lists = dict(_LIST.findall((CONSOLE / "codes.js").read_text("utf-8")))
    content = {
        "types": words["TYPES"],
        "roles": words["ROLES"],
        "states": words["STATES"],
        "fields": fields["FIELDS"],
        "codes": {system: codes[table] for system, table in lists.items()},
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _tables(name: str) -> Mapping[str, Mapping[str, list[str]]]:
    source = (CONSOLE / name).read_text("utf-8")
    return {
        table: {key: [json.loads(english), json.loads(chinese)] for key, english, chinese in _ROW.findall(body)}
        for table, body in _TABLE.findall(source)
    }


if __name__ == "__main__":
    FILE.write_bytes(report_words())
