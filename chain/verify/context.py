"""One bundle on the table: what the checks look at, and what they have found out so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chain.errors import TongguanError
from chain.identifiers import Ucr
from chain.lifecycle import PENDING_S as PENDING_S
from chain.members import PolicyName, Role, TagKeyVersion
from chain.proof.batch import BatchFacts, Purpose, lane_tag
from chain.proof.bundle import Bundle, Kind, ProvedEntry, ProvedRecord
from chain.proof.hashes import sha256
from chain.proof.index_map import LaneLeaf, verify_group_proof
from chain.proof.merkle import leaf_hash, verify_inclusion
from chain.proof.shown_lanes import OpenLane, ShownGroup
from chain.proof.slots import StateWords
from chain.proof.storage import MalformedProof
from chain.sdjwt import ACCESS_TYPE, WITHHELD, SignedRecord
from chain.verify.record_rules import parse_record_rules
from chain.verify.results import (
    FindingStanding,
    Outcome,
    OutsideWord,
    ReceiptStanding,
    Said,
    Standing,
    Verdict,
    gravest,
)
from chain.verify.trust_root import TrustRoot


class Fails(TongguanError):
    """The answer to a check is no; `verdict` says what that makes of the bundle (None: what the check's row says)."""

    def __init__(self, en: str, zh: str, verdict: Verdict | None = None) -> None:
        self.said = Said(en, zh)
        self.verdict = verdict
        super().__init__(en)


class NotShown(TongguanError):
    """The check cannot be answered from what is here; `verdict` says what that makes of one that must be."""

    def __init__(self, en: str, zh: str, verdict: Verdict = Verdict.CANNOT_TELL) -> None:
        self.said = Said(en, zh)
        self.verdict = verdict
        super().__init__(en)


EPOCH_OVERLAP_BATCHES = 1_024
"""For so many batches of a new epoch, entries under the key before it count too: receipts given before are kept."""


@dataclass(frozen=True)
class Demand:
    """What a reader demands beyond that the bundle is true."""

    as_of: int | None = None
    """Block up to which everything anchored must be covered."""
    ucr: str | None = None
    """The consignment that the bundle must be about."""
    record: str | None = None
    """The record that the bundle must be about."""
    current: bool = False
    """Whether no later record of its issuer replaces a subject."""
    number: str | None = None
    """The number that the bundle must be about, alone or as `OwnNumber.name`."""


class Case:
    """A bundle, a trust root, and the findings of the checks that ran."""

    def __init__(self, bundle: Bundle, trust_root: TrustRoot, question: Demand) -> None:
        self.bundle = bundle
        self.trust_root = trust_root
        self.question = question
        self.validators: tuple[bytes, ...] = ()
        """Addresses of those who must seal the header; nobody until check 2 has told."""
        self.members_of_the_set: frozenset[str] | None = None
        """USCCs of those whose lanes a complete consignment opens; None until check 16 has told."""
        self.pending: int = 0
        """How many entries of the set are without their records and younger than `PENDING_S`."""
        self.covered_until: int | None = None
        """The last block up to which everything anchored is shown to be covered; None where that was not found out."""
        self.cosigned_by: tuple[OutsideWord, ...] = ()
        self.stamped_by: tuple[OutsideWord, ...] = ()
        self.remarks: list[Said] = []
        self.receipts: list[ReceiptStanding] = []
        self.findings: list[FindingStanding] = []
        self.subject_faults: list[tuple[Said, Verdict, Outcome]] = []
        """What the check that runs now found against records that the bundle is about."""
        self._words: StateWords | None = None
        self._group_holds: dict[bytes, bool] = {}
        self._rules: dict[bytes, Mapping[str, Role]] = {}
        self.in_chain_order = self._in_chain_order()
        self.standings = {
            record.signed.record_id: _standing(record, self.batch_of(record)) for record in self.in_chain_order
        }

    def _in_chain_order(self) -> list[ProvedRecord]:
        """By batch; within one by the lane's tag, and within a lane as its leaves stand.

        Not by the position in the batch: a gateway could repeat an entry there, and a bundle choose which to show.
        """
        at = {
            (lane.tag, leaf.digest): index
            for lane in self.bundle.lane_by_tag.values()
            if isinstance(lane, OpenLane)
            for index, leaf in enumerate(lane.leaves)
        }

        def index_in_lane(record: ProvedRecord, entry: ProvedEntry) -> int:
            if entry.lane is not None:
                return entry.lane.index
            return at.get((entry.tag, record.entry_digest(entry)), entry.position)

        def place(record: ProvedRecord) -> tuple[int, bytes, int]:
            return min((entry.batch, entry.tag, index_in_lane(record, entry)) for entry in record.entries)

        return sorted(self.bundle.records, key=place)

    @property
    def words(self) -> StateWords:
        """What storage says; only there once the check of the contracts has passed."""
        if self._words is None:
            raise NotShown("the contracts' storage is not proved", "合约存储未得到证明")
        return self._words

    @words.setter
    def words(self, words: StateWords) -> None:
        self._words = words

    def batch_of(self, record: ProvedRecord) -> BatchFacts:
        """The batch that a record was first anchored in, of those shown."""
        return self.bundle.batch_by_index[min(entry.batch for entry in record.entries)]

    def standing(self, record: ProvedRecord) -> Standing:
        """What was found out about a record."""
        return self.standings[record.signed.record_id]

    def is_subject(self, record: ProvedRecord) -> bool:
        """Whether a record bundle is about this very record; in a consignment bundle none is more than another."""
        return record.signed.record_id in self.bundle.subject_records

    def drop(self, record: ProvedRecord, why: Said, verdict: Verdict = Verdict.INVALID) -> None:
        """Marks a record as not counted. The verdict is that of a record which the bundle is about, and of no other."""
        standing = self.standing(record)
        if standing.not_counted is None:
            standing.not_counted = why
        self.find_against(record, why, verdict)

    def find_against(self, record: ProvedRecord, why: Said, verdict: Verdict, outcome: Outcome = Outcome.FAIL) -> None:
        """Notes something against a record; it makes a verdict only where the bundle is about that very record.

        `outcome` is SKIPPED where something of the record is not shown.
        """
        if not self.is_subject(record):
            return
        standing = self.standing(record)
        standing.verdict = gravest((standing.verdict, verdict))
        name = record.signed.record_id
        self.subject_faults.append((Said(f"record {name}: {why.en}", f"记录 {name}：{why.zh}"), verdict, outcome))

    def note_fault(self, record: ProvedRecord, fault: Fails | NotShown) -> None:
        """Notes what is false or not shown of one record of a record bundle; what is false takes it off the count."""
        if isinstance(fault, Fails):
            self.drop(record, fault.said, Verdict.INVALID if fault.verdict is None else fault.verdict)
        else:
            self.find_against(record, fault.said, fault.verdict, Outcome.SKIPPED)

    def counted(self) -> list[ProvedRecord]:
        """The records that count, in chain order."""
        return [record for record in self.in_chain_order if self.standing(record).not_counted is None]

    def group_holds(self, group: ShownGroup) -> bool:
        """Whether the map that was attested holds exactly the lanes of this group."""
        if group.prefix not in self._group_holds:
            self._group_holds[group.prefix] = verify_group_proof(group.map_proof, self.words.checkpoint_root)
        return self._group_holds[group.prefix]

    def first_batch(self, record: ProvedRecord, entry: ProvedEntry) -> int | None:
        """The batch that a lane shown names for an entry; None where no lane shown tells of it.

        The lane's group must be proved (`group_holds`); a path that does not lead to the head raises Fails.
        """
        lane = self.bundle.lane_by_tag.get(entry.tag)
        digest = record.entry_digest(entry)
        if lane is None:
            return None
        if isinstance(lane, OpenLane):
            return lane.batch_by_digest.get(digest)
        if entry.lane is None:
            return None
        known, leaf = lane.map_leaf, leaf_hash(LaneLeaf(digest, entry.batch).content)
        if not verify_inclusion(leaf, entry.lane.index, known.count, entry.lane.path, known.head):
            raise Fails(
                f"it is not leaf {entry.lane.index} of its issuer's lane for batch {entry.batch}",
                f"不是其签发者链道中第 {entry.batch} 批的第 {entry.lane.index} 条",
            )
        return entry.batch

    def groups_of(self, signed: SignedRecord, ucr: str) -> list[ShownGroup]:
        """The groups shown of a UCR in which a record's entries may stand: its reads apart from what was said of it."""
        purpose = purpose_of(signed)
        return [group for group in self.bundle.groups if (group.purpose, group.name) == (purpose, ucr)]

    @property
    def tag_keys(self) -> tuple[TagKeyVersion, ...]:
        """Every tag key that the registry holds, by epoch."""
        history = self.words.tag_keys
        versions = () if history is None else history.shown.values()
        return tuple(version for version in versions if version is not None)

    @property
    def covered_batches(self) -> int:
        """How many batches the checkpoint covers; none where there is no checkpoint."""
        word = self.words.checkpoint
        return 0 if word is None else word.batch_count

    def due_epochs(self, covered_batches: int) -> set[int]:
        """The epochs that have begun in so many batches."""
        return {epoch for epoch, key in enumerate(self.tag_keys) if key.first_batch < covered_batches}

    def epoch_counts(self, epoch: int, batch: int) -> bool:
        """Whether an entry of that batch counts under the tag key of an epoch: neither before it nor long after."""
        keys = self.tag_keys
        if epoch >= len(keys) or batch < keys[epoch].first_batch:
            return False
        return epoch + 1 == len(keys) or batch < keys[epoch + 1].first_batch + EPOCH_OVERLAP_BATCHES

    def epochs_of(self, batch: int) -> set[int]:
        """The epochs whose tag keys count for an entry of that batch."""
        return {epoch for epoch in range(len(self.tag_keys)) if self.epoch_counts(epoch, batch)}

    def roles_for(self, record_type: str, block: int) -> Role:
        """Who might say a type under the record rules in force for a block; NotShown where their text is not here."""
        try:
            version = self.words.policies[PolicyName.RECORD_RULES].in_force(block)
        except MalformedProof as fault:
            raise NotShown(f"the record rules: {fault}", f"记录规则：{fault}") from None
        if version is None:
            return Role(0)
        if version.value not in self._rules:
            self._rules[version.value] = self._read_rules(version.value)
        return self._rules[version.value].get(record_type, Role(0))

    def _read_rules(self, digest: bytes) -> Mapping[str, Role]:
        text = next((text for text in self.bundle.texts if sha256(text) == digest), None)
        try:
            if text is not None:
                return parse_record_rules(text)
        except ValueError as fault:
            raise NotShown(f"the record rules cannot be read: {fault}", f"记录规则无法读取：{fault}") from None
        raise NotShown(
            f"the record rules {digest.hex()[:16]} of that block are not shown",
            f"未出示当时的记录规则 {digest.hex()[:16]}",
        )

    def stands_by_right(self, record: ProvedRecord, entry: ProvedEntry, ucr: str) -> bool:
        """Whether an entry stands in its issuer's lane of this UCR, under a tag key that counted then."""
        return any(
            entry.tag == lane_tag(group.y, record.signed.iss) and self.epoch_counts(group.epoch, entry.batch)
            for group in self.groups_of(record.signed, ucr)
        )

    @property
    def is_consignment(self) -> bool:
        """Whether the bundle claims a whole view."""
        return self.bundle.kind is Kind.CONSIGNMENT

    @property
    def about_finding(self) -> bool:
        """Whether it is about one finding of its consignment."""
        return self.bundle.subject_finding is not None


def purpose_of(signed: SignedRecord) -> Purpose:
    """Which groups a record's entries stand in."""
    return Purpose.ACCESS if signed.vct == ACCESS_TYPE else Purpose.UCR


def ucrs_of(signed: SignedRecord) -> dict[bytes, str | None]:
    """The UCR that each `ucr` element names by its digest: None where it is withheld, "" where it has not its form.

    A number, a look-alike letter, a mark that is not seen or a space at the end names no consignment, or two readers
    would disagree on which.
    """
    shown = signed.disclosed()["ucr"]
    return {d: None if value is WITHHELD else str(value) if Ucr.has_form(value) else "" for d, value in shown}


def time_text(seconds: int) -> str:
    """Unix seconds as ISO 8601 UTC; years beyond 9999 as the number itself."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def _standing(record: ProvedRecord, batch: BatchFacts) -> Standing:
    signed = record.signed
    disclosed = signed.disclosed()
    return Standing(
        record_id=signed.record_id,
        record_type=signed.vct,
        issuer=signed.iss,
        issued_at=signed.iat,
        batch=batch.index,
        block=batch.block,
        anchored_at=batch.timestamp,
        gateway="0x" + batch.gateway.hex(),
        amends=signed.amends,
        ucrs=tuple(ucr for ucr in ucrs_of(signed).values() if ucr),
        withheld=tuple(name for name, parts in disclosed.items() if any(value is WITHHELD for _, value in parts)),
        sections={
            name: [value for _, value in parts if value is not WITHHELD]
            for name, parts in disclosed.items()
            if any(value is not WITHHELD for _, value in parts)
        },
    )
