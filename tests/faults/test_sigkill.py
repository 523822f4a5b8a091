"""However often a gateway is killed, the audit proves from the chain alone that every receipt was kept, each once.

`./scripts/test --long` kills it a hundred times, `scripts/crash_gateway` a thousand times.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.kills import Plan, run

SECONDS_A_KILL_MAX = 30


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.timeout(120 + 100 * SECONDS_A_KILL_MAX)
def test_however_often_the_gateway_is_killed_every_receipt_is_kept_once(tmp_path: Path, kills: int) -> None:
    outcome = run(tmp_path / "consortium", Plan(kills, life_s=0.8), print)
    assert outcome.kills >= kills
    assert outcome.audit["outcomes"] == {"kept": outcome.receipts}
    assert outcome.audit["doubled"] == 0
    assert outcome.audit_exit == 0


@pytest.mark.slow
@pytest.mark.parametrize(("kills", "records"), [(1, 300), pytest.param(20, 10_000, marks=pytest.mark.long)])
@pytest.mark.timeout(1_800)
def test_a_broker_loses_none_of_its_records_while_the_gateway_is_killed_every_few_seconds(
    tmp_path: Path, kills: int, records: int
) -> None:
    outcome = run(tmp_path / "consortium", Plan(kills, records, life_s=4.0, upload=records // 2, seed=11), print)
    assert outcome.receipts >= records
    assert outcome.audit["outcomes"] == {"kept": outcome.receipts}
    assert outcome.audit_exit == 0
