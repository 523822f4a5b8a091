"""One box in two consignments, each told to another gateway: found at both, and nobody is named another's goods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chain.proof.batch import TAG_BYTES, split_entries
from chain.proof.own_number import OwnNumber
from chain.records.base import Reference
from chain.records.tax import InvoiceHead, TaxInvoice
from chain.verify import Verdict, verify_file
from gateway.replication.policy import ANY, EVERY, ReplicationGrant, ReplicationPolicy
from gateway.replication.proof import NotOfBatch, ReplicaProver
from tests.gateway.query import consortium
from tests.gateway.replication.region import SEATS, Region, open_region
from tests.stories.test_shared_numbers import BOX, boxed


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with open_region(tmp_path_factory.mktemp("region")) as region:
        yield region


def test_one_box_declared_at_two_gateways_is_found_at_each_and_names_no_other_consignment(region: Region) -> None:
    beijing, tianjin = SEATS["beijing"][0], SEATS["tianjin"][0]
    first, second = f"6CN{beijing}-BOX1", f"6CN{tianjin}-BOX2"
    for owner, ucr, number in (("beijing", first, "010120261000000025"), ("tianjin", second, "020120261000000033")):
        region.say(owner, consortium.order().with_names([beijing, tianjin]), ucr)
        region.say(owner, boxed(number), ucr)
    region.settle()
    for slug, ucr, other in (("beijing", first, second), ("tianjin", second, first)):
        view = region.offices[slug].view(ucr)
        (found,) = [line for line in view["findings"] if line["rule"] == "C23-twice"]
        assert found["declared"] == BOX and other not in str(view)


def test_uses_of_one_invoice_number_at_two_gateways_are_counted_at_each(region: Region) -> None:
    maker = SEATS["beijing"][0]
    reference = Reference(kind="invoice", scope=maker, value="B-2026-1")
    for place, at in enumerate(("beijing", "tianjin")):
        billed = TaxInvoice(references=(reference,), invoice=InvoiceHead(number="B-2026-1"))
        region.say("beijing", billed, f"6CN{maker}-BILL{place}", at=at)
    region.settle()
    region.cover()
    for slug in ("beijing", "tianjin"):
        with region.offices[slug].client() as client:
            content = client.single_use_bundle("invoice", maker, "b-2026-1")
        assert verify_file(content, region.root).verdict is Verdict.REUSED


def test_replica_of_an_invoice_whose_number_was_not_filed_is_not_taken(region: Region) -> None:
    maker, ucr = SEATS["beijing"][0], f"6CN{SEATS['beijing'][0]}-HIDDEN"
    reference = Reference(kind="invoice", value="B-2026-2")
    billed = TaxInvoice(references=(reference,), invoice=InvoiceHead(number="B-2026-2"))
    signed = region.say("beijing", billed, ucr)
    region.settle()
    services = region.offices["beijing"].gateway.services
    placed = {
        (entry[:TAG_BYTES], entry[TAG_BYTES:])
        for batch in range(services.index.progress().batch_count)
        for entry in split_entries(services.index.find_entries(batch) or b"")
    }
    tags = services.tag_keys.number_tags(OwnNumber.of(maker, "B-2026-2"))
    numbers = {(tag, digest) for tag, digest in placed if tag in tags}
    prover = ReplicaProver(
        consortium=region.root.consortium.hex(),
        tag_keys=services.tag_keys,
        snapshot=services.registry.snapshot(),
        block=services.index.progress().block,
        placed=placed,
        policy=ReplicationPolicy((ReplicationGrant(frozenset({EVERY}), frozenset({ANY}), frozenset({ANY})),), b""),
        gateway=SEATS["tianjin"][0],
        governs=True,
        erased=lambda record_id: frozenset(),
    )
    text = signed.serialize().encode()
    assert {(entry.tag, entry.digest) for entry in prover.prove(text).numbers} == numbers != set()
    with pytest.raises(NotOfBatch, match="entry of a number"):
        replace(prover, placed=placed - numbers).prove(text)
