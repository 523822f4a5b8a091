"""Declarations of a consignment: amendments folded into the current statement, history kept, status beside it.

One consignment may have several declarations (分单) and a declaration several versions. A version belongs to the
declaration that it `amends`; where it names none, to the one that shares its declaration, pre-entry or own number.
Only its own issuer may amend a record; a stranger's amendment is a finding and moves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.encoding import Json
from gateway.consignment.customs_status import Folded, fold, sayings_of, utc_of
from gateway.consignment.records import HeldRecord

_OWN_KINDS = frozenset({"declaration", "pre", "cop"})
"""Kinds of references that name one declaration."""


@dataclass(frozen=True)
class Thread:
    """One declaration: its versions in order, the answers about it, its state."""

    versions: tuple[HeldRecord, ...]
    answers: tuple[HeldRecord, ...]
    requests: tuple[HeldRecord, ...]
    folded: Folded

    @property
    def current(self) -> HeldRecord:
        """The version in force: the last in the order of `_in_order`."""
        return self.versions[-1]

    @property
    def numbers(self) -> frozenset[str]:
        """Declaration numbers by which it is known, from its own and customs' words."""
        return _numbers(self.versions) | _numbers(self.answers)

    def to_json(self) -> Json:
        """The declaration as the view shows it."""
        current = self.current
        return {
            "record": current.signed.record_id,
            "issuer": current.signed.iss,
            "numbers": [*sorted(self.numbers)],
            "state": self.folded.state or None,
            "tax_paid": bool(self.folded.tax_paid),
            "declaration": current.one("declaration") or None,
            "valuation": current.one("valuation") or None,
            "history": [_version(one) for one in self.versions],
            "requests": [
                {"record": one.signed.record_id, "issuer": one.signed.iss, "request": one.one("request") or None}
                for one in self.requests
            ],
            "steps": [
                {
                    "record": step.said.record.signed.record_id,
                    "at": step.said.at,
                    "code": {**step.said.code} or None,
                    "from": step.before or None,
                    "to": step.after or None,
                    "moved": step.moved,
                    "hours": step.hours,
                }
                for step in self.folded.steps
            ],
        }


def declaration_threads(records: Sequence[HeldRecord]) -> list[Thread]:
    """The declarations of a consignment in the chain's order, each with what was answered about it."""
    by_type: dict[str, list[HeldRecord]] = {}
    for one in sorted(records, key=lambda one: one.order):
        by_type.setdefault(one.signed.vct, []).append(one)
    groups: list[list[HeldRecord]] = []
    place: dict[str, int] = {}
    for one in by_type.get("customs.declaration", []):
        at = _group_of(one, groups, place)
        if at is None:
            groups.append([])
            at = len(groups) - 1
        groups[at].append(one)
        place[one.signed.record_id] = at
    groups = [_in_order(versions) for versions in groups]
    answers = _shared_out(groups, by_type.get("customs.status", []))
    requests = _shared_out(groups, by_type.get("customs.request", []))
    return [
        Thread(tuple(versions), tuple(answers[i]), tuple(requests[i]), fold(sayings_of(versions, answers[i])))
        for i, versions in enumerate(groups)
    ]


def foreign_amendments(records: Sequence[HeldRecord]) -> list[tuple[HeldRecord, HeldRecord]]:
    """Pairs (amending, amended) of different issuers: such an amendment moves nothing."""
    by_id = {one.signed.record_id: one for one in records}
    return [
        (one, by_id[one.signed.amends])
        for one in records
        if one.signed.amends in by_id and by_id[one.signed.amends].signed.iss != one.signed.iss
    ]


def _group_of(one: HeldRecord, groups: Sequence[Sequence[HeldRecord]], place: Mapping[str, int]) -> int | None:
    at = place.get(one.signed.amends or "")
    if at is not None and groups[at][0].signed.iss == one.signed.iss:
        return at
    keys = _own_keys(one)
    for at, versions in enumerate(groups):
        if versions[0].signed.iss == one.signed.iss and any(keys & _own_keys(version) for version in versions):
            return at
    return None


def _in_order(versions: Sequence[HeldRecord]) -> list[HeldRecord]:
    """Each version behind the one that it amends, and those that amend the same one in the order of their lodging.

    An older change that reached the chain after a newer one amends what stood before both; by the chain's order alone
    it would count as the statement in force. Where one of them does not say when it was lodged, that order stays.
    """
    known = {one.signed.record_id for one in versions}
    behind: dict[str, list[HeldRecord]] = {}
    for one in versions:
        amended = one.signed.amends or ""
        behind.setdefault(amended if amended in known else "", []).append(one)
    for after, siblings in behind.items():
        if after and all(map(_lodged, siblings)):
            siblings.sort(key=_lodged)
    ordered: list[HeldRecord] = []
    waiting = [*reversed(behind.get("", ()))]
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting.extend(reversed(behind.get(one.signed.record_id, ())))
    return ordered


def _lodged(version: HeldRecord) -> str:
    return utc_of(version.one("declaration").get("lodged"))


def _shared_out(groups: Sequence[Sequence[HeldRecord]], said: Sequence[HeldRecord]) -> list[list[HeldRecord]]:
    """Each statement with the declaration whose number it names; with a single declaration, with that one."""
    found: list[list[HeldRecord]] = [[] for _ in groups]
    for one in said:
        if len(groups) == 1:
            found[0].append(one)
            continue
        values = {value for kind, _, value in one.reference_keys if kind in _OWN_KINDS}
        for at, versions in enumerate(groups):
            if any(values & {value for _, _, value in _own_keys(version)} for version in versions):
                found[at].append(one)
                break
    return found


def _own_keys(record: HeldRecord) -> frozenset[tuple[str, str, str]]:
    return frozenset(key for key in record.reference_keys if key[0] in _OWN_KINDS)


def _numbers(records: Sequence[HeldRecord]) -> frozenset[str]:
    return frozenset(value for one in records for kind, _, value in one.reference_keys if kind == "declaration")


def _version(record: HeldRecord) -> Json:
    head = record.one("declaration")
    return {
        "record": record.signed.record_id,
        "amends": record.signed.amends,
        "function": head.get("function", "new") if head else None,
        "stage": head.get("stage", "whole") if head else None,
        "state": str(record.state),
    }
