"""What a member may have erased of a consignment or a record: said beforehand, before anything is signed.

The statement itself is an `audit.erasure` record that the member signs and sends as any other; this tells which records
and sections it may name and by which rule. What tells an erased value too is in the plan: the native message's hash
(`source`), by which guesses of the rest could be tested, and what findings repeat of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chain.encoding import Json
from chain.erasures import ERASED_MAX, KEPT_SECTIONS, KEPT_TYPES, ErasureText
from chain.errors import MalformedRecord
from chain.identifiers import Ucr
from chain.members import PolicyName
from gateway.access.records import HeldRecord, Reader
from gateway.consignment.opinions import FINDING
from gateway.consignment.view import FINDING_VALUES
from gateway.ingest.erasures import ErasureJudge
from gateway.query.reader_context import ReaderContext
from gateway.query.records import RecordService
from gateway.runtime.answer import Answer
from gateway.store.erasures import ErasureTarget, find_targets
from gateway.store.tombstones import find_erased

SECTIONS_MAX = 32
TELLS_ALL = frozenset({"source"})
"""Sections whose value follows from all the others: whoever keeps it can test guesses of one that is erased."""


class ErasableRecord(Answer, frozen=True, kw_only=True):
    """A record of which sections may be erased."""

    record: str
    type: str
    issuer: str
    sections: list[str]
    ucrs: list[str]
    """Every consignment that it speaks of; the erasure names them all."""


class KeptRecord(Answer, frozen=True, kw_only=True):
    """A record with such sections of which the asker may erase nothing."""

    record: str
    type: str
    issuer: str


class ErasurePlan(Answer, frozen=True, kw_only=True):
    """What the asker may have erased."""

    subject: str
    rule: str
    """Of the statement: `issuer`, `owner` or `governor`."""
    policy: str | None
    """SHA-256 of the retention policy that the statement names, where it has to."""
    records: list[ErasableRecord]
    kept: list[KeptRecord]


@dataclass(frozen=True)
class ErasureService:
    """Plans erasures; shared between threads."""

    context: ReaderContext
    records: RecordService

    def plan(self, reader: Reader, subject: str, sections: Collection[str]) -> ErasurePlan:
        """What of a consignment (UCR) or a record (id) the reader may have erased, of sections with these names.

        Raises NotFound where the reader may not know of it, MalformedRecord for sections that nothing erases.
        """
        if not 0 < len(sections) <= SECTIONS_MAX:
            raise MalformedRecord("sections", f"names 1 to {SECTIONS_MAX} sections", value=len(sections))
        if unerasable := KEPT_SECTIONS.intersection(sections):
            raise MalformedRecord(
                "sections",
                f"never has {', '.join(sorted(unerasable))}: proofs rest on it",
                fix="Leave it out; names of persons stand in other sections",
            )
        records = self._records(reader, subject)
        with self.context.services.store.reading() as connection:
            names = [record.signed.record_id for record in records]
            targets = find_targets(connection, self.context.services.store.vault, names)
            erased = find_erased(connection, names)
        wanted = dict(_wanted(records, sections, erased))
        rules = self._rules(reader)
        plans = [(rule, self._allowed(reader, rule, wanted, targets)) for rule in rules]
        rule, allowed = max(plans, key=lambda plan: len(plan[1]))
        return ErasurePlan(
            subject=subject,
            rule=rule.rule,
            policy=rule.policy or None,
            records=[
                ErasableRecord(
                    record=name,
                    type=targets[name].signed.vct,
                    issuer=targets[name].signed.iss,
                    sections=sorted(names),
                    ucrs=sorted(targets[name].ucrs),
                )
                for name, names in allowed.items()
            ],
            kept=[
                KeptRecord(record=name, type=targets[name].signed.vct, issuer=targets[name].signed.iss)
                for name in wanted
                if name not in allowed
            ],
        )

    def _records(self, reader: Reader, subject: str) -> Sequence[HeldRecord]:
        if Ucr.is_valid(subject):
            consignment, sight = self.context.sight(reader, subject)
            visible = {record.signed.record_id for record in sight.records}
            return [record for record in consignment.records if record.signed.record_id in visible]
        return [self.records.seen(reader, subject).record]

    def _rules(self, reader: Reader) -> list[ErasureText]:
        """Statements by each rule that the reader may name, without records."""
        agreed = self.context.services.registry.snapshot().find_policy(PolicyName.RETENTION)
        rules = [ErasureText("issuer", (), "", ""), ErasureText("owner", (), "", "")]
        return rules if agreed is None else [*rules, ErasureText("governor", (), "", agreed.hex())]

    def _allowed(
        self,
        reader: Reader,
        rule: ErasureText,
        wanted: Mapping[str, frozenset[str]],
        targets: Mapping[str, ErasureTarget],
    ) -> dict[str, frozenset[str]]:
        judge: ErasureJudge = self.context.services.intake.erasures.judge
        snapshot = self.context.services.registry.snapshot()
        allowed = {}
        for name, sections in wanted.items():
            text = ErasureText(rule.rule, ((name, sections),), "", rule.policy)
            if judge.allowed(text, reader.member, targets[name], snapshot, None):
                allowed[name] = sections
        return dict(list(allowed.items())[:ERASED_MAX])


def _wanted(
    records: Iterable[HeldRecord], sections: Collection[str], erased: Mapping[str, frozenset[bytes]]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Of each record the sections that go, those that are gone already left out."""
    going: dict[str, frozenset[str]] = {}
    findings = []
    for record in records:
        signed = record.signed
        if signed.vct in KEPT_TYPES:
            continue
        if signed.vct == FINDING:
            findings.append(record)
        own = frozenset(sections).intersection(signed.sections)
        own |= TELLS_ALL.intersection(signed.sections) if own else frozenset()
        gone = erased.get(signed.record_id, frozenset())
        own = frozenset(name for name in own if not gone.issuperset(signed.sections[name]))
        if own:
            going[signed.record_id] = own
    for finding in findings:
        if any((line.get("record"), _section(line)) in _pairs(going) for line in _inputs(finding)):
            name, there = finding.signed.record_id, FINDING_VALUES.intersection(finding.signed.sections)
            going[name] = going.get(name, frozenset()) | there
    yield from going.items()


def _pairs(going: Mapping[str, frozenset[str]]) -> set[tuple[Json, str]]:
    return {(name, section) for name, sections in going.items() for section in sections}


def _section(line: Mapping[str, Json]) -> str:
    return str(line.get("field", "")).partition(".")[0]


def _inputs(finding: HeldRecord) -> Iterator[Mapping[str, Json]]:
    for difference in finding.many("differences"):
        listed = difference.get("inputs")
        if isinstance(listed, list):
            yield from (line for line in listed if isinstance(line, dict))
