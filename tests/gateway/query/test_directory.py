"""As whom members spoke: a suspended customs house's words stay the words of customs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.ledger import RegisteredMember
from chain.members import MemberKind, MemberState, MemberVersion, Role
from gateway.membership.registry import Snapshot
from gateway.query.directory import RegistryDirectory
from gateway.runtime.refusals import GatewayRefusal
from tests.gateway.query.consortium import BEIJING, GOVERNOR

ACTIVE = MemberVersion(5, MemberState.ACTIVE, MemberKind.PARTICIPANT, Role.CUSTOMS, GOVERNOR.uscc)


@pytest.mark.parametrize("state", [MemberState.SUSPENDED, MemberState.EXPELLED])
def test_a_member_that_may_act_no_longer_keeps_the_roles_and_the_sponsor_by_which_it_spoke(state: MemberState) -> None:
    versions = (ACTIVE, replace(ACTIVE, since_block=8, state=state))
    snapshot = Snapshot(9, {BEIJING.uscc: RegisteredMember(BEIJING.uscc, versions, ())})
    directory = RegistryDirectory(snapshot)
    assert directory.roles(BEIJING.uscc) == Role.CUSTOMS
    assert directory.sponsor(BEIJING.uscc) == GOVERNOR.uscc
    with pytest.raises(GatewayRefusal):
        snapshot.get_active_member(BEIJING.uscc)


def test_a_stranger_and_a_member_of_a_later_block_have_no_roles() -> None:
    snapshot = Snapshot(4, {BEIJING.uscc: RegisteredMember(BEIJING.uscc, (ACTIVE,), ())})
    assert RegistryDirectory(snapshot).roles(BEIJING.uscc) == Role(0)
    assert RegistryDirectory(snapshot).roles(GOVERNOR.uscc) == Role(0)
