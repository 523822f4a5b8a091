"""The consignment view: all records of a UCR as one picture, made of nothing but what this reader may see.

Two steps, so that nothing can slip through: `disclosed_records` reduces each record to the disclosures that the policy
grants; everything after it sees those reduced records alone. A bundle made from the same reduced records therefore
discloses exactly what the view shows. Every value names its record; what is withheld is named; order is the chain's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from chain.encoding import Json
from chain.errors import NotFound
from chain.rules.frame import NOWHERE, Elsewhere
from chain.rules.tables import NO_TABLES, Tables
from chain.sdjwt import ACCESS_TYPE, WITHHELD, SignedRecord
from gateway.access.participation import (
    Participation,
    competent_officers,
    conditions_for,
    conditions_for_record,
    participation_of,
)
from gateway.access.policy import Cause, Condition, ViewPolicy
from gateway.access.records import Directory, HeldRecord, Reader
from gateway.consignment import sections
from gateway.consignment.answers import (
    ConsignmentAnswer,
    FindingLine,
    ReaderLine,
    RecordAnswer,
    RecordLine,
    StandingLine,
    WhyWithheld,
    Withheld,
)
from gateway.consignment.completeness_answers import (
    CheckpointSeen,
    Completeness,
    GatewayLine,
    LackingLine,
    MissingLine,
)
from gateway.consignment.coverage import Coverage
from gateway.consignment.deadlines import what_is_due
from gateway.consignment.declarations import declaration_threads
from gateway.consignment.erasures import ErasedSections, erased_sections, why_erased
from gateway.consignment.findings import checks, corroboration_lines, findings, opinion_lines
from gateway.consignment.mandates import find_unmandated, mandate_lines
from gateway.consignment.opinions import FINDING
from gateway.consignment.rule_facts import withdrawals_in
from gateway.runtime.record_memory import holds_records

HIDDEN_TYPES = frozenset({ACCESS_TYPE})
"""Reads stand in the access log, not in the picture of the goods."""

REDUCED_RECORDS_MAX = 8_192
"""Reduced records kept in memory: few combinations of sections ever occur. What was erased is another record here."""

FINDING_VALUES = frozenset({"differences", "rows"})
"""Sections of a finding that repeat what others said."""

_BY_CONSIGNMENT = frozenset({"ucr", "access"})
"""Sections of which each element is about one consignment: the others' are not for whoever asks about this one."""


@dataclass(frozen=True)
class Sight:
    """What one reader sees of one consignment."""

    ucr: str
    reader: Reader
    conditions: frozenset[Condition]
    records: tuple[HeldRecord, ...]
    """Reduced to what the reader sees, in the chain's order."""
    own_only: bool
    """The reader takes no part in the consignment and sees its own records of it alone."""
    participation: Participation
    policy: ViewPolicy
    directory: Directory
    competent: frozenset[str] = frozenset()
    """Members whose dispositions of findings count here: customs by competence, and tax."""

    @cached_property
    def withdrawals(self) -> Mapping[str, str]:
        """Id of each record that its issuer withdrew to the id of the withdrawal."""
        return withdrawals_in(self.records)

    @cached_property
    def stated(self) -> tuple[HeldRecord, ...]:
        """The records that still say something: neither withdrawn nor a withdrawal."""
        gone = self.withdrawals
        return tuple(
            record for record in self.records if record.signed.record_id not in gone and not record.signed.withdraws
        )

    @cached_property
    def erased(self) -> ErasedSections:
        """Sections of these records that are erased."""
        return erased_sections(self.records, self.directory.is_governor)

    @property
    def standing_reason(self) -> str:
        """Why the reader takes part, or what its part waits for; empty where nothing names it."""
        member, participation = self.reader.member, self.participation
        if member in participation.parties:
            return participation.parties[member]
        if participation.is_named_by_operator_only(member):
            return "named by operator only: seen once the owner, its broker or competent customs names you too"
        return ""

    def disclose(self, record: HeldRecord) -> HeldRecord:
        """The record with just what the reader sees of it, whether it counts or not."""
        return disclosed(record, self.ucr, self.reader, self.conditions, self.policy, self.directory)

    def why(self, record: HeldRecord, withheld: Sequence[str]) -> list[WhyWithheld]:
        """For each withheld section of a record, which rule of the policy withholds it."""
        met = conditions_for_record(self.reader, record, self.conditions, self.directory)
        reasons: list[WhyWithheld] = []
        for name in withheld:
            if (reason := why_erased(self.erased, record, name)) is not None:
                reasons.append(reason)
                continue
            verdict = self.policy.verdict(self.reader.roles, met, record.signed.vct, name, sole=record.is_sole)
            # A section that the policy shows is withheld in part: those of its elements that are about other goods.
            cause = verdict.cause or Cause.OTHER_CONSIGNMENTS
            grants = [str(one) for one in verdict.grants] if cause is Cause.CONDITION else []
            reasons.append(WhyWithheld(section=name, cause=cause.value, grants=grants))
        return reasons


