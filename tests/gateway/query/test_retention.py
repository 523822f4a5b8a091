"""The retention policy is read strictly, and governors erase what it lists while it is the agreed one, nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chain.erasures import ErasureText
from chain.ledger.types import RegisteredMember
from chain.members import MemberKind, MemberState, MemberVersion, PolicyName, PolicyVersion, Role
from gateway.access.retention import (
    DAY_S,
    RETENTION_POLICY_FILE,
    MalformedRetention,
    RetentionEvent,
    RetentionPolicy,
)
from gateway.ingest.erasures import ErasureJudge
from gateway.membership.registry import Snapshot
from gateway.store.erasures import ErasureTarget
from tests.gateway.query.consortium import BEIJING, TRADER, UCR, PaperChain, order

POLICY = RetentionPolicy.load(RETENTION_POLICY_FILE)
PERIOD: dict[str, Any] = {
    "types": "trade.*",
    "sections": ["parties"],
    "days": 30,
    "after": "anchored",
    "purpose": "why",
    "purpose_zh": "为何",
}


def written(**changes: Any) -> bytes:
    members = {"format": "tongguan-retention-policy/1", "periods": [PERIOD], "governors_erase": ["parties"], **changes}
    return json.dumps(members).encode()


def test_the_example_keeps_parties_by_purpose_and_family() -> None:
    assert {period.types for period in POLICY.periods_of("trade.order")} == {"trade.*"}
    assert POLICY.periods_of("audit.access") == POLICY.periods_of("audit.erasure") == ()
    assert all("parties" in period.sections and period.purpose_zh for period in POLICY.periods)
    assert POLICY.governors_erase == {"parties", "source"}


def test_a_period_ends_its_days_after_the_event() -> None:
    (period,) = RetentionPolicy.parse(written()).periods
    assert period.after is RetentionEvent.ANCHORED
    assert not period.is_over(1_000, 1_000 + 30 * DAY_S - 1)
    assert period.is_over(1_000, 1_000 + 30 * DAY_S)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "other/1"}, "format"),
        ({"more": 1}, "more"),
        ({"periods": {}}, "periods"),
        ({"periods": [PERIOD | {"days": -1}]}, "periods.0.days"),
        ({"periods": [PERIOD | {"days": True}]}, "periods.0.days"),
        ({"periods": [PERIOD | {"after": "released"}]}, "periods.0.after"),
        ({"periods": [PERIOD | {"types": "trade"}]}, "periods.0.types"),
        ({"periods": [PERIOD | {"sections": ["ucr"]}]}, "periods.0.sections"),
        ({"periods": [PERIOD | {"sections": ["names"]}]}, "periods.0.sections"),
        ({"periods": [PERIOD | {"sections": ["taxes"]}]}, "periods.0.sections"),
        ({"periods": [PERIOD | {"purpose": ""}]}, "periods.0.purpose"),
        ({"periods": [{"types": "trade.*"}]}, "periods.0"),
        ({"governors_erase": ["mandate"]}, "governors_erase"),
    ],
)
def test_a_file_that_breaks_its_format_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedRetention) as refusal:
        RetentionPolicy.parse(written(**changes))
    assert refusal.value.field == field


def judged(
    *sections: str, policy: bytes = POLICY.digest, agreed: bytes = POLICY.digest, kind: MemberKind = MemberKind.GOVERNOR
) -> bool:
    """Whether a governor's statement about a trader's order erases anything."""
    signed = PaperChain().say(TRADER, order()).signed
    version = MemberVersion(1, MemberState.ACTIVE, kind, Role.CUSTOMS, None)
    member = RegisteredMember(BEIJING.uscc, (version,), ())
    policies = {str(PolicyName.RETENTION): (PolicyVersion(1, agreed),)}
    snapshot = Snapshot(9, {BEIJING.uscc: member}, policies=policies)
    text = ErasureText("governor", ((signed.record_id, frozenset(sections)),), "why", policy.hex())
    target = ErasureTarget(signed, frozenset({UCR}))
    return bool(ErasureJudge((POLICY,)).allowed(text, BEIJING.uscc, target, snapshot, None))


def test_a_governor_erases_what_the_agreed_policy_lists_and_nothing_else() -> None:
    assert judged("parties")
    assert not judged("parties", "order"), "the policy does not list the order"
    assert not judged("parties", policy=bytes(32)), "a policy that nobody agreed on"
    assert not judged("parties", agreed=bytes(32)), "the members agreed on another since"
    assert not judged("parties", kind=MemberKind.PARTICIPANT)
