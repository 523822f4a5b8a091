"""An old bundle outlives its validators: once they are distrusted, it is refreshed, and shows what it showed before."""

from __future__ import annotations

import pytest

from chain.proof.batch import Purpose
from chain.proof.bundle_reader import parse_bundle
from chain.proof.redaction import UnlikeBundles, as_shown_before, redact
from chain.verify import Verdict, verify, verify_file
from tests.fakes.ledger_simulator import CUSTOMS, OTHER_UCR, UCR, Consortium


def test_bundle_is_valid_through_three_changes_of_validators_untrusted_once_leaked_and_valid_when_refreshed() -> None:
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    old = redact(it.consignment_bundle(), ["status"])
    roots = [it.trust_root()]
    for change in ("second", "third", "fourth"):
        closed_at = it.block
        it.replace_validators(change)
        it.block += 5
        roots.append(roots[-1].extended(closed_at, it.addresses()))
        assert verify_file(old.format(), roots[-1]).verdict is Verdict.VALID
        assert roots[-1].predecessor == roots[-2].fingerprint
    leaked = roots[-1].without_trust_in(0)
    assert verify_file(old.format(), leaked).verdict is Verdict.UNTRUSTED_CHAIN
    it.anchor(it.record(CUSTOMS, vct="customs.status"))
    it.checkpoint()
    refreshed = as_shown_before(it.consignment_bundle(), old)
    report = verify_file(refreshed.format(), leaked)
    assert report.verdict is Verdict.VALID
    assert refreshed.record_by_id[declaration.record_id].signed == old.records[0].signed
    assert [set(one.sections) for one in report.records] == [{"ucr", "status"}] * 2
    # And once more: what was refreshed is refreshed as any other.
    assert as_shown_before(it.consignment_bundle(), refreshed) == refreshed


def test_refreshed_record_bundle_goes_on_withholding_the_other_consignments() -> None:
    it = Consortium()
    manifest = it.record(ucrs=(UCR, OTHER_UCR))
    it.anchor(manifest)
    it.checkpoint()
    old = redact(it.bundle([manifest.record_id], [it.to_show(manifest, [it.tag(UCR)])]), [])
    it.block += 1
    refreshed = parse_bundle(as_shown_before(it.record_bundle(manifest), old).format())
    report = verify(refreshed, it.trust_root())
    assert report.verdict is Verdict.VALID
    assert report.records[0].ucrs == (UCR,)


def test_what_the_gateway_has_erased_since_is_shown_as_before() -> None:
    it = Consortium()
    it.anchor(it.record())
    it.checkpoint()
    old = it.consignment_bundle()
    it.block += 1
    refreshed = as_shown_before(redact(it.consignment_bundle(), []), old)
    assert verify(refreshed, it.trust_root()).verdict is Verdict.VALID
    assert refreshed.records == old.records


def test_bundle_of_another_subject_or_without_an_old_record_refreshes_nothing() -> None:
    it = Consortium()
    declaration = it.record()
    it.anchor(declaration)
    it.checkpoint()
    with pytest.raises(UnlikeBundles):
        as_shown_before(it.consignment_bundle(OTHER_UCR), it.consignment_bundle())
    with pytest.raises(UnlikeBundles):
        as_shown_before(it.record_bundle(declaration), it.consignment_bundle())
    with pytest.raises(UnlikeBundles):
        as_shown_before(it.bundle(UCR, [], it.groups_of(Purpose.UCR, UCR)), it.consignment_bundle())
