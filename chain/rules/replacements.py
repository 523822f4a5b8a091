"""Which records their issuers replaced or withdrew, by records that count: gateways, desks and verifiers agree on it.

A record replaces another, as an amendment or a withdrawal, where both have the same issuer and type and it names every
UCR of the other. One that does not counts as a statement of its own, or, where it would withdraw, as nothing. Of
several that replace the same record the last in the chain's order counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chain.rules.facts import Record


def replaces(later: Record, earlier: Record) -> bool:
    """Whether the later record, which says that it does, replaces the earlier one.

    Where UCRs are withheld it is believed as far as what is seen allows: at least as many, and of those known none
    left out but by a withheld one.
    """
    if (later.issuer, later.type) != (earlier.issuer, earlier.type) or later.ucr_count < earlier.ucr_count:
        return False
    return len(earlier.ucrs - later.ucrs) <= later.ucr_count - len(later.ucrs)


def replaced_by(records: Iterable[Record]) -> dict[str, Record]:
    """Id of each replaced record to the one that replaces it; `records` in the chain's order."""
    by_id = {record.id: record for record in records}
    return {
        record.amends: record
        for record in by_id.values()
        if (earlier := by_id.get(record.amends)) is not None and replaces(record, earlier)
    }


def withdrawn_by(records: Iterable[Record]) -> dict[str, str]:
    """Id of each withdrawn record, all of its versions, to the id of the withdrawal; `records` in the chain's order."""
    known = tuple(records)
    replacing = replaced_by(known)
    withdrawn: dict[str, str] = {}
    for record in known:
        newest, seen = record, {record.id}
        while (following := replacing.get(newest.id)) is not None and following.id not in seen:
            newest = following
            seen.add(newest.id)
        if newest.withdraws and newest is not record:
            withdrawn[record.id] = newest.id
    return withdrawn


def in_force(records: Sequence[Record]) -> tuple[Record, ...]:
    """The records without withdrawn ones and without withdrawals; `amends` is empty where it replaces nothing.

    Amended versions stay: they are the history of what stands. `records` in the chain's order.
    """
    if not any(record.amends for record in records):
        return tuple(records)
    by_id = {record.id: record for record in records}
    gone = withdrawn_by(records)
    return tuple(_with_amended(record, by_id) for record in records if record.id not in gone and not record.withdraws)


def _with_amended(record: Record, by_id: Mapping[str, Record]) -> Record:
    """The record with what it replaces in truth: nothing, or, where it takes up a withdrawn one again, that one."""
    amended, later, seen = record.amends, record, {record.id}
    while (earlier := by_id.get(amended)) is not None:
        if earlier.id in seen or not replaces(later, earlier):
            amended = ""
            break
        if not earlier.withdraws:
            break
        seen.add(earlier.id)
        amended, later = earlier.amends, earlier
    return record if amended == record.amends else replace(record, amends=amended)
