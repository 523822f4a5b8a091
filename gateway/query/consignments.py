"""The reading desk: every question a member may ask about others' records, answered under the view policy, and logged.

One order for each answer: who asks → what stands → what the policy shows → the read is logged → the answer. Nothing is
answered while the policy file is not the one that the members agreed on.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Row

from chain.encoding import Json
from chain.errors import NotFound
from chain.identifiers import Ucr
from chain.members import PolicyName, Role
from chain.sdjwt import SignedRecord
from gateway.access.explain import explain
from gateway.access.policy import Condition, ViewPolicy
from gateway.api.problems import GatewayRefusal
from gateway.consignment.records import HeldRecord, Reader, State
from gateway.consignment.view import Sight, consignment_view, disclosed, record_view, sight_of
from gateway.query import documents, references
from gateway.query.bundles import BundleMaker
from gateway.query.change_feed import BATCHES_PER_LOOK_MAX, Anchored, Told, change_of, find_anchored
from gateway.query.loader import (
    Gathered,
    Opener,
    RegistryDirectory,
    find_links,
    find_receipts,
    find_record,
    gather,
    gather_each,
    held_record,
)
from gateway.query.read_log import AccessLog, Read, access_lines, find_access_rows
from gateway.query.search import (
    COUNT_LOOKED_MAX,
    HIT_SECTIONS,
    PAGE_HITS_MAX,
    PROPOSALS_MAX,
    SECTIONS_OF_FACTS,
    Cursors,
    Question,
    hit,
    propose,
)
from gateway.search_index.candidates import require_concern, whom_of, whom_unless_at_large
from gateway.search_index.facts import fill_once, spread
from gateway.services import Services
from gateway.store.model import RecordState
from gateway.store.vault import DataKeys

ACCESS_TYPE = "audit.access"
GATHERED_TOGETHER = 25
"""Consignments that a search asks of the store in one question."""


@dataclass(frozen=True)
class Answer:
    """What a read gives, with its signed read receipt (empty where nothing of others was shown)."""

    content: dict[str, Json]
    receipt: str


@dataclass(frozen=True)
class BundleAnswer:
    """A bundle's bytes with the signed read receipt."""

    content: bytes
    receipt: str


