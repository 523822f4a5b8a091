"""The second verifier, written in TypeScript from `docs/spec` alone, says of every vector what the first one says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chain.encoding import base64url
from chain.errors import MalformedTrustRoot
from chain.verify import TrustRoot
from chain.verify.context import Demand
from scripts.web_rule_pack import PACKS, packs_text
from tests.vectors.edits import Edit
from tests.vectors.forms import records
from tests.vectors.stories import Case, as_json, cases, differences

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "tests" / "vectors"
WEB = ROOT / "chain" / "verify" / "web"
BUILT = WEB / "dist" / "verify.js"
SIZE_BYTES_MAX = 150 << 10
STAMPED = 17
"""Place of the check of time stamps, which this verifier does not read."""
STORIES = 1_000
"""Some twenty seconds on two idle cores."""
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
needs_packages = pytest.mark.skipif(
    not (WEB / "node_modules" / ".bin" / "esbuild").exists(), reason="npm ci was not run in chain/verify/web"
)


def judge(lines: Sequence[dict[str, Any]]) -> list[Any]:
    """What the built file says of each line, all in one process."""
    asked = "".join(json.dumps(line) + "\n" for line in lines)
    command = [str(NODE), str(VECTORS / "judge.mjs")]
    output = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, timeout=300).stdout
    return [json.loads(line) for line in output.splitlines()]


def test_every_vector_is_judged_as_by_the_first_verifier() -> None:
    manifest = json.loads((VECTORS / "manifest.json").read_text(encoding="utf-8"))
    lines = [
        as_json(
            Case(
                (VECTORS / entry["bundle"]).read_bytes(),
                TrustRoot.parse((VECTORS / entry["trust_root"]).read_bytes()),
                Demand(**entry["question"]),
            )
        )
        for entry in manifest
    ]
    answers = judge(lines)
    assert len(answers) == len(manifest) > 100
    for entry, line, answer in zip(manifest, lines, answers, strict=True):
        expected: Any = line["expected"]
        if expected["checks"]:
            expected["checks"][STAMPED] = "SKIPPED"
        assert answer == expected, entry["name"]
        assert answer["verdict"] == entry["verdict"], entry["name"]
        if entry["check"] is not None:
            assert answer["checks"][entry["check"] - 1] != "PASS", entry["name"]


def test_every_edge_case_of_ed25519_is_judged_as_the_page_says() -> None:
    edge_cases = json.loads((VECTORS / "ed25519.json").read_text(encoding="utf-8"))
    for edge_case, answer in zip(edge_cases, judge(edge_cases), strict=True):
        assert answer == {name: edge_case[name] for name in ("is_key", "verifies")}, edge_case["name"]


def test_every_form_is_judged_as_it_says() -> None:
    forms = json.loads((VECTORS / "forms.json").read_text(encoding="utf-8"))
    taken = judge([{"only_record": form.text} for form in records()])
    assert [
        form.says for form, is_record in zip(records(), taken, strict=True) if is_record is not form.is_record
    ] == []
    root = next((VECTORS / "trust-roots").iterdir()).read_bytes()
    for base in forms["trust_roots"]:
        content = (VECTORS / base["trust_root"]).read_bytes()
        changed = [Edit(*[*edit.values()][1:]).apply(content) for edit in base["edits"]]
        taken = judge([{"only_trust_root": base64url(text)} for text in changed])
        assert [edit["says"] for edit, root in zip(base["edits"], taken, strict=True) if root is not None] == []
    edits = [(base["bundle"], edit) for base in forms["bundles"] for edit in base["edits"]]
    lines = [
        {
            "bundle": base64url(Edit(at, delete, insert).apply((VECTORS / bundle).read_bytes())),
            "trust_root": base64url(root),
            "question": {},
        }
        for bundle, (_, at, delete, insert) in ((bundle, edit.values()) for bundle, edit in edits)
    ]
    for (_, edit), answer in zip(edits, judge(lines), strict=True):
        assert (answer["verdict"], answer["checks"][0]) == ("INVALID", "FAIL"), edit["says"]


def test_trust_roots_are_read_alike() -> None:
    root = json.loads(next(iter(sorted((VECTORS / "trust-roots").iterdir()))).read_text(encoding="utf-8"))
    (*others, last) = root["validators"]
    changed: list[dict[str, Any]] = [
        root,
        dict(reversed(root.items())),
        {**root, "note": 1},
        {**root, "least_votes": 0},
        {**root, "predecessor": "0" * 64},
        {**root, "consortium": root["consortium"].upper() + "A"},
        {**root, "validators": []},
        {**root, "validators": [*others, {**last, "accepted": False}]},
        {**root, "validators": [*others, {**last, "to_block": last["from_block"]}]},
        {**root, "validators": [*others, {**last, "addresses": last["addresses"][::-1]}]},
        {**root, "contracts": root["contracts"][::-1]},
        {**root, "contracts": root["contracts"][:1]},
    ]
    texts = [json.dumps(one, indent=3).encode() for one in changed]
    expected = [_fingerprint(text) for text in texts]
    answers = judge([{"only_trust_root": base64url(text)} for text in texts])
    assert answers == expected
    assert len(set(expected)) > 3


def _fingerprint(text: bytes) -> str | None:
    try:
        return TrustRoot.parse(text).fingerprint.hex()
    except MalformedTrustRoot:
        return None


def seed_of_the_commit() -> int:
    """Other stories at each commit; always the same where the tree is no checkout."""
    ran = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(ran.stdout[:8], 16) if ran.returncode == 0 else 20


@pytest.mark.parametrize(
    "stories", [STORIES, pytest.param(5_000, marks=[pytest.mark.long, pytest.mark.timeout(3_600)])]
)
def test_random_stories_are_judged_alike(stories: int) -> None:
    """More by command: `python -m tests.vectors.stories --count 50000 --against "node tests/vectors/judge.mjs"`."""
    seed = seed_of_the_commit()
    verdicts = Counter[str]()

    def told() -> Iterator[dict[str, Any]]:
        for case in cases(stories, seed=seed):
            line: dict[str, Any] = as_json(case)
            verdicts[line["expected"]["verdict"]] += 1
            yield line

    differing = differences([str(NODE), str(VECTORS / "judge.mjs")], told())
    assert not differing, f"seed {seed}: {json.dumps(differing[0])}"
    assert verdicts.keys() > {"VALID", "INVALID"}


def test_rule_packs_of_the_page_are_those_of_the_rules() -> None:
    assert PACKS.read_text(encoding="utf-8") == packs_text(), "python -m scripts.web_rule_pack, then npm run build"


def test_built_file_is_small() -> None:
    assert BUILT.stat().st_size <= SIZE_BYTES_MAX


@needs_packages
def test_built_files_are_what_source_and_lock_build_byte_for_byte(tmp_path: Path) -> None:
    _run("tsc", "--noEmit")
    _run("node", "build.mjs", str(tmp_path))
    built = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert built == {file.name: file.read_bytes() for file in BUILT.parent.iterdir()}


def _run(program: str, *options: str) -> None:
    path = f"{WEB / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [program, *options], cwd=WEB, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
