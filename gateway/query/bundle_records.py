"""Which records and receipts a consignment's bundle shows, and at which places in its lanes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from chain.index_store import Link
from chain.proof.batch import entry_digest
from chain.proof.bundle import ShownReceipt
from chain.proof.header import Header
from chain.proof.receipt import SignedReceipt
from chain.proof.slot_plan import Place, RecordToShow
from chain.sdjwt import SignedRecord
from chain.standing import STANDING_SECTIONS
from gateway.access.records import HeldRecord
from gateway.consignment.view import Sight
from gateway.query.bundle_headers import HeaderInUse


def find_promises(
    sight: Sight, shown: Collection[str], receipts: Sequence[SignedReceipt], header: HeaderInUse
) -> Iterator[ShownReceipt]:
    """The receipts of records that are shown, and of those that are due by this header's time but not shown."""
    time_s = Header.from_rlp(header.rlp).timestamp
    signed = {one.signed.record_id: one.signed for one in sight.records}
    for receipt in receipts:
        record_id = str(receipt.claims.get("record_id"))
        if record_id in shown:
            yield ShownReceipt(receipt, None)
        elif record_id in signed and int(str(receipt.claims.get("anchor_by"))) < time_s:
            yield ShownReceipt(receipt, signed[record_id].with_elements(()))


def place_in_lanes(
    proved: Mapping[bytes, Sequence[Link]], ucr: str
) -> Callable[[HeldRecord, SignedRecord | None], RecordToShow | None]:
    """Gives a record its places in these lanes, and what of it is seen; None for one that none of them holds."""
    by_digest: dict[bytes, list[tuple[bytes, Link]]] = {}
    for tag, links in proved.items():
        for link in links:
            by_digest.setdefault(link.entry_digest, []).append((tag, link))

    def placed(record: HeldRecord, seen: SignedRecord | None) -> RecordToShow | None:
        signed = record.signed
        element = next(digest for digest, name in signed.ucr_elements() if name == ucr)
        if not (found := by_digest.get(entry_digest(signed, element), [])):
            return None
        places = tuple(Place(tag, element, link.batch, link.position) for tag, link in found)
        shown = set() if seen is None else {one.digest for one in seen.disclosures}
        shown.update(*(signed.sections.get(name, ()) for name in STANDING_SECTIONS))
        return RecordToShow(signed.with_elements({element, *shown}), places)

    return placed
