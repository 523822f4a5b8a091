"""The audit of a gateway: what it promised, by the receipts that members kept, against what stands on the chain.

Nothing of the gateway is asked or believed: the chain is replayed into an index of its own (each batch against its
commitment, the map against the newest checkpoint), the receipts come from the members' own files, their signatures are
checked with keys from the registry. A promise is

- *kept*: every entry counts on the chain, in a block no later than `anchor_by`
- *broken*: an entry stands there too late, or not at all although the chain has a block later than `anchor_by`; or it
  is promised for another lane than its issuer's, by a lane proof
- *excused*: not kept, but the issuer's key was revoked or its member suspended by then
- *open*: not kept yet, and no block is later than `anchor_by`

A receipt that no key of a gateway member signed is *forged*. Two receipts of one gateway for one record are
*contradicting*, and so is a receipt whose entries are not those of the record that it names.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from adapters.runner.journal_schema import read_receipts
from chain.encoding import parse_base64url
from chain.errors import Malformed, StoreFault
from chain.index_store import IndexStore
from chain.ledger import RegisteredKey, RegisteredMember
from chain.members import KeyState, MemberState, Role, TagKeyVersion
from chain.proof.batch import TAG_BYTES, Purpose, entry_digest, number_digest, split_entries
from chain.proof.lane_proof import LANE_PROOF_BYTES_MAX, LaneProof, verify_lanes
from chain.proof.own_number import own_numbers
from chain.proof.receipt import SignedReceipt
from chain.sdjwt import ACCESS_TYPE, SignedRecord
from gateway.client import Receipt

BATCHES_PER_READ = 256
JOURNAL_WAIT_S = 10.0
"""How long a journal may be locked by its adapter before it counts as unreadable."""
FAULTS_MAX = 10_000
"""Most faults that a report names; further ones are only counted."""


class ReceiptFate(StrEnum):
    """What became of one promise."""

    KEPT = "kept"
    OPEN = "open"
    EXCUSED = "excused"
    BROKEN = "broken"
    FORGED = "forged"
    CONTRADICTING = "contradicting"


AGAINST = (ReceiptFate.BROKEN, ReceiptFate.FORGED, ReceiptFate.CONTRADICTING)


@dataclass(frozen=True)
class KeptReceipt:
    """A receipt as a member kept it, and the record that it is for (empty where only the receipt was kept)."""

    holder: str
    receipt: str
    record: str = ""


@dataclass(frozen=True)
class Fault:
    """One thing that speaks against a gateway."""

    kind: str
    """An `ReceiptFate`, or `doubled`."""
    record_id: str
    gateway: str
    """USCC of its member; for a doubled entry the address that anchored it again."""
    holder: str
    reason: str


@dataclass
class AuditReport:
    """What an audit found. `faults` are in order of finding."""

    batches: int = 0
    entries: int = 0
    void_batches: list[int] = field(default_factory=list)
    head_block: int = 0
    head_time: int = 0
    outcomes: Counter[ReceiptFate] = field(default_factory=Counter)
    doubled: int = 0
    """Entries that the same gateway anchored again."""
    repeated: int = 0
    """Entries that another gateway had anchored before; they change nothing."""
    covered: int = 0
    """Kept promises that stand under the newest checkpoint."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def receipts(self) -> int:
        """How many promises were looked at."""
        return sum(self.outcomes.values())

    @property
    def has_faults(self) -> bool:
        """Whether anything speaks against a gateway."""
        return bool(self.doubled) or any(self.outcomes[one] for one in AGAINST)

    @property
    def can_tell(self) -> bool:
        """Whether there were promises to look at and none of them is still open."""
        return self.receipts > 0 and not self.outcomes[ReceiptFate.OPEN]

    def format(self) -> dict[str, Any]:
        """The report in JSON's terms; outcomes by name, those that were found alone."""
        # Not left to `asdict`, which copies a Counter as if its items were what it counts.
        outcomes = {outcome.value: count for outcome, count in self.outcomes.items()}
        return asdict(replace(self, outcomes=Counter())) | {"outcomes": outcomes, "receipts": self.receipts}

    def add(self, fault: Fault) -> None:
        """Names a fault, as long as the list is not full."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(fault)


@dataclass(frozen=True)
class Registered:
    """Members and keys as the registry holds them at the audited head."""

    members: Mapping[str, RegisteredMember]
    keys: Mapping[bytes, RegisteredKey]

    def is_gateways(self, receipt: SignedReceipt, member: str) -> bool:
        """Whether a registered key of that member, which has or had the role GATEWAY, made the signature."""
        found = self.keys.get(_thumbprint(receipt.kid))
        known = self.members.get(member)
        if found is None or known is None or found.versions[0].member != member:
            return False
        return any(Role.GATEWAY in one.roles for one in known.versions) and receipt.verify(found.public_key)

    def has_ended(self, signed: SignedRecord) -> bool:
        """Whether the record's key was revoked or its member is not active any more."""
        key, member = self.keys.get(_thumbprint(signed.kid)), self.members.get(signed.iss)
        if key is None or member is None:
            return True
        return key.versions[-1].state is not KeyState.ACTIVE or member.versions[-1].state is not MemberState.ACTIVE


