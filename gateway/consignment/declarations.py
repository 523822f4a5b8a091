"""Declarations of a consignment as the view shows them: the statement in force, its history, its status beside it.

How versions and answers are joined is `chain.rules.consignment`; how the state follows is `chain.rules.customs_status`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chain.rules.consignment import Consignment
from chain.rules.customs_status import Status, StatusStep
from chain.rules.declarations import Declaration
from chain.rules.tables import NO_TABLES, Tables
from chain.rules.times import Times, times_of
from gateway.access.records import HeldRecord
from gateway.consignment.answers import DeclarationThread, RequestSaid, Step, Version
from gateway.consignment.customs_status import hours_between
from gateway.consignment.rule_facts import join_held


@dataclass(frozen=True)
class Thread:
    """One declaration: its versions in order, the answers about it, its status."""

    versions: tuple[HeldRecord, ...]
    answers: tuple[HeldRecord, ...]
    requests: tuple[HeldRecord, ...]
    joined: Declaration
    """The same declaration as rules take it."""
    consignment: Consignment

    @property
    def status(self) -> Status:
        """Its state with flags and timeline."""
        return self.joined.status

    @property
    def numbers(self) -> frozenset[str]:
        """Declaration numbers by which it is known, from its own and customs' words."""
        return self.joined.numbers

    @cached_property
    def times(self) -> Times:
        """When each thing happened to its goods."""
        return times_of(self.consignment, self.joined)

    @property
    def current(self) -> HeldRecord:
        """The version in force."""
        return self.versions[-1]

    def answer(self) -> DeclarationThread:
        """The declaration as the view shows it."""
        current = self.current
        return DeclarationThread(
            record=current.signed.record_id,
            issuer=current.signed.iss,
            numbers=sorted(self.numbers),
            state=self.status.state or None,
            flags=sorted(self.status.flags),
            tax_paid=bool(self.status.tax_paid),
            declaration=current.one("declaration") or None,
            valuation=current.one("valuation") or None,
            history=[_version(version) for version in self.versions],
            requests=[
                RequestSaid(
                    record=request.signed.record_id,
                    issuer=request.signed.iss,
                    request=request.one("request") or None,
                )
                for request in self.requests
            ],
            steps=[self._step(step) for step in self.status.steps],
        )

    def _step(self, step: StatusStep) -> Step:
        codes = (answer.one("status") for answer in self.answers if answer.signed.record_id == step.word.record)
        code = next(codes, {}).get("code")
        return Step(
            record=step.word.record,
            at=step.word.at,
            code=code if isinstance(code, dict) and code else None,
            before=step.before or None,
            after=step.after or None,
            moved=step.moved,
            hours=hours_between(step.since.at, step.word.at) if step.since else None,
        )


def declaration_threads(records: Sequence[HeldRecord], tables: Tables = NO_TABLES) -> list[Thread]:
    """The declarations of a consignment in the chain's order, each with what was answered about it."""
    by_id: Mapping[str, HeldRecord] = {one.signed.record_id: one for one in records}
    consignment = join_held(records, tables)
    return [
        Thread(
            tuple(by_id[one.id] for one in declaration.versions),
            tuple(by_id[one.id] for one in declaration.answers),
            tuple(by_id[one.id] for one in declaration.requests),
            declaration,
            consignment,
        )
        for declaration in consignment.declarations
    ]


def foreign_amendments(records: Sequence[HeldRecord]) -> list[tuple[HeldRecord, HeldRecord]]:
    """Pairs (amending, amended) of different issuers: such an amendment moves nothing."""
    by_id = {one.signed.record_id: one for one in records}
    return [
        (one, by_id[one.signed.amends])
        for one in records
        if one.signed.amends in by_id and by_id[one.signed.amends].signed.iss != one.signed.iss
    ]


def _version(record: HeldRecord) -> Version:
    head = record.one("declaration")
    return Version(
        record=record.signed.record_id,
        amends=record.signed.amends,
        function=str(head.get("function", "new")) if head else None,
        stage=str(head.get("stage", "whole")) if head else None,
        state=record.state,
    )
