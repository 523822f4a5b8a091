"""Names that anyone can guess: modules are nouns, a class's name stands once, local names say what they hold.

Three lists below stand for what is not mended yet. They may only shrink: a test fails for a name that is added, and for
an entry that is not needed any more.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.house.test_house import REPOSITORY, package_files

NOUNS_IN_ING_OR_ED = {
    "anchoring",
    "encoding",
    "mapping",
    "parsing",
    "pruning",
    "sealing",
    "standing",
    "timing",
    "tracing",
}
"""True nouns of the field. Every other module or folder in -ing or -ed is named anew. `change_feed` and the like end so
by chance: their last word is a noun."""
NOUNS_BY_CHANCE = {"feed", "seed", "speed", "string"}
MIGRATIONS = ("gateway", "store", "migrations", "versions")
"""Migrations are named by what they did; their names stand in databases."""

CLIENT_MODELS = "gateway/client/models.py"
"""The client's models bear the names of the gateway's answers."""

CLASSES_TWICE = {
    "Account",
    "AccountState",
    "AnchoredBatch",
    "Answer",
    "Attestation",
    "Call",
    "Carriage",
    "Case",
    "Charge",
    "Code",
    "Consignment",
    "Context",
    "Document",
    "Event",
    "Faults",
    "Finding",
    "Form",
    "Gateway",
    "Head",
    "Header",
    "Item",
    "Journal",
    "Log",
    "Outcome",
    "Party",
    "Place",
    "Progress",
    "ProofAnswer",
    "Reader",
    "RebateLine",
    "Receipt",
    "Record",
    "Said",
    "Source",
    "Standing",
    "Status",
    "Step",
    "Store",
    "Table",
    "TaxLine",
    "Taxes",
    "Transport",
    "Valuation",
    "Withheld",
}
"""Names of public classes that stand in two files or more, until one of them is named anew."""

VAGUE_NAMES = {"one", "said", "told", "found", "made", "held"}
VAGUE_NAMES_MAX = {
    "adapters": 252,
    "chain": 307,
    "contracts": 1,
    "gateway": 143,
    "scripts": 99,
}
"""Most local names and parameters outside comprehensions that are vague, by package. Lower a number when a room is
mended."""


def words_of(file: Path) -> list[str]:
    """Names of a module and of the folders that it lies in."""
    parts = file.relative_to(REPOSITORY).with_suffix("").parts
    return [part for part in parts if part not in {"__init__", "__main__"}]


def is_noun(name: str) -> bool:
    last = name.rpartition("_")[2]
    return not last.endswith(("ing", "ed")) or last in NOUNS_IN_ING_OR_ED | NOUNS_BY_CHANCE


def test_modules_are_named_by_nouns() -> None:
    names = {word for file in package_files() if tuple(words_of(file)[:4]) != MIGRATIONS for word in words_of(file)}
    assert sorted(name for name in names if not is_noun(name)) == []


@pytest.mark.parametrize(("name", "noun"), [("listening", False), ("proved", False), ("tracing", True), ("feed", True)])
def test_a_participle_is_told_from_a_noun(name: str, noun: bool) -> None:
    assert is_noun(name) is noun
    assert is_noun(f"own_{name}") is noun


def test_no_two_public_classes_have_one_name() -> None:
    files_by_name: dict[str, set[str]] = defaultdict(set)
    for file in package_files():
        path = file.relative_to(REPOSITORY)
        if str(path) == CLIENT_MODELS or path.parts[:4] == MIGRATIONS:
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files_by_name[node.name].add(str(path))
    twice = {name: sorted(files) for name, files in files_by_name.items() if len(files) > 1}
    assert {name: files for name, files in twice.items() if name not in CLASSES_TWICE} == {}
    assert sorted(CLASSES_TWICE - set(twice)) == [], "these stand once now: take them out of CLASSES_TWICE"


def vague_names(source: str) -> list[str]:
    """Vague names that a module's text binds or takes as parameters, outside comprehensions."""
    tree = ast.parse(source)
    in_comprehensions = {
        id(name) for node in ast.walk(tree) if isinstance(node, ast.comprehension) for name in ast.walk(node.target)
    }
    bound = [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    bound += [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in in_comprehensions
    ]
    return [name for name in bound if name in VAGUE_NAMES]


def test_local_names_say_what_they_hold() -> None:
    counts: Counter[str] = Counter()
    for file in package_files():
        counts[words_of(file)[0]] += len(vague_names(file.read_text(encoding="utf-8")))
    assert {room: count for room, count in counts.items() if count > VAGUE_NAMES_MAX[room]} == {}


def test_vague_names_are_counted_where_they_are_bound() -> None:
    source = "def f(told):\n    said = told\n    return [one for one in said if (found := one)]"
    assert sorted(vague_names(source)) == ["found", "said", "told"]


PARTICIPLES = {"drawn", "found", "given", "held", "kept", "made", "said", "sent", "shown", "spent", "taken", "told"}
EFFECTS = {
    "commit",
    "execute",
    "executemany",
    "send",
    "send_raw",
    "sendall",
    "unlink",
    "write",
    "write_bytes",
    "write_text",
}
PARTICIPLES_WITH_EFFECT = {
    "adapters/runner/journal.py parked",  # reads alone; its SELECT stands in a constant
    "adapters/runner/journal.py submitted",  # reads alone, likewise
    "gateway/anchoring/sealer.py _signed",
    "gateway/api/verdict_spool.py _opened",
    "gateway/client/protocol.py _asked",
    "gateway/ingest/service.py _counted",
    "gateway/ingest/worker_pool.py _started",
    "gateway/runtime/loops.py _tried",
    "gateway/store/backup.py _filled",
}
"""Functions that change something and are named by a participle alone, until a verb says what they do. The list may
only shrink."""


def participles_with_effect(source: str) -> list[str]:
    """Functions named by one participle that set a member of `self`, or call what writes or sends."""
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.name.strip("_") in PARTICIPLES or is_participle(node.name.strip("_")))
        and not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    return [node.name for node in functions if any(has_effect(part) for part in ast.walk(node))]


def is_participle(word: str) -> bool:
    return word.endswith("ed") and "_" not in word and word not in NOUNS_BY_CHANCE | {"need"}


def has_effect(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        only_reads = any(word in ast.unparse(node).lower() for word in ("select", "pragma"))
        return isinstance(node.func, ast.Attribute) and node.func.attr in EFFECTS and not only_reads
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    return any(
        isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
        for target in targets
    )


def test_a_function_with_an_effect_is_named_by_a_verb() -> None:
    standing = {
        f"{file.relative_to(REPOSITORY)} {name}"
        for file in package_files()
        if file.relative_to(REPOSITORY).parts[:4] != MIGRATIONS
        for name in participles_with_effect(file.read_text(encoding="utf-8"))
    }
    assert sorted(standing - PARTICIPLES_WITH_EFFECT) == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("class A:\n    def _signed(self):\n        self.nonce += 1", ["_signed"]),
        ("def taken(connection):\n    connection.execute('DELETE')", ["taken"]),
        ("def parked(connection):\n    return connection.execute('SELECT 1')", []),
        ("def _sorted(rows):\n    return sorted(rows)", []),
        ("def sign_batch(self):\n    self.x = 1", []),
        ("class A:\n    def feed(self):\n        self.x = 1", []),
        ("class A:\n    @property\n    def signed(self):\n        self.x = 1", []),
    ],
)
def test_participles_with_an_effect_are_found(source: str, names: list[str]) -> None:
    assert participles_with_effect(source) == names