class Audit:
    """One audit over a replayed index. Feed it receipts; `report` grows."""

    def __init__(
        self,
        index: IndexStore,
        registered: Registered,
        consortium: str,
        head_time: int,
        lanes: Mapping[tuple[str, Purpose, str], frozenset[bytes]] = MappingProxyType({}),
    ) -> None:
        """`lanes`: by issuer, purpose and UCR the tags of the issuer's lanes, as VRF proofs showed them."""
        self._lanes = lanes
        self._index = index
        self._registered = registered
        self._consortium = consortium
        self._seen: dict[tuple[str, str], str] = {}
        progress = index.progress()
        self._map_count = progress.map_count
        self.report = AuditReport(
            batches=progress.batch_count,
            void_batches=index.void_batches(),
            head_block=progress.block,
            head_time=head_time,
        )

    def check_batches(self) -> None:
        """Looks for entries that one gateway anchored twice. Another gateway's repetition changes nothing."""
        first = 0
        while found := self._index.batches(first, BATCHES_PER_READ):
            for batch in found:
                if not batch.void:
                    self._check_batch(batch.facts.index, batch.facts.gateway)
            first += len(found)

    def check(self, kept: KeptReceipt) -> ReceiptFate | None:
        """What became of one promise, counted in the report; None where this very receipt was looked at before."""
        try:
            promised = SignedReceipt.parse(kept.receipt)
            receipt = Receipt.of(promised)
        except (Malformed, ValueError, KeyError, TypeError) as error:
            return self._conclude(kept, "", "", ReceiptFate.FORGED, f"it is no receipt: {error}")
        said_by = (receipt.gateway, receipt.record_id)
        if self._seen.get(said_by) == kept.receipt:
            return None
        is_gateways = self._registered.is_gateways(promised, receipt.gateway)
        if not is_gateways or promised.claims.get("aud") != self._consortium:
            why = "no registered key of a gateway's member of this consortium signed it"
            return self._conclude(kept, receipt.record_id, receipt.gateway, ReceiptFate.FORGED, why)
        if said_by in self._seen:
            why = "the same gateway gave another receipt for this record"
            return self._conclude(kept, receipt.record_id, receipt.gateway, ReceiptFate.CONTRADICTING, why)
        self._seen[said_by] = kept.receipt
        outcome, why = self._judged(kept, receipt)
        return self._conclude(kept, receipt.record_id, receipt.gateway, outcome, why)

    def _judged(self, kept: KeptReceipt, receipt: Receipt) -> tuple[ReceiptFate, str]:
        signed = SignedRecord.parse(kept.record) if kept.record else None
        if signed is not None and not _is_of(receipt, signed):
            return ReceiptFate.CONTRADICTING, "it names other entries than its record has"
        if signed is not None and (ucr := self._misfiled(receipt, signed)):
            return ReceiptFate.BROKEN, f"it names a lane that is not its issuer's of {ucr}, by the VRF proof"
        links = [self._index.find_link(tag, digest) for tag, digest in receipt.entries]
        # Where the governors dropped it there and it was anchored again, the promise was kept by the first time.
        first = [self._index.first_batch(tag, digest) for tag, digest in receipt.entries]
        batches = [self._index.find_batch(index) for index in first if index is not None]
        late = [one.facts.timestamp for one in batches if one is not None and one.facts.timestamp > receipt.anchor_by]
        if late:
            return ReceiptFate.BROKEN, f"anchored at {time_text(max(late))}, promised by {time_text(receipt.anchor_by)}"
        if None not in first:
            self.report.covered += all(link.batch < self._map_count for link in links if link is not None)
            return ReceiptFate.KEPT, ""
        if signed is not None and self._registered.has_ended(signed):
            return ReceiptFate.EXCUSED, ""
        if self.report.head_time <= receipt.anchor_by:
            return ReceiptFate.OPEN, ""
        missing = sum(index is None for index in first)
        return ReceiptFate.BROKEN, f"{missing} of {len(links)} entries not anchored by {time_text(receipt.anchor_by)}"

    def _misfiled(self, receipt: Receipt, signed: SignedRecord) -> str:
        """A UCR whose entry is promised for a lane not the issuer's; empty where none is proved to be."""
        purpose = Purpose.ACCESS if signed.vct == ACCESS_TYPE else Purpose.UCR
        for (tag, _), (_, ucr) in zip(receipt.entries, signed.ucr_elements(), strict=False):  # numbers come after
            own = self._lanes.get((signed.iss, purpose, str(ucr)))
            if own is not None and tag not in own:
                return str(ucr)
        return ""

    def _conclude(self, kept: KeptReceipt, record_id: str, gateway: str, outcome: ReceiptFate, why: str) -> ReceiptFate:
        self.report.outcomes[outcome] += 1
        if outcome in AGAINST:
            self.report.add(Fault(outcome.value, record_id, gateway, kept.holder, why))
        return outcome

    def _check_batch(self, number: int, gateway: bytes) -> None:
        own = split_entries(self._index.find_entries(number) or b"")
        self.report.entries += len(own)
        for position, entry in enumerate(own):
            link = self._index.find_link(entry[:TAG_BYTES], entry[TAG_BYTES:])
            if link is None or (link.batch, link.position) == (number, position):
                continue
            first = self._index.find_batch(link.batch)
            if first is not None and first.facts.gateway == gateway:
                self.report.doubled += 1
                why = f"entry {entry.hex()} stands in batch {link.batch} already"
                self.report.add(Fault("doubled", "", "0x" + gateway.hex(), "", f"batch {number}: {why}"))
            else:
                self.report.repeated += 1


