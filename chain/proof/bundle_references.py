"""What a bundle's parts must be to each other: in one order, each there once, all referred to and nothing spare.

Raises MalformedBundle.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

from chain.errors import MalformedBundle
from chain.proof import json_members
from chain.proof.batch import Purpose
from chain.proof.bundle import Bundle, Kind
from chain.proof.shown_lanes import ClosedLane, OpenLane
from chain.standing import PARTIES_TYPE

T = TypeVar("T")


def check_order(bundle: Bundle) -> None:
    """Every list stands in its one order, nothing twice."""
    fault = MalformedBundle
    json_members.ascending(bundle.subject_records, lambda one: one, "subject.records", fault)
    json_members.ascending(bundle.nodes, lambda one: one, "nodes", fault)
    json_members.ascending(bundle.batches, lambda one: one.index, "batches", fault)
    json_members.ascending(bundle.records, lambda one: one.signed.record_id, "records", fault)
    json_members.ascending(bundle.keys, lambda one: one.public.thumbprint, "keys", fault)
    json_members.ascending(tuple(bundle.members), lambda one: one, "members", fault)
    json_members.ascending(tuple(bundle.accounts), lambda one: one, "accounts", fault)
    json_members.ascending(bundle.texts, lambda text: text, "texts", fault)
    json_members.ascending(tuple(bundle.operators), lambda uscc: uscc, "operators", fault)
    json_members.ascending(tuple(bundle.assignments), lambda name: name, "assignments", fault)
    json_members.ascending(bundle.groups, lambda one: (str(one.purpose), one.name, one.epoch), "groups", fault)
    json_members.ascending(bundle.receipts, lambda one: one.receipt.text, "receipts", fault)
    for record in bundle.records:
        json_members.ascending(record.entries, lambda one: (one.tag, one.ucr_digest), "records.entries", fault)
    for group in bundle.groups:
        json_members.ascending(group.lanes, lambda lane: lane.tag, "groups.lanes", fault)
        json_members.ascending(group.hidden, lambda part: part.path, "groups.hidden", fault)
        for lane in group.lanes:
            if isinstance(lane, OpenLane):
                _check_lane(lane)


def _check_lane(lane: OpenLane) -> None:
    if len(lane.batch_by_digest) != len(lane.leaves):
        raise MalformedBundle("groups.lanes.leaves", "a repeated entry adds no leaf, so none stands twice in a lane")
    if any(later.batch < leaf.batch for leaf, later in pairwise(lane.leaves)):
        raise MalformedBundle("groups.lanes.leaves", "must follow the order of the batches")


def check_references(bundle: Bundle) -> None:
    """Everything that is referred to is there, and everything there is referred to."""
    needed = {entry.batch for record in bundle.records for entry in record.entries}
    given = {facts.index for facts in bundle.batches}
    # The batch of an entry without its record may be shown, so that it is known how old the entry is.
    needed |= given & bundle.unopened_batches
    if bundle.checkpoint is not None and len(given - needed) == 1:
        # Whether it is the first batch that the checkpoint does not cover is told by storage: check 14.
        needed |= given
    _same("batches", given, needed)
    _check_receipt_records(bundle)
    signed = [record.signed for record in bundle.records]
    signed += [one.record for one in bundle.receipts if one.record is not None]
    kids = {one.kid for one in signed} | {one.receipt.kid for one in bundle.receipts}
    _same("keys", {one.public.kid for one in bundle.keys}, kids)
    issuers = {one.iss for one in signed} | {str(one.receipt.claims.get("iss")) for one in bundle.receipts}
    _same("members", set(bundle.members), issuers)
    _same("accounts", set(bundle.accounts), {facts.gateway for facts in bundle.batches})
    shown = {record.signed.record_id for record in bundle.records}
    if not set(bundle.subject_records) <= shown:
        raise MalformedBundle("subject.records", "must be among the records")
    if bundle.subject_finding is not None and bundle.subject_finding not in shown:
        raise MalformedBundle("subject.finding", "must be among the records")
    _check_registry_facts(bundle)
    _check_groups(bundle)


def _check_registry_facts(bundle: Bundle) -> None:
    """What standing is computed from is there in a consignment bundle alone."""
    is_consignment = bundle.kind is Kind.CONSIGNMENT
    if (bundle.authorities is not None) is not is_consignment:
        raise MalformedBundle("authorities", "stand in a consignment bundle alone, and there always")
    if bundle.assignments and not is_consignment:
        raise MalformedBundle("assignments", "stand in a consignment bundle alone")
    namers = {one.signed.iss for one in bundle.records if is_consignment and one.signed.vct == PARTIES_TYPE}
    _same("operators", set(bundle.operators), namers)


def _check_numbers(bundle: Bundle) -> None:
    """A single-use bundle shows the number's own group, and entries of numbers stand in it alone."""
    number = bundle.subject_number
    wanted = None if number is None else (Purpose.INVOICE, number.name)
    for place, group in enumerate(bundle.groups):
        if (wanted or group.purpose is Purpose.INVOICE) and (group.purpose, group.name) != wanted:
            raise MalformedBundle(f"groups[{place}]", "is of another number than the bundle's subject")
    for record in bundle.records:
        if any(entry.is_number for entry in record.entries) is not (number is not None):
            rule = "say entries of numbers in a single-use bundle alone, and there at least one each"
            raise MalformedBundle("records.entries", rule)
    if number is not None and bundle.receipts:
        raise MalformedBundle("receipts", "stand in no single-use bundle")


def _check_groups(bundle: Bundle) -> None:
    _check_numbers(bundle)
    for place, group in enumerate(bundle.groups):
        if bundle.subject_ucr is not None and (group.purpose, group.name) != (Purpose.UCR, bundle.subject_ucr):
            raise MalformedBundle(f"groups[{place}]", "is of another UCR than the bundle's subject")
        if bundle.checkpoint is None and (group.siblings or group.lanes or group.hidden or group.other):
            raise MalformedBundle(f"groups[{place}]", "shows lanes without a checkpoint")
    if bundle.kind is Kind.RECORD:
        named = {ucr for record in bundle.records for ucr in record.signed.section("ucr") if isinstance(ucr, str)}
        if not {group.name for group in bundle.groups} <= named:
            raise MalformedBundle("groups", "has one of a UCR that no record shown names")
    lanes = bundle.lane_by_tag
    for record in bundle.records:
        for entry in record.entries:
            if entry.lane is not None and not isinstance(lanes.get(entry.tag), ClosedLane):
                raise MalformedBundle("records.entries.lane", "stands only where its lane's head alone is shown")


def _check_receipt_records(bundle: Bundle) -> None:
    for place, one in enumerate(bundle.receipts):
        wanted = str(one.receipt.claims.get("record_id"))
        if (wanted in bundle.record_by_id) is (one.record is not None):
            rule = "has its record's JWT exactly where the record is not among the bundle's"
            raise MalformedBundle(f"receipts[{place}].jwt", rule)
        if one.record is not None and one.record.record_id != wanted:
            raise MalformedBundle(f"receipts[{place}].jwt", "is another record's than the receipt's")


def _same(field: str, given: set[T], needed: set[T]) -> None:
    if given != needed:
        rule = "lacks one that is referred to" if needed - given else "has one that nothing refers to"
        raise MalformedBundle(field, rule)