def sight_of(
    ucr: str,
    records: Sequence[HeldRecord],
    reader: Reader,
    policy: ViewPolicy,
    directory: Directory,
    participation: Participation | None = None,
    *,
    is_empty_shown: bool = False,
) -> Sight:
    """What the reader sees of the records that count, or of its own alone where it takes no part.

    `records` are all of the members that may count, and the reader's; `participation` is who counts by them, where
    that is known already. Raises NotFound where the reader may not learn that the consignment exists, and where
    nothing of it is seen, unless `is_empty_shown` to one who takes part. A consignment that does not exist raises the
    very same error, so that UCRs cannot be guessed.
    """
    placed = tuple(sorted(records, key=lambda record: record.order))
    participation = participation or participation_of(ucr, placed, directory)
    conditions = conditions_for(reader, participation, directory)
    own_only = not policy.may_see_consignment(reader.roles, conditions)
    if own_only:
        counted = [record for record in placed if record.signed.iss == reader.member]
    else:
        counted = [record for record in placed if participation.counts(record)]
    if not counted and (own_only or not is_empty_shown):
        raise NotFound("consignment", ucr)
    reduced = tuple(disclosed(record, ucr, reader, conditions, policy, directory) for record in counted)
    competent = competent_officers(counted, participation, directory)
    shown = strictest(reduced, reader)
    return Sight(ucr, reader, conditions, shown, own_only, participation, policy, directory, competent)


def disclosed(
    record: HeldRecord,
    ucr: str,
    reader: Reader,
    conditions: frozenset[Condition],
    policy: ViewPolicy,
    directory: Directory,
) -> HeldRecord:
    """The record with just the disclosures that the reader sees: of `ucr` and `access` the consignment's own alone."""
    signed = record.signed
    met = conditions_for_record(reader, record, conditions, directory)
    seen = policy.sections(reader.roles, met, signed.vct, signed.sections, sole=record.is_sole)
    digests = {digest for name in seen - _BY_CONSIGNMENT for digest in signed.sections[name]}
    digests |= {digest for digest, said in signed.ucr_elements() if said == ucr}
    if "access" in seen:
        reads = signed.disclosed()["access"]
        digests |= {digest for digest, said in reads if isinstance(said, dict) and said.get("ucr") == ucr}
    return replace(record, signed=_reduced(signed, frozenset(digests)))


def strictest(reduced: tuple[HeldRecord, ...], reader: Reader) -> tuple[HeldRecord, ...]:
    """The records, where findings tell their differences only to whoever sees every field that these rest on.

    A finding repeats others' words, so its own sections inherit the strictest policy of its inputs.
    """
    if not any(record.signed.vct == FINDING for record in reduced):
        return reduced
    seen = {record.signed.record_id: frozenset(record.shown) - frozenset(record.withheld) for record in reduced}
    return tuple(
        record if record.signed.iss == reader.member or _rests_on_seen(record, seen) else _without_values(record)
        for record in reduced
    )


def _rests_on_seen(record: HeldRecord, seen: Mapping[str, frozenset[str]]) -> bool:
    if record.signed.vct != FINDING:
        return True
    inputs = [one for difference in record.many("differences") for one in _listed(difference.get("inputs"))]
    return all(
        str(one.get("field", "")).partition(".")[0] in seen.get(str(one.get("record")), frozenset()) for one in inputs
    )


def _without_values(record: HeldRecord) -> HeldRecord:
    signed = record.signed
    kept = {digest for name in signed.sections if name not in FINDING_VALUES for digest in _shown_digests(signed, name)}
    return replace(record, signed=_reduced(signed, frozenset(kept)))


def _shown_digests(signed: SignedRecord, name: str) -> list[bytes]:
    return [digest for digest, value in signed.disclosed()[name] if value is not WITHHELD]


