"""Records signed with SM2 at intake: taken, refused, and bounded by a share of their own before they are verified."""

from __future__ import annotations

import pickle

import pytest

from chain.keys import KeyAlgorithm, SigningKey
from gateway.ingest.validation import Sm2Limits
from gateway.runtime.refusals import GatewayRefusal
from tests.gateway.memory_consortium import CARRIER, PaperGateway, Town


@pytest.fixture
def key(town: Town, gateway: PaperGateway) -> SigningKey:
    key = SigningKey.generate(KeyAlgorithm.SM2)
    town.chain.add_key(CARRIER, key)
    gateway.registry.refresh()
    return key


def test_a_record_signed_with_sm2_is_taken_and_comes_back(gateway: PaperGateway, town: Town, key: SigningKey) -> None:
    body = town.event(key=key).serialize().encode()
    assert gateway.intake.accept(body).is_new
    assert not gateway.intake.accept(body).is_new


def test_a_wrong_signature_of_sm2_is_refused(gateway: PaperGateway, town: Town, key: SigningKey) -> None:
    first, other = town.event(key=key), town.event(2, key=key)
    head = first.jwt.rpartition(".")[0]
    forged = first.serialize().replace(first.jwt, f"{head}.{other.jwt.rpartition('.')[2]}")
    with pytest.raises(GatewayRefusal) as caught:
        gateway.intake.accept(forged.encode())
    assert caught.value.kind.slug == "bad-signature"


def test_beyond_its_share_of_sm2_a_member_waits_and_its_other_records_do_not() -> None:
    limits = Sm2Limits(1 / 60)
    limits.take(CARRIER)
    with pytest.raises(GatewayRefusal) as caught:
        limits.take(CARRIER)
    assert caught.value.kind.slug == "quota" and caught.value.retry_after_s
    assert "signed with SM2" in str(caught.value)
    pickle.loads(pickle.dumps(limits)).take(CARRIER)  # noqa: S301  a process that examines uploads counts by itself


def test_the_share_is_taken_before_the_signature_is_looked_at(
    gateway: PaperGateway, town: Town, key: SigningKey
) -> None:
    slow, signed = Sm2Limits(1 / 60), town.event(key=key)
    # One a minute: a share that fills again within milliseconds would make room while the test looks.
    object.__setattr__(gateway.intake.preparer.examiner, "sm2_limits", slow)
    slow.take(CARRIER)
    with pytest.raises(GatewayRefusal) as caught:
        gateway.intake.accept(signed.serialize().encode())
    assert caught.value.kind.slug == "quota"
    assert gateway.intake.accept(town.event(3).serialize().encode()).is_new, "P-256 has no part in it"