class ReadingDesk:
    """Answers reads for one gateway; shared between threads."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.policy = ViewPolicy.load(services.settings.view_policy_file)
        self._opener = Opener(services.store.vault)
        self._directory: RegistryDirectory | None = None
        self.bundles = BundleMaker(
            services.ledger, services.index, services.tag_keys, services.trust_root, services.registry.snapshot
        )
        self._log = AccessLog(
            member=services.settings.member,
            consortium=services.trust_root.consortium.hex(),
            signer=services.signer,
            intake=services.intake,
            clock=services.clock,
        )

        # Derived, so that every worker on this store reads every other's cursors; it changes with the data key.
        data_keys = DataKeys.load(services.settings.data_keys_file)
        self._cursors = Cursors(hmac.digest(data_keys.keys[data_keys.current], b"search cursor", "sha256"))
        if fill_once(services.store):
            services.registry.refresh()  # that took its time, and who starts must have heard from the chain lately

    @property
    def batch_count(self) -> int:
        """How many batches the follower has read."""
        return self._services.index.progress().batch_count

    def check_policy(self) -> None:
        """Raises UnagreedPolicy unless the policy file is the one whose hash the registry holds."""
        self.policy.require_agreed(self._services.registry.snapshot().find_policy(PolicyName.VIEW))

    def reader(self, authorization: str | None) -> Reader:
        """Who asks; raises GatewayRefusal (401) where the header proves nobody, UnagreedPolicy as `check_policy`."""
        self.check_policy()
        asked = self._services.tokens.reader(authorization)
        return Reader(asked.member, asked.roles, self.directory().customs_code(asked.member), asked.kid)

    def directory(self) -> RegistryDirectory:
        """The members at the head."""
        snapshot = self._services.registry.snapshot()
        if self._directory is None or not self._directory.is_of(snapshot):
            self._directory = RegistryDirectory(snapshot)
        return self._directory

    def consignment(self, reader: Reader, ucr: str) -> Answer:
        """The consignment view; raises NotFound where the reader may not know of it."""
        gathered, sight = self._sight(reader, ucr)
        receipt = self._log.log(Read.of(reader, "consignment", {ucr: sight.records}))
        return Answer(consignment_view(sight, gathered.coverage), receipt)

    def consignment_bundle(self, reader: Reader, ucr: str) -> BundleAnswer:
        """The proof bundle of what `consignment` shows of all that is covered, with receipts of one's own records."""
        _, sight = self._sight(reader, ucr)
        if sight.own_only:
            raise GatewayRefusal(
                "role",
                "a consignment bundle is for those who take part in the consignment",
                fix="Ask for the bundle of each of your own records",
            )
        made = self.bundles.consignment(sight, self._receipts(reader, sight.records))
        return BundleAnswer(made, self._log.log(Read.of(reader, "bundle", {ucr: sight.records})))

    def record(self, reader: Reader, record_id: str) -> Answer:
        """One record as the reader sees it; raises NotFound where it may not know of it."""
        row, seen, ucrs = self._record(reader, record_id)
        receipt = self._log.log(Read.of(reader, "record", {ucr: [seen] for ucr in ucrs}))
        content = record_view(seen)
        if row.reason and seen.signed.iss == reader.member:
            content["reason"] = row.reason
        return Answer(content, receipt)

    def record_bundle(self, reader: Reader, record_id: str) -> BundleAnswer:
        """The proof bundle of what `record` shows, with its receipt where it is one's own."""
        _, seen, ucrs = self._record(reader, record_id)
        links = find_links(seen.signed, ucrs, self._services.index, self._services.tag_keys)
        made = self.bundles.record(seen, links, self._receipts(reader, [seen]))
        return BundleAnswer(made, self._log.log(Read.of(reader, "bundle", {ucr: [seen] for ucr in ucrs})))

    def references(self, reader: Reader, question: references.ReferenceQuestion) -> Answer:
        """Which consignments a number belongs to, as far as the reader may ask."""
        among = None
        with self._services.store.reading() as connection:
            if not self.policy.may_look_up(reader.roles, {Condition.ALWAYS}, question.kind):
                whom = whom_of(reader, self.directory().sponsored_by(reader.member))
                among = references.find_of_concern(connection, question, whom)
            found = [] if among == [] else references.find_statements(connection, question, among)
        ucrs = references.matching_ucrs(question, found)
        if among is not None:
            ucrs = [ucr for ucr in ucrs if self._takes_part(reader, ucr, question.kind)]
        receipt = self._log.log(Read.of_references(reader, ucrs))
        return Answer(references.answer(question, ucrs), receipt)

    def document(self, reader: Reader, digest: bytes) -> Answer:
        """Which records that the reader sees the `documents` of cite the file."""
        with self._services.store.reading() as connection:
            cited = documents.find_citations(connection, digest, self._whom(reader, ["documents"]))
        shown: dict[str, list[HeldRecord]] = {}
        lines: list[Json] = []
        for ucr in sorted({ucr for ucr, _ in cited}):
            sight = self._find_sight(reader, ucr)
            wanted = {record_id for of, record_id in cited if of == ucr}
            for one in sight.records if sight else ():
                if one.signed.record_id in wanted and one.signed.section("documents"):
                    shown.setdefault(ucr, []).append(one)
                    lines.append({"ucr": ucr, **_citation(one, digest.hex())})
        receipt = self._log.log(Read.of(reader, "document", shown))
        return Answer({"sha256": digest.hex(), "cited_by": lines}, receipt)

    def access_log(self, reader: Reader, ucr: str) -> Answer:
        """Who read the consignment, newest first, each read as its signed record; raises NotFound as `consignment`."""
        _, sight = self._sight(reader, ucr)
        if sight.own_only:
            raise NotFound("consignment", ucr)
        services = self._services
        with services.store.reading() as connection:
            rows = find_access_rows(connection, services.tag_keys.all_access_tags(ucr))
        covered = services.index.progress().map_count
        lines: list[Json] = []
        for row in rows:
            link = services.index.find_link(bytes(row.tag), bytes(row.entry_digest))
            held = held_record(self._opener.open(row), link, services.index, covered)
            seen = disclosed(held, ucr, reader, sight.conditions, self.policy, self.directory())
            lines += access_lines(seen)
        return Answer({"ucr": ucr, "reads": lines}, "")

    def explain(self, member: str, ucr: str) -> list[dict[str, Json]]:
        """For every section of every record of a consignment, whether that member sees it and why: for an operator."""
        snapshot, directory = self._services.registry.snapshot(), self.directory()
        version = snapshot.get_active_member(member)
        reader = Reader(member, version.roles, directory.customs_code(member))
        return explain(reader, self._gathered(ucr).records, ucr, self.policy, directory)

    def explanation(self, reader: Reader, ucr: str) -> Answer:
        """For every section of every record that `consignment` names, whether the reader sees it and why."""
        gathered, sight = self._sight(reader, ucr)
        named = {one.signed.record_id for one in sight.records}
        held = tuple(one for one in gathered.records if one.signed.record_id in named)
        receipt = self._log.log(Read.of(reader, "consignment", {ucr: sight.records}, ()))
        content: dict[str, Json] = {
            "ucr": ucr,
            "policy": self.policy.digest.hex(),
            "roles": [str(role.name) for role in Role if role in reader.roles],
            "conditions": [*sorted(sight.conditions)],
            "takes_part_because": sight.standing_reason,
            "sections": [*explain(reader, held, ucr, self.policy, self.directory(), whole=gathered.records)],
        }
        return Answer(content, receipt)

    def search(self, reader: Reader, said: Mapping[str, str], cursor: str = "") -> Answer:
        """One page of the consignments that answer the criteria, and the cursor of the next one."""
        question = Question.parse(said)
        after = self._cursors.parse(reader.member, question, cursor) if cursor else ""
        hits, last = self._hits(reader, question, after)
        receipt = ""
        if hits:
            shown = {found.ucr: found.records for found in hits}
            receipt = self._log.log(Read.of(reader, "search", shown, HIT_SECTIONS))
        following = self._cursors.make(reader.member, question, last) if last else None
        return Answer({"hits": [hit(one) for one in hits], "next": following}, receipt)

    def count(self, reader: Reader, said: Mapping[str, str]) -> Answer:
        """How many consignments answer the criteria in what the reader sees; at least so many where they are too many.

        Logged as the search is, hit by hit: who may count without being seen may read without being seen.
        """
        question = Question.parse(said)
        shown: dict[str, Sequence[HeldRecord]] = {}
        after, looked = "", 0
        while True:
            hits, last = self._hits(reader, question, after)
            shown |= {found.ucr: found.records for found in hits}
            looked += PAGE_HITS_MAX
            if not last or looked >= COUNT_LOOKED_MAX:
                break
            after = last
        receipt = self._log.log(Read.of(reader, "search", shown, HIT_SECTIONS))
        return Answer({"count": len(shown), "is_exact": not last}, receipt)

    def _hits(self, reader: Reader, question: Question, after: str) -> tuple[list[Sight], str]:
        """What a page shows, and the last UCR looked at where there may be more (else empty)."""
        spread(self._services.store)  # what was accepted just now is found too
        # Who sees such facts of goods that concern it alone is proposed those alone: else time would tell of others'.
        whom = self._whom(reader, *(SECTIONS_OF_FACTS[kind] for kind, _ in question.facts))
        with self._services.store.reading() as connection:
            proposed = propose(connection, question, whom, after, PROPOSALS_MAX)
        hits: list[Sight] = []
        for ucr, sight in self._sights(reader, proposed):
            if sight is not None and question.is_answered_by(sight):
                hits.append(sight)
            if len(hits) == PAGE_HITS_MAX:
                return hits, ucr
        return hits, proposed[-1] if len(proposed) == PROPOSALS_MAX else ""

    def changes(self, reader: Reader, after: int) -> list[Told]:
        """What was anchored after this batch for consignments that the reader sees, batch by batch."""
        told: list[Told] = []
        for batch in self._services.index.batches(after + 1, BATCHES_PER_LOOK_MAX):
            raw = self._services.index.find_entries(batch.facts.index)
            changes: list[dict[str, Json]] = []
            if raw is not None and not batch.void:
                with self._services.store.reading() as connection:
                    anchored = find_anchored(connection, raw)
                changes = self._told(reader, anchored)
            told.append(Told(batch.facts.index, changes))
        return told

    def _told(self, reader: Reader, anchored: Sequence[Anchored]) -> list[dict[str, Json]]:
        changes: list[dict[str, Json]] = []
        for ucr in dict.fromkeys(one.ucr for one in anchored):
            sight = self._find_sight(reader, ucr)
            wanted = [one.record_id for one in anchored if one.ucr == ucr]
            seen = [found for one in wanted if sight and (found := change_of(sight, one))]
            self._log.log(Read.of(reader, "consignment", {ucr: [held for _, held in seen]}))
            changes += [change for change, _ in seen]
        return changes

    def _receipts(self, reader: Reader, shown: Sequence[HeldRecord]) -> list[str]:
        with self._services.store.reading() as connection:
            return find_receipts(connection, shown, reader.member)

    def _gathered(self, ucr: str) -> Gathered:
        services = self._services
        checkpoint = self.bundles.checkpoint_facts()
        parsed = Ucr.parse(ucr)
        return gather(parsed, services.store, self._opener, services.index, services.tag_keys, checkpoint)

    def _sight(self, reader: Reader, ucr: str) -> tuple[Gathered, Sight]:
        if (whom := self._whom(reader)) is not None:
            # Before anything of it is looked at: else time would tell that it is there.
            tags = self._services.tag_keys.all_tags(Ucr.parse(ucr))
            with self._services.store.reading() as connection:
                require_concern(connection, ucr, tags, whom)
        gathered = self._gathered(ucr)
        return gathered, sight_of(ucr, gathered.records, reader, self.policy, self.directory())

    def _sights(self, reader: Reader, ucrs: Sequence[str]) -> Iterator[tuple[str, Sight | None]]:
        """What the reader sees of each of these consignments, a portion asked of the store at a time."""
        services = self._services
        for start in range(0, len(ucrs), GATHERED_TOGETHER):
            portion = ucrs[start : start + GATHERED_TOGETHER]
            for one in gather_each(
                portion, services.store, self._opener, services.index, services.tag_keys, checkpoint=None
            ):
                yield one.ucr, self._seen(reader, one)

    def _seen(self, reader: Reader, gathered: Gathered) -> Sight | None:
        try:
            return sight_of(gathered.ucr, gathered.records, reader, self.policy, self.directory())
        except NotFound:
            return None

    def _find_sight(self, reader: Reader, ucr: str) -> Sight | None:
        try:
            return self._sight(reader, ucr)[1]
        except NotFound:
            return None

    def _whom(self, reader: Reader, *sections: Sequence[str]) -> list[str] | None:
        """As `whom_unless_at_large`, by the members at the head."""
        return whom_unless_at_large(self.policy, reader, self.directory().sponsored_by(reader.member), *sections)

    def _takes_part(self, reader: Reader, ucr: str, kind: str) -> bool:
        sight = self._find_sight(reader, ucr)
        return sight is not None and self.policy.may_look_up(reader.roles, sight.conditions, kind)

    def _record(self, reader: Reader, record_id: str) -> tuple[Row[tuple[object, ...]], HeldRecord, list[str]]:
        """The stored row, the record as the reader sees it, and the UCRs by which it does."""
        services = self._services
        with services.store.reading() as connection:
            row = find_record(connection, record_id)
        if row is None:
            raise NotFound("record", record_id)
        signed = self._opener.open(row)
        ucrs = [said for _, said in signed.ucr_elements() if said is not None]
        if signed.iss == reader.member:
            return row, self._own(signed, ucrs, RecordState(row.state)), ucrs
        seen = [(ucr, one) for ucr in ucrs if (one := self._seen_in(reader, ucr, signed)) is not None]
        if not seen:
            raise NotFound("record", record_id)
        return row, _joined(signed, [one for _, one in seen]), [ucr for ucr, _ in seen]

    def _own(self, signed: SignedRecord, ucrs: list[str], state: RecordState) -> HeldRecord:
        services = self._services
        links = find_links(signed, ucrs, services.index, services.tag_keys)
        first = min((link for _, link in links.values()), key=lambda link: (link.batch, link.position), default=None)
        held = held_record(signed, first, services.index, services.index.progress().map_count)
        return replace(held, state=State.REFUSED) if first is None and state is RecordState.REFUSED else held

    def _seen_in(self, reader: Reader, ucr: str, signed: SignedRecord) -> HeldRecord | None:
        if signed.vct == ACCESS_TYPE:
            return self._seen_access(reader, ucr, signed)
        sight = self._find_sight(reader, ucr)
        records = sight.records if sight else ()
        return next((one for one in records if one.signed.record_id == signed.record_id), None)

    def _seen_access(self, reader: Reader, ucr: str, signed: SignedRecord) -> HeldRecord | None:
        sight = self._find_sight(reader, ucr)
        if sight is None or sight.own_only:
            return None
        services = self._services
        link = find_links(signed, [ucr], services.index, services.tag_keys).get(ucr)
        held = held_record(signed, link and link[1], services.index, services.index.progress().map_count)
        return disclosed(held, ucr, reader, sight.conditions, self.policy, self.directory())


def _joined(signed: SignedRecord, seen: list[HeldRecord]) -> HeldRecord:
    """The record as seen through each of several consignments: what any of them shows."""
    digests = {one.digest for held in seen for one in held.signed.disclosures}
    return replace(min(seen, key=lambda one: one.order), signed=signed.with_elements(digests))


def _citation(record: HeldRecord, digest: str) -> dict[str, Json]:
    named = [one for one in record.many("documents") if one.get("sha256") == digest]
    return {
        "record": record.signed.record_id,
        "type": record.signed.vct,
        "issuer": record.signed.iss,
        "state": str(record.state),
        "documents": [*named],
    }
