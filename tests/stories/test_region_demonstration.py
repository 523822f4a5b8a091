"""Beijing, Tianjin and Hebei as the demonstration tells them: one truth, a fire, a member that leaves."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chain.members import Role
from chain.records import RECORD_RULES
from scripts.region.foundation import MEMBERS, OFFICES, member_of
from scripts.region.story import BEIJING, XINGANG, hebei_export, late_event, morning, sea_import
from tests.samples import REPOSITORY

CLOCK = morning(datetime(2026, 12, 1, 20, 0, tzinfo=UTC))
STATEMENTS = (*sea_import(CLOCK), *hebei_export(CLOCK), late_event(CLOCK))


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.words)
def test_whoever_speaks_in_the_story_may_say_it(statement: object) -> None:
    roles = Role(0)
    for name in member_of(statement.slug).profile.roles:  # type: ignore[attr-defined]
        roles |= Role[name]
    assert RECORD_RULES[statement.record.TYPE] & roles  # type: ignore[attr-defined]


def test_nobodys_keys_lie_with_another_organisation_but_its_sponsors() -> None:
    governors = {member.organisation for member in MEMBERS if member.profile.kind == "governor"}
    assert {member.organisation for member in MEMBERS} == governors
    assert {slug for _, slug in OFFICES} == governors


def test_the_import_enters_at_xingang_and_clears_in_beijing_under_transit() -> None:
    head = next(one.record for one in sea_import(CLOCK) if one.record.TYPE == "customs.declaration")
    declared = head.model_dump()["declaration"]
    assert (declared["office"]["value"], declared["border_office"]["value"]) == (BEIJING, XINGANG)
    assert {"system": "cn-transit-relation", "value": "1"}.items() <= declared["flags"][0].items()


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demonstration_of_the_region_holds(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.region", "--once", "--dir", str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "byte-equal again" in done.stdout and "1 of 1 bundles VALID" in done.stdout