def _listed(value: Json) -> list[dict[str, Json]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


@holds_records
@lru_cache(maxsize=REDUCED_RECORDS_MAX)
def _reduced(signed: SignedRecord, digests: frozenset[bytes]) -> SignedRecord:
    return signed.with_elements(digests)


def consignment_view(
    sight: Sight,
    coverage: Coverage,
    tables: Tables = NO_TABLES,
    elsewhere: Elsewhere = NOWHERE,
    *,
    read_receipt: str | None = None,
) -> ConsignmentAnswer:
    """What `GET /v1/consignments/{ucr}` answers. Pure; see the module's first lines."""
    shown = [record for record in sight.records if record.signed.vct not in HIDDEN_TYPES]
    threads = declaration_threads(shown, tables)
    withheld = [(record, record.withheld) for record in shown]
    stated = [record for record in sight.stated if record.signed.vct not in HIDDEN_TYPES]
    return ConsignmentAnswer(
        ucr=sight.ucr,
        reader=ReaderLine(
            member=sight.reader.member,
            conditions=sorted(sight.conditions),
            takes_part_because=sight.standing_reason,
            own_records_only=sight.own_only,
        ),
        standing=[] if sight.own_only else standing_lines(sight),
        mandates=[] if sight.own_only else mandate_lines(sight.participation.standing, sight.records),
        without_mandate=[] if sight.own_only else find_unmandated(sight.participation.standing, shown),
        completeness=_completeness(sight, coverage),
        declarations=[thread.answer() for thread in threads],
        status=sections.overview(threads, stated),
        timeline=sections.timeline(threads, stated),
        parties=sections.listed(stated, "parties"),
        goods_items=sections.goods_items(stated, threads),
        transport=sections.single(stated, "transport"),
        containers=sections.containers(stated),
        weights=sections.weights(stated),
        values=sections.values(stated),
        taxes=sections.taxes(stated),
        documents=sections.listed(stated, "documents"),
        references=sections.references(stated),
        remarks=sections.listed(stated, "remarks"),
        findings=msgspec.convert(findings(shown, tables, elsewhere), list[FindingLine]),
        opinions=opinion_lines(shown, tables, elsewhere, sight.competent),
        corroboration=corroboration_lines(shown, sight.directory.sponsor, tables),
        checks=checks(shown, tables, elsewhere),
        due=what_is_due(threads, stated),
        withheld=[
            Withheld(sections=[*names], why=sight.why(record, names), **sections.source(record))
            for record, names in withheld
            if names
        ],
        records=[RecordLine(**_line(record, names, sight.withdrawals)) for record, names in withheld],
        read_receipt=read_receipt,
    )


def standing_lines(sight: Sight) -> list[StandingLine]:
    """The owner and every member that a counted record names, by whom and in which record first."""
    participation, owner = sight.participation, sight.participation.standing.owner
    is_shown = {record.signed.record_id for record in sight.records}
    lines = []
    if owner is not None:
        lines.append(StandingLine(member=owner, named_as="owner", record=None, sees=True, remark=""))
    for member, namings in sorted(participation.standing.namings.items()):
        naming = namings[0]
        if member == owner or naming.record_id not in is_shown:
            continue
        remark = "named by operator only" if participation.is_named_by_operator_only(member) else ""
        lines.append(
            StandingLine(
                member=member,
                named_as=naming.namer.value,
                record=naming.record_id,
                sees=member in participation.parties,
                remark=remark,
            )
        )
    return lines


def record_view(
    record: HeldRecord, refusal: str = "", read_receipt: str | None = None, *, outside: str = ""
) -> RecordAnswer:
    """What `GET /v1/records/{id}` answers; `refusal` is why it was refused, for its issuer alone.

    `outside` is why it enters no view; empty where it enters one.
    """
    signed = record.signed
    return RecordAnswer(
        **_line(record, record.withheld),
        sections={name: [*signed.section(name)] for name in signed.sections if signed.section(name)},
        sd_jwt=signed.serialize(),
        reason=refusal or msgspec.UNSET,
        outside=outside or msgspec.UNSET,
        read_receipt=read_receipt,
    )


def _line(
    record: HeldRecord, withheld: Sequence[str], withdrawals: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """The fields of `RecordLine`, which a record's own view has too."""
    signed = record.signed
    return {
        "record": signed.record_id,
        "type": signed.vct,
        "issuer": signed.iss,
        "issued_at": signed.iat,
        "amends": None if signed.withdraws else signed.amends,
        "withdraws": signed.amends if signed.withdraws else None,
        "withdrawn_by": withdrawals.get(signed.record_id, msgspec.UNSET),
        "state": record.state,
        "batch": record.batch,
        "position": record.position,
        "block": record.block,
        "anchored_at": record.anchored_at,
        "shown": [name for name in signed.sections if name not in withheld],
        "withheld": [*withheld],
    }


def _completeness(sight: Sight, coverage: Coverage) -> Completeness:
    """As of which checkpoint the view is whole; where the reader sees its own records only, nothing is claimed."""
    newest = coverage.checkpoint
    checkpoint = None
    if newest is not None:
        checkpoint = CheckpointSeen(
            index=newest.index,
            batch_count=newest.batch_count,
            root=newest.root,
            votes=newest.votes,
            dissent=newest.dissent,
            block=newest.since_block,
        )
    if sight.own_only:
        return Completeness(
            checkpoint=checkpoint,
            as_of_block=coverage.as_of_block,
            batches_read=coverage.batch_count,
            claim="none: only your own records are shown, since you take no part by anybody's naming",
        )
    waiting = sum(record.batch is None for record in sight.records)
    is_covered = newest is not None and coverage.covered_entries == coverage.entries and not waiting
    return Completeness(
        checkpoint=checkpoint,
        as_of_block=coverage.as_of_block,
        batches_read=coverage.batch_count,
        entries=coverage.entries,
        covered_entries=coverage.covered_entries,
        held_entries=coverage.entries - len(coverage.missing),
        not_anchored_yet=waiting,
        missing=[MissingLine(issuer=gap.issuer, batch=gap.batch, gateway=gap.gateway) for gap in coverage.missing],
        lacking=[
            LackingLine(
                record=line.record,
                type=line.type,
                issuer=line.issuer,
                batch=line.batch,
                sections=[*line.sections],
            )
            for line in coverage.lacking
        ],
        is_whole_here=coverage.is_whole,
        whole_at=[GatewayLine(member=gateway.member, url=gateway.url) for gateway in coverage.whole_at],
        claim=coverage.claim(is_covered=is_covered),
    )
