"""The pages of `docs/spec` state what the code does: every hex example, table, member list and limit."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from chain import disclosures, jws, sdjwt
from chain.proof import batch, bundle, receipt, slots
from chain.proof.bundle import Kind
from chain.verify import __main__ as command
from chain.verify.checks import CHECKS, MANDATORY
from chain.verify.results import Verdict
from tests.catalogue import VECTORS
from tests.vectors.make import structures

REPOSITORY = Path(__file__).resolve().parents[3]
SPEC = REPOSITORY / "docs" / "spec"


def page(name: str) -> str:
    return (SPEC / name).read_text(encoding="utf-8")


def test_every_worked_hex_example_is_a_computed_one() -> None:
    computed = json.dumps(structures()) + "63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
    examples = {example for file in SPEC.glob("*.md") for example in re.findall(r"\b[0-9a-f]{32,}\b", page(file.name))}
    assert len(examples) > 20
    # The order of a group is a decimal number of the standard's.
    assert [example for example in examples if example not in computed and not example.isdigit()] == []


def test_the_table_of_checks_is_the_verifiers() -> None:
    rows = re.findall(
        r"^\| (\d+) \| ([a-z-]+) \| ([P0-9 ]+) \| (.*?) \| (must)? ?\| (must)? ?\|$", page("checks.md"), re.MULTILINE
    )
    assert [(int(number), name, promise) for number, name, promise, *_ in rows] == [
        (check.number, check.name, check.promise) for check in CHECKS
    ]
    for number, _, _, gives, in_record, in_consignment in rows:
        assert CHECKS[int(number) - 1].on_fail.name in gives
        assert (int(number) in MANDATORY[Kind.RECORD]) is (in_record == "must")
        assert (int(number) in MANDATORY[Kind.CONSIGNMENT]) is (in_consignment == "must")


def members_of_the_table(name: str) -> list[str]:
    """The names in the first column of the page's first table, in order."""
    rows = re.findall(r"^\| ((?:`[a-z_]+` ?)+)\|", page(name), re.MULTILINE)
    return [member for row in rows for member in re.findall(r"`([a-z_]+)`", row)]


def test_the_members_of_a_bundle_stand_in_its_order() -> None:
    schema = json.loads((Path(bundle.__file__).with_name("bundle.schema.json")).read_text(encoding="utf-8"))
    assert members_of_the_table("bundle.md") == list(schema["properties"])


def test_the_members_of_a_trust_root_stand_in_its_order() -> None:
    root = VECTORS["witnessed_true"].make()[1]
    assert members_of_the_table("trust-root.md") == list(json.loads(root.format()))


def test_the_limits_of_a_bundle_are_the_readers() -> None:
    text = page("bundle.md")
    assert f"| bytes | {bundle.BUNDLE_BYTES_MAX >> 20} MiB |" in text
    assert f"| {bundle.BUNDLE_VALUES_MAX:,} |" in text
    assert f"| trie nodes | {bundle.NODES_MAX:,} |" in text
    each = {bundle.RECORDS_MAX, bundle.BATCHES_MAX, bundle.FACTS_MAX, bundle.RECEIPTS_MAX}
    assert [f"| {most:,} each |" in text for most in each] == [True]
    assert f"| {bundle.GROUPS_MAX}; {bundle.LANES_MAX:,}; {bundle.LANE_LEAVES_MAX:,} |" in text
    assert f"| {bundle.RECORD_ENTRIES_MAX}; {slots.VERSIONS_MAX} |" in text


def test_the_limits_of_records_receipts_and_batches_are_the_readers() -> None:
    records = page("records.md")
    for most in (sdjwt.RECORD_CHARS_MAX, jws.JWS_CHARS_MAX, jws.HEADER_CHARS_MAX, disclosures.DISCLOSURE_CHARS_MAX):
        assert f"{most:,}" in records
    assert f"at most {sdjwt.SECTIONS_MAX} sections" in records
    assert all(re.search(rf"`{name}`\s(?:has )?1 to {most:,}\b", records) for name, most in sdjwt.MANY_ELEMENTS.items())
    assert f"`{sdjwt.RECORD_TYP}`" in records
    receipts = page("receipts.md")
    assert f"`{receipt.RECEIPT_TYP}`" in receipts
    assert f"`{receipt.GROUP_TYP}`" in receipts
    assert f"1 to {receipt.GROUP_MAX:,}" in receipts
    assert f"1 to {batch.BATCH_ENTRIES_MAX:,} entries" in page("batches.md")


def test_the_exit_codes_are_the_commands() -> None:
    rows = re.findall(r"^\| (\d) \| (.*) \|$", page("verifier.md"), re.MULTILINE)
    assert [int(code) for code, _ in rows] == [command.YES, command.NO, command.COULD_NOT_TELL]
    assert [meaning.split()[0] for _, meaning in rows] == ["VALID,", "VALID,", "it"]


def test_the_verdicts_and_their_exit_codes_are_the_verifiers() -> None:
    rows = re.findall(r"^\| ([A-Z_, ]+) \| ([\d, ]+) \|", page("checks.md"), re.MULTILINE)
    told = {
        name: int(code)
        for names, codes in rows
        for name, code in zip(names.split(", "), codes.split(", "), strict=True)
    }
    assert told == {verdict.name: int(verdict) for verdict in Verdict}


def test_the_packages_of_the_verifier_are_those_of_its_extra() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (sentence,) = re.findall(r"^The verifier needs (.+), and of ours only$", page("verifier.md"), re.MULTILINE)
    named = [re.split(r"[<>=]", need)[0] for need in project["optional-dependencies"]["verify"]]
    assert sorted(re.findall(r"`([a-z]+)`", sentence)) == sorted(named)


def test_every_page_stands_in_the_index() -> None:
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\)", page("README.md")))
    assert linked == {file.name for file in SPEC.glob("*.md")} - {"README.md"}
