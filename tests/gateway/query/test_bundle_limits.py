"""A bundle that no reader would take does not leave the gateway: it says what is too much, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.proof import bundle as bundle_format
from chain.proof.bundle_reader import parse_bundle
from gateway.query import bundle_limits
from gateway.query.bundle_limits import write_bundle
from gateway.runtime.refusals import GatewayRefusal
from tests.fakes.ledger_simulator import Consortium


def made() -> bundle_format.Bundle:
    it = Consortium()
    record = it.record()
    it.anchor(record)
    it.checkpoint()
    return it.record_bundle(record)


def test_a_bundle_within_the_format_is_written_as_it_is() -> None:
    bundle = made()
    assert write_bundle(bundle) == bundle.format()
    assert parse_bundle(write_bundle(bundle))


def test_more_records_than_readers_take_are_refused_with_their_number() -> None:
    bundle = made()
    many = replace(bundle, records=bundle.records * (bundle_format.RECORDS_MAX + 1))
    with pytest.raises(GatewayRefusal, match="2,001 records; readers take at most 2,000") as caught:
        write_bundle(many)
    assert caught.value.kind.status == 413
    assert "lane-records-max" in caught.value.fix


def test_more_bytes_than_readers_take_are_refused() -> None:
    bundle = made()
    long = replace(bundle, texts=(b" " * bundle_limits.BUNDLE_BYTES_MAX,))
    with pytest.raises(GatewayRefusal, match="bytes; readers take at most 4,194,304"):
        write_bundle(long)
