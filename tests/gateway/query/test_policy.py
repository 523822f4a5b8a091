"""The view policy: default no, read strictly, and the same as the table that people agreed on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.members import Role
from chain.records import RECORD_TYPES
from gateway.access.policy import (
    ALWAYS_SHOWN,
    EVERY_MEMBER,
    POLICY_FILE,
    Condition,
    MalformedPolicy,
    UnagreedPolicy,
    ViewPolicy,
    type_sections,
)

POLICY = ViewPolicy.load()
TABLE = Path(__file__).with_name("view-table.txt")
ROLES = {EVERY_MEMBER: Role(0), **{str(role.name): role for role in Role}}


def the_table() -> str:
    """Every role × condition × type with the sections seen; what is not here is withheld."""
    lines = []
    for name, role in ROLES.items():
        for condition in Condition:
            for record_type in RECORD_TYPES:
                seen = POLICY.sections(role, {condition}, record_type, type_sections(record_type), sole=True)
                own = POLICY.sections(Role(0), {condition}, record_type, type_sections(record_type), sole=True)
                told = seen if name == EVERY_MEMBER else seen - own
                if told - ALWAYS_SHOWN:
                    sections = " ".join(one for one in type_sections(record_type) if one in told)
                    lines.append(f"{name} {condition} {record_type}: {sections}")
    return "\n".join(lines) + "\n"


def test_every_cell_of_role_condition_type_and_section_is_as_agreed() -> None:
    assert the_table() == TABLE.read_text(encoding="utf-8")


def test_without_a_grant_every_section_of_every_type_is_withheld() -> None:
    nothing = ViewPolicy.parse(changed(lambda said: said.update(grants={}, lookups={})))
    for record_type in RECORD_TYPES:
        for role in Role:
            seen = nothing.sections(role, set(Condition), record_type, type_sections(record_type), sole=True)
            assert seen == ALWAYS_SHOWN & set(type_sections(record_type))
            assert not nothing.may_see_consignment(role, set(Condition))


@settings(max_examples=60)
@given(
    roles=st.sets(st.sampled_from(list(Role))),
    conditions=st.sets(st.sampled_from(list(Condition))),
    record_type=st.sampled_from(list(RECORD_TYPES)),
    sole=st.booleans(),
)
def test_more_conditions_never_show_less_and_the_reason_agrees(
    roles: set[Role], conditions: set[Condition], record_type: str, sole: bool
) -> None:
    held = Role(0)
    for role in roles:
        held |= role
    names = type_sections(record_type)
    seen = POLICY.sections(held, conditions, record_type, names, sole=sole)
    assert seen <= POLICY.sections(held, set(Condition), record_type, names, sole=sole)
    assert seen <= POLICY.sections(held, conditions, record_type, names, sole=True)
    for name in names:
        verdict = POLICY.verdict(held, conditions, record_type, name, sole=sole)
        assert verdict.seen == (name in seen)
        assert verdict.reason().startswith("withheld") != verdict.seen


def test_lists_of_a_record_about_several_consignments_are_kept_from_parties() -> None:
    names = type_sections("logistics.transport_document")
    for condition, shown in ((Condition.PARTY, False), (Condition.ALWAYS, True)):
        role = Role.CARRIER if condition is Condition.PARTY else Role.AUDITOR
        seen = POLICY.sections(role, {condition}, "logistics.transport_document", names, sole=False)
        assert ("parties" in seen) is shown
        assert ("references" in seen) is shown


def test_a_policy_file_that_the_members_did_not_agree_on_is_not_served() -> None:
    generous = changed(lambda said: said["grants"]["BROKER"]["party"].update({"*": ["*"]}))
    with pytest.raises(UnagreedPolicy):
        ViewPolicy.parse(generous).require_agreed(POLICY.digest)
    with pytest.raises(UnagreedPolicy):
        POLICY.require_agreed(None)
    POLICY.require_agreed(POLICY.digest)


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("an unknown role", lambda said: said["grants"].update(PIRATE={})),
        ("an unknown condition", lambda said: said["grants"]["BANK"].update(sometimes={})),
        ("an unknown type", lambda said: said["grants"]["BANK"]["party"].update({"customs.gossip": ["*"]})),
        ("an unknown section", lambda said: said["grants"]["BANK"]["party"].update({"tax.payment": ["secrets"]})),
        ("a section out of nothing", lambda said: said["grants"]["BANK"]["party"].update({"tax.payment": ["!taxes"]})),
        ("a section twice", lambda said: said["grants"]["BANK"]["party"].update({"tax.payment": ["taxes", "taxes"]})),
        ("an unknown member", lambda said: said.update(extra=1)),
        ("another format", lambda said: said.update(format="tongguan-view-policy/2")),
        ("grants that are a list", lambda said: said.update(grants=[])),
        ("an unknown kind of number", lambda said: said["lookups"]["TAX"].update(always=["rumour"])),
        ("an unknown section in only_when_sole", lambda said: said.update(only_when_sole=["secrets"])),
    ],
)
def test_a_slip_of_the_pen_is_refused(fault: str, change: object) -> None:
    with pytest.raises(MalformedPolicy):
        ViewPolicy.parse(changed(change))


def test_what_is_no_json_or_too_long_is_refused() -> None:
    for said in (b"", b"[]", b'{"format":1,"format":2}', b" " * 300_000):
        with pytest.raises(MalformedPolicy):
            ViewPolicy.parse(said)


def test_a_broker_may_look_up_no_number_of_goods_that_it_takes_no_part_in() -> None:
    for kind in ("declaration", "order", "transport_document", "container", "invoice"):
        assert not POLICY.may_look_up(Role.BROKER, {Condition.ALWAYS}, kind)
        assert POLICY.may_look_up(Role.BROKER, {Condition.PARTY}, kind)
        assert not POLICY.may_look_up(Role.GATEWAY, {Condition.ALWAYS}, kind)


def changed(change: object) -> bytes:
    """The agreed file with one change."""
    said = json.loads(POLICY_FILE.read_bytes())
    change(said)  # type: ignore[operator]
    return json.dumps(said).encode()
