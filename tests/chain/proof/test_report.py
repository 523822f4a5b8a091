"""What a person reads: nothing is called proved that is not, and what matters stands on every form of the report."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from chain.verify import verify_file
from chain.verify.__main__ import NO, YES, main
from chain.verify.html_page import page
from chain.verify.report import text
from tests.catalogue import VECTORS
from tests.fakes.ledger_simulator import Consortium


def test_under_an_untrusted_chain_no_block_and_no_record_is_called_proved() -> None:
    report = verify_file(*VECTORS["quorum_minus_one"].make()[:2])
    for said in (text(report), page(report)):
        assert "Proved under" not in said
        assert "Complete as of" not in said
        assert "NOT proved" in said


def test_time_that_the_issuer_names_is_told_as_its_own_word() -> None:
    report = verify_file(*VECTORS["record_true"].make()[:2])
    assert "by its own clock" in text(report)
    assert "签发者自报时间" in page(report, "zh")


def test_view_with_a_record_left_out_is_not_called_complete() -> None:
    report = verify_file(*VECTORS["record_left_out"].make()[:2])
    assert not report.is_complete
    assert "Complete as of" not in text(report)


def test_page_tells_what_became_of_receipts_and_who_registered_keys() -> None:
    assert "was kept" in page(verify_file(*VECTORS["receipt_kept_true"].make()[:2]))
    assert "its sponsor" in page(verify_file(*VECTORS["key_added_by_sponsor_true"].make()[:2]))


def test_document_that_only_an_amended_record_names_is_told_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    it = Consortium()
    old, new = tmp_path / "old.pdf", tmp_path / "new.pdf"
    for file in (old, new):
        file.write_text(file.name)
    first = it.record(sections={"documents": [[{"sha256": hashlib.sha256(old.read_bytes()).hexdigest()}]]})
    second = it.record(
        sections={"documents": [[{"sha256": hashlib.sha256(new.read_bytes()).hexdigest()}]]}, amends=first.record_id
    )
    it.anchor(first)
    it.anchor(second)
    it.checkpoint()
    bundle, root = tmp_path / "bundle.json", tmp_path / "root.json"
    bundle.write_bytes(it.consignment_bundle().format())
    root.write_bytes(it.trust_root().format())
    assert main([str(bundle), "--trust-root", str(root), "--document", str(new)]) == YES
    assert main([str(bundle), "--trust-root", str(root), "--document", str(old)]) == NO
    assert second.record_id in capsys.readouterr().err