def kept_in_journal(file: Path, holder: str, passphrase: bytes) -> Iterator[KeptReceipt]:
    """Every receipt in an adapter's journal with its record, in order; raises StoreFault. The file is only read."""
    try:
        opened = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=JOURNAL_WAIT_S)
        with closing(opened) as journal:
            for receipt, record in read_receipts(journal, passphrase):
                yield KeptReceipt(holder, receipt, record)
    except sqlite3.Error as error:
        raise StoreFault(f"the journal {file} cannot be read: {error}") from error


def read_lane_proof(file: Path) -> LaneProof:
    """The lane proof in a file; raises MalformedLaneProof, OSError."""
    with file.open("rb") as opened:
        return LaneProof.parse(opened.read(LANE_PROOF_BYTES_MAX + 1))


def proved_lanes(
    proofs: Iterable[LaneProof], keys: Sequence[TagKeyVersion]
) -> dict[tuple[str, Purpose, str], frozenset[bytes]]:
    """By issuer, purpose and UCR the tags that proofs show; `keys` are the registry's. Raises MalformedLaneProof."""
    lanes: dict[tuple[str, Purpose, str], frozenset[bytes]] = {}
    for proof in proofs:
        for (purpose, ucr), tags in verify_lanes(proof, keys).items():
            lanes[proof.issuer, purpose, ucr] = tags
    return lanes


def kept_in_file(file: Path) -> Iterator[KeptReceipt]:
    """Receipts as a member keeps them that has no adapter: one a line, and its record after a blank where it likes."""
    with file.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            receipt, _, record = line.strip().partition(" ")
            if receipt:
                yield KeptReceipt(file.name, receipt, record.strip())


def audited(audit: Audit, kept: Iterable[KeptReceipt]) -> AuditReport:
    """The finished report over the whole chain and all these receipts."""
    audit.check_batches()
    for one in kept:
        audit.check(one)
    return audit.report


def time_text(unix_s: int) -> str:
    """Unix seconds as ISO 8601 UTC."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_of(receipt: Receipt, signed: SignedRecord) -> bool:
    """Whether the receipt names the record and exactly its entries: of its UCRs, then of numbers that it shows."""
    own = [entry_digest(signed, element) for element, _ in signed.ucr_elements()]
    numbers = {number_digest(signed, element) for element, _ in own_numbers(signed)}
    named = [digest for _, digest in receipt.entries]
    # What withholds its references may have numbers that nobody sees here.
    others = {number_digest(signed, element) for element in signed.sections.get("references", ())}
    after = set(named[len(own) :])
    return receipt.record_id == signed.record_id and named[: len(own)] == own and numbers <= after <= others


def _thumbprint(kid: str) -> bytes:
    try:
        return parse_base64url(kid)
    except ValueError:
        return b""
