"""However often a gateway is killed, the audit proves from the chain alone that every receipt was kept, each once.

`TONGGUAN_KILLS` sets how often (10 take a good minute on two idle cores); `scripts/crash_gateway` does 1,000.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.kills import Plan, run

KILLS = int(os.environ.get("TONGGUAN_KILLS", "10"))
LIFE_S = 0.8
RECORDS = 1_000


@pytest.mark.slow
@pytest.mark.timeout(120 + 30 * KILLS)
def test_however_often_the_gateway_is_killed_every_receipt_is_kept_once(tmp_path: Path) -> None:
    outcome = run(tmp_path / "consortium", Plan(KILLS, life_s=LIFE_S), print)
    assert outcome.kills >= KILLS
    assert outcome.audit["outcomes"] == {"kept": outcome.receipts}
    assert outcome.audit["doubled"] == 0
    assert outcome.audit_exit == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_broker_loses_none_of_its_records_while_the_gateway_is_killed_every_few_seconds(tmp_path: Path) -> None:
    outcome = run(tmp_path / "consortium", Plan(3, RECORDS, life_s=4.0, upload=600, seed=11), print)
    assert outcome.receipts >= RECORDS
    assert outcome.audit["outcomes"] == {"kept": outcome.receipts}
    assert outcome.audit_exit == 0
