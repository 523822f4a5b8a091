"""The desk's key: it signs an officer's decision, that alone, for its own member, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.keys import SigningKey
from chain.records import AuditDisposition, parse_record
from gateway.people.desk import DispositionDesk
from gateway.runtime.refusals import GatewayRefusal
from tests.gateway.memory_consortium import BROKER, CARRIER, PaperGateway, Town, ucr
from tests.gateway.people.conftest import Browser

FINDING = "NScTCZDRLebAFCitukYbo7u41tKwgaXmc0GqHla03kM"
DECISION: dict[str, Any] = {
    "ucr": str(ucr(1)),
    "rule": "C31",
    "findings": [FINDING],
    "outcome": "cleared",
    "reason": "a credit note was shown",
}


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def desk(key: SigningKey, town: Town) -> DispositionDesk:
    return DispositionDesk({CARRIER: key}, "ab" * 32, town.clock)


def sign(desk: DispositionDesk, member: str = CARRIER, **changed: Any) -> Any:
    said = {**DECISION, **changed}
    return desk.sign(member, "P-7K3F9Q2M", *(said[name] for name in DECISION))


def test_a_decision_is_signed_by_the_members_key_and_names_the_officer_by_pseudonym(
    desk: DispositionDesk, key: SigningKey
) -> None:
    signed = sign(desk)
    record = parse_record(signed)
    assert isinstance(record, AuditDisposition)
    assert (record.disposition.outcome, record.disposition.operator) == ("cleared", "P-7K3F9Q2M")
    assert (signed.iss, signed.kid) == (CARRIER, key.public.kid)
    assert signed.verify(key.public)


def test_another_members_key_is_never_used(desk: DispositionDesk) -> None:
    with pytest.raises(GatewayRefusal, match="no desk key"):
        sign(desk, BROKER)


def test_a_double_click_is_one_record_and_another_reason_is_another(desk: DispositionDesk) -> None:
    first, again, other = sign(desk), sign(desk), sign(desk, reason="weighed again")
    assert first.jti == again.jti
    assert first.jti != other.jti


def test_nobody_without_the_desks_secret_can_test_a_guess_of_what_was_decided(
    desk: DispositionDesk, key: SigningKey, town: Town
) -> None:
    other = DispositionDesk({CARRIER: key}, "ab" * 32, town.clock)
    assert sign(desk).jti != sign(other).jti
    assert "secret" not in repr(desk)


def test_a_desk_opens_its_keys_with_the_gateways_passphrase(
    tmp_path: Path, gateway: PaperGateway, key: SigningKey
) -> None:
    passphrase, file = tmp_path / "passphrase", tmp_path / "desk.pem"
    passphrase.write_bytes(b"a passphrase\n")
    file.write_bytes(key.to_pem(b"a passphrase"))
    settings = gateway.settings.model_copy(update={"desk_keys": {CARRIER: file}, "passphrase_file": passphrase})
    opened = DispositionDesk.open(settings, "ab" * 32, gateway.clock)
    assert opened.keys[CARRIER].public.kid == key.public.kid


def test_only_an_operator_with_the_right_decides(
    new_browser: Callable[[], Browser], invite: Callable[..., dict[str, Any]]
) -> None:
    reader, officer = new_browser(), new_browser()
    reader.open_link(invite("read")["link"])
    officer.open_link(invite("read", "dispose", name="Officer")["link"])
    refused = reader.post("/v1/dispositions", DECISION)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/role")
    # The right is there, but not the consignment: it is told what is told of goods that do not exist.
    assert officer.post("/v1/dispositions", DECISION).status_code == 404
    assert officer.get("/v1/session").json()["can_dispose"] is False


@pytest.mark.parametrize(
    "changed", [{"outcome": "deleted"}, {"reason": ""}, {"findings": []}, {"findings": ["x"] * 33}, {"extra": 1}]
)
def test_a_malformed_decision_is_refused_with_its_field(
    new_browser: Callable[[], Browser], invite: Callable[..., dict[str, Any]], changed: dict[str, Any]
) -> None:
    officer = new_browser()
    officer.open_link(invite("read", "dispose")["link"])
    answer = officer.post("/v1/dispositions", {**DECISION, **changed})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")
    assert answer.json()["pointer"].startswith("/" + next(iter(changed)))
