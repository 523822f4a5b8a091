"""A trust root is believed by its fingerprint, extended when validators change, and never read loosely."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chain.errors import MalformedTrustRoot
from chain.members import KeyState
from chain.proof.batch import Purpose
from chain.proof.bundle import Bundle, Kind
from chain.proof.bundle_builder import records_of, refresh
from chain.proof.bundle_reader import parse_bundle
from chain.proof.redaction import redact
from chain.proof.slots import required_slots
from chain.verify import TrustRoot, Verdict, verify, verify_file
from chain.verify.report import text
from tests.fakes.ledger_simulator import BROKER, UCR, Consortium

ROOT = Consortium().trust_root()


def changed(**members: Any) -> bytes:
    return json.dumps({**json.loads(ROOT.format()), **members}).encode()


def test_trust_root_is_read_as_it_was_written_in_any_layout() -> None:
    assert TrustRoot.parse(ROOT.format()) == ROOT
    assert TrustRoot.parse(changed()).fingerprint == ROOT.fingerprint


def test_a_trust_root_says_nothing_of_what_the_governors_vote_on() -> None:
    said = json.loads(ROOT.format())
    assert not said.keys() & {"tag_keys", "record_rules", "authorities", "policies"}


def test_short_fingerprint_is_eight_groups_of_four() -> None:
    assert [len(group) for group in ROOT.short_fingerprint.split(" ")] == [4] * 8


def test_extension_closes_the_open_range_and_names_its_predecessor() -> None:
    extended = ROOT.extended(99, [b"\x02" * 20, b"\x01" * 20])
    assert [(one.from_block, one.to_block) for one in extended.validators] == [(0, 99), (100, None)]
    assert extended.validators[1].addresses == (b"\x01" * 20, b"\x02" * 20)
    assert extended.predecessor == ROOT.fingerprint
    assert extended.find_validators(99) == extended.validators[0]


def test_extension_before_the_open_range_began_is_refused() -> None:
    with pytest.raises(MalformedTrustRoot):
        ROOT.extended(99, [b"\x01" * 20]).extended(50, [b"\x01" * 20])


def test_open_range_cannot_be_marked_as_leaked() -> None:
    with pytest.raises(MalformedTrustRoot):
        ROOT.without_trust_in(0)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        changed(format="tongguan-trust-root/1"),
        changed(note="believe me"),
        changed(consortium="AB" * 32),
        changed(chain_id=True),
        changed(least_votes=0),
        changed(validators=[{"from_block": 0, "to_block": 5, "accepted": True, "addresses": ["0x" + "11" * 20]}]),
        changed(validators=[{"from_block": 0, "to_block": None, "accepted": False, "addresses": ["0x" + "11" * 20]}]),
        changed(
            validators=[
                {"from_block": 0, "to_block": None, "accepted": True, "addresses": ["0x" + "22" * 20, "0x" + "11" * 20]}
            ]
        ),
        changed(tag_keys=[]),
        changed(record_rules={"customs.status": ["CUSTOMS"]}),
        changed(predecessor="00"),
        ROOT.format().replace(b'"chain_id"', b'"chain_id": 1, "chain_id"', 1),
    ],
)
def test_loose_trust_root_is_refused(said: bytes) -> None:
    with pytest.raises(MalformedTrustRoot):
        TrustRoot.parse(said)


def test_trust_root_without_validators_believes_no_block_and_has_no_range_to_close() -> None:
    unsealed = TrustRoot.parse(changed(validators=[]))
    assert unsealed.is_unsealed
    assert unsealed.find_validators(1) is None
    with pytest.raises(MalformedTrustRoot):
        unsealed.extended(99, [b"\x01" * 20])


def story() -> tuple[Consortium, Bundle]:
    it = Consortium()
    it.anchor(it.record())
    it.checkpoint()
    return it, it.consignment_bundle()


def test_bundle_of_a_leaked_range_verifies_again_once_refreshed() -> None:
    it, old = story()
    root = it.trust_root()
    closed_at = it.block
    it.replace_validators("later")
    it.block += 5
    leaked = root.extended(closed_at, it.addresses()).without_trust_in(0)
    assert verify(old, leaked).verdict is Verdict.UNTRUSTED_CHAIN
    assert verify(it.consignment_bundle(), leaked).verdict is Verdict.VALID
    assert old.records == it.consignment_bundle().records


def test_refreshed_bundle_has_its_old_records_and_is_the_one_that_would_be_made_today() -> None:
    it, old = story()
    it.block += 1
    it.set_key(BROKER, KeyState.REVOKED)
    it.block += 1
    request = it.request(Kind.CONSIGNMENT, records_of(old))
    slots = required_slots(request)
    refreshed = refresh(
        old,
        header_rlp=it.header_rlp(),
        registry=it.proof(it.registry, slots["registry"]),
        ledger=it.proof(it.ledger, slots["ledger"]),
        request=request,
        keys=[one.public for one in old.keys],
        groups=it.groups_of(Purpose.UCR, UCR, it.set_of(UCR)),
        texts=it.texts,
        authorities=it.authorities,
    )
    assert refreshed == it.consignment_bundle()
    assert verify(old, it.trust_root()).verdict is Verdict.VALID
    report = verify(refreshed, it.trust_root())
    # What became of the key is named, and takes nothing from the consignment.
    assert report.verdict is Verdict.VALID
    assert any("revoked in block" in why.en for record in report.records for why in record.since)


def test_redaction_keeps_the_verdict_and_names_what_is_withheld() -> None:
    it, full = story()
    redacted = redact(full, ["status"])
    assert parse_bundle(redacted.format()) == redacted
    report = verify_file(redacted.format(), it.trust_root())
    assert report.verdict is Verdict.VALID
    (standing,) = report.records
    assert standing.withheld == ("goods_items",)
    assert "goods_items" not in standing.sections
    assert redact(redacted, ["goods_items", "status"]) == redacted


def test_report_repeats_that_validators_and_attesters_are_not_independent() -> None:
    it, bundle = story()
    report = verify(bundle, replace(it.trust_root(), independent_validators=False))
    assert "not independent" in text(report, "en")
    assert "并非相互独立" in text(report, "zh")


def test_control_and_bidirectional_marks_of_a_record_are_made_visible() -> None:
    it = Consortium()
    it.anchor(it.record(BROKER, (UCR,), sections={"status": ["\u202eVALID\u001b[31m"]}))
    it.checkpoint()
    said = text(verify(it.consignment_bundle(), it.trust_root()), "en")
    assert "\u202e" not in said
    assert "\u001b" not in said
