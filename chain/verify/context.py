"""One bundle on the table: what the checks look at, and what they have found out so far."""

from __future__ import annotations

from datetime import UTC, datetime

from chain.errors import TongguanError
from chain.identifiers import Ucr
from chain.proof.batch import BatchFacts, access_tag, tag
from chain.proof.bundle import Bundle, Kind, ProvedHead, ProvedRecord
from chain.proof.index_map import verify_map_proof
from chain.proof.slots import StateWords
from chain.sdjwt import WITHHELD, SignedRecord
from chain.verify.results import ReceiptStanding, Said, Standing, Verdict
from chain.verify.trust_root import TrustRoot, ValidatorRange


class Fails(TongguanError):
    """The answer to a check is no; `verdict` says what that makes of the bundle (None: what the check's row says)."""

    def __init__(self, en: str, zh: str, verdict: Verdict | None = None) -> None:
        self.said = Said(en, zh)
        self.verdict = verdict
        super().__init__(en)


class NotShown(TongguanError):
    """The check cannot be answered from what is here."""

    def __init__(self, en: str, zh: str) -> None:
        self.said = Said(en, zh)
        super().__init__(en)


class Case:
    """A bundle, a trust root, and the findings of the checks that ran."""

    def __init__(self, bundle: Bundle, trust_root: TrustRoot, as_of: int | None) -> None:
        self.bundle = bundle
        self.trust_root = trust_root
        self.as_of = as_of
        self.validators: ValidatorRange | None = None
        self.covered_until: int | None = None
        """The last block up to which everything anchored is shown to be covered; None where that was not found out."""
        self.remarks: list[Said] = []
        self.receipts: list[ReceiptStanding] = []
        self._words: StateWords | None = None
        self._head_holds: dict[bytes, bool] = {}
        self._epoch_starts: dict[str, dict[bytes, int]] = {}
        self.in_chain_order = self._in_chain_order()
        self.standings = {
            record.signed.record_id: _standing(record, self.batch_of(record)) for record in self.in_chain_order
        }

    def _in_chain_order(self) -> list[ProvedRecord]:
        """By batch; within one, as the attested chain of the tag has them, and between two tags by the tag.

        Not by the position in the batch: a gateway could repeat an entry there, and a bundle choose which to show.
        """
        at = {(head.tag, one.digest): i for head in self.bundle.heads for i, one in enumerate(head.entries)}

        def place(record: ProvedRecord) -> tuple[int, bytes, int]:
            return min(
                (one.batch, one.tag, at.get((one.tag, record.entry_digest(one)), one.position))
                for one in record.entries
            )

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

    def drop(self, record: ProvedRecord, why: Said) -> None:
        """Marks a record as not counted; raises Fails where a record bundle is about it."""
        if self.is_subject(record):
            raise Fails(f"record {record.signed.record_id}: {why.en}", f"记录 {record.signed.record_id}：{why.zh}")
        standing = self.standing(record)
        if standing.not_counted is None:
            standing.not_counted = why

    def counted(self) -> list[ProvedRecord]:
        """The records that count, in chain order."""
        return [record for record in self.in_chain_order if self.standing(record).not_counted is None]

    def head_holds(self, head: ProvedHead) -> bool:
        """Whether the map that was attested holds this head; told once a head, since a chain may be long."""
        if head.tag not in self._head_holds:
            self._head_holds[head.tag] = verify_map_proof(head.map_proof(), self.words.checkpoint_root)
        return self._head_holds[head.tag]

    def is_early(self, filed_under: bytes, batch: int, ucr: str) -> bool:
        """Whether an entry is filed under a tag of the UCR whose epoch begins only after the entry's batch.

        Nobody would look for it there yet: a consignment would be called complete without it.
        """
        if ucr not in self._epoch_starts:
            starts: dict[bytes, int] = {}
            for one in self.trust_root.tag_keys or ():
                for made in (tag(one.key, ucr), access_tag(one.key, ucr)):
                    starts.setdefault(made, one.from_batch)
            self._epoch_starts[ucr] = starts
        return self._epoch_starts[ucr].get(filed_under, 0) > batch

    @property
    def is_consignment(self) -> bool:
        """Whether the bundle claims a whole view."""
        return self.bundle.kind is Kind.CONSIGNMENT


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
