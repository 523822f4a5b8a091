"""Erasing disclosures of a record from everything in the store that tells what they said."""

from __future__ import annotations

from collections.abc import Collection

from chain.lifecycle import RecordState
from chain.sdjwt import ACCESS_TYPE, SignedRecord
from gateway.access.records import HeldRecord
from gateway.search_index.facts import facts_of
from gateway.store.store import Transaction
from gateway.store.tombstones import Fact, erase_disclosures, replace_facts
from gateway.store.vault import Vault


def erase(
    connection: Transaction, vault: Vault, record_id: str, digests: Collection[bytes], *, erasure: str, at: int
) -> bool:
    """Erases these disclosures of a record in the caller's transaction; whether the record was here.

    Tombstones stay, so that no peer, no copy of the store and no second submission brings them back. `erasure` is the
    id of the `audit.erasure` record behind it; whether that one may erase is the caller's to know.
    """
    before = erase_disclosures(connection, vault, record_id, digests, erasure=erasure, at=at)
    if before is None:
        return False
    if before.vct != ACCESS_TYPE:
        kept = {disclosure.digest for disclosure in before.disclosures}.difference(digests)
        left = _facts(before.with_elements(kept))
        replace_facts(connection, record_id, _facts(before) - left, left)
    return True


def _facts(signed: SignedRecord) -> set[Fact]:
    ucrs = [ucr for _, ucr in signed.ucr_elements() if ucr is not None]
    return {(kind, value, ucr) for kind, value in facts_of(HeldRecord(signed, RecordState.ACCEPTED)) for ucr in ucrs}
