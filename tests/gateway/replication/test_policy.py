"""The replication policy: gateway member × record type × district, every cell; and files that break its format."""

from __future__ import annotations

import json
from itertools import product

import pytest

from chain.keys import SigningKey
from chain.records import sign_record
from chain.records.base import Record
from chain.sdjwt import SignedRecord
from gateway.replication.policy import (
    BASE_SECTIONS,
    REPLICATION_POLICY_FILE,
    MalformedReplicationPolicy,
    ReplicationPolicy,
    districts_of,
)
from tests.gateway.query import consortium
from tests.record_numbers import jti_of

GOVERNOR, TIANJIN, CARRIER = (member.uscc for member in (consortium.GOVERNOR, consortium.TIANJIN, consortium.CARRIER))
STRANGER = consortium.OTHER_BROKER.uscc
UCR = f"6CN{consortium.TRADER.uscc}-POLICY"
KEY = SigningKey.generate()
GRANTS = [
    {"gateways": ["GOVERNORS"], "types": ["customs.status"], "sections": ["*"]},
    {"gateways": [TIANJIN], "types": ["customs.declaration"], "sections": ["*"], "districts": ["02"]},
    {"gateways": [TIANJIN], "types": ["*"], "sections": ["references"]},
    {"gateways": [CARRIER], "types": ["logistics.transport_document"], "sections": ["transport"]},
]


def policy(grants: object) -> ReplicationPolicy:
    return ReplicationPolicy.parse(json.dumps({"format": "tongguan-replication-policy/1", "grants": grants}).encode())


def signed(record: Record) -> SignedRecord:
    return sign_record(
        record.for_ucrs([UCR]),  # type: ignore[list-item]
        key=KEY,
        iss=consortium.BROKER.uscc,
        consortium=consortium.CONSORTIUM,
        iat=1_796_000_000,
        jti=jti_of("policy"),
    )


BEIJING_GOODS = signed(consortium.declaration("010120261000000017"))
XINGANG_GOODS = signed(
    consortium.declaration(
        "020220261000000017",
        office={"system": "cn-customs-office", "value": "0202"},
    )
)
STATUS = signed(consortium.status("ACCEPTED", "08:10:00", number="010120261000000017"))
WAYBILL = signed(consortium.waybill())
ALL = "everything"
BASE = frozenset({"ucr"})
BASE_AND_NUMBERS = BASE | {"references"}
MATRIX = {
    (GOVERNOR, "beijing"): BASE,
    (GOVERNOR, "xingang"): BASE,
    (GOVERNOR, "status"): ALL,
    (GOVERNOR, "waybill"): BASE,
    (TIANJIN, "beijing"): BASE_AND_NUMBERS,
    (TIANJIN, "xingang"): ALL,
    (TIANJIN, "status"): BASE_AND_NUMBERS,
    (TIANJIN, "waybill"): BASE_AND_NUMBERS,
    (CARRIER, "beijing"): None,
    (CARRIER, "xingang"): None,
    (CARRIER, "status"): None,
    (CARRIER, "waybill"): BASE | {"transport"},
    (STRANGER, "beijing"): None,
    (STRANGER, "xingang"): None,
    (STRANGER, "status"): None,
    (STRANGER, "waybill"): None,
}
RECORDS = {"beijing": BEIJING_GOODS, "xingang": XINGANG_GOODS, "status": STATUS, "waybill": WAYBILL}


def test_the_matrix_names_every_cell() -> None:
    assert set(MATRIX) == set(product((GOVERNOR, TIANJIN, CARRIER, STRANGER), RECORDS))


@pytest.mark.parametrize(("gateway", "name"), MATRIX)
def test_a_gateway_gets_what_its_cell_says_and_nothing_else(gateway: str, name: str) -> None:
    record = RECORDS[name]
    shown = policy(GRANTS).shown(record, gateway, governs=gateway == GOVERNOR)
    expected = MATRIX[gateway, name]
    if expected is None:
        assert shown is None
        return
    assert shown is not None
    told = {section for section in shown.sections if shown.section(section)}
    assert told == (set(record.sections) if expected == ALL else set(expected))
    assert shown.jwt == record.jwt, "the signed text goes whole, so that it can be proved"


def test_districts_are_those_of_offices_and_declaration_numbers() -> None:
    assert districts_of(BEIJING_GOODS) == {"01"}
    assert districts_of(XINGANG_GOODS) == {"02"}
    assert districts_of(STATUS) == {"01"}
    assert districts_of(WAYBILL) == frozenset()


def test_without_a_district_only_grants_for_any_are_certain() -> None:
    """What a view may promise of another gateway: nothing that hangs on a record's district."""
    sections = policy(GRANTS).sections(TIANJIN, governs=False, record_type="customs.declaration")
    assert sections == BASE_SECTIONS | {"references"}


def test_the_example_policy_gives_governors_all_and_others_nothing() -> None:
    example = ReplicationPolicy.parse(REPLICATION_POLICY_FILE.read_bytes())
    for record in RECORDS.values():
        assert example.shown(record, GOVERNOR, governs=True) is record
        assert example.shown(record, CARRIER, governs=False) is None


@pytest.mark.parametrize(
    ("grant", "what"),
    [
        ({**GRANTS[1], "districts": ["2"]}, "districts"),
        ({**GRANTS[1], "districts": ["0202"]}, "districts"),
        ({**GRANTS[1], "districts": []}, "districts"),
        ({**GRANTS[1], "districts": "02"}, "districts"),
        ({**GRANTS[1], "types": ["customs.rumour"]}, "types"),
        ({**GRANTS[1], "gateways": ["somebody"]}, "gateways"),
        ({**GRANTS[1], "surprise": []}, "districts"),
        ({"gateways": [TIANJIN], "types": ["*"]}, "sections"),
    ],
)
def test_a_file_that_breaks_the_format_is_refused_naming_the_member(grant: object, what: str) -> None:
    with pytest.raises(MalformedReplicationPolicy, match=what):
        policy([grant])
