"""Intake: what is refused and why, and that what was accepted stays accepted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.encoding import base64url, parse_base64url
from chain.errors import MalformedRecord
from chain.keys import P256_ORDER, SigningKey
from chain.lifecycle import RecordState
from chain.members import MemberState, Role
from chain.proof.receipt import SignedReceipt
from chain.sdjwt import SignedRecord
from gateway.access.rate_limits import RateLimits
from gateway.runtime.refusals import GatewayRefusal
from gateway.store.outbox import refuse_record
from gateway.store.records import get_signed, own_records
from tests.fakes.memory_ledger import CONSORTIUM
from tests.gateway.memory_consortium import BROKER, CARRIER, GATEWAY, PaperGateway, Town, ucr
from tests.record_numbers import jti_of


def body(record: SignedRecord) -> bytes:
    return record.serialize().encode()


def refusal(gateway: PaperGateway, record: SignedRecord) -> str:
    with pytest.raises(GatewayRefusal) as caught:
        gateway.intake.accept(body(record))
    return caught.value.kind.slug


def test_a_receipt_names_every_entry_and_the_time_it_promises(gateway: PaperGateway, town: Town) -> None:
    record = town.event(ucrs=[1, 2, 3])
    done = gateway.intake.accept(body(record))
    receipt = SignedReceipt.parse(done.receipt)
    assert receipt.verify(gateway.signer.public)
    said: Any = receipt.claims
    assert (said["iss"], said["aud"], said["record_id"]) == (GATEWAY, CONSORTIUM.hex(), record.record_id)
    tags = [gateway.tag_keys.lane_tag(ucr(number), record.iss, 0).hex() for number in (1, 2, 3)]
    assert [entry[0] for entry in said["entries"]] == tags
    assert said["anchor_by"] == said["accepted_at"] + gateway.settings.anchor_promise_s


def test_the_same_record_again_gets_the_same_receipt_even_after_its_key_was_revoked(
    gateway: PaperGateway, town: Town
) -> None:
    record = town.event()
    first = gateway.intake.accept(body(record))
    town.chain.revoke(town.carrier)
    gateway.registry.refresh()
    again = gateway.intake.accept(body(record))
    assert (first.is_new, again.is_new) == (True, False)
    assert again.receipt == first.receipt


def test_a_record_signed_anew_over_the_same_words_is_the_same_record(gateway: PaperGateway, town: Town) -> None:
    record = town.event()
    first = gateway.intake.accept(body(record))
    jwt = record.jwt.rpartition(".")[0]
    twin = jwt + "." + base64url(town.carrier.sign(jwt.encode())) + body(record).decode()[len(record.jwt) :]
    assert gateway.intake.accept(twin.encode()).receipt == first.receipt


def test_another_record_under_the_same_number_is_refused(gateway: PaperGateway, town: Town) -> None:
    gateway.intake.accept(body(town.event(1, jti=jti_of("one"))))
    assert refusal(gateway, town.event(2, jti=jti_of("one"))) == "jti-taken"


def test_the_payload_comes_back_byte_for_byte(gateway: PaperGateway, town: Town) -> None:
    record = town.event(ucrs=[1, 2])
    gateway.intake.accept(body(record))
    with gateway.store.reading() as connection:
        assert get_signed(connection, gateway.vault, record.record_id).serialize() == record.serialize()


BAD: dict[str, Callable[[Town], SignedRecord]] = {
    "wrong-consortium": lambda town: town.event(consortium="ab" * 32),
    "clock": lambda town: town.event(iat=int(town.clock()) + 301),
    "unknown-key": lambda town: town.event(key=SigningKey.generate()),
    "wrong-signer": lambda town: town.event(key=town.broker),
    "role": lambda town: town.event(key=town.broker, iss=BROKER),
    "withheld": lambda town: town.event().with_sections(["ucr"]),
    "amends-unknown": lambda town: town.event(amends=town.event().record_id),
}


@pytest.mark.parametrize("slug", BAD)
def test_what_speaks_against_a_record_is_named(gateway: PaperGateway, town: Town, slug: str) -> None:
    assert refusal(gateway, BAD[slug](town)) == slug
    with gateway.store.reading() as connection:
        assert own_records(connection, CARRIER, None, 0, 10) == []


def test_a_broken_signature_is_refused(gateway: PaperGateway, town: Town) -> None:
    record, other = town.event(1), town.event(2)
    jwt = record.jwt.rpartition(".")[0] + "." + other.jwt.rpartition(".")[2]
    forged = SignedRecord.parse(record.serialize().replace(record.jwt, jwt))
    assert refusal(gateway, forged) == "bad-signature"


def test_the_twin_of_a_signature_is_refused_and_the_record_is_taken(gateway: PaperGateway, town: Town) -> None:
    record = town.event()
    raw = parse_base64url(record.jwt.rpartition(".")[2])
    twin = raw[:32] + (P256_ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    jwt = record.jwt.rpartition(".")[0] + "." + base64url(twin)
    high = SignedRecord.parse(record.serialize().replace(record.jwt, jwt))
    assert high.record_id == record.record_id
    assert high.verify(town.carrier.public)
    assert refusal(gateway, high) == "high-s"
    assert gateway.intake.accept(body(record)).is_new


def test_a_revoked_key_is_refused_from_the_block_after_its_revocation_on(gateway: PaperGateway, town: Town) -> None:
    town.chain.revoke(town.carrier)
    assert gateway.intake.accept(body(town.event())).is_new, "not heard of yet"
    gateway.registry.refresh()
    assert refusal(gateway, town.event()) == "revoked-key"


def test_a_suspended_member_is_refused(gateway: PaperGateway, town: Town) -> None:
    town.chain.set_member(CARRIER, MemberState.SUSPENDED, Role.CARRIER)
    gateway.registry.refresh()
    assert refusal(gateway, town.event()) == "inactive-member"


def test_an_amendment_of_a_known_record_is_taken(gateway: PaperGateway, town: Town) -> None:
    first = town.event()
    gateway.intake.accept(body(first))
    assert gateway.intake.accept(body(town.event(amends=first.record_id))).is_new


def test_a_withdrawal_names_every_consignment_of_what_it_withdraws(gateway: PaperGateway, town: Town) -> None:
    first = town.event(ucrs=[1, 2])
    gateway.intake.accept(body(first))
    with pytest.raises(GatewayRefusal, match="1 of which are not named") as caught:
        gateway.intake.accept(body(town.event(1, amends=first.record_id, withdraws=True)))
    assert caught.value.kind.slug == "amends-mismatch"
    assert gateway.intake.accept(body(town.event(ucrs=[1, 2], amends=first.record_id, withdraws=True))).is_new


def test_a_withdrawal_of_an_unknown_record_names_the_claim(gateway: PaperGateway, town: Town) -> None:
    with pytest.raises(GatewayRefusal) as caught:
        gateway.intake.accept(body(town.event(amends=town.event().record_id, withdraws=True)))
    assert caught.value.field == "withdraws"


def test_an_amendment_for_another_consignment_is_refused(gateway: PaperGateway, town: Town) -> None:
    first = town.event(1)
    gateway.intake.accept(body(first))
    assert refusal(gateway, town.event(2, amends=first.record_id)) == "amends-mismatch"


def test_nobody_is_let_in_while_the_chain_is_silent(gateway: PaperGateway, town: Town) -> None:
    town.clock.now += gateway.settings.registry_age_max_s + 1
    assert refusal(gateway, town.event()) == "ledger"


def test_a_full_outbox_refuses_and_says_when_to_come_back(town: Town, gateway: PaperGateway) -> None:
    small = PaperGateway(gateway.folder, town.chain, town.clock, gateway.url, outbox_records_max=1)
    small.intake.accept(body(town.event()))
    town.clock.now += 2
    with pytest.raises(GatewayRefusal) as caught:
        small.intake.accept(body(town.event()))
    assert caught.value.kind.slug == "outbox-full"
    assert caught.value.retry_after_s


def test_a_member_over_its_quota_is_slowed_and_others_are_not(town: Town, gateway: PaperGateway) -> None:
    slow = PaperGateway(gateway.folder, town.chain, town.clock, gateway.url, member_records_per_s=1 / 60)
    slow.intake.accept(body(town.event()))
    assert refusal(slow, town.event()) == "quota"
    town.clock.now += 60
    slow.registry.refresh()
    assert slow.intake.accept(body(town.event())).is_new


def test_a_member_over_its_bytes_is_slowed_and_told_how_long(town: Town, gateway: PaperGateway) -> None:
    quotas = RateLimits(1000.0, town.clock, bytes_per_s=100.0)
    quotas.take(CARRIER, 1, 6_000)
    with pytest.raises(GatewayRefusal, match="100 bytes/s") as caught:
        quotas.take(CARRIER, 1, 500)
    assert (caught.value.kind.status, caught.value.retry_after_s) == (429, 5.0)
    quotas.take(BROKER, 1, 500)
    quotas.give_back(CARRIER, 1, 500)
    quotas.take(CARRIER, 1, 500)
    town.clock.now += 5
    quotas.take(CARRIER, 1, 500)


def test_a_record_counts_by_what_its_payload_takes(town: Town, gateway: PaperGateway, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    small = PaperGateway(tmp_path / "small", town.chain, town.clock, member_bytes_per_s=50.0)
    body = town.event().serialize().encode()
    small.intake.accept(body)
    with pytest.raises(GatewayRefusal, match="bytes/s"):
        for number in range(10):
            small.intake.accept(town.event(number).serialize().encode())
    assert not small.intake.accept(body).is_new, "what is kept already costs nothing"


def test_what_is_no_record_is_malformed(gateway: PaperGateway) -> None:
    with pytest.raises(MalformedRecord):
        gateway.intake.accept(b"hello")


def test_ones_own_records_are_listed_by_state_and_page(gateway: PaperGateway, town: Town) -> None:
    for number in range(3):
        gateway.intake.accept(body(town.event(number)))
    with gateway.store.reading() as connection:
        page = own_records(connection, CARRIER, RecordState.ACCEPTED, 0, 2)
        rest = own_records(connection, CARRIER, RecordState.ACCEPTED, page[-1][0], 2)
        assert (len(page), len(rest)) == (2, 1)
        assert own_records(connection, CARRIER, RecordState.COVERED, 0, 2) == []


def test_what_the_governors_agreed_bounds_a_lane_whatever_the_setting_says(gateway: PaperGateway, town: Town) -> None:
    town.chain.lane_records_max = 1
    town.chain.next_block()  # of a change of the registry
    gateway.registry.refresh()
    gateway.intake.accept(body(town.event(number=7)))
    with pytest.raises(GatewayRefusal, match="has said 1 records of") as caught:
        gateway.intake.accept(body(town.event(number=7)))
    assert (caught.value.kind.slug, caught.value.field) == ("lane-full", "ucr")


def test_a_record_that_was_refused_takes_no_place_in_its_lane(gateway: PaperGateway, town: Town) -> None:
    bounded = PaperGateway(gateway.folder, town.chain, town.clock, gateway.url, lane_records_max=1)
    first = bounded.intake.accept(body(town.event(number=7)))
    assert refusal(bounded, town.event(number=7)) == "lane-full"
    with bounded.store.writing() as connection:
        ((seq, held),) = own_records(connection, CARRIER, None, 0, 10)
        assert held.record_id == first.record_id
        refuse_record(connection, seq, "its key was revoked")
    assert bounded.intake.accept(body(town.event(number=7))).is_new


def test_one_issuer_says_only_so_many_records_of_one_consignment(gateway: PaperGateway, town: Town) -> None:
    bounded = PaperGateway(gateway.folder, town.chain, town.clock, gateway.url, lane_records_max=2)
    first = town.event(number=7)
    bounded.intake.accept(body(first))
    both = [b'"%b"' % body(town.event(number=7)), b'"%b"' % body(town.event(number=7))]
    kept, refused = bounded.intake.accept_lines(both)
    assert not isinstance(kept, GatewayRefusal)
    assert isinstance(refused, GatewayRefusal) and refused.kind.slug == "lane-full"
    assert ucr(7) in str(refused)
    # Another consignment has lanes of its own, and what was taken before is answered as it was.
    bounded.intake.accept(body(town.event(number=8)))
    assert refusal(bounded, town.event(ucrs=[8, 7])) == "lane-full"
    assert bounded.intake.accept(body(first)).is_new is False
